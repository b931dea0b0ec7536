import random

import pytest

from syntonic.core.archonic import archonic


def noise(seed: int, count: int, drift: float = 0.0) -> list[float]:
    source = random.Random(seed)
    return [0.3 + drift * i + source.gauss(0.0, 0.01) for i in range(count)]


def test_noise_about_a_level_is_archonic_nearly_always():
    # Two standard errors leave out one window in twenty; one that happens to cross its mean rarely, a few more.
    found = sum(archonic(noise(seed, 50)).is_archonic for seed in range(400))
    assert 0.9 < found / 400 < 0.98


@pytest.mark.parametrize("drift", [0.002, -0.002])
def test_progress_is_not(drift):
    assert not any(archonic(noise(seed, 50, drift)).is_archonic for seed in range(100))


def test_a_slow_wave_is_not():
    source, walks = random.Random(0), 0
    for _ in range(100):
        values = [0.3]
        while len(values) < 50:
            values.append(values[-1] + source.gauss(0.0, 0.01))
        walks += archonic(values).is_archonic
    assert walks <= 5


def test_standing_still_is_not():
    assert not archonic([0.3] * 50).is_archonic
    assert not archonic([0.3 + 1e-9 * (-1) ** i for i in range(50)]).is_archonic
    assert archonic([0.3 + 1e-9 * (-1) ** i for i in range(50)], noise_floor=0.0).is_archonic


def test_neither_are_too_few_values_nor_enough_syntony():
    swing = [0.3, 0.4] * 25
    assert archonic(swing).is_archonic
    assert not archonic(swing[:49]).is_archonic
    assert not archonic(swing, target=0.3).is_archonic
    assert archonic([]).severity == archonic(swing[:49]).severity == 0.0


def test_severity_grows_with_the_distance_from_the_target():
    near, far = (archonic([level, level + 0.1] * 25, target=1.0).severity for level in (0.8, 0.1))
    assert 0 < near < far <= 1


def test_figures_are_those_of_the_window():
    found = archonic([9.0, 1.0, 2.0, 3.0, 4.0], window=4)
    assert (found.mean, found.deviation, found.trend, found.crossings) == (2.5, pytest.approx(1.25**0.5), 2.0, 1)


@pytest.mark.parametrize(("wrong", "message"), [({"window": 3}, "window is 3"), ({"target": 1.59}, "target is 1.59")])
def test_settings_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        archonic([0.1] * 9, **wrong)
