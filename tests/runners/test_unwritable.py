"""Texts that are no UTF-8, and checkpoints that are none: neither is taken for what it looks like."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.tracking import checkpoint

BYTES = b"\xff\xfe".decode(errors="surrogateescape")


@pytest.mark.parametrize("override", [f'name="{BYTES}"', f'tracking.experiment="{BYTES}"', f'+model.x=["{BYTES}"]'])
def test_what_is_no_text_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], override: str) -> None:
    assert main([override, "trainer.max_generations=1"]) == 2
    said = capsys.readouterr().err
    assert "is no text in UTF-8" in said
    assert said.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_what_is_no_checkpoint_is_passed_over(command: Callable[..., int], folder: Path) -> None:
    assert command("tracking=none", "trainer.fails_at=8", "callbacks.checkpoint.every_generations=3") == 1
    (run,) = runs(folder)
    kept = checkpoint.newest(run / "checkpoints")
    for name in ("gen-zzz", "gen-zzzzzzzz", "gen-1", "gen-"):
        (run / "checkpoints" / name).mkdir()
    assert checkpoint.newest(run / "checkpoints") == kept
    shutil.copytree(run / "checkpoints", folder / "copy")
    checkpoint.prune(folder / "copy", 1)
    assert len(list((folder / "copy").iterdir())) == 5, "what others have put there stays"
    assert main(["-cd", str(Path(__file__).parent / "configs"), "resume=last"]) == 1
    assert main(["report"]) == 0


def test_checkpoints_are_counted_by_number(tmp_path: Path) -> None:
    for generation in (99_999_999, 100_000_000, 7):
        (tmp_path / checkpoint.folder_name(generation)).mkdir()
    assert [checkpoint.generation(folder) for folder in checkpoint.folders(tmp_path)] == [7, 99_999_999, 100_000_000]
