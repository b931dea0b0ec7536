import math
import random

import numpy as np
import pytest

from syntonic.core.archonic import _cycle, archonic


def noise(seed: int, count: int, drift: float = 0.0) -> list[float]:
    source = random.Random(seed)
    return [0.3 + drift * i + source.gauss(0.0, 0.01) for i in range(count)]


@pytest.mark.parametrize("window", [10, 20, 50, 51])
def test_white_noise_about_a_level_is_a_false_alarm_in_one_window_of_a_hundred_at_most(window):
    # The promise is 1 in 100; of 3,000 windows more than 46 would be three standard errors above it.
    found = sum(archonic(noise(seed, window), window=window).is_archonic for seed in range(3000))
    assert found <= 46


@pytest.mark.parametrize("period", [2, 3, 5, 10, 12.5, 16])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7])
def test_a_cycle_is_archonic_whatever_its_period_and_phase(period, phase):
    wave = [0.5 + 0.1 * math.sin(2 * math.pi * (i / period + phase) + 0.1) for i in range(50)]
    assert archonic(wave, window=50).is_archonic
    noisy = [s + e - 0.3 for s, e in zip(wave, noise(1, 50), strict=True)]
    assert archonic(noisy, window=50).is_archonic


def test_a_cycle_that_rises_gets_somewhere():
    wave = [0.3 + 0.002 * i + 0.01 * math.sin(2 * math.pi * i / 10) for i in range(50)]
    assert not archonic(wave).is_archonic


def test_the_share_of_a_frequency_is_numpys():
    values = np.array(noise(5, 50)) + 0.02 * np.sin(2 * np.pi * 7 * np.arange(50) / 50 + 1)
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    power[1:25] *= 2
    share, drift = _cycle(list(values - values.mean()), float(values.std()))
    assert share == pytest.approx(power[7] / power.sum())
    at = np.arange(50)
    basis = np.stack([np.cos(2 * np.pi * 7 * at / 50), np.sin(2 * np.pi * 7 * at / 50)], 1)
    cycle = basis @ np.linalg.lstsq(basis, values, rcond=None)[0]
    assert drift == pytest.approx(cycle[25:].mean() - cycle[:25].mean())


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
