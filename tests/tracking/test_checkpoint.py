"""Checkpoints: whole or refused. Every bit counts."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic.tracking import checkpoint
from syntonic.tracking.arrays import pack, unpack
from syntonic.tracking.checkpoint import ARRAYS, FACTS, SUMS, Checkpoint, CheckpointError

ARRAY = {"dtype": "int64", "shape": [2, 1], "data": bytes(range(16))}
OTHER = {"dtype": "float32", "shape": [3], "data": bytes(range(12))}


def sample(generation: int = 7) -> Checkpoint:
    return Checkpoint(
        generation=generation,
        arrays={"centre": ARRAY, "moments": OTHER},
        meta={"generation": generation, "evaluations": 448},
        callbacks={"early_stop": {"best": 0.5, "since": 2}},
        config={"seed": 0, "model": {"name": "mlp", "hidden": [16]}},
        versions={"syntonic": "0.1.0"},
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint.write(tmp_path_factory.mktemp("checkpoints"), sample())


def test_what_is_written_is_read(written: Path) -> None:
    assert checkpoint.read(written) == sample()


def test_nothing_else_is_left_behind(written: Path) -> None:
    assert [path.name for path in written.parent.iterdir()] == ["gen-00000007"]
    assert sorted(path.name for path in written.iterdir()) == sorted([ARRAYS, FACTS, SUMS])


def test_sha256sum_agrees(written: Path) -> None:
    subprocess.run(["sha256sum", "-c", SUMS], cwd=written, check=True, capture_output=True)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_flipped_bit_is_refused_by_name(
    written: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([ARRAYS, FACTS, SUMS]))
    content = bytearray((written / name).read_bytes())
    position = data.draw(st.integers(0, len(content) * 8 - 1))
    content[position // 8] ^= 1 << position % 8
    copy = shutil.copytree(written, tmp_path_factory.mktemp("flipped") / written.name)
    (copy / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        checkpoint.read(copy)


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_truncated_file_is_refused_by_name(
    written: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([ARRAYS, FACTS, SUMS]))
    content = (written / name).read_bytes()
    copy = shutil.copytree(written, tmp_path_factory.mktemp("cut") / written.name)
    (copy / name).write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(CheckpointError, match=name):
        checkpoint.read(copy)


@pytest.mark.parametrize("name", [ARRAYS, FACTS, SUMS])
def test_a_missing_file_is_refused_by_name(written: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(written, tmp_path / written.name)
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        checkpoint.read(copy)


def forged(folder: Path, facts: object, arrays: bytes) -> Path:
    """Writes a checkpoint with right sums and whatever contents."""
    contents = {ARRAYS: arrays, FACTS: json.dumps(facts).encode()}
    contents[SUMS] = checkpoint._sums(contents)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("facts", "arrays", "expected"),
    [
        ({"format": 2}, pack({}), "has format '2', this version of syntonic reads format 1"),
        ({"format": 1}, pack({}), "is no checkpoint of syntonic"),
        ([], pack({}), "is no checkpoint of syntonic"),
        ({"format": 1, "unknown": 3}, pack({}), "is no checkpoint of syntonic"),
        ({"format": 1}, b"\x08\0\0\0\0\0\0\0not json", "is no safetensors file"),
        ({"format": 1}, b"\xff" * 20, "is no safetensors file"),
    ],
)
def test_a_forged_checkpoint_is_refused(tmp_path: Path, facts: object, arrays: bytes, expected: str) -> None:
    with pytest.raises(CheckpointError, match=expected):
        checkpoint.read(forged(tmp_path, facts, arrays))


def test_a_kill_while_writing_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write(tmp_path, sample(1))

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.write(tmp_path, sample(2))
    newest = checkpoint.newest(tmp_path)
    assert newest is not None
    assert checkpoint.read(newest) == sample(1)
    checkpoint.write(tmp_path, sample(3))
    checkpoint.prune(tmp_path, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["gen-00000003"]


def test_a_damaged_one_of_the_same_generation_is_written_anew(tmp_path: Path) -> None:
    folder = checkpoint.write(tmp_path, sample())
    (folder / ARRAYS).write_bytes(b"")
    assert checkpoint.read(checkpoint.write(tmp_path, sample())) == sample()


def test_arrays_are_what_the_safetensors_package_reads() -> None:
    content = pack({"b": OTHER, "a": ARRAY, "none": {"dtype": "uint8", "shape": [0], "data": b""}})
    found = dict(safetensors.deserialize(content))  # type: ignore[no-untyped-call]
    assert bytes(found["a"]["data"]) == ARRAY["data"]
    assert (found["b"]["dtype"], found["b"]["shape"]) == ("F32", [3])
    assert unpack(content) == {"a": ARRAY, "b": OTHER, "none": {"dtype": "uint8", "shape": [0], "data": b""}}


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ({"dtype": "int64", "shape": [3], "data": bytes(16)}, "has 16 bytes; its shape and dtype ask for 24"),
        ({"dtype": "complex64", "shape": [1], "data": bytes(8)}, "dtype 'complex64' cannot be stored"),
    ],
)
def test_an_array_that_is_none_is_refused(array: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        pack({"x": array})
