"""Shell completion: words, sentences, keys and flags, read from the yaml files, without the libraries of a run.

`eval "$(syntonic-run --completion bash)"`, or zsh, or `syntonic-run --completion fish | source`, makes the shell ask
`syntonic-run --complete LINE` for what can follow.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from syntonic.runners.command.arguments import FLAGS, Arguments
from syntonic.runners.command.help import SENTENCES, WORDS
from syntonic.runners.command.table import VERBS
from syntonic.runners.config.errors import RequestError, did_you_mean
from syntonic.runners.sweep import settings

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
_SWEEP_GROUPS: Final = ("hydra/launcher", "hydra/sweeper")
_VALUES: Final = {"device": ("auto", "cpu", "cuda"), "resume": ("last",), "sweep.resume": ("last",)}


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
        raise RequestError([f"--completion {shell}: there is no such shell here{did_you_mean(shell, list(_SCRIPTS))}"])
    return _SCRIPTS[shell]


def candidates(line: str, folders: Sequence[Path] = (Path("conf"),)) -> list[str]:
    """Returns what can stand in place of the last word of a line.

    Args:
        line: what was typed after the command, up to the cursor; a space at its end means that a new word begins.
        folders: more words and sentences, besides the built-in ones.

    >>> candidates("model=ml", ())
    ['model=mlp']
    """
    *before, last = line.split(" ")
    roots = [WORDS, *folders]
    if before and before[-1] in ("-cn", "--config-name"):
        found = {path.stem for root in [SENTENCES, *folders] for path in root.glob("*.yaml")}
    elif last.startswith("-"):
        found = set(FLAGS)
    elif "=" in last:
        key = last.partition("=")[0]
        found = {f"{key}={value}" for value in _values(key.lstrip("+~"), roots)}
    else:
        found = set(_keys(before, roots)) | set(() if before else VERBS)
    return sorted(word for word in found if word.startswith(last) and word.isprintable())


def _values(key: str, roots: Sequence[Path]) -> Iterator[str]:
    yield from _VALUES.get(key, ())
    for root in roots:
        yield from (path.stem for path in (root / key).glob("*.yaml"))


def _keys(before: Sequence[str], roots: Sequence[Path]) -> Iterator[str]:
    # Group choices, then every key of the config that the words so far come to.
    chosen = dict(word.lstrip("+").partition("=")[::2] for word in before if "=" in word)
    config = _yaml(WORDS / "config.yaml")
    for group in [*_groups(roots), *_SWEEP_GROUPS]:
        yield f"{group}="
        default = next((entry[group] for entry in config["defaults"] if isinstance(entry, dict) and group in entry), "")
        option = chosen.get(group, default)
        path = next((root / group / f"{option}.yaml" for root in reversed(roots) if _has(root, group, option)), None)
        if path is not None and group != "experiment":
            prefix = group.replace("/", ".")
            yield from (f"{prefix}.{key}=" for key in _flat(_option(path)) if key not in ("name", "defaults", "params"))
    top = {key: value for key, value in config.items() if key not in ("defaults", "hydra")}
    yield from (f"{key}=" for key in _flat(top))
    yield from (f"sweep.{key}=" for key in settings.texts())


def _groups(roots: Sequence[Path]) -> list[str]:
    found = {path.name for root in roots if root.is_dir() for path in root.iterdir() if path.is_dir()}
    return sorted(name for name in found if not name.startswith(("_", ".")) and name != "hydra")


def _has(root: Path, group: str, option: str) -> bool:
    return bool(option) and (root / group / f"{option}.yaml").is_file()


def _option(path: Path) -> dict[str, Any]:
    # With the keys of the options of its group that it states differences from.
    own = _yaml(path)
    bases = [path.with_name(f"{base}.yaml") for base in own.get("defaults", []) if isinstance(base, str)]
    under = [_option(base) for base in bases if base != path and base.is_file()]
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
