"""Writes what each key of a config is for where people read it: `uv run python docs/keys.py`; a test compares.

The top-level keys go into `conf/config.yaml`, with their defaults, the keys `sweep.*` into the table in docs/sweeps.md.
"""

from pathlib import Path

from syntonic.runners.command.help import plain
from syntonic.runners.config.run_config import RunConfig, keys
from syntonic.runners.sweep.settings import Settings

ROOT = Path(__file__).parent.parent
PLACES = {
    "syntonic/conf/config.yaml": ("# written by docs/keys.py\n", "# end of the keys\n"),
    "docs/sweeps.md": ("<!-- docs/keys.py writes this table -->\n", "<!-- end of the table -->\n"),
}


def lines() -> str:
    """Returns the top-level keys in YAML."""
    settings = {f"{key.name}: {plain(key.default)}": key.text for key in keys(RunConfig)}
    width = max(map(len, settings))
    return "".join(f"{setting:<{width}}  # {text}\n" for setting, text in settings.items())


def table() -> str:
    """Returns the keys of sweeps in Markdown."""
    rows = [f"| `{key.name}` | `{plain(key.default)}` | {key.text} |" for key in keys(Settings, "sweep.")]
    return "\n".join(["", "| key | default | |", "|---|---|---|", *rows, "", ""])


def pages() -> dict[Path, str]:
    """Returns what each file should hold."""
    made = {}
    for (name, (begin, end)), text in zip(PLACES.items(), [lines(), table()], strict=True):
        before, rest = (ROOT / name).read_text(encoding="utf-8").split(begin)
        made[ROOT / name] = f"{before}{begin}{text}{end}{rest.split(end)[1]}"
    return made


def main() -> None:
    """Writes them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
