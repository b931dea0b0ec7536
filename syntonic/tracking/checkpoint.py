"""Checkpoints: a folder with the arrays (safetensors), the rest (JSON) and the SHA-256 of both.

A checkpoint appears whole or not at all: it is written under a hidden name, synced to the disk, and renamed. Reading
verifies every byte, so that a damaged one is refused by the name of what is wrong and never trained on. The hashes are
in the form of `sha256sum`: `sha256sum -c SHA256SUMS` verifies a checkpoint without this program.
"""

import json
import os
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from syntonic.tracking import plain
from syntonic.tracking.arrays import Array, pack, unpack

FORMAT: Final = 1
ARRAYS: Final = "state.safetensors"
FACTS: Final = "checkpoint.json"
SUMS: Final = "SHA256SUMS"
_NAME: Final = re.compile(r"gen-[0-9]{8,18}", re.ASCII)


class CheckpointError(ValueError):
    """A checkpoint that cannot be trusted; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after a generation.

    Attributes:
        generation: generations done.
        arrays: the trainer's arrays by name.
        meta: the trainer's counters, plain data.
        callbacks: the state of each callback, by the name that the config gives it.
        config: the run's resolved config.
        versions: what wrote it.
        ended: whether the run was over with this generation, be it before its last one.
    """

    generation: int
    arrays: Mapping[str, Array]
    meta: Mapping[str, Any]
    callbacks: Mapping[str, Any]
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    ended: bool = False


def write(parent: Path, checkpoint: Checkpoint) -> Path:
    """Writes a checkpoint into `parent` and returns its folder.

    Raises:
        OSError: if the disk refuses it; an earlier checkpoint is then unharmed.
    """
    folder = parent / folder_name(checkpoint.generation)
    if folder.exists() and _sound(folder):
        return folder  # written before an interruption; the same generation has the same bits
    facts = {"format": FORMAT, **{key: value for key, value in vars(checkpoint).items() if key != "arrays"}}
    contents = {
        ARRAYS: pack(checkpoint.arrays),
        FACTS: json.dumps(facts, indent=1, sort_keys=True).encode(),
    }
    contents[SUMS] = _sums(contents)
    hidden = parent / f".{folder.name}-{os.getpid()}"
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    try:
        for name, content in contents.items():
            with (hidden / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        shutil.rmtree(hidden, ignore_errors=True)  # a full disk needs the room
        raise
    _sync(hidden)
    shutil.rmtree(folder, ignore_errors=True)
    hidden.rename(folder)
    _sync(parent)
    return folder


def read(folder: Path) -> Checkpoint:
    """Reads a checkpoint and verifies every byte of it.

    Raises:
        CheckpointError: if anything about it is not as it was written.
    """
    contents = {name: content(folder / name) for name in (ARRAYS, FACTS, SUMS)}
    sums = _sums({name: contents[name] for name in (ARRAYS, FACTS)})
    if contents[SUMS] != sums:
        raise CheckpointError(_culprit(folder, contents[SUMS], sums))
    try:
        facts = json.loads(contents[FACTS])
        if not isinstance(facts, dict):
            raise ValueError(f"{FACTS} holds no mapping")
        version = facts.pop("format", None)
        if version != FORMAT:
            raise CheckpointError(
                f"{folder / FACTS} has format {str(version)[:60]!r}, this version of syntonic reads format {FORMAT}; "
                "resume with the version that wrote it"
            )
        arrays = unpack(contents[ARRAYS])
        return plain.build(Checkpoint, {**facts, "arrays": arrays})
    except CheckpointError:
        raise
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder} is no checkpoint of syntonic: {error}") from error


def newest(parent: Path) -> Path | None:
    """Returns the folder of the newest checkpoint in `parent`, None if there is none."""
    return next(reversed(folders(parent)), None)


def folders(parent: Path) -> list[Path]:
    """Returns the folders of the checkpoints in `parent`, oldest first; what has another name is none."""
    found = (path for path in parent.glob("gen-*") if _NAME.fullmatch(path.name))
    return sorted(found, key=generation)


def folder_name(generation: int) -> str:
    """Returns the name of the folder of a generation's checkpoint."""
    return f"gen-{generation:08d}"


def generation(folder: Path) -> int:
    """Returns the generation that the name of a checkpoint's folder tells."""
    return int(folder.name.removeprefix("gen-"))


def prune(parent: Path, keep: int, spared: Collection[int] = ()) -> None:
    """Removes all checkpoints of `parent` but the `keep` newest and those of the generations `spared`.

    What a kill left half-written is removed too.
    """
    stay = {folder_name(number) for number in spared}
    for folder in folders(parent)[:-keep]:
        if folder.name not in stay:
            shutil.rmtree(folder)
    for leftover in parent.glob(".gen-*"):
        shutil.rmtree(leftover)


def _sums(contents: Mapping[str, bytes]) -> bytes:
    import hashlib  # the process that only reads pictures off checkpoints starts faster without

    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(contents.items())]
    return "".join(lines).encode()


def content(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        CheckpointError: if it is missing, cannot be read, or cannot fit into the memory.
    """
    try:
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path} is no plain file")
        if path.stat().st_size > _memory():
            raise CheckpointError(f"{path} has {path.stat().st_size >> 30} GB, more than this machine's memory")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} is missing") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _culprit(folder: Path, written: bytes, found: bytes) -> str:
    there = written.splitlines()
    damaged = [line.split()[1].decode() for line in found.splitlines() if line not in there]
    if not damaged:
        return f"{folder / SUMS} is altered: it holds more than the sums of the checkpoint's files"
    names = " and ".join(str(folder / name) for name in damaged)
    return f"{names} and {SUMS} beside it do not agree: truncated or altered"


def _sound(folder: Path) -> bool:
    try:
        read(folder)
    except CheckpointError:
        return False
    return True


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
