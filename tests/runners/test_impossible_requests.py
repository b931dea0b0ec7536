"""What would take for ever, or more memory than there is: one line at once, and nothing is written."""

import os
import time
from pathlib import Path

import pytest

from syntonic.runners.cli import main

REQUESTS = [
    ["trainer.population_size=1000000000000"],
    ["benchmark.variant=noisy", "benchmark.samples=1000000000"],
    ["model=winding", "benchmark=winding", "benchmark.noise=1e300"],
    *(
        [f"-cn={config}", f"benchmark.path={name}"]
        for config in ("language",)
        for name in ("pipe", "zero", "hole", ".")
    ),
    *(["benchmark=table", f"benchmark.path={name}", "benchmark.target=a"] for name in ("pipe", "zero", "hole", ".")),
    *([f"benchmark={name}", "benchmark.path=zero"] for name in ("images", "series", "text")),
]


@pytest.mark.parametrize("words", REQUESTS, ids=" ".join)
def test_it_is_one_line_at_once(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    os.mkfifo("pipe")
    Path("zero").symlink_to("/dev/zero")
    with Path("hole").open("wb") as file:
        file.truncate(40 << 30)  # it takes no place on the disk
    began = time.monotonic()
    assert main(words) == 2
    assert time.monotonic() - began < 10
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert sorted(path.name for path in folder.iterdir()) == ["hole", "pipe", "zero"]
