"""The trained model by itself, in `<run folder>/model/`: parameters, what to build them into, and how MLflow loads it.

A model is read back through the registry, so a folder of another's making can choose among registered models and fill
them with numbers, nothing else. The file `model_code.py` in it is MLflow's form of a "model from code": MLflow alone
runs it, and who reads a model here does not look at it.
"""

import json
import platform
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from syntonic._core import Tensor
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.runners.config import schema
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.own import loading
from syntonic.runners.own.source import Source, kept
from syntonic.runners.run.build import Parts
from syntonic.runners.run.folder import PARAMETERS as PARAMETERS
from syntonic.runners.run.serving import CODE, mlmodel
from syntonic.sn import Module
from syntonic.tracking import plain
from syntonic.tracking.arrays import pack, unpack
from syntonic.tracking.checkpoint import content

FACTS: Final = "model.json"
_OWN: Final = "own_"  # before the name of a file of the user's
_NEWER: Final = ("preparation", "uses")  # fields that earlier versions have not: they are there if they say something
_FORMAT: Final = 1


@dataclass(frozen=True)
class ModelFacts:
    """What `model.json` holds.

    Attributes:
        model: the config's section of the model.
        input_shape: of one example, as the benchmark asked for.
        output_shape: of one answer.
        vocabulary: how many tokens there are, None if the inputs are numbers.
        dtype: number format of the inputs.
        syntony: syntony of each parameter, by name.
        preparation: how inputs are made of a user's rows and answers of outputs; None if the benchmark has no say.
        uses: the user's code that it is made of, as in the record of the run; its text lies beside, in `own_*.py`.
    """

    model: dict[str, Any]
    input_shape: list[int]
    output_shape: list[int]
    vocabulary: int | None
    dtype: str
    syntony: dict[str, float] = field(default_factory=dict)
    preparation: dict[str, Any] | None = None
    uses: list[dict[str, str]] = field(default_factory=list)


def write(folder: Path, parts: Parts, config: RunConfig, own: Sequence[Source] = ()) -> None:
    """Writes the model of a run into a new `folder`, in the place of an earlier one; a foreign model is not kept.

    Args:
        folder: of the model.
        parts: of the run.
        config: of the run.
        own: the user's code that the run was made with.

    Raises:
        OSError: if the disk refuses it.
    """
    if not isinstance(parts.model, Module):
        return
    found = facts_of_parts(parts, config, own)
    facts = {key: value for key, value in asdict(found).items() if value or key not in _NEWER}
    python = platform.python_version()
    hidden = folder.with_name(f".{folder.name}")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    files = {
        **{f"{_OWN}{source.name}": source.text for source in own if source.is_file},
        FACTS: json.dumps({"format": _FORMAT, **facts}, indent=1),
        "MLmodel": mlmodel(
            PARAMETERS, python, found.input_shape, found.output_shape, tokens=found.vocabulary is not None
        ),
        "model_code.py": CODE,
        "python_env.yaml": f"python: {python}\nbuild_dependencies: [pip]\ndependencies:\n- -r requirements.txt\n",
        "requirements.txt": f"syntonic=={metadata.version('syntonic')}\nmlflow=={metadata.version('mlflow-skinny')}\n",
    }
    try:
        (hidden / PARAMETERS).write_bytes(pack(parts.model.state_dict()))  # type: ignore[arg-type]
        for name, text in files.items():
            (hidden / name).write_text(text, encoding="utf-8")
    except OSError:
        shutil.rmtree(hidden, ignore_errors=True)  # a full disk needs the room
        raise
    shutil.rmtree(folder, ignore_errors=True)
    hidden.rename(folder)


def facts_of_parts(parts: Parts, config: RunConfig, own: Sequence[Source] = ()) -> ModelFacts:
    """Returns what the model of a run is; the arguments are those of `write`."""
    task = parts.benchmark
    return ModelFacts(
        config.model,
        list(task.input_shape),
        list(task.output_shape),
        task.vocabulary,
        task.dtype,
        {name: parameter.data.syntony for name, parameter in parts.model.named_parameters()},
        getattr(task, "preparation", lambda: None)(),
        [source.record() for source in own],
    )


class LoadedModel:
    """A trained model that computes.

    Args:
        model: with its parameters.
        facts: of it.
    """

    def __init__(self, model: Module, facts: ModelFacts) -> None:
        self.module: Final = model.eval()
        self.facts: Final = facts

    def __call__(self, rows: Any) -> Any:  # noqa: ANN401 (lists within lists, as deep as the outputs)
        """Returns the outputs as nested lists: rows (batch, *input_shape) to (batch, *output_shape).

        Args:
            rows: nested lists, a Tensor, or an array of another library.

        Raises:
            ValueError: if the rows do not have the shape of inputs.
        """
        given = rows if isinstance(rows, Tensor) else Tensor(rows, dtype=self.facts.dtype)
        return self.module(given).tolist()


def facts_of(folder: Path) -> ModelFacts:
    """Reads what a kept model is.

    Raises:
        RequestError: if it cannot be used.
    """
    try:
        return plain.read(folder / FACTS, ModelFacts, _FORMAT)
    except (OSError, ValueError) as error:
        raise RequestError([f"{folder / FACTS} cannot be used: {error}"]) from error


def load(folder: Path, *, own: bool = False) -> LoadedModel:
    """Reads a kept model.

    Args:
        folder: of the model.
        own: whether to execute the code that it brings, of whoever has made it; without it only what is registered
            here can be named.

    Raises:
        RequestError: if it cannot be used.
    """
    facts = facts_of(folder)
    if own:
        loading.load(kept(facts.uses, folder, _OWN))
    section = schema.check_section("model", facts.model)
    try:
        arguments = {key: value for key, value in section.items() if key != "name"}
        task = Task(tuple(facts.input_shape), tuple(facts.output_shape), facts.vocabulary)
        model = registry.lookup("model", section["name"])(task, **arguments)
        model.load_state_dict(unpack(content(folder / PARAMETERS)))
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise RequestError([f"{folder} holds no model that can be used: {error}"]) from error
    return LoadedModel(model, facts)
