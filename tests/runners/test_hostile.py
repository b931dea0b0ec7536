"""Runs of another's making: whatever their files hold, the command answers in words and touches nothing else."""

import contextlib
import json
import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.runners.config.errors import RequestError
from syntonic.runners.sweep import folder as sweep_folder
from syntonic.tracking import checkpoint
from syntonic.tracking.arrays import pack, unpack
from syntonic.tracking.checkpoint import CheckpointError
from syntonic.tracking.spool import Spool, SpoolError, safe_name

Command = Callable[..., int]

VALUES: list[Any] = [
    None,
    True,
    -1,
    2**63,
    10**400,
    1e308,
    float("nan"),
    "",
    "../../../../tmp/outside",
    "/etc/passwd",
    "\x00",
    "\x1b[2J\x1b]0;owned\x07",
    "x" * 5000,
    "${oc.env:HOME}",
    "__import__('os').system('touch owned')",
    {"_target_": "os.system", "_args_": ["touch owned"]},
    {"name": "../../evil", "_target_": "subprocess.Popen"},
    [],
    [[[[[[]]]]]],
    {},
    {"a": {"b": {"c": {}}}},
]
FILES = ["run.json", "tracking/request.json", "tracking/ending.json", "tracking/record.json", "tracking/receipt.json"]


def paths(tree: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the way to every node of a JSON tree but its root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [way for key, value in items for way in [(*prefix, key), *paths(value, (*prefix, key))]]


def spoilt(tree: Any, source: random.Random) -> Any:
    """Returns a copy of a JSON tree with one node changed, removed or added."""
    copy = json.loads(json.dumps(tree))
    *way, last = source.choice(paths(copy))
    node = copy
    for key in way:
        node = node[key]
    match source.randrange(4):
        case 0:
            del node[last]
        case 1 if isinstance(node, dict):
            node["_target_"] = source.choice(VALUES)
        case _:
            node[last] = source.choice(VALUES)
    return copy


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a run that failed, and can be gone on with."""
    folder = tmp_path_factory.mktemp("example")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        words = ["-cd", str(Path(__file__).parent / "configs"), "-cn", "fake", "tracking=none", "trainer.fails_at=5"]
        assert main([*words, "callbacks.checkpoint.every_generations=2"]) == 1
    (run,) = runs(folder)
    spool = Spool(run)
    request = json.loads((run / "tracking" / "request.json").read_text())
    (run / "tracking" / "request.json").write_text(json.dumps({**request, "tracked": True}))
    (run / "tracking" / "record.json").write_text('{"format": 1, "store": "a", "run_id": "b"}')
    (run / "tracking" / "receipt.json").write_text(
        '{"format": 1, "store": "a", "run_id": "b", "whole": true, "problems": ["c"]}'
    )
    assert spool.read_request() is not None
    assert spool.read_receipt() is not None
    return folder


@pytest.mark.parametrize("name", FILES)
def test_a_spoilt_file_is_named_or_harmless(
    example: Path, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = random.Random(name)
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    good = json.loads((run / name).read_text())
    before = json.loads((run / "run.json").read_text())
    for _ in range(40):
        (run / name).write_text(json.dumps(spoilt(good, source)))
        for words in (["ls"], ["doctor"], ["report"], ["compare", "last", "last", "--all"]):
            assert main(words) in (0, 1, 2)
        if name == "run.json":  # a run that goes on trains, so only what is refused at once is tried
            faulty = json.loads((run / name).read_text())
            faulty["config"] = {"_target_": "os.system"}
            (run / name).write_text(json.dumps(faulty))
            assert main(["resume=last"]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "\x1b" not in said.out + said.err
    assert before
    assert sorted(path.name for path in folder.iterdir()) == [".syntonic"]
    assert not (folder.parent / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"\xff\xfe", b'{"format": 1', b"null", b'{"format": 1e999}'])
@pytest.mark.parametrize("name", ["run.json", "tracking/request.json", "journal.jsonl", "model/model.json"])
def test_a_file_that_is_none_is_named_or_harmless(
    example: Path, folder: Path, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).write_bytes(content)
    for words in (["ls"], ["doctor"], ["report"]):
        assert main(words) in (0, 1, 2)
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize("ending", [b"\n\x1b[2J<b>", b"\xff\xfe"])
def test_a_folder_of_a_hostile_name_is_named_harmlessly(
    example: Path, folder: Path, ending: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    os.rename(run, os.fsencode(run) + ending)
    (folder / "conf").mkdir()
    (folder / "conf" / os.fsdecode(b"words" + ending.replace(b"/", b"") + b".yaml")).touch()
    for words in (["ls"], ["doctor"], ["report"], ["sync"], ["--complete", "-cn "]):
        assert main(words) in (0, 1, 2)
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "\x1b" not in said.out + said.err


def test_a_spoilt_checkpoint_is_refused(example: Path, tmp_path: Path) -> None:
    (run,) = runs(example)
    newest = checkpoint.newest(run / "checkpoints")
    assert newest is not None
    facts = json.loads((newest / checkpoint.FACTS).read_text())
    arrays = (newest / checkpoint.ARRAYS).read_bytes()
    source = random.Random(5)
    for _ in range(150):
        contents = {checkpoint.ARRAYS: arrays, checkpoint.FACTS: json.dumps(spoilt(facts, source)).encode()}
        if source.random() < 0.5:
            position = source.randrange(len(arrays))
            contents[checkpoint.ARRAYS] = arrays[:position] + bytes([source.randrange(256)]) + arrays[position + 1 :]
        contents[checkpoint.SUMS] = checkpoint._sums(contents)
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        with contextlib.suppress(CheckpointError):  # any other error fails the test
            assert isinstance(checkpoint.read(tmp_path).generation, int)


HEADERS: list[Any] = [
    {"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 0]}},
    {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**63]}},
    {"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}},
    {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
    {
        "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
        "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    },
    {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}},
    {"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}},
    {"a": {"dtype": "os.system", "shape": [1], "data_offsets": [0, 4]}},
    {"a": "F32"},
    [],
    {"__metadata__": {"a": 1}},
]


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_a_hostile_header_is_refused(header: Any) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(ValueError, match=r"safetensors|dtype"):
        unpack(struct.pack("<Q", len(text)) + text + bytes(4))


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_a_header_of_hostile_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="safetensors"):
        unpack(struct.pack("<Q", length) + b"{}" if length != 1 else struct.pack("<Q", 1))


def test_a_file_larger_than_the_memory_is_not_read(tmp_path: Path) -> None:
    for name in (checkpoint.ARRAYS, checkpoint.FACTS, checkpoint.SUMS):
        with (tmp_path / name).open("wb") as file:
            file.truncate(1 << 43)  # a hole: it takes no place on the disk
    with pytest.raises(CheckpointError, match="more than this machine's memory"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "", "a//b", "a\x00b", "a\nb", "~/x;rm", "x" * 300, "a/..", "."]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a file"):
        safe_name(name)


def test_a_folder_elsewhere_is_not_sent(example: Path, folder: Path) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    (folder / "secret").mkdir()
    (folder / "secret" / "key").write_text("a stranger must not see this")
    (run / "logs").symlink_to(folder / "secret")
    ending = json.loads((run / "tracking" / "ending.json").read_text())
    ending["ending"]["folders"] = {"a": str(folder / "secret"), "b": str(run / "logs"), "c": "../../../secret"}
    ending["ending"]["texts"] = {"../../../owned": "x", "/tmp/owned": "x", "good.txt": "x"}
    (run / "tracking" / "ending.json").write_text(json.dumps(ending))
    (run / "tracking" / "receipt.json").unlink()
    (run / "tracking" / "record.json").unlink()
    assert main(["sync"]) == 1, "what was refused is missing"
    stored = [path.name for path in (folder / ".syntonic" / "artifacts").rglob("*") if path.is_file()]
    assert "good.txt" in stored
    assert "key" not in stored
    assert not [path for path in folder.rglob("owned")]


def test_a_false_outbox_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tracking").mkdir()
    (tmp_path / "tracking" / "request.json").write_text('{"format": 1, "uri": 5}')
    with pytest.raises(SpoolError, match="'uri'"):
        Spool(tmp_path).read_request()
    assert pack({}) == pack({})


@pytest.mark.parametrize("name", ["lock", "journal.jsonl", ".run.json", "checkpoints"])
def test_a_link_in_a_run_is_not_written_through(
    example: Path, folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    outside = folder / "outside"
    if name == "checkpoints":
        (run / name).rename(outside)
    else:
        (run / name).unlink(missing_ok=True)
        outside.write_text("precious")
    (run / name).symlink_to(outside)
    before = sorted(path.name for path in outside.iterdir()) if outside.is_dir() else outside.read_text()
    assert main(["resume=last"]) == 2
    said = capsys.readouterr().err
    assert f"{name} is a link" in said
    assert said.count("\n") == 1
    assert before == (sorted(path.name for path in outside.iterdir()) if outside.is_dir() else outside.read_text())


def test_a_link_in_the_place_of_a_report_is_replaced(example: Path, folder: Path) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    (folder / "outside").write_text("precious")
    (run / "report.html").unlink(missing_ok=True)
    (run / "report.html").symlink_to(folder / "outside")
    assert main(["report"]) == 0
    assert (folder / "outside").read_text() == "precious"
    assert (run / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["run.json", "journal.jsonl", "tracking/request.json"])
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(example: Path, folder: Path, name: str) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (run,) = runs(folder)
    (run / name).unlink()
    os.mkfifo(run / name)
    for words in (["report"], ["resume=last"]):
        assert main(words) in (0, 2)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_changed_bytes_of_a_checkpoint_are_refused_or_read(example: Path, tmp_path: Path, data: st.DataObject) -> None:
    (run,) = runs(example)
    newest = checkpoint.newest(run / "checkpoints")
    assert newest is not None
    contents = {name: mutated(data, (newest / name).read_bytes()) for name in (checkpoint.ARRAYS, checkpoint.FACTS)}
    contents[checkpoint.SUMS] = checkpoint._sums(contents)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with contextlib.suppress(CheckpointError):  # any other error fails the test
        assert isinstance(checkpoint.read(tmp_path).generation, int)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_changed_bytes_of_a_sweep_are_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "a1"
    folder.mkdir(exist_ok=True)
    facts = {"format": 1, "id": "a1", "title": "t", "config_name": "fake", "overrides": ["seed=0,1"], "started": 1.5}
    good = json.dumps({**facts, "status": "KILLED", "tracked_as": None}).encode()
    (folder / "sweep.json").write_bytes(mutated(data, good))
    with contextlib.suppress(RequestError):  # any other error fails the test
        found = sweep_folder.read(folder).facts
        assert found.id == "a1"
        assert all(isinstance(word, str) for word in found.overrides)


def mutated(data: st.DataObject, content: bytes) -> bytes:
    """Returns a file with a few stretches of bytes replaced, removed or added."""
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 12, len(content))))
        content = content[:start] + data.draw(st.binary(max_size=12)) + content[end:]
    return content
