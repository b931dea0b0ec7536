"""A setting of the trainer is described once, in the core: all else that shows it agrees with that."""

import inspect
from pathlib import Path

import pytest
import yaml

import syntonic
from syntonic._core import trainer_config, trainer_settings
from syntonic.core import registry
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.settings import as_yaml, described
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.errors import RequestError
from syntonic.runners.config.search_path import opened

FOLDER = Path(syntonic.__file__).parent / "conf" / "trainer"
DEFAULTS = {setting["name"]: setting["default"] for setting in described()}


def composed(*overrides: str) -> dict:
    with opened(()) as loader:
        found = compose(loader, "config", list(overrides), multirun=False)
    assert found.faults == []
    return found.config


def test_the_config_is_made_of_the_descriptions():
    text = (FOLDER / "retrocausal.yaml").read_text()
    assert text.endswith("name: retrocausal\n" + as_yaml(described())), "write it with nn.training.settings.as_yaml"
    assert {key: value for key, value in yaml.safe_load(text).items() if key != "name"} == DEFAULTS


def test_the_signature_is_made_of_the_descriptions():
    arguments = registry.arguments(RetrocausalTrainer)
    assert {name: argument.default for name, argument in arguments.items()} == DEFAULTS
    assert list(inspect.signature(RetrocausalTrainer).parameters)[:2] == ["seed", "device"]
    assert all(f" {name}: " in RetrocausalTrainer.__doc__ for name in DEFAULTS)
    assert trainer_config() == {"seed": 0, **DEFAULTS}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "retrocausal"))
def test_an_overlay_states_only_what_differs_and_has_every_key(name):
    stated = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    assert stated.pop("defaults") == ["retrocausal", "_self_"]
    stated.pop("name", None)
    assert all(DEFAULTS[key] != value for key, value in stated.items() if key in DEFAULTS)
    whole = composed(f"trainer={name}", "trainer.rank=null")["trainer"]
    assert whole.keys() >= DEFAULTS.keys()
    assert {key: whole[key] for key in stated} == stated


def test_the_schema_has_the_ranges_of_the_descriptions():
    for setting in trainer_settings():
        for bound, limit in setting["bounds"].items():
            if setting["name"] == "seed" or bound == "multiple_of":
                continue
            beyond = {"ge": limit - 1, "le": limit + 1}.get(bound, limit)
            config = composed(f"++trainer.{setting['name']}={beyond}")
            with pytest.raises(RequestError, match=rf"trainer\.{setting['name']}"):
                schema.check(config)
            with pytest.raises(ValueError, match=setting["name"]):
                trainer_config(**{setting["name"]: beyond})


def test_a_wrong_choice_names_the_right_ones():
    with pytest.raises(ValueError, match='schedule cosine or linear, got "sine"'):
        trainer_config(schedule="sine")
