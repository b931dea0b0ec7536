"""Every yaml file composes and is valid; every option states every argument of its class. Files are found by glob."""

from pathlib import Path

import own_data
import pytest
import yaml

import syntonic
from syntonic.core import registry
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build
from syntonic.runners.sweep.plan import Plan

PACKAGE = Path(syntonic.__file__).parent
KINDS: dict[str, registry.Kind] = {
    "model": "model",
    "benchmark": "benchmark",
    "trainer": "trainer",
    "tracking": "tracking",
}
OPTIONS = [(group, path.stem) for group in KINDS for path in sorted((PACKAGE / "conf" / group).glob("*.yaml"))]
CALLBACKS = sorted(path.stem for path in (PACKAGE / "conf" / "callbacks").glob("*.yaml"))
EXPERIMENTS = sorted(path.stem for path in (PACKAGE / "conf" / "experiment").glob("*.yaml"))
CONFIGS = sorted(path.stem for path in (PACKAGE / "configs").glob("*.yaml"))


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_an_option_states_every_argument_of_its_class(group: str, option: str) -> None:
    stated = yaml.safe_load((PACKAGE / "conf" / group / f"{option}.yaml").read_text())
    bases = [base for base in stated.pop("defaults", []) if isinstance(base, str) and base != "_self_"]
    for base in bases:  # an overlay states what differs
        stated = {**yaml.safe_load((PACKAGE / "conf" / group / f"{base}.yaml").read_text()), **stated}
    cls = registry.lookup(KINDS[group], stated.pop("name"))
    assert set(stated) == set(registry.arguments(cls))


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_an_option_is_valid_in_a_run_and_can_be_built(group: str, option: str, tmp_path: Path) -> None:
    with opened(()) as loader:
        composed = compose(loader, "config", [f"{group}={option}"], multirun=False)
    assert composed.faults == []
    config = schema.check(composed.config)
    if group == "benchmark":
        # Which models it goes with is for tests/conf/test_pairs.py.
        if hasattr(registry.lookup("benchmark", config.benchmark["name"]), "judge"):
            return  # it needs code or a simulator
        section = config.benchmark | own_data.arguments(config.benchmark["name"], tmp_path)
        assert registry.lookup("benchmark", section.pop("name"))(0, **section).input_shape
    else:
        assert build(config).benchmark.input_shape


@pytest.mark.parametrize("option", CALLBACKS)
def test_callbacks_are_valid(option: str) -> None:
    with opened(()) as loader:
        composed = compose(loader, "config", [f"callbacks={option}"], multirun=False)
    assert set(build(schema.check(composed.config)).callbacks) == set(composed.config["callbacks"])


@pytest.mark.parametrize("option", EXPERIMENTS)
def test_an_experiment_goes_over_a_run(option: str) -> None:
    with opened(()) as loader:
        plain = compose(loader, "config", [f"experiment={option}"], multirun=False)
        assert plain == compose(loader, "config", [f"+experiment={option}"], multirun=False)
    assert plain.faults == []
    assert schema.check(plain.config).digest({})


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_valid_in_every_point(name: str) -> None:
    with opened(()) as loader:
        composed = compose(loader, name, [], multirun=False)
        assert composed.faults == []
        if composed.sweep is None:
            assert schema.check(composed.config).digest({})
        else:
            plan = Plan(loader, name, composed)  # refuses faulty values of whatever is swept
            assert all(job.digest for job in plan.jobs(next(plan.sweeper.batches())))


def test_a_config_begins_with_a_comment_for_the_help() -> None:
    for name in CONFIGS:
        assert (PACKAGE / "configs" / f"{name}.yaml").read_text().startswith("# ")


def test_the_digits_config_is_what_the_study_ran() -> None:
    with opened(()) as loader:
        config = schema.check(compose(loader, "digits", [], multirun=False).config)
    assert (config.model["hidden"], config.model["activation"]) == ([32], "relu")
    assert config.benchmark["batch_size"] == config.trainer["population_size"] == 256
    assert (config.trainer["max_generations"], config.trainer["sigma"], config.trainer["learning_rate"]) == (
        1000,
        0.1,
        0.03,
    )
