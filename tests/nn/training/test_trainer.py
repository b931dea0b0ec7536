"""The trainer on a small regression: its records, its bits, its states, and what it refuses."""

import math
import os
import struct
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from syntonic._core import Tensor, sample_rows
from syntonic.nn.architectures import MLP
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Dropout, Module, Parameter, Sequential
from syntonic.sn import functional as F

POPULATION = 86  # pairs that fill no whole group of sixteen
RECORDED = {
    "loss",
    "error",
    "best_fitness",
    "mean_fitness",
    "nan_members",
    "syntony",
    "attractors",
    "sigma",
    "step_size",
    "evaluations_per_second",
    "seconds",
}


class Waves:
    """sin(3 x) + y on sixteen points of a generation's own."""

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        rows = sample_rows(7, generation, 1000, 32)
        points = [(a / 500 - 1, b / 500 - 1) for a, b in zip(rows[::2], rows[1::2], strict=True)]
        return Tensor([list(p) for p in points]), Tensor([[math.sin(3 * x) + y] for x, y in points])

    def loss(self, outputs, targets):
        return F.mse_loss(outputs, targets)

    def metrics(self, outputs, targets) -> Mapping:
        return {"error": F.mse_loss(outputs, targets)}


def model(*, dropout: float = 0.0) -> Module:
    made: Module = MLP(2, 1, hidden=(12, 9), activation="tanh")
    if dropout:
        made = Sequential(MLP(2, 9, hidden=(12,)), Dropout(dropout), MLP(9, 1, hidden=()))
    made.initialize(3)
    return made


def trainer(**settings) -> RetrocausalTrainer:
    given = {"population_size": POPULATION, "max_generations": 8, "threads": 1, **settings}
    return RetrocausalTrainer(5, "cpu", **given)


def bits(trained: Module) -> list[bytes]:
    return [bytes(parameter.save()["data"]) for parameter in trained.parameters()]


def train(generations: int | None = None, *, dropout: float = 0.0, **settings) -> list[bytes]:
    trained = model(dropout=dropout)
    for record in trainer(**settings).run(trained, Waves()):
        if record.generation == generations:
            break
    return bits(trained)


def test_a_record_for_each_generation():
    engine = trainer(sigma=0.15)
    records = list(engine.run(model(), Waves()))
    assert [record.generation for record in records] == list(range(1, 9))
    assert [record.evaluations for record in records] == [POPULATION * n for n in range(1, 9)]
    assert engine.evaluations == POPULATION * 8
    for number, record in enumerate(records):
        metrics = record.metrics()
        assert metrics.keys() == RECORDED
        assert all(isinstance(value, float) and math.isfinite(value) for value in metrics.values())
        assert metrics["error"] == metrics["loss"] == record.loss
        assert record.best_fitness >= record.mean_fitness
        assert (record.nan_members, record.sigma, record.attractors) == (0, 0.15, number + 1)
        assert 0 < record.syntony < 1
        assert record.seconds > 0
        share = 0.1 + 0.9 * (1 + math.cos(math.pi * number / 8)) / 2
        assert record.step_size == pytest.approx(0.03 * share, rel=1e-12)


def test_the_first_loss_is_that_of_the_model_at_its_start():
    start = model()
    inputs, targets = Waves().batch(0)
    alone = float(F.mse_loss(start(inputs), targets))
    record = next(trainer(lattice=False, dtype="float32").run(start, Waves()))
    assert record.loss == alone


def test_it_learns():
    records = list(trainer(max_generations=150, population_size=128).run(model(), Waves()))
    assert sum(r.loss for r in records[-10:]) < 0.25 * sum(r.loss for r in records[:10])


@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize("rank", [None, 1])
def test_threads_change_no_bit(rank, dropout):
    alone = train(rank=rank, dropout=dropout)
    assert alone == train(rank=rank, dropout=dropout, threads=2) == train(rank=rank, dropout=dropout, threads=3)
    assert alone != train(rank=2 if rank else 1, dropout=dropout)


@pytest.mark.parametrize("settings", [{}, {"rank": 1, "optimizer": "momentum"}, {"lattice": False, "elitist": True}])
def test_a_resumed_run_has_the_bits_of_the_whole(settings):
    whole = train(**settings)
    first, start = trainer(**settings), model()
    for record in first.run(start, Waves()):
        if record.generation == 3:
            break
    arrays, meta = first.state_dict()
    second, other = trainer(**settings), model()
    second.load_state_dict(other, arrays, meta)
    assert bits(other) == bits(start)
    assert second.evaluations == 3 * POPULATION
    records = list(second.run(other, Waves()))
    assert [record.generation for record in records] == [4, 5, 6, 7, 8]
    assert bits(other) == whole


def test_a_run_that_was_left_goes_on():
    left, engine = model(), trainer()
    for record in engine.run(left, Waves()):
        if record.generation == 3:
            break
    assert bits(left) == train(3)
    assert engine.state_dict()[1] == {"generation": 3, "evaluations": 3 * POPULATION}
    assert [record.generation for record in engine.run(left, Waves())] == [4, 5, 6, 7, 8]
    assert bits(left) == train()
    assert list(engine.run(left, Waves())) == []


@pytest.mark.parametrize("precision", [5, 100])
def test_a_trained_model_is_on_the_lattice(precision):
    trained = model()
    list(trainer(precision=precision).run(trained, Waves()))
    for parameter in trained.parameters():
        saved = parameter.save()
        numbers = struct.unpack(f"<{len(saved['data']) // 8}q", saved["data"])
        assert parameter.data.phase == "crystallized"
        assert len(numbers) == 2 * math.prod(parameter.shape)
        assert all(abs(n) <= precision for n in numbers)


def test_without_the_lattice_a_trained_model_is_in_flux():
    trained = model()
    before = bits(trained)
    list(trainer(lattice=False).run(trained, Waves()))
    assert {parameter.data.phase for parameter in trained.parameters()} == {"flux"}
    assert all(x != y for x, y in zip(bits(trained), before, strict=True))


def test_dropout_trains_and_is_off_after_eval():
    assert train(dropout=0.3) == train(dropout=0.3) != train(dropout=0.4)
    quiet = model(dropout=0.3).eval()
    list(trainer().run(quiet, Waves()))
    assert bits(quiet) != train(dropout=0.3)


def test_a_model_with_dropout_learns():
    learner = model(dropout=0.1)
    list(trainer(max_generations=200, learning_rate=0.05).run(learner, Waves()))
    inputs, targets = Waves().batch(1000)
    before, after = (float(F.mse_loss(m.eval()(inputs), targets)) for m in (model(dropout=0.1), learner))
    assert after < 0.5 * before, (before, after)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"population_size": 7}, "population_size is 7.*even"),
        ({"population_size": 0}, "population_size is 0"),
        ({"population_size": -2}, "population_size is -2"),
        ({"survivor_count": 1}, "survivor_count is 1; it must be 2 to population_size"),
        ({"survivor_count": POPULATION + 1}, "survivor_count"),
        ({"sigma": 0.0}, "sigma > 0"),
        ({"sigma": math.nan}, "sigma > 0.*NaN"),
        ({"rank": 0}, "rank >= 1"),
        ({"learning_rate": -1.0}, "learning_rate > 0"),
        ({"beta1": 1.0}, "beta1"),
        ({"pull_strength": 1.5}, "pull_strength"),
        ({"harmonize_strength": 9.0}, "harmonize_strength"),
        ({"attractor_capacity": 0}, "attractor_capacity"),
        ({"optimizer": "sgd"}, "adam or momentum"),
        ({"precision": 0}, "precision"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_setting_out_of_its_range(settings, words):
    with pytest.raises(ValueError, match=words):
        next(trainer(**settings).run(model(), Waves()))


def test_an_unknown_dtype():
    with pytest.raises(TypeError, match=r"float32 or float64, got .*float16"):
        next(trainer(dtype="float16").run(model(), Waves()))


def test_an_unknown_device():
    with pytest.raises(ValueError, match=r"device is 'tpu'.*device=cpu"):
        RetrocausalTrainer(0, "tpu")


class Branching(Module):
    """Looks at a number, which no traced model can."""

    def __init__(self) -> None:
        self.inner = MLP(2, 1)

    def forward(self, x, /):
        y = self.inner(x)
        return y.relu() if float(y.mean()) > 0 else y


def test_a_model_that_branches_on_a_value():
    branching = Branching()
    branching.initialize(0)
    with pytest.raises(NotImplementedError, match="cannot branch on numbers"):
        next(trainer().run(branching, Waves()))


class Forgetful(Module):
    """Hides a parameter where no module finds it."""

    def __init__(self) -> None:
        self.inner = MLP(2, 1)
        self.hidden = [Parameter((1, 2))]

    def forward(self, x, /):
        return self.inner(x) + F.linear(x, self.hidden[0].data)


def test_a_parameter_that_is_not_registered():
    forgetful = Forgetful()
    forgetful.initialize(0)
    with pytest.raises(ValueError, match="assign it to an attribute of a Module"):
        next(trainer().run(forgetful, Waves()))


def test_a_model_without_parameters():
    with pytest.raises(ValueError, match="at least one parameter"):
        next(trainer().run(Sequential(), Waves()))


class NoScalar(Waves):
    def loss(self, outputs, targets):
        return outputs - targets


class ManyMetrics(Waves):
    def metrics(self, outputs, targets):
        return {"all": outputs}


@pytest.mark.parametrize("task", [NoScalar(), ManyMetrics()])
def test_a_loss_or_metric_that_is_no_scalar(task):
    with pytest.raises(ValueError, match="scalars; reduce with mean"):
        next(trainer().run(model(), task))


class Shrinking(Waves):
    def batch(self, generation):
        inputs, targets = super().batch(generation)
        if generation < 2:
            return inputs, targets
        return Tensor([[0.0, 0.0]] * 3), Tensor([[0.0]] * 3)


def test_a_batch_of_another_shape_leaves_the_last_generation():
    trained, engine = model(), trainer()
    with pytest.raises(ValueError, match=r"\(16, 2\).*\(3, 2\)"):
        list(engine.run(trained, Shrinking()))
    assert engine.state_dict()[1]["generation"] == 2
    assert bits(trained) == train(2)
    list(engine.run(trained, Waves()))
    assert bits(trained) == train()


def test_there_is_no_state_before_the_first_generation():
    with pytest.raises(RuntimeError, match="call run"):
        trainer().state_dict()


def damaged_entry(arrays, name, data):
    return {**arrays, name: {**arrays[name], "data": data}}


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing():
    first, start = trainer(), model()
    next(first.run(start, Waves()))
    arrays, meta = first.state_dict()
    centre = bytes(arrays["centre"]["data"])
    nan = struct.pack("<d", math.nan) + centre[8:]
    wide = struct.pack("<q", 101) + bytes(arrays["lattice_a"]["data"])[8:]
    for damaged, words in [
        (damaged_entry(arrays, "centre", centre[:-8]), "attractor_values|centre"),
        (damaged_entry(arrays, "centre", centre[:-3]), "8-byte"),
        (damaged_entry(arrays, "centre", nan), "finite centre"),
        (damaged_entry(arrays, "lattice_a", wide), "within the precision"),
        (damaged_entry(arrays, "residual", b""), "residual"),
        (damaged_entry(arrays, "counters", b""), "counters"),
        ({name: array for name, array in arrays.items() if name != "second_moment"}, "second_moment"),
    ]:
        second, other = trainer(), model()
        with pytest.raises(ValueError, match=words):
            second.load_state_dict(other, damaged, meta)
        assert second.evaluations == 0
    with pytest.raises(ValueError, match=r"generation 1.*say 2"):
        trainer().load_state_dict(model(), arrays, {**meta, "generation": 2})
    with pytest.raises(ValueError, match="as the model and trainer have"):
        trainer().load_state_dict(MLP(2, 1), arrays, meta)


FORKED = """
    import os, sys
    sys.path.insert(0, {folder!r})
    from test_trainer import Waves, bits, model, trainer
    trained, engine = model(), trainer(threads=3, population_size=512)
    run = engine.run(trained, Waves())
    next(run)
    child = os.fork()
    list(run)
    print(hash(tuple(bits(trained))), flush=True)
    if child:
        assert os.waitpid(child, 0)[1] == 0
    else:
        run.close()
        del run, engine
        os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_goes_on_alone():
    script = textwrap.dedent(FORKED).format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    parent, child = done.stdout.split()
    assert parent == child
