"""Figures of a run and of a model. They need matplotlib: `pip install syntonic[plots]`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from syntonic.nn.analysis.archonic_detector import ArchonicRegion
from syntonic.sn import Module, Parameter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (8.0, 4.5)


def plot_syntony_history(
    syntonies: Sequence[float], *, target: float | None = None, regions: Sequence[ArchonicRegion] = ()
) -> "Figure":
    """Returns syntony by generation, with the target as a line and archonic regions shaded by their severity.

    Args:
        syntonies: S of the centre after each generation, from generation 1.
        target: where the line is; None: nowhere.
        regions: what an `ArchonicDetector` found.
    """
    figure, axes = _axes("generation", "syntony S")
    axes.plot(range(1, len(syntonies) + 1), syntonies, linewidth=1.2)
    if target is not None:
        axes.axhline(target, linestyle="--", linewidth=1, color="tab:green", label="target")
    for number, region in enumerate(regions):
        label = "archonic" if number == 0 else None
        shade = 0.15 + 0.35 * region.severity
        axes.axvspan(region.start, region.end, color="tab:red", alpha=shade, linewidth=0, label=label)
    if target is not None or regions:
        axes.legend(loc="best")
    return figure


def plot_layer_syntonies(syntonies: Mapping[str, float]) -> "Figure":
    """Returns a bar for the syntony of each parameter, such as `metrics.layer_syntonies` reports them."""
    figure, axes = _axes("syntony S", "")
    names = list(syntonies)
    axes.barh(range(len(names)), [syntonies[name] for name in names])
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    return figure


def plot_weight_lattice(parameter: Parameter) -> "Figure":
    """Returns the lattice points a + b phi of a crystallized parameter in the plane of (a, b).

    Raises:
        ValueError: a parameter in flux, which has no coefficients.
    """
    figure, axes = _axes("a", "b")
    points = _coefficients(parameter)
    axes.scatter([a for a, _ in points], [b for _, b in points], s=8, alpha=0.5)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def plot_coefficients(model: Module) -> "Figure":
    """Returns histograms of the coefficients a and b of all parameters of a crystallized model.

    Raises:
        ValueError: a parameter in flux.
    """
    figure, axes = _axes("coefficient", "parameters' values")
    points = [point for parameter in model.parameters() for point in _coefficients(parameter)]
    axes.hist([[a for a, _ in points], [b for _, b in points]], bins=41, label=["a", "b"])
    axes.legend(loc="best")
    return figure


def plot_spectra(singular_values: Mapping[str, Sequence[float]]) -> "Figure":
    """Returns the singular values of each weight on a logarithmic scale, largest first."""
    figure, axes = _axes("index", "singular value")
    for name, values in singular_values.items():
        axes.semilogy(range(1, len(values) + 1), values, marker=".", linewidth=1, label=name)
    axes.legend(loc="best")
    return figure


def _coefficients(parameter: Parameter) -> list[tuple[int, int]]:
    if parameter.data.phase != "crystallized":
        raise ValueError("the parameter is in flux and has no lattice coefficients; crystallize() it first")
    return parameter.data.lattice()


def _axes(x: str, y: str) -> "tuple[Figure, Axes]":
    try:
        # The object-oriented way: no window, no global state.
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("figures need matplotlib; install it with: pip install 'syntonic[plots]'") from error
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes
