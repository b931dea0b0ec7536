"""SNES and PGPE: whole generations against plain NumPy in binary64, learning, resuming, and what they refuse."""

import math

import numpy as np
import pytest
from waves import Waves, bits, model

from syntonic._core import Tensor, trainer_bytes
from syntonic.core import registry
from syntonic.nn.training import STRATEGIES, RetrocausalTrainer
from syntonic.nn.training.settings import described
from syntonic.runners.config import schema
from syntonic.runners.config.compose import compose
from syntonic.runners.config.search_path import opened
from syntonic.runners.run.build import build

NEW = sorted(set(STRATEGIES) - {"retrocausal"})
FLOATS = {"lattice": False, "harmonize_strength": 0.0, "pull_strength": 0.0, "lambda_syntony": 0.0, "dtype": "float64"}


def trainer(name: str, **settings) -> RetrocausalTrainer:
    given = {"population_size": 46, "max_generations": 8, "threads": 2, "sigma": 0.2, **settings}
    return STRATEGIES[name](5, "cpu", **given)


def flat(tensors) -> np.ndarray:
    return np.concatenate([np.asarray(tensor).ravel() for tensor in tensors])


def centre(network) -> np.ndarray:
    return np.concatenate([np.asarray(p.data.to_tensor("float64")).ravel() for p in network.parameters()])


def deviations(started) -> np.ndarray:
    return np.frombuffer(started.state_dict()[0]["strategy"]["data"])


def losses_alone(network, members, batch) -> np.ndarray:
    """The loss of each member, put into the model and evaluated by itself."""
    found = []
    for member in members:
        for parameter, values in zip(network.parameters(), member, strict=True):
            parameter.data.set_flux(values)
        inputs, targets = (Tensor(np.asarray(x), dtype="float64") for x in batch)
        found.append(Waves().loss(network(inputs), targets).item())
    return np.array(found)


def snes(mu, s, z, fitness):
    """One generation of algorithm 2 of the paper, for all members' noise z (members, weights)."""
    n, d = z.shape
    place = np.empty(n)
    place[np.argsort(-fitness)] = np.arange(1, n + 1)
    u = np.maximum(0, math.log(n / 2 + 1) - np.log(place))
    u = u / u.sum() - 1 / n
    rate = (3 + math.log(d)) / (5 * math.sqrt(d))
    return mu + s * (u @ z), s * np.exp(rate / 2 * (u @ (z**2 - 1)))


def pgpe(mu, s, z, fitness, *, rate=0.1, change=0.2):
    """One generation of symmetric sampling; a plain step of the mean."""
    plus, minus, noise = fitness[::2], fitness[1::2], z[::2] * s
    m, b = fitness.max(), fitness.mean()
    mean = np.mean(noise * ((plus - minus) / (2 * m - plus - minus))[:, None], axis=0)
    weight = ((plus + minus) / 2 - b) / (m - b)
    step = rate * np.mean(weight[:, None] * (noise**2 - s**2) / s, axis=0)
    return mu + mean, s + np.clip(step, -change * s, change * s)


@pytest.mark.parametrize(("name", "by_hand"), [("snes", snes), ("pgpe", pgpe)])
def test_whole_generations_are_those_of_the_paper(name, by_hand):
    network, other = model(), model()
    engine, asked = trainer(name, **FLOATS, beta1=0.0), trainer(name, **FLOATS, beta1=0.0)
    asked.begin(other)
    start, s, mu = centre(network), np.full(centre(network).size, 0.2), centre(network)
    for record in engine.run(network, Waves()):
        z = (np.array([flat(member) for member in asked.ask()]) - mu) / s
        losses = losses_alone(other, asked.ask(), Waves().batch(record.generation - 1))
        assert record.best_fitness == pytest.approx(-losses.min(), rel=1e-9)
        assert record.mean_fitness == pytest.approx(-losses.mean(), rel=1e-9)
        assert record.sigma == pytest.approx(s.mean(), rel=1e-9)
        asked.tell(-losses)
        mu, s = by_hand(mu, s, z, -losses)
        np.testing.assert_allclose(centre(network), mu, rtol=0, atol=1e-9)
        np.testing.assert_allclose(deviations(engine), s, rtol=1e-8)
        np.testing.assert_allclose(deviations(asked), s, rtol=1e-8)
        mu, s = centre(other), deviations(asked).copy()
    assert record.generation == 8
    assert abs(centre(network) - start).max() > 0.01
    assert s.std() > 1e-3


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize(
    "settings", [{}, {"elitist": True}, {"lattice": False, "optimizer": "adam", "learning_rate": 0.1}]
)
def test_a_resumed_run_has_the_bits_of_the_whole(name, settings):
    whole = model()
    list(trainer(name, **settings).run(whole, Waves()))
    first, start = trainer(name, **settings), model()
    for record in first.run(start, Waves()):
        if record.generation == 3:
            break
    second, other = trainer(name, **{**settings, "threads": 1}), model()
    second.load_state_dict(other, *first.state_dict())
    assert len(list(second.run(other, Waves()))) == 5
    assert bits(other) == bits(whole)


@pytest.mark.parametrize("name", NEW)
def test_the_switches_behind_a_strategy_work(name):
    plain = model()
    list(trainer(name, **FLOATS).run(plain, Waves()))
    for switch in (
        {"lattice": True, "precision": 9},
        {"harmonize_strength": 0.5},
        {"pull_strength": 0.3},
        {"lambda_syntony": 5.0},
        {"elitist": True},
    ):
        other = model()
        records = list(trainer(name, **{**FLOATS, **switch}).run(other, Waves()))
        assert abs(centre(other) - centre(plain)).max() > 1e-6, switch
        assert all(math.isfinite(record.loss) for record in records)


@pytest.mark.parametrize("name", NEW)
def test_what_makes_no_sense_is_refused(name):
    with pytest.raises(ValueError, match=rf"rank none, as each weight has a deviation: {name}.*got 1"):
        trainer(name, rank=1)
    with pytest.raises(ValueError, match=rf"sigma_final 1.*{name}.*got 0.5"):
        trainer(name, sigma_final=0.5)
    with pytest.raises(ValueError, match="sigma_learning_rate"):
        trainer(name, sigma_learning_rate=-1.0)
    with pytest.raises(TypeError, match="no setting 'sigma_learning_rate'"):
        trainer("retrocausal", sigma_learning_rate=0.1)


def test_pgpe_needs_both_members_of_a_pair():
    with pytest.raises(ValueError, match=r"survivor_count none.*pgpe.*got 9"):
        trainer("pgpe", survivor_count=9)
    trained = model()
    list(trainer("snes", survivor_count=9).run(trained, Waves()))
    everybody = model()
    list(trainer("snes").run(everybody, Waves()))
    assert bits(trained) != bits(everybody)


@pytest.mark.parametrize("name", NEW)
def test_a_state_of_another_strategy_is_refused(name):
    first = trainer(name)
    next(first.run(model(), Waves()))
    with pytest.raises(ValueError, match="0 finite numbers that the strategy keeps"):
        trainer("retrocausal").load_state_dict(model(), *first.state_dict())
    other = trainer("retrocausal")
    next(other.run(model(), Waves()))
    with pytest.raises(ValueError, match="that the strategy keeps"):
        trainer(name).load_state_dict(model(), *other.state_dict())


def parts(*overrides: str):
    with opened(()) as loader:
        composed = compose(loader, "config", ["tracking=none", "callbacks=none", *overrides], multirun=False)
    assert composed.faults == []
    return build(schema.check(composed.config))


@pytest.mark.parametrize("name", NEW)
def test_the_config_has_the_defaults_of_the_core(name):
    with opened(()) as loader:
        composed = compose(loader, "config", [f"trainer={name}"], multirun=False)
    stated = composed.config["trainer"]
    assert stated == {"name": name, **{setting["name"]: setting["default"] for setting in described(name)}}
    assert registry.lookup("trainer", name) is STRATEGIES[name]


@pytest.mark.parametrize("name", NEW)
def test_it_learns_xor(name):
    run = parts(f"trainer={name}", "trainer.sigma=0.5", "trainer.max_generations=150")
    records = list(run.trainer.run(run.model, run.benchmark))
    assert records[-1].loss < 0.5 * records[0].loss
    assert run.benchmark.evaluate(run.model)["test_accuracy"] == 1.0


@pytest.mark.parametrize("name", NEW)
def test_it_learns_digits(name):
    run = parts(
        f"trainer={name}",
        "benchmark=digits",
        "model.hidden=[16]",
        "trainer.population_size=128",
        "trainer.max_generations=300",
    )
    list(run.trainer.run(run.model, run.benchmark))
    assert run.benchmark.evaluate(run.model)["test_accuracy"] > 0.7


def test_a_run_says_what_memory_it_needs():
    shapes = [(64, 32), (32,)]
    assert trainer_bytes(shapes) < 2**20 * 4
    assert trainer_bytes(shapes, population_size=10**9) > 50 * 2**30
    with pytest.raises(ValueError, match=r"population_size=1000000000 needs about [\d,.]+ GiB of memory"):
        RetrocausalTrainer(0, population_size=10**9).check(model(), Waves())
    RetrocausalTrainer(0, population_size=1000).check(model(), Waves())
