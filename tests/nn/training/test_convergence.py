import json

import numpy as np
import pytest

from syntonic.nn.training.callbacks import Convergence


@pytest.mark.parametrize("cut", [None, 20])
def test_figures_are_numpys(cut):
    source = np.random.default_rng(0)
    loss = np.exp(-0.05 * np.arange(1, 61) + source.normal(0, 0.05, 60))
    syntony = 0.5 - 0.1 * loss + source.normal(0, 0.01, 60)
    watcher = Convergence()
    for generation, (a, b) in enumerate(zip(loss, syntony, strict=True), start=1):
        watcher.after(generation, {"loss": float(a), "syntony": float(b)})
        if generation == cut:  # an interruption
            kept = json.loads(json.dumps(watcher.state()))
            watcher = Convergence()
            watcher.restore(kept)
    assert list(watcher.results()) == watcher.reports()
    assert watcher.results() == pytest.approx(
        {
            "convergence_rate": -np.polyfit(np.arange(1, 61), np.log(loss), 1)[0],
            "convergence_stability": 1 - np.mean(np.diff(loss) > 0),
            "convergence_correlation": np.corrcoef(loss, syntony)[0, 1],
        },
        rel=1e-9,
    )


def test_what_stands_still_has_no_correlation_and_nan_is_passed_over():
    watcher = Convergence()
    assert watcher.results() == {}
    for generation in (1, 2, 3):
        watcher.after(generation, {"loss": 0.5, "syntony": 0.25})
        watcher.after(generation, {"loss": float("nan"), "syntony": 0.25})
        watcher.after(generation, {"loss": 0.0})
    assert watcher.results() == {"convergence_rate": 0.0, "convergence_stability": 1.0}
