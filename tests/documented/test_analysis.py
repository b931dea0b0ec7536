"""Losses and analysis as the documents call them."""

import numpy as np
import pytest

from syntonic._core import ResonantTensor, Tensor
from syntonic.nn.analysis import HealthReport, SyntonyMonitor, SyntonyViz, plot_archonic_regions
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.loss import cross_entropy_loss, mse_loss
from syntonic.nn.training import RESTrainingConfig, RetrocausalTrainer

RNG = np.random.default_rng(2)
XOR = ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]])


def test_mse_loss():
    p, t = RNG.standard_normal((2, 3, 4))
    want = ((p - t) ** 2).mean()
    assert mse_loss(p.tolist(), t.tolist()) == pytest.approx(want)
    exact = np.array(ResonantTensor(p).to_list())
    assert mse_loss(ResonantTensor(p), t.tolist()) == pytest.approx(((exact - t) ** 2).mean())
    scalar = mse_loss(Tensor(p, dtype="float64"), Tensor(t, dtype="float64"))
    assert type(scalar) is Tensor
    assert scalar.item() == pytest.approx(want)
    with pytest.raises(ValueError, match="one shape"):
        mse_loss([1.0, 2.0], [1.0])


def test_cross_entropy_loss():
    logits, labels = RNG.standard_normal((5, 3)) * 4, np.array([0, 2, 1, 1, 0])
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    want = -log_p[range(5), labels].mean()
    assert cross_entropy_loss(logits.tolist(), labels.tolist()) == pytest.approx(want)
    assert cross_entropy_loss(Tensor(logits), Tensor(labels)).item() == pytest.approx(want, rel=1e-5)
    soft = RNG.random((5, 3))
    soft /= soft.sum(1, keepdims=True)
    assert cross_entropy_loss(logits.tolist(), soft.tolist()) == pytest.approx(-(soft * log_p).sum(1).mean())
    assert cross_entropy_loss(logits[0].tolist(), [1.0, 0.0, 0.0]) == pytest.approx(-log_p[0, 0])
    assert cross_entropy_loss([[1000.0, 0.0]], [1]) == 1000.0
    with pytest.raises(ValueError, match="sum to 1"):
        cross_entropy_loss(logits.tolist(), (2 * soft).tolist())
    with pytest.raises(ValueError, match="7"):
        cross_entropy_loss(logits.tolist(), [7, 0, 0, 0, 0])


def test_the_monitor_keeps_health_reports():
    model = MLP(Task((2,), (1,)), hidden=(8,))
    monitor = SyntonyMonitor(model, window=3, interval=5, population_size=32)
    config = RESTrainingConfig(max_generations=20)
    history = RetrocausalTrainer(model, XOR, config=config, callbacks=[monitor]).train().syntony_history
    assert len(monitor.reports) == 3  # of generations 10, 15 and 20
    assert all(isinstance(report, HealthReport) for report in monitor.reports)
    assert monitor.syntony_history == history[-6:]
    assert monitor.reports[-1].syntony == pytest.approx(min(1, history[-1] * (1 + 5**0.5) / 2))
    report = monitor.update({"syntony": 0.1, "nan_members": 16.0})
    assert report.search < 1
    assert "no fitness" in " ".join(report.warnings)
    again = SyntonyMonitor(model, window=3)
    again.restore(monitor.state())
    assert again.syntony_history == monitor.syntony_history
    for wrong in ({"window": 0}, {"target": 1.59}):
        with pytest.raises(ValueError, match="must be"):
            SyntonyMonitor(model, **wrong)


def test_archonic_regions_are_shaded(tmp_path):
    pytest.importorskip("matplotlib")
    swing = [0.3 + 0.01 * (-1) ** g for g in range(60)]
    figure = plot_archonic_regions(swing, window=20, save_path=tmp_path / "regions.svg")
    axes = figure.axes[0]
    assert list(axes.lines[0].get_ydata()) == swing
    (shade,) = axes.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (1, 60)
    assert (tmp_path / "regions.svg").read_text().lstrip().startswith("<?xml")
    assert plot_archonic_regions([0.01 * g for g in range(60)], window=20).axes[0].patches[:] == []


def test_the_figures_of_a_run_in_one_place(tmp_path):
    pytest.importorskip("matplotlib")
    model = MLP(Task((2,), (1,)), hidden=(3,))
    model.initialize(0)
    viz = SyntonyViz(model)
    for syntony in (0.1, {"syntony": 0.2}, 0.4):
        viz.update(syntony)
    assert list(viz.plot_syntony_history().axes[0].lines[0].get_ydata()) == [0.1, 0.2, 0.4]
    assert list(viz.plot_archonic_regions(window=4).axes[0].lines[0].get_ydata()) == [0.1, 0.2, 0.4]
    bars = viz.plot_layer_syntonies(save_path=tmp_path / "layers.png").axes[0].patches
    assert [bar.get_width() for bar in bars] == [p.data.syntony for p in model.parameters()]
    values = np.linalg.svd(np.asarray(next(model.parameters()).data.to_tensor("float64")), compute_uv=False)
    np.testing.assert_allclose(viz.plot_spectra().axes[0].lines[0].get_ydata(), values, rtol=1e-12)
    assert (tmp_path / "layers.png").stat().st_size > 0
    with pytest.raises(ValueError, match=r"SyntonyViz\(model\)"):
        SyntonyViz().plot_spectra()
