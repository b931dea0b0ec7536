"""Shell completion: options, configs, keys, flags and commands, without the libraries of a run.

`eval "$(syntonic-run --completion bash)"`, or zsh, or `syntonic-run --completion fish | source`, makes the shell ask
`syntonic-run --complete LINE` for what can follow.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from syntonic.runners.command.arguments import FLAGS, Arguments
from syntonic.runners.command.help import CONFIGS, GROUPS, groups
from syntonic.runners.command.table import COMMANDS
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.config.run_config import RunConfig, keys
from syntonic.runners.sweep.settings import Settings

_SCRIPTS: Final = {
    "bash": """\
_syntonic_run() {
    local IFS=$'\\n'
    local line="${COMP_LINE:0:COMP_POINT}"
    COMPREPLY=($(syntonic-run --complete "${line#* }" 2>/dev/null))
    local last="${line##* }"
    if [[ $last == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${last%=*}="}")
    fi
    [[ ${COMPREPLY[0]-} == *[=.] ]] && compopt -o nospace
}
complete -F _syntonic_run syntonic-run""",
    "zsh": """\
_syntonic_run() {
    local -a found
    found=("${(@f)$(syntonic-run --complete "${(j: :)words[2,CURRENT]}" 2>/dev/null)}")
    compadd -Q -S '' -- ${(M)found:#*[=.]}
    compadd -Q -- ${found:#*[=.]}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _syntonic_run syntonic-run""",
    "fish": """\
function __syntonic_run
    set -l typed (commandline -opc) (commandline -ct)
    syntonic-run --complete (string join -- ' ' $typed[2..-1]) 2>/dev/null
end
complete -c syntonic-run -f -a '(__syntonic_run)'""",
}
_KEYS: Final = {key.name: key.values for key in [*keys(RunConfig), *keys(Settings, "sweep.")]}


def completed(arguments: Arguments) -> str | None:
    """Returns what to print if the command line is about completion, None if it is about something else.

    Raises:
        RequestError: if there is no script for the shell.
    """
    if arguments.complete is not None:
        return "\n".join(candidates(arguments.complete))
    return None if arguments.completion is None else script(arguments.completion)


def script(shell: str) -> str:
    """Returns what a shell must evaluate.

    Raises:
        RequestError: if there is none for this shell.
    """
    if shell not in _SCRIPTS:
        raise RequestError([f"--completion {shell}: no completion for that shell{did_you_mean(shell, list(_SCRIPTS))}"])
    return _SCRIPTS[shell]


def candidates(line: str, folders: Sequence[Path] = (Path("conf"),)) -> list[str]:
    """Returns what can stand in place of the last argument of a line.

    Args:
        line: what was typed after the command, up to the cursor; a space at its end means that a new argument begins.
        folders: more config groups and configs, besides the built-in ones.

    >>> candidates("model=ml", ())
    ['model=mlp']
    """
    *before, last = line.split(" ")
    roots = [GROUPS, *folders]
    if before and before[-1] in ("-cn", "--config-name"):
        found = {path.stem for root in [CONFIGS, *folders] for path in root.glob("*.yaml")}
    elif before and before[-1] == "--use":
        found = {path.name for path in Path().glob("*.py")}
    elif last.startswith("-"):
        found = {name for flag in FLAGS for name in flag.names}
    elif "=" in last:
        key = last.partition("=")[0]
        found = {f"{key}={value}" for value in _values(key.lstrip("+~"), roots)}
    else:
        found = set(_keys(before, roots)) | set(() if before else COMMANDS)
    return sorted(each for each in found if each.startswith(last) and each.isprintable())


def _values(key: str, roots: Sequence[Path]) -> Iterator[str]:
    yield from _KEYS.get(key, ())
    for root in roots:
        yield from (path.stem for path in (root / key).glob("*.yaml"))


def _keys(before: Sequence[str], roots: Sequence[Path]) -> Iterator[str]:
    # Group choices, then every key of the config that the overrides so far come to.
    chosen = dict(each.lstrip("+").partition("=")[::2] for each in before if "=" in each)
    config = _yaml(GROUPS / "config.yaml")
    for group in groups(roots):
        yield f"{group}="
        default = next((entry[group] for entry in config["defaults"] if isinstance(entry, dict) and group in entry), "")
        option = chosen.get(group, default)
        path = next((root / group / f"{option}.yaml" for root in reversed(roots) if _has(root, group, option)), None)
        if path is not None and group != "experiment":
            prefix = group.replace("/", ".")
            yield from (f"{prefix}.{key}=" for key in _flat(_option(path)) if key not in ("name", "defaults", "params"))
    yield from (f"{key}=" for key in _KEYS)


def _has(root: Path, group: str, option: str) -> bool:
    return bool(option) and (root / group / f"{option}.yaml").is_file()


def _option(path: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    # With the keys of the options of its group that it states differences from.
    own = _yaml(path)
    listed = own.get("defaults", [])
    names = [base for base in listed if isinstance(base, str) and "/" not in base] if isinstance(listed, list) else []
    bases = [path.parent / f"{base}.yaml" for base in names]
    under = [_option(base, (*above, path)) for base in bases if base not in (*above, path) and base.is_file()]
    return {key: value for tree in [*under, own] for key, value in tree.items()}


def _flat(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _yaml(path: Path) -> dict[str, Any]:
    import yaml  # comes with OmegaConf

    from syntonic.runners.config.plain_yaml import refuse

    try:
        refuse(path)
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RequestError):  # it says nothing rather than something wrong
        return {}
    return found if isinstance(found, dict) else {}
