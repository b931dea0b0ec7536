import hashlib
import math

import numpy as np
import pytest

from syntonic.sn import Parameter

LAWS = ["uniform", "normal", "kaiming", "golden", "zeros", "ones"]


def draw(init, shape=(300, 200), seed=3, index=1, **options):
    parameter = Parameter(shape, init=init, **options)
    parameter.initialize(seed, index)
    return np.asarray(parameter.data.to_tensor("float64"))


@pytest.mark.parametrize(
    ("init", "variance"),
    [
        ("uniform", 0.25 / 3),
        ("normal", 0.25),
        ("kaiming", 0.25 / 200),
        ("golden", 0.25 / 200),
        ("zeros", 0),
        ("ones", 1),
    ],
)
def test_variances_follow_the_laws(init, variance):
    x = draw(init, gain=0.5)
    # 60,000 squares of normals: one standard deviation of their mean is 0.6 %.
    assert (x**2).mean() == pytest.approx(variance, rel=0.03)
    if init not in ("zeros", "ones"):
        assert abs(x.mean()) < 5 * math.sqrt(variance / x.size)


def test_golden_favours_low_modes_and_keeps_every_mode():
    by_mode = (draw("golden", (3000, 20)) ** 2).mean(axis=0)
    weights = np.exp(-((3 * np.arange(20) / 20) ** 2) / 1.618034)
    want = np.maximum(weights, 0.01)
    np.testing.assert_allclose(by_mode, want / want.mean() / 20, rtol=0.15)


def test_fan_in_is_the_product_of_the_input_axes():
    assert Parameter((5, 3, 4)).fan_in == 12
    assert Parameter((5,)).fan_in == 1
    assert Parameter(()).fan_in == 1
    assert Parameter((5, 0)).fan_in == 1
    assert draw("kaiming", fan_in=4).std() == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("init", LAWS)
def test_draws_depend_on_seed_and_index_alone(init):
    same = draw(init)
    np.testing.assert_array_equal(same, draw(init))
    for other in [draw(init, seed=4), draw(init, index=2)]:
        assert np.array_equal(same, other) == (init in ("zeros", "ones"))


def test_bits_of_a_seed_never_change():
    digest = hashlib.sha256()
    for init in LAWS:
        digest.update(draw(init, (17, 5), seed=2026).tobytes())
    assert digest.hexdigest()[:16] == "9a1bf060041373c1"


@pytest.mark.parametrize(
    "options",
    [
        {"init": "he"},
        {"gain": -1.0},
        {"gain": math.nan},
        {"gain": math.inf},
        {"fan_in": 0},
        {"mode_norms": "flat"},
        {"mode_norms": [1.0]},
        {"precision": 0},
    ],
)
def test_bad_arguments_are_refused_when_given(options):
    with pytest.raises(ValueError, match="expected"):
        Parameter((2, 3), **options)


def test_bad_shapes_are_refused():
    for shape in [(-1,), (2.5,), "ab"]:
        with pytest.raises(ValueError, match="whole numbers"):
            Parameter(shape)


def test_what_no_machine_holds_is_refused_at_once():
    with pytest.raises(ValueError, match=r"has 1,000,000,000,000 values.*make the model smaller"):
        Parameter((10**6, 10**6))
