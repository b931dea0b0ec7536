"""The two files that docs/adding-things.md shows are all that a new model needs."""

import re
from pathlib import Path

import pytest

import syntonic
from syntonic.core import registry
from syntonic.nn import architectures
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build

PAGE = Path(syntonic.__file__).parent.parent / "docs" / "adding-things.md"


@pytest.fixture
def shown():
    section = PAGE.read_text().split("## A model")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```.*```yaml\n(.*?)```", section, re.DOTALL).groups()


def test_two_files_are_a_model(shown, tmp_path, monkeypatch):
    code, words = shown
    for path, text in [("rooms/two_towers.py", code), ("conf/model/two_towers.yaml", words)]:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(architectures, "__path__", [*architectures.__path__, str(tmp_path / "rooms")])
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    assert "two_towers" in registry.names("model")
    with opened((tmp_path / "conf",)) as loader:
        composed = compose(loader, "config", ["model=two_towers", "benchmark=xor", "tracking=none"], multirun=False)
    assert composed.faults == []
    parts = build(schema.check(composed.config))
    assert "test_accuracy" in parts.benchmark.evaluate(parts.model)
