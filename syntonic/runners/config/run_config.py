"""A run's config once it is known to be right: every default filled in, the device resolved."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunConfig:
    """What a run is made of: each section is `{"name": <registered name>, <arguments>}`, plain data throughout.

    Attributes:
        callbacks: one section per callback, by the name that the config gives it; None: switched off.
        device: what `device` came to on this machine.
        resume: "last" or the id of the run to go on with; None for a new run.
        profile: whether to tell at the end where the time went.
    """

    model: dict[str, Any]
    benchmark: dict[str, Any]
    trainer: dict[str, Any]
    tracking: dict[str, Any]
    callbacks: dict[str, dict[str, Any]]
    seed: int
    device: str
    name: str
    resume: str | None = None
    profile: bool = False

    def plain(self) -> dict[str, Any]:
        """Returns the config as it is stored, without the requests that are no property of the run."""
        return {key: value for key, value in asdict(self).items() if key not in ("resume", "profile")}

    def digest(self, inputs: Mapping[str, str]) -> str:
        """Returns the SHA-256 of what decides the run's numbers: runs with the same one come to the same bits."""
        return digest(self.plain(), inputs)


def fixed(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what must stay as it is when a run goes on.

    Left out are the run's name, when checkpoints are written, and the number of threads: no number depends on them.
    """
    return {
        **{key: value for key, value in config.items() if key != "name"},
        "trainer": {key: value for key, value in config["trainer"].items() if key != "threads"},
        "callbacks": {key: entry for key, entry in config["callbacks"].items() if entry["name"] != "checkpoint"},
    }


def digest(config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Returns the SHA-256 of what decides the numbers of a run with this stored config, which reads these inputs."""
    science = {key: value for key, value in fixed(config).items() if key != "tracking"}
    if inputs:
        science["inputs"] = dict(inputs)
    return hashlib.sha256(json.dumps(science, sort_keys=True).encode()).hexdigest()


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yields `("trainer.sigma", 0.1)` for every leaf of a config; lists are leaves.

    >>> dict(flattened({"model": {"hidden": [16]}, "seed": 0}))
    {'model.hidden': [16], 'seed': 0}
    """
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
