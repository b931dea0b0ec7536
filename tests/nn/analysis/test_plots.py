"""Figures hold the numbers that they were given, and can be drawn."""

import io

import pytest

from syntonic.nn import analysis
from syntonic.nn.architectures import MLP, Task


@pytest.fixture
def model():
    made = MLP(Task((4,), (2,)), hidden=(3,))
    made.initialize(0)
    for parameter in made.parameters():
        parameter.data.crystallize()
    return made


def drawn(figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    return file.getvalue()


def test_a_history_with_its_archonic_regions():
    detector = analysis.ArchonicDetector(window=20)
    swing = [0.3 + 0.01 * (-1) ** g for g in range(60)]
    assert [detector.update(g, s) for g, s in enumerate(swing, start=1)] == [g >= 20 for g in range(1, 61)]
    (region,) = detector.regions
    assert (region.start, region.end) == (1, 60)
    figure = analysis.plot_syntony_history(swing, target=0.6, regions=detector.regions)
    lines = figure.axes[0].lines
    assert list(lines[0].get_ydata()) == swing
    assert b"archonic" in drawn(figure) or len(figure.axes[0].patches) == 1


def test_regions_apart_are_two():
    detector = analysis.ArchonicDetector(window=10, cooldown=5)
    values = [0.3 + 0.01 * (-1) ** g for g in range(20)] + [0.3 + 0.02 * g for g in range(15)]
    values += [0.58 + 0.01 * (-1) ** g for g in range(30)]
    for generation, value in enumerate(values, start=1):
        detector.update(generation, value)
    assert len(detector.regions) == 2


def test_bars_of_layers(model):
    figure = analysis.plot_layer_syntonies({"first": 0.25, "second": 0.75})
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.25, 0.75]
    assert drawn(figure)


def test_lattice_points_and_their_histogram(model):
    parameter = next(iter(model.parameters()))
    figure = analysis.plot_weight_lattice(parameter)
    points = [tuple(point) for point in figure.axes[0].collections[0].get_offsets().tolist()]
    assert points == [(float(a), float(b)) for a, b in parameter.data.lattice()]
    counts = analysis.plot_coefficients(model)
    total = sum(bar.get_height() for bar in counts.axes[0].patches)
    assert total == 2 * sum(p.data.size for p in model.parameters())
    parameter.data.wake_flux()
    with pytest.raises(ValueError, match="in flux"):
        analysis.plot_weight_lattice(parameter)


def test_spectra(model):
    values = {name: found.singular_values for name, found in analysis.spectra(model).items()}
    figure = analysis.plot_spectra(values)
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == list(values.values())
