"""Fuzzing of the files of a checkpoint: whatever their bytes are, sound arrays or a ValueError, and nothing changed.

`make fuzz` does the same for hours: SYNTONIC_FUZZ is how many files of each kind are tried.
"""

import contextlib
import hashlib
import json
import math
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engines import engine
from hypothesis import given, settings
from hypothesis import strategies as st

from syntonic._core import Evolution, Graph, ResonantTensor, Tensor
from syntonic.tracking import checkpoint
from syntonic.tracking.arrays import pack, unpack
from syntonic.tracking.checkpoint import ARRAYS, FACTS, SUMS, Checkpoint, CheckpointError

budget = settings(max_examples=int(os.environ.get("SYNTONIC_FUZZ", "150")), deadline=None)
WIDTHS = {"bool": 1, "uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "float16": 2, "uint32": 4, "int32": 4}
WIDTHS |= {"float32": 4, "uint64": 8, "int64": 8, "float64": 8}

SIZES = st.sampled_from([0, 1, 2, 3, 8, -1, 2**31, 2**32 + 1, 2**62, 2**63, 2**64 - 1, 2**64, 10**40])
JSON = st.recursive(
    st.none() | st.booleans() | SIZES | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F64", "I64", "F32", "U8", "BOOL", "BF16", "F8_E5M2", "F4", "C64", "f64", ""]) | JSON,
        "shape": st.lists(SIZES, max_size=4) | JSON,
        "data_offsets": st.lists(SIZES | st.integers(0, 64), min_size=2, max_size=2) | JSON,
        "more": JSON,
    },
)
KEYS = st.sampled_from(["centre", "a", "__metadata__", "", "\0", "a" * 300])


def resonant() -> Evolution:
    """An engine with attractors and harmonizing."""
    weights = ResonantTensor([[0.5, 1.0], [0.25, -1.5]])
    return engine(weights, harmonize_strength=0.1, pull_strength=0.1, lambda_syntony=0.1)


def trained() -> dict[str, Any]:
    """The arrays of a small run with attractors."""
    parameter = ResonantTensor([[0.5, 1.0], [0.25, -1.5]])
    recorder = Graph([parameter])
    evolution = resonant()
    objective = recorder.objective(recorder.input((3, 2)).linear(parameter).square().mean())
    for _ in range(3):
        evolution.step(objective, [Tensor.ones((3, 2))])
    return evolution.state()


GOOD = trained()
FILE = pack(GOOD)


@st.composite
def files(draw: Callable[..., Any]) -> bytes:
    """A file of arrays with faults: in its header, in its length, or anywhere."""
    length = struct.unpack("<Q", FILE[:8])[0]
    header: Any = json.loads(FILE[8 : 8 + length])
    data = FILE[8 + length :]
    pairs = list(header.items())
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(pairs) - 1))
        name, entry = pairs[place]
        match draw(st.sampled_from(["drop", "twice", "new", "field", "swap"])):
            case "drop" if len(pairs) > 1:
                del pairs[place]
            case "twice":
                pairs.append((name, draw(st.just(entry) | ENTRY)))
            case "new":
                pairs.append((draw(KEYS), draw(ENTRY | JSON)))
            case "field" if isinstance(entry, dict):
                pairs[place] = name, {**entry, **draw(ENTRY)}
            case "swap" if isinstance(entry, dict) and isinstance(pairs[0][1], dict):
                pairs[place] = name, {**entry, "data_offsets": pairs[0][1].get("data_offsets")}
    # Pairs and no mapping, so that a name can be there twice.
    text = ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(entry)}" for name, entry in pairs) + "}").encode()
    said = draw(st.just(len(text)) | SIZES.filter(lambda n: 0 <= n < 2**64) | st.integers(0, len(text) + len(data)))
    content = bytearray(struct.pack("<Q", said) + text + data)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(content)))
        content[place : place + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(content[: draw(st.just(len(content)) | st.integers(0, len(content)))])


@given(content=files() | st.binary(max_size=64))
@budget
def test_arrays_are_sound_or_refused(content: bytes) -> None:
    try:
        arrays = unpack(content)
    except ValueError:
        return
    for array in arrays.values():
        assert len(array["data"]) == math.prod(array["shape"]) * WIDTHS[array["dtype"]]
        assert all(size >= 0 for size in array["shape"])
    assert sum(len(array["data"]) for array in arrays.values()) <= len(content)
    assert unpack(pack(arrays)) == arrays


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A checkpoint, and what its facts were."""
    facts = {"generation": 3, "arrays": GOOD, "meta": {"evaluations": 24}, "callbacks": {}, "config": {"seed": 0}}
    sound = Checkpoint(**facts, versions={"syntonic": "0.1.0"})
    folder = checkpoint.write(tmp_path_factory.mktemp("fuzz"), sound)
    return folder, (folder / FACTS).read_text()


@given(arrays=files() | st.just(FILE), data=st.data())
@budget
def test_a_checkpoint_is_whole_or_refused(written: tuple[Path, str], arrays: bytes, data: st.DataObject) -> None:
    """The sums are right, as they are in a file of another's making."""
    folder, original = written
    facts = json.loads(original)
    facts |= data.draw(st.dictionaries(st.sampled_from([*facts, "more"]), JSON, max_size=2))
    text = json.dumps(facts).encode()
    text = text[: data.draw(st.just(len(text)) | st.integers(0, len(text)))] + data.draw(
        st.just(b"") | st.binary(max_size=3)
    )
    contents = {ARRAYS: arrays, FACTS: text}
    sums = "".join(f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents))
    for name, content in {**contents, SUMS: sums.encode()}.items():
        (folder / name).write_bytes(content)
    with contextlib.suppress(CheckpointError):
        found = checkpoint.read(folder)
        assert type(found.generation) is int
        assert all(isinstance(part, dict) for part in (found.meta, found.callbacks, found.config, found.versions))
        assert pack(found.arrays)


NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf])
INTEGERS = st.sampled_from([0, 1, -1, 2, 100, -100, 101, 2**31, 2**32, 2**53, 2**63 - 1, -(2**63)])


@st.composite
def states(draw: Callable[..., Any]) -> dict[str, Any]:
    """The arrays of a run with other numbers, other lengths, other types, or some missing."""
    state = {name: dict(array) for name, array in GOOD.items()}
    for name in draw(st.lists(st.sampled_from(sorted(state)), max_size=3, unique=True)):
        data = bytearray(state[name]["data"])
        match draw(st.sampled_from(["number", "number", "number", "length", "dtype", "drop", "add"])):
            case "number" if data:
                numbers = INTEGERS.map(lambda n: struct.pack("<q", n)) | NUMBERS.map(lambda x: struct.pack("<d", x))
                place = draw(st.integers(0, len(data) // 8 - 1)) * 8
                data[place : place + 8] = draw(numbers)
            case "length":
                data = data[: draw(st.integers(0, len(data)))]
            case "dtype":
                state[name]["dtype"] = draw(st.sampled_from(["int64", "float64", "float32", ""]))
            case "drop":
                del state[name]
                continue
            case _:
                data += bytes(draw(st.sampled_from([1, 8, 32])))
        state[name]["data"] = bytes(data)
    return state


@given(state=states())
@budget
def test_a_state_is_gone_on_with_or_refused(state: dict[str, Any]) -> None:
    parameter = ResonantTensor([[0.5, 1.0], [0.25, -1.5]])
    recorder = Graph([parameter])
    objective = recorder.objective(recorder.input((3, 2)).linear(parameter).square().mean())
    evolution = resonant()
    before = evolution.state()
    try:
        evolution.set_state(state)
    except ValueError:
        assert evolution.state() == before
        return
    accepted = evolution.state()
    assert all(accepted[name]["data"] == array["data"] for name, array in state.items() if name != "shock")
    with contextlib.suppress(ValueError, OverflowError):
        evolution.step(objective, [Tensor.ones((3, 2))])
        assert evolution.generation == struct.unpack("<q", accepted["counters"]["data"][:8])[0] + 1
