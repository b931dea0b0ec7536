"""Whole generations on a GPU: the CPU's noise and losses, the same bits when repeated, learning, resuming."""

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Digits, Xor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.trainer import trace
from syntonic.sn import Module, Parameter
from syntonic.sn import functional as F

PLAIN = {"lattice": False, "error_feedback": False, "harmonize_strength": 0.0, "pull_strength": 0.0}
ES = {**PLAIN, "lambda_syntony": 0.0}
RES = {"pull_strength": 0.0}


class Rows:
    """Random rows; the loss is "bce", "ce" or "mse"."""

    def __init__(self, rows, inputs, outputs, kind, dtype="float32"):
        rng = np.random.default_rng(rows)
        self.kind = kind
        self.inputs = Tensor(rng.standard_normal((rows, inputs)), dtype=dtype)
        if kind == "ce":
            targets = rng.integers(0, outputs, rows)
        else:
            targets = rng.integers(0, 2, (rows, outputs))
        self.targets = Tensor(targets.astype(np.float64), shape=list(targets.shape), dtype=dtype)

    def batch(self, _generation):
        return self.inputs, self.targets

    def loss(self, outputs, targets):
        return {"bce": F.binary_cross_entropy, "ce": F.cross_entropy, "mse": F.mse_loss}[self.kind](outputs, targets)

    def metrics(self, outputs, targets):
        return {"again": self.loss(outputs, targets)}


def mlp(inputs, hidden, outputs, activation):
    model = MLP(Task((inputs,), (outputs,)), hidden=hidden, activation=activation)
    model.initialize(seed=1)
    return model


def engine_of(device, model, **settings):
    trainer = RetrocausalTrainer(3, device, **{"sigma": 0.2, **settings})
    return trainer, trainer._engine_for(model)


def losses(device, make, problem, **settings):
    model = make()
    _, engine = engine_of(device, model, **settings)
    objective, _ = trace(model, problem, *problem.batch(0))
    return np.array(engine.losses(objective, list(problem.batch(0))))


CASES = {
    "points": (4, 2, (16, 16), 1, "tanh", "bce", 64),
    "many members": (4, 2, (16,), 1, "sigmoid", "bce", 33_000),
    "linear": (5, 3, (), 1, "tanh", "mse", 10),
    "digits": (256, 64, (32,), 10, "relu", "ce", 300),
    "odd sizes": (77, 19, (37, 5), 3, "gelu", "ce", 38),
    "several tiles of rows": (1000, 24, (70,), 7, "relu", "ce", 20),
    "wide": (40, 784, (130, 33), 10, "gelu", "ce", 12),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_losses_of_the_cpu(case, dtype):
    """Sums of n products in another order: n eps of the sum of their sizes; 64 eps cover the elementary functions."""
    rows, inputs, hidden, outputs, activation, kind, population = CASES[case]
    problem = Rows(rows, inputs, outputs, kind, dtype)
    settings = {"population_size": population, "dtype": dtype, **PLAIN}

    def make():
        return mlp(inputs, hidden, outputs, activation)

    ours, want = (losses(device, make, problem, **settings) for device in ("cuda", "cpu"))
    bound = (max(inputs, *hidden, 1) + 64) * np.finfo(dtype).eps
    np.testing.assert_allclose(ours, want, rtol=bound, atol=bound)


class OneNumber(Module):
    """Its loss is the square of its only weight, with two roundings and no sum."""

    def __init__(self):
        self.weight = Parameter((1, 1))

    def forward(self, x, /):
        return F.linear(x, self.weight.data, None)


def test_the_noise_has_the_bits_of_the_cpu():
    class Zero(Rows):
        def batch(self, _generation):
            return Tensor([[1.0]]), Tensor([[0.0]])

    def make():
        model = OneNumber()
        model.initialize(seed=1)
        return model

    ours, want = (losses(d, make, Zero(1, 1, 1, "mse"), population_size=20_000, **PLAIN) for d in ("cuda", "cpu"))
    np.testing.assert_array_equal(ours, want)
    assert np.unique(ours).size > 15_000


def train(device, generations=30, resume_at=None, **settings):
    problem, model = Rows(40, 24, 5, "ce"), mlp(24, (12,), 5, "tanh")
    trainer, _ = engine_of(device, model, **{"population_size": 128, "learning_rate": 0.05, **settings})
    records = []
    for record in trainer.run(model, problem):
        records.append(record)
        if len(records) == resume_at:
            arrays, facts = trainer.state_dict()
            model = mlp(24, (12,), 5, "tanh")
            trainer, _ = engine_of(device, model, **{"population_size": 128, "learning_rate": 0.05, **settings})
            trainer.load_state_dict(model, arrays, facts)
            records += list(trainer.run(model, problem))
            break
    return records[:generations], [np.array(p.data.to_list()) for p in model.parameters()]


SETTINGS = {
    "retrocausal": {},
    "res": RES,
    "es": ES,
    "survivors": {"survivor_count": 50},
    "elitist": {"elitist": True, "lambda_syntony": 0.0},
    "both": {"survivor_count": 33, "elitist": True},
    "momentum": {"optimizer": "momentum", "learning_rate": 0.5},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_repeated_run_gives_the_same_bits_and_learns_as_on_the_cpu(name):
    settings = {"max_generations": 30, **SETTINGS[name]}
    first, second, cpu = (train(device, **settings) for device in ("cuda", "cuda", "cpu"))
    facts = [[(r.loss, r.best_fitness, r.mean_fitness, r.syntony) for r in records] for records, _ in (first, second)]
    assert facts[0] == facts[1]
    for one, other in zip(first[1], second[1], strict=True):
        np.testing.assert_array_equal(one, other)
    # The first generation starts from the same centre; ranks of almost equal members may change places later on.
    ours, want = first[0][0], cpu[0][0]
    assert ours.loss == want.loss
    assert ours.details == want.details
    assert ours.best_fitness == pytest.approx(want.best_fitness, rel=1e-5)
    assert ours.mean_fitness == pytest.approx(want.mean_fitness, rel=1e-5)
    assert first[0][-1].loss < 0.8 * ours.loss
    assert first[0][-1].loss == pytest.approx(cpu[0][-1].loss, rel=0.05)


def test_a_resumed_run_goes_on_bit_for_bit():
    whole, after = train("cuda", max_generations=20), train("cuda", max_generations=20, resume_at=7)
    assert [r.loss for r in whole[0]] == [r.loss for r in after[0]]
    for one, other in zip(whole[1], after[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_members_without_a_number_are_counted():
    # Weights beyond the largest float: which of them meet their opposites depends on the order of a sum.
    found = {}
    for device in ("cpu", "cuda"):
        model = mlp(2, (4,), 1, "tanh")
        trainer, _ = engine_of(device, model, population_size=64, sigma=3e38, max_generations=1, **ES)
        (record,) = trainer.run(model, Rows(4, 2, 1, "bce"))
        found[device] = record.nan_members
    assert 0 < found["cpu"] <= 64
    assert 0 < found["cuda"] <= 64


def test_xor_is_learnt():
    model = mlp(2, (16,), 1, "tanh")
    trainer = RetrocausalTrainer(0, "cuda:0", population_size=64, sigma=0.3, learning_rate=0.2, max_generations=100)
    records = list(trainer.run(model, Xor(0)))
    assert records[-1].details["accuracy"] == 1.0


def test_digits_are_learnt():
    model = mlp(64, (32,), 10, "relu")
    trainer = RetrocausalTrainer(0, "cuda", population_size=1024, sigma=0.1, learning_rate=0.03, max_generations=200)
    benchmark = Digits(0)
    for _ in trainer.run(model, benchmark):
        pass
    assert benchmark.evaluate(model)["test_accuracy"] > 0.94


def states(engine):
    return {name: bytes(array["data"]) for name, array in engine.state().items()}


@pytest.mark.parametrize("settings", [ES, {}, {"survivor_count": 20}, {"elitist": True}], ids=str)
def test_the_following_batch_leaves_no_trace(settings):
    """Whether, on what, and before which changes the next generation was begun: only the steps count."""
    benchmark = Digits(0, batch_size=32)
    batches = [list(benchmark.batch(generation)) for generation in range(7)]

    def run(following):
        model = mlp(64, (8,), 10, "relu")
        trainer, engine = engine_of("cuda", model, population_size=64, max_generations=6, **settings)
        objective, _ = trace(model, benchmark, *batches[0])
        found = []
        for generation in range(6):
            if generation == 2:
                trainer.shock(3.0, 2)
            if generation == 3:
                trainer.displace(0.1)
            if generation == 4:
                engine.set_state(engine.state())
                assert len(engine.losses(objective, batches[0])) == 64
            record = engine.step(objective, batches[generation], following(generation))
            found.append((record.loss, record.best_fitness, record.mean_fitness, record.syntony, record.sigma))
        return found, states(engine)

    alone = run(lambda generation: None)
    assert run(lambda generation: batches[generation + 1]) == alone
    assert run(lambda generation: batches[5 - generation]) == alone


def test_a_following_batch_that_does_not_fit_fails_in_its_own_step():
    model, benchmark = mlp(64, (8,), 10, "relu"), Digits(0, batch_size=32)
    _, engine = engine_of("cuda", model, population_size=64)
    batch, wrong = list(benchmark.batch(0)), [Tensor([[1.0]]), Tensor([0.0])]
    objective, _ = trace(model, benchmark, *batch)
    engine.step(objective, batch, wrong)
    with pytest.raises(ValueError, match="program"):
        engine.step(objective, wrong)
    engine.step(objective, batch)
    assert engine.generation == 2
