import math
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
    assert benchmark.baseline["bits_per_byte"] == pytest.approx(-np.log2(shares[test]).mean(), rel=1e-9)

    def frequencies(x: Tensor) -> Tensor:
        return Tensor(np.broadcast_to(np.log(shares).astype(np.float32), (*x.shape, 256)).copy())

    report = benchmark.evaluate(frequencies)
    # 256 windows of 40 bytes cover the 2,000 test bytes five times over, but not evenly.
    assert report["test_bits_per_byte"] == pytest.approx(benchmark.baseline["bits_per_byte"], rel=0.01)
    assert report["test_bits_per_byte"] == pytest.approx(report["test_loss"] / math.log(2))


def test_python_brings_a_text_along():
    benchmark = Language(0)
    assert benchmark.batch(1)[0].shape == (16, *benchmark.input_shape)
    assert 4 < benchmark.baseline["bits_per_byte"] < 5.5


def test_a_text_that_cannot_serve_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read the text .*missing: No such file"):
        Language(0, path=str(tmp_path / "missing"))
    short = tmp_path / "short"
    short.write_bytes(b"x" * 200)
    with pytest.raises(ValueError, match=r"the text has 200 bytes.*longer than length = 32"):
        Language(0, path=str(short))
