"""What a run is called, and what it says it is: options, not the classes behind them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from syntonic.runners.cli import main
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.options import option_of
from syntonic.runners.config.run_config import RunConfig
from syntonic.runners.config.search_path import opened

SEQUENCES = ["addition", "copy", "recall", "reverse", "sort"]


def config(*overrides: str, name: str = "config") -> RunConfig:
    """Returns what overrides come to."""
    with opened(()) as loader:
        return schema.check(compose(loader, name, overrides, multirun=False).config)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ((), "xor-retrocausal-s0"),
        (("benchmark.variant=noisy", "seed=3"), "xor-noisy-retrocausal-s3"),
        (("benchmark=cnn", "model=cnn2d", "trainer=es"), "cnn-cnn2d-es-s0"),
        (("benchmark=cnn", "benchmark.data=mnist1d"), "cnn-mnist1d-retrocausal-s0"),
        (("model=transformer",), "transformer-retrocausal-s0"),
        (("name=mine",), "mine"),
    ],
)
def test_a_name_tells_model_variant_trainer_and_seed(folder: Path, overrides: tuple[str, ...], expected: str) -> None:
    assert config(*overrides).name == expected


def test_experiment_configs_have_names_of_their_own(folder: Path) -> None:
    names = [config(name=f"transformer_{variant}").name for variant in SEQUENCES]
    assert len(set(names)) == len(SEQUENCES), names


@pytest.mark.parametrize("trainer", ["es", "res", "retrocausal", "snes", "pgpe", "activity"])
def test_an_option_is_known_by_what_it_sets(folder: Path, trainer: str) -> None:
    for more in ((), ("trainer.sigma=0.123", "trainer.learning_rate=0.5", "trainer.max_generations=7")):
        found = config(f"trainer={trainer}", *more)
        assert option_of("trainer", found.trainer) == trainer
    assert option_of("trainer", config("trainer.pull_strength=0.0").trainer) == "res", "which is what it is"
    assert option_of("model", found.model) == "mlp"
    assert option_of("benchmark", found.benchmark) == "xor"
    assert option_of("benchmark", config("benchmark=moons").benchmark) == "moons"


def test_a_class_from_elsewhere_has_its_own_name(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert option_of("trainer", {"name": "mine", "sigma": 0.1}) == "mine"
    assert command("tracking=none", "trainer.max_generations=1") == 0
    assert "fake / fake / fake" in capsys.readouterr().out


def test_a_run_says_which_options_it_is_made_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trainer=es", "trainer.max_generations=1", "tracking=none"]) == 0
    assert "xor-es-s0: mlp / xor / es, seed 0, cpu" in capsys.readouterr().out


def test_a_model_that_flattens_images_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["trainer.max_generations=1", "trainer.population_size=4", "tracking=none", "benchmark=cnn"]
    assert main(small) == 0
    note = "model=mlp sees inputs of shape (8, 8, 1) as 64 numbers without order; model=cnn2d does not"
    assert note in capsys.readouterr().out
    assert main([*small, "model=cnn2d"]) == 0
    assert "without order" not in capsys.readouterr().out
