"""Which options a config is made of, and what its run is called after them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml  # comes with OmegaConf

from syntonic.core import registry

_GROUPS: Final = Path(__file__).parents[2] / "conf"
_USUAL: Final = "mlp"  # the model that a name does not mention
_FLAT: Final = ("mlp", "deep_mlp", "winding")  # models that see one row of numbers
_DETAILS: Final = ("variant", "data", "path")  # keys of a benchmark that make another problem of it
_LONGEST: Final = 40  # characters of one of these in a name


def title(config: Mapping[str, Any], choices: Mapping[str, Any]) -> str:
    """Returns what a run is called if nobody says: benchmark, its variant, model, trainer and seed.

    A variant that is the usual one of its class is left out, and so is the usual model.

    Args:
        config: plain, as composed.
        choices: the option that was chosen of each group.
    """
    benchmark, model = choices.get("benchmark"), choices.get("model")
    parts = [str(benchmark), *_details(config.get("benchmark"))]
    parts += [str(model)] if model not in (_USUAL, benchmark, None) else []
    return "-".join([*parts, str(choices.get("trainer")), f"s{config.get('seed')}"])


def _details(section: object) -> list[str]:
    name = section.get("name") if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping) or name not in registry.names("benchmark"):
        return []
    usual = registry.arguments(registry.lookup("benchmark", str(name)))
    stated = [key for key in _DETAILS if key in usual and key in section]
    found = [(key, section[key]) for key in stated if section[key] != usual[key].default]
    texts = [Path(str(value)).stem if key == "path" else str(value) for key, value in found if value is not None]
    return [text[:_LONGEST] for text in texts if text]


def option_of(group: str, section: Mapping[str, Any]) -> str:
    """Returns the option of the package that a section of a config is nearest to; else the name of its class.

    `trainer=es` and `trainer=res` are options of one class: what they set tells them apart.

    Args:
        group: model, benchmark or trainer.
        section: of a checked config.
    """
    found = {option: each for option, each in _options(group).items() if each.name == section["name"]}
    same = {
        option: sum(section.get(key) == value for key, value in each.sets.items()) for option, each in found.items()
    }
    near = {option: same[option] / max(len(each.sets), 1) for option, each in found.items()}
    # An option that states differences from another one is the better name of what has most of them.
    overlays = [option for option, each in found.items() if each.differs and near[option] > 0.5]
    whole = [option for option, each in found.items() if not each.differs]
    return max(overlays, key=lambda option: same[option], default="") or max(
        whole, key=lambda option: near[option], default=str(section["name"])
    )


def flattens(model: str, benchmark: Any) -> str:  # noqa: ANN401 (of any class)
    """Returns what to say of a model that sees images or signals as numbers without order, nothing of another one."""
    shape = tuple(benchmark.input_shape)
    if model not in _FLAT or benchmark.vocabulary is not None or len(shape) < 2:
        return ""
    better = "cnn2d" if len(shape) > 2 else "cnn1d"
    flat = f"model={model} sees inputs of shape {shape} as {math.prod(shape)} numbers without order"
    return f"{flat}; model={better} does not"


@dataclass(frozen=True)
class _Option:
    # What an option sets, of which class, and whether these are differences from another option.
    name: str
    sets: dict[str, Any]
    differs: bool


@cache
def _options(group: str) -> dict[str, _Option]:
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (_GROUPS / group).glob("*.yaml")}
    made = {}
    for option, stated in sorted(files.items()):
        bases = [base for base in (stated or {}).pop("defaults", []) if isinstance(base, str) and base in files]
        name = (stated or {}).get("name") or next((files[base].get("name", "") for base in bases), "")
        made[option] = _Option(
            name, {key: value for key, value in (stated or {}).items() if key != "name"}, bool(bases)
        )
    return made
