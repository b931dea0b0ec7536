"""What a run is made of: the one description of every top-level key, and a config once it is known to be right.

A key is a field of `RunConfig` with its type, default and text. The schema, `--help`, completion and the table in
docs/configs.md are made from it; `conf/config.yaml` states the same defaults, which a test compares.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen


def key(
    default: Any,  # noqa: ANN401 (each key has its own type)
    text: str,
    *,
    values: Sequence[str] = (),
    stored: bool = True,
    decides: bool = True,
    newer: bool = False,
) -> Any:  # noqa: ANN401
    """Describes a key.

    Args:
        default: its value if nothing is said.
        text: what it is for, one line.
        values: some that it can have, for completion.
        stored: whether it is a property of the run; False: of this command alone.
        decides: whether the numbers of a run depend on it, so that a resumed run must have it as it was.
        newer: whether runs of earlier versions have no such key: it is stored only where it is not null.
    """
    told = {"text": text, "values": tuple(values), "stored": stored, "decides": decides, "newer": newer}
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class RunConfig:
    """A checked config: each section is `{"name": <registered name>, <arguments>}`, plain data throughout.

    Attributes:
        callbacks: one section per callback, by the name that the config gives it; None: switched off.
    """

    model: dict[str, Any]
    benchmark: dict[str, Any]
    trainer: dict[str, Any]
    tracking: dict[str, Any]
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = key(0, "the root of every random stream of the run")
    device: str = key("auto", "auto, cpu, cuda or cuda:N; auto is the CPU", values=("auto", "cpu", "cuda"))
    name: Annotated[str, MinLen(1), MaxLen(200)] = key(
        None, "what the run is called; null: <benchmark>-<variant>-<model>-<trainer>-s<seed>", decides=False
    )
    validate_every: Annotated[int, Ge(1)] | None = key(
        10, "generations between two looks at the validation data, where the benchmark has some; null: none"
    )
    resume: Annotated[str, MinLen(1)] | None = key(
        None, "last, or the id of a run (or its first letters): continue it", values=("last",), stored=False
    )
    init_from: Annotated[str, MinLen(1)] | None = key(
        None, "a run, or last, whose trained parameters are the first ones; the model must be the same", newer=True
    )
    profile: bool = key(False, "say at the end where the time of a generation went", stored=False)

    def plain(self) -> dict[str, Any]:
        """Returns the config as it is stored, without the keys that are no property of the run."""
        stored = {each.name for each in fields(self) if each.metadata.get("stored", True)}
        return without_newer({name: value for name, value in asdict(self).items() if name in stored})

    def continued(self, asked: "RunConfig") -> "RunConfig":
        """Returns the config of a run that is resumed: what was asked for now, where that changes no number of it."""
        now = {each.name: getattr(asked, each.name) for each in fields(self) if not each.metadata.get("stored", True)}
        return replace(self, callbacks=asked.callbacks, trainer=asked.trainer, **now)

    def digest(self, inputs: Mapping[str, str]) -> str:
        """Returns the SHA-256 of what decides the run's numbers: runs with the same one come to the same bits."""
        return digest(self.plain(), inputs)


def without_newer(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a config without keys that earlier versions had not, where they say nothing: it is as it was there."""
    newer = {each.name for each in fields(RunConfig) if each.metadata.get("newer")}
    return {name: value for name, value in config.items() if value is not None or name not in newer}


@dataclass(frozen=True)
class Key:
    """A key of a config: what the user types, and what the help says of it."""

    name: str
    default: Any
    text: str
    values: tuple[str, ...]


def keys(described: type, prefix: str = "") -> list[Key]:
    """Returns the keys that a dataclass describes; its other fields are sections of their own.

    >>> [key.name for key in keys(RunConfig)][:2]
    ['seed', 'device']
    """
    return [
        Key(f"{prefix}{each.name}", each.default, each.metadata["text"], each.metadata.get("values", ()))
        for each in fields(described)
        if "text" in each.metadata
    ]


def fixed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what must stay as it is when a run goes on.

    Left out are keys that decide no number, such as the run's name, and when checkpoints are written, and the number
    of threads.
    """
    indifferent = {each.name for each in fields(RunConfig) if not each.metadata.get("decides", True)}
    return {
        **{name: value for name, value in config.items() if name not in indifferent},
        "trainer": {name: value for name, value in config["trainer"].items() if name != "threads"},
        "callbacks": {name: entry for name, entry in config["callbacks"].items() if entry["name"] != "checkpoint"},
    }


def digest(config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Returns the SHA-256 of what decides the numbers of a run with this stored config, which reads these inputs."""
    import hashlib  # not for `--help`, which reads the keys alone
    import json

    science = {name: value for name, value in fixed(config).items() if name != "tracking"}
    if inputs:
        science["inputs"] = dict(inputs)
    return hashlib.sha256(json.dumps(science, sort_keys=True).encode()).hexdigest()


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields `("trainer.sigma", 0.1)` for every leaf of a config; lists are leaves.

    >>> dict(flattened({"model": {"hidden": [16]}, "seed": 0}))
    {'model.hidden': [16], 'seed': 0}
    """
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
