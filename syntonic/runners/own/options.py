"""Options of classes that have no YAML file: their schema is the class, their values its defaults."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hydra.core.config_store import ConfigStore

from syntonic.core import registry
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.schema import schema_of

_GROUPS: Final[dict[registry.Kind, str]] = {
    "model": "model",
    "benchmark": "benchmark",
    "trainer": "trainer",
    "callback": "callbacks",
}
_MISSING: Final = "???"  # OmegaConf's sign of a value that somebody has to give


def names() -> dict[str, list[str]]:
    """Returns the names of classes from outside of the package, by the config group whose options they are."""
    found: dict[str, list[str]] = {}
    for kind, name, _ in registry.foreign():
        found.setdefault(_GROUPS[kind], []).append(name)
    return found


@contextmanager
def stored(folders: Sequence[Path]) -> Iterator[None]:
    """Lets Hydra find an option for each class from outside of the package.

    Args:
        folders: of configs; where one of them has a YAML file of that name, the file is the option.
    """
    store = ConfigStore.instance()
    added = []
    for kind, name, cls in registry.foreign():
        group = _GROUPS[kind]
        if not any((folder / group / f"{name}.yaml").exists() for folder in folders):
            store.store(group=group, name=name, node=_node(kind, name, cls), provider="syntonic --use")
            added.append((group, f"{name}.yaml"))
    try:
        yield
    finally:
        for group, file in added:
            del store.repo[group][file]
            if not store.repo[group]:
                del store.repo[group]


def _node(kind: registry.Kind, name: str, cls: type) -> dict[str, Any]:
    section = {"name": name, **_defaults(cls)}
    return section if kind != "callback" else {"defaults": ["default", "_self_"], name: section}


def _defaults(cls: type) -> dict[str, Any]:
    try:
        schema = schema_of(cls)
    except RequestError:
        return {}  # said when the option is chosen
    required = {key for key, each in schema.model_fields.items() if each.is_required()}
    given = schema.model_construct(**dict.fromkeys(required)).model_dump(mode="json")
    return {key: _MISSING if key in required else given[key] for key in schema.model_fields}
