"""Writes the table of the keys `sweep.*` into docs/sweeps.md: `uv run python docs/keys.py`; a test compares them."""

import json
from pathlib import Path

from syntonic.runners.sweep import settings

PAGE = Path(__file__).parent / "sweeps.md"
BEGIN, END = "<!-- docs/keys.py writes this table -->\n", "<!-- end of the table -->\n"


def table() -> str:
    """Returns the table in Markdown."""
    given = settings.defaults()
    lines = [f"| `sweep.{key}` | `{json.dumps(given[key])}` | {text} |" for key, text in settings.texts().items()]
    return "\n".join(["| key | default | |", "|---|---|---|", *lines, ""]).replace('`"', "`").replace('"`', "`")


def main() -> None:
    """Puts the table in the place of the one that is there."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
