import math
import os
import random

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Language


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(bytes(random.Random(0).choices(range(256), weights=range(1, 257), k=20_000)))
    return path


def test_targets_are_the_bytes_after_the_inputs(text):
    inputs, targets = Language(0, path=str(text), length=9, batch_size=5).batch(2)
    training = text.read_bytes()[:18_000]
    for window, following in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert window[1:] == following[:-1]
        assert bytes(map(int, [*window, following[-1]])) in training


def test_a_model_that_ignores_its_context_reaches_the_baseline(text):
    benchmark = Language(0, path=str(text), length=40)
    content = np.frombuffer(text.read_bytes(), np.uint8)
    train, test = content[:18_000], content[18_000:]
    shares = (np.bincount(train, minlength=256) + 0.01) / (len(train) + 2.56)
    single = benchmark.rules["single bytes"]["bits_per_byte"]
    assert single == pytest.approx(-np.log2(shares[test]).mean(), rel=1e-9)

    def frequencies(x: Tensor) -> Tensor:
        return Tensor(np.broadcast_to(np.log(shares).astype(np.float32), (*x.shape, 256)).copy())

    report = benchmark.evaluate(frequencies)
    # 256 windows of 40 bytes cover the 2,000 test bytes five times over, but not evenly.
    assert report["test_bits_per_byte"] == pytest.approx(single, rel=0.01)
    assert report["test_bits_per_byte"] == pytest.approx(report["test_loss"] / math.log(2))


def test_python_brings_a_text_along():
    benchmark = Language(0)
    assert benchmark.batch(1)[0].shape == (16, *benchmark.input_shape)
    assert 4 < benchmark.rules["single bytes"]["bits_per_byte"] < 5.5
    assert 3 < benchmark.baseline["bits_per_byte"] < 4


def test_the_pairs_of_a_chain_reach_its_entropy(tmp_path):
    # Each byte is the one before it or the next of four, one of two at random: one bit for each, two without the pair.
    draw = random.Random(1)
    chain = [0]
    for _ in range(60_000):
        chain.append((chain[-1] + draw.randrange(2)) % 4)
    path = tmp_path / "chain"
    path.write_bytes(bytes(chain))
    rules = Language(0, path=str(path)).rules
    assert rules["single bytes"]["bits_per_byte"] == pytest.approx(2, abs=0.01)
    assert rules["pairs of bytes"]["bits_per_byte"] == pytest.approx(1, abs=0.01)


def test_windows_of_a_text_that_repeats_itself_are_seen(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(bytes(range(100)) * 100)
    assert (Language(0, path=str(path)).cases.distinct, Language(0, path=str(path)).cases.unseen) == (100, 0)


def test_a_text_that_would_be_waited_for_is_refused_at_once(tmp_path):
    pipe, endless, sparse = tmp_path / "pipe", tmp_path / "zero", tmp_path / "sparse"
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    with sparse.open("wb") as file:
        file.truncate(40 * 10**9)
    for path, message in (
        (pipe, "is a pipe; give a regular file"),
        (endless, "is a device; give a regular file"),
        (sparse, "has 40,000,000,000 bytes; at most 1,073,741,824 are held in memory"),
    ):
        with pytest.raises(ValueError, match=message):
            Language(0, path=str(path))


def test_a_text_that_cannot_serve_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read the text .*missing: No such file"):
        Language(0, path=str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="is a folder; give a regular file"):
        Language(0, path=str(tmp_path))
    short = tmp_path / "short"
    short.write_bytes(b"x" * 200)
    with pytest.raises(ValueError, match=r"the text has 200 bytes.*longer than length = 32"):
        Language(0, path=str(short))
