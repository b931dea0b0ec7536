"""Loops of one's own by ask and tell, strategies in Python, and runs that end within a generation."""

import math
import os
import signal
import threading
import time

import pytest
from waves import POPULATION, Waves, bits, model, trainer

from syntonic._core import Interrupted
from syntonic.core import registry
from syntonic.core.registry import register
from syntonic.nn.training import Strategy
from syntonic.nn.training.trainer import trace

SETTINGS = [
    {},
    {"rank": 1, "sigma_final": 0.5},
    {"lattice": False, "survivor_count": 40, "lambda_syntony": 1.0},
    {"dtype": "float64", "optimizer": "momentum"},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_asking_and_telling_has_the_bits_of_a_step(settings):
    stepped, told, waves = model(), model(), Waves()
    run, halves = trainer(**settings), trainer(**settings)
    halves.begin(told)
    engine = halves._engine
    for record in run.run(stepped, waves):
        batch = waves.batch(record.generation - 1)
        objective, _ = trace(told, waves, *batch)
        assert len(halves.ask()) == POPULATION
        losses = engine.losses(objective, batch)
        found = halves.tell([-loss for loss in losses], -engine.centre(objective, batch)[0])
        assert (found.generation, found.best_fitness) == (record.generation, record.best_fitness)
        # Members alone have syntonies in binary64, within their group in the members' format.
        same = "survivor_count" in settings or bits(told) == bits(stepped)
        assert same, record.generation
    assert record.generation == 8


def judged(network, batch) -> float:
    inputs, targets = batch
    return -float(Waves().loss(network(inputs), targets).item())


def test_members_are_put_into_the_model():
    network, waves = model(), Waves()
    halves = trainer(dtype="float64", lattice=False)
    halves.begin(network)
    before = bits(network)
    batch = waves.batch(0)
    objective, _ = trace(network, waves, *batch)
    members = halves.ask()
    losses = halves._engine.losses(objective, batch)
    for member, loss in zip(members, losses, strict=True):
        halves.place(member)
        assert judged(network, batch) == pytest.approx(-loss, rel=1e-5)
    assert bits(network) != before
    halves.tell([-loss for loss in losses])
    assert bits(network) != before
    with pytest.raises(ValueError, match=r"shorter|longer"):
        halves.place(members[0][:-1])


def test_a_loop_of_ones_own_learns_and_goes_on_bit_for_bit():
    def loop(halves, network, count):
        for _ in range(count):
            batch = Waves().batch(halves.generation)
            fitness = []
            for member in halves.ask():
                halves.place(member)
                fitness.append(judged(network, batch))
            fitness[3] = math.nan
            record = halves.tell(fitness)
            assert record.nan_members == 1
            assert record.loss == pytest.approx(-record.mean_fitness)
        return record

    settings = {"population_size": 16, "max_generations": 40, "learning_rate": 0.1}
    whole, network = trainer(**settings), model()
    whole.begin(network)
    first = judged(network, Waves().batch(1000))
    loop(whole, network, 40)
    assert judged(network, Waves().batch(1000)) > first
    start, half = trainer(**settings), model()
    start.begin(half)
    loop(start, half, 15)
    start.ask()
    other, rest = trainer(**settings), model()
    other.load_state_dict(rest, *start.state_dict())
    loop(other, rest, 25)
    assert bits(rest) == bits(network)


def test_what_a_loop_may_not_do():
    halves = trainer(elitist=True)
    with pytest.raises(RuntimeError, match="begin"):
        halves.ask()
    halves.begin(model())
    with pytest.raises(RuntimeError, match="call ask"):
        halves.tell([0.0] * POPULATION)
    halves.ask()
    with pytest.raises(ValueError, match="each of the 86 members, got 3"):
        halves.tell([0.0] * 3)
    with pytest.raises(ValueError, match="the centre's fitness as well"):
        halves.tell([0.0] * POPULATION)
    assert halves.tell([float(i) for i in range(POPULATION)], -100.0).generation == 1


@register("trainer", "cross_entropy_method")
class CrossEntropy(Strategy):
    """Rubinstein's cross-entropy method: a deviation for each weight, fitted to the best quarter."""

    def __init__(self, seed: int, device: str = "cpu", *, elites: int = 10, **settings: object) -> None:
        super().__init__(seed, device, **settings)
        self.elites = elites

    def sample(self, centre, random):
        s = self.kept.setdefault("deviation", [self._settings["sigma"]] * len(centre))
        return [[random.gauss(c, d) for c, d in zip(centre, s, strict=True)] for _ in range(self.population_size)]

    def direction(self, centre, members, fitness):
        best = sorted(range(len(members)), key=lambda i: -fitness[i])[: self.elites]
        mean = [sum(members[i][w] for i in best) / len(best) for w in range(len(centre))]
        spread = [sum((members[i][w] - mean[w]) ** 2 for i in best) / len(best) for w in range(len(centre))]
        self.kept["deviation"] = [max(math.sqrt(v), 0.01) for v in spread]
        return [m - c for m, c in zip(mean, centre, strict=True)]


PLAIN = {"optimizer": "momentum", "beta1": 0.0, "learning_rate": 1.0, "learning_rate_final": 1.0, "threads": 2}


def own(**settings) -> Strategy:
    return CrossEntropy(5, "cpu", population_size=40, **{**PLAIN, "max_generations": 30, "sigma": 0.3, **settings})


def test_a_strategy_in_python_learns_and_is_resumed_bit_for_bit():
    whole = model()
    records = list(own().run(whole, Waves()))
    assert records[-1].loss < 0.5 * records[0].loss
    assert records[0].details["error"] == records[0].loss
    first, start = own(), model()
    for record in first.run(start, Waves()):
        if record.generation == 12:
            break
    second, rest = own(threads=1), model()
    second.load_state_dict(rest, *first.state_dict())
    assert len(list(second.run(rest, Waves()))) == 18
    assert bits(rest) == bits(whole)


def test_a_strategy_in_python_is_asked_and_told():
    network, halves = model(), own(lattice=False, max_generations=4)
    halves.begin(network)
    run, other = own(lattice=False, max_generations=4), model()
    for record in run.run(other, Waves()):
        batch = Waves().batch(record.generation - 1)
        fitness = []
        for member in halves.ask():
            halves.place(member)
            fitness.append(judged(network, batch))
        halves.tell(fitness)
        # Both judge in float32, by other operations: the difference grows from step to step.
        assert record.best_fitness == pytest.approx(max(fitness), rel=1e-5 * 3**record.generation)


def test_a_strategy_in_python_has_a_schema():
    arguments = registry.arguments(registry.lookup("trainer", "cross_entropy_method"))
    assert arguments["elites"].default == 10
    assert arguments["lambda_syntony"].default == 0.0
    assert arguments["sigma"].default == 0.1
    with pytest.raises(ValueError, match="elitist is True; CrossEntropy has no use for it"):
        own(elitist=True)


def test_a_run_ends_within_a_generation_and_goes_on_from_the_last():
    network, stopped = model(), trainer(population_size=40_000, max_generations=3)
    records = stopped.run(network, Waves())
    next(records)
    whole, wish = bits(network), threading.Event()
    stopped.should_stop = wish.is_set
    wish.set()
    assert list(stopped.run(network, Waves())) == []
    assert bits(network) == whole
    assert stopped.state_dict()[1]["generation"] == 1
    wish.clear()
    assert [record.generation for record in stopped.run(network, Waves())] == [2, 3]
    unstopped = model()
    list(trainer(population_size=40_000, max_generations=3).run(unstopped, Waves()))
    assert bits(unstopped) == bits(network)


def test_a_signal_is_answered_within_a_generation():
    engine, network = trainer(population_size=400_000, threads=2, max_generations=100), model()
    records = engine.run(network, Waves())
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        list(records)
    timer.join()
    assert time.perf_counter() - start < 10
    assert issubclass(Interrupted, RuntimeError)
