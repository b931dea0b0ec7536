"""What the model of a run depends on and looks like: sensitivity of its loss, and the spectrum of each weight.

Both are computed with `syntonic.nn.analysis`, without a gradient. The result is plain data, for the terminal, JSON and
reports.
"""

import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.benchmarks.order import order
from syntonic.nn.analysis import Sensitivity, Spectrum, sensitivity, spectra
from syntonic.nn.architectures import Task
from syntonic.nn.training.metrics import layer_syntonies
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run import kept_model, resume
from syntonic.runners.run.build import make
from syntonic.runners.run.folder import RunFolder
from syntonic.sn import Module
from syntonic.tracking.arrays import unpack
from syntonic.tracking.base import Status
from syntonic.tracking.checkpoint import CheckpointError, content
from syntonic.tracking.plain import write_json
from syntonic.tracking.report.analysis import FILE

LOW: Final = 1.0
"""Modes with |n|^2 up to it are low: their golden weight is above a half."""
# At the end of every run: so many, of models so small, and no longer than so many seconds.
_FEW_EXAMPLES: Final = 64
_FEW_DIRECTIONS: Final = 4
_MOST_WEIGHTS: Final = 20_000
_LONGEST: Final = 0.3


@dataclass(frozen=True)
class ParameterAnalysis:
    """One parameter of a trained model.

    Attributes:
        name: within the model.
        shape: its sizes.
        syntony: S.
        sensitivity: how the loss answers to moves of it alone.
        spectrum: of the parameter as a matrix; None for one with a single axis.
    """

    name: str
    shape: tuple[int, ...]
    syntony: float
    sensitivity: Sensitivity
    spectrum: Spectrum | None

    @property
    def low_energy(self) -> float | None:
        """Share of the energy in low modes; None for one with a single axis."""
        if self.spectrum is None:
            return None
        return math.fsum(share for norm, share in self.spectrum.mode_energy if norm <= LOW)


@dataclass(frozen=True)
class RunAnalysis:
    """The analysis of a run's model.

    Attributes:
        run: the run's id.
        status: of the run.
        generation: after which the model was kept.
        loss: of the model on the examples.
        examples: how many were looked at.
        directions: moves of each parameter, each there and back.
        step: length of a move.
        parameters: in the model's order.
    """

    run: str
    status: str
    generation: int
    loss: float
    examples: int
    directions: int
    step: float
    parameters: list[ParameterAnalysis]

    def plain(self) -> dict[str, Any]:
        """Returns all of it as dictionaries, lists, texts and numbers; NaN and infinity as None."""
        found = asdict(self)
        for entry, parameter in zip(found["parameters"], self.parameters, strict=True):
            entry["shape"] = list(parameter.shape)
            entry["low_energy"] = parameter.low_energy
            if parameter.spectrum is not None:
                entry["spectrum"]["mode_energy"] = [list(pair) for pair in parameter.spectrum.mode_energy]
        finite: dict[str, Any] = _finite(found)
        return finite

    def write(self, folder: Path) -> None:
        """Writes it into a run's folder, where the report finds it.

        Raises:
            OSError: if the disk refuses it.
        """
        write_json(folder / FILE, self.plain())


def analyse(
    folder: RunFolder, *, examples: int = 256, directions: int = 16, step: float = 1e-2, seed: int = 0
) -> RunAnalysis:
    """Analyses the model that a run has kept: the trained one, or that of the last checkpoint.

    Args:
        folder: of the run, whose own code is loaded.
        examples: of the first batch that are looked at, at most.
        directions: moves of each parameter.
        step: length of a move.
        seed: draws the directions.

    Raises:
        RequestError: a run without a model, or with one that cannot be analysed; a number that makes no sense.
    """
    if examples < 1 or directions < 1 or not 0 < step < math.inf:
        raise RequestError(["analyse: --examples and --directions are at least 1, --step is above 0"])
    benchmark, model, generation = _trained(folder)
    if not hasattr(benchmark, "batch"):
        raise RequestError([f"run {folder.record.id} was judged without batches; there is no loss to measure on one"])
    try:
        found = _of_model(benchmark, model, examples, directions, step, seed)
    except (ValueError, TypeError, MemoryError) as error:
        raise RequestError([f"run {folder.record.id} cannot be analysed: {error}"]) from error
    return replace(found, run=folder.record.id, status=folder.record.status.value, generation=generation)


def at_the_end(run: str, generation: int, benchmark: Any, model: Any) -> RunAnalysis | None:  # noqa: ANN401 (from a registry)
    """Analyses a model that has just been trained, with few examples and directions; None where it would take long.

    Args:
        run: the run's id.
        generation: after which the training ended.
        benchmark: of the run.
        model: as it stands; it is left so.
    """
    if not isinstance(model, Module) or not hasattr(benchmark, "batch"):
        return None
    if sum(parameter.data.size for parameter in model.parameters()) > _MOST_WEIGHTS:
        return None
    was_training = model.training
    model.eval()
    try:
        began = time.perf_counter()
        model(_first(benchmark.batch(0), _FEW_EXAMPLES)[0].astype("float64"))
        passes = (2 * _FEW_DIRECTIONS + 2) * len(list(model.parameters()))
        if passes * (time.perf_counter() - began) > _LONGEST:
            return None
        found = _of_model(benchmark, model, _FEW_EXAMPLES, _FEW_DIRECTIONS, 1e-2, 0)
    finally:
        model.train(was_training)
    return replace(found, run=run, status=Status.FINISHED.value, generation=generation)


def _of_model(benchmark: Any, model: Module, examples: int, directions: int, step: float, seed: int) -> RunAnalysis:  # noqa: ANN401
    """Analyses a model; the caller knows of which run."""
    batch = _first(benchmark.batch(0), examples)
    model.eval()
    moved = sensitivity(model, benchmark, batch, step=step, directions=directions, seed=seed)
    shapes, syntonies, matrices = dict(model.named_parameters()), layer_syntonies(model), spectra(model)
    inputs, targets = (part.astype("float64") for part in batch)
    loss = benchmark.loss(model(inputs), targets).item()
    found = [
        ParameterAnalysis(name, shapes[name].shape, syntonies[name], moved[name], matrices.get(name)) for name in moved
    ]
    return RunAnalysis("", "", 0, loss, batch[0].shape[0], directions, step, found)


def _trained(folder: RunFolder) -> tuple[Any, Module, int]:
    """Returns benchmark, trained model, and after which generation."""
    config = resume.as_started(folder)
    benchmark = make("benchmark", config.benchmark, config.seed)
    task = Task(benchmark.input_shape, benchmark.output_shape, benchmark.vocabulary, order(benchmark))
    model = make("model", config.model, task)
    if not isinstance(model, Module):
        raise RequestError([f"the model of run {folder.record.id} is no Module; nothing is known of its parameters"])
    kept = folder.path / "model" / kept_model.PARAMETERS
    if kept.is_file():
        try:
            model.load_state_dict(unpack(content(kept)))  # type: ignore[arg-type]
        except (ValueError, TypeError, KeyError, OverflowError, MemoryError, CheckpointError) as error:
            raise RequestError([f"{kept.parent} holds no model that can be used: {error}"]) from error
        return benchmark, model, folder.record.generation or folder.generation
    found = resume.state(folder)
    if found is None:
        raise RequestError(
            [f"run {folder.record.id} has kept no model yet; wait for its first checkpoint, or resume it"]
        )
    trainer = make("trainer", config.trainer, config.seed, "cpu")
    try:
        trainer.load_state_dict(model, dict(found.arrays), dict(found.meta))
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError([f"the checkpoint of generation {found.generation} does not fit: {error!r}"]) from error
    return benchmark, model, found.generation


def _finite(found: Any) -> Any:  # noqa: ANN401 (plain data)
    if isinstance(found, dict):
        return {name: _finite(part) for name, part in found.items()}
    if isinstance(found, list):
        return [_finite(part) for part in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found


def _first(batch: tuple[Tensor, Tensor], most: int) -> tuple[Tensor, Tensor]:
    inputs, targets = batch
    if inputs.shape[0] <= most or targets.shape[:1] != inputs.shape[:1]:
        return batch
    rows = range(most)
    return inputs.take(rows), targets.take(rows)
