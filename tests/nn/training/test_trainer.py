"""The trainer on a small regression: its records, its bits and its states."""

import math
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from waves import POPULATION, Waves, bits, model, train, trainer

from syntonic._core import Tensor, generation_figures
from syntonic.nn.training import GenerationRecord
from syntonic.nn.training.trainer import trace
from syntonic.sn import functional as F

RECORDED = {
    "loss",
    "error",
    "best_fitness",
    "mean_fitness",
    "nan_members",
    "forward_examples",
    "syntony",
    "archonic",
    "attractors",
    "sigma",
    "step_size",
    "evaluations_per_second",
    "seconds",
}


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


def test_each_figure_of_the_core_is_described_and_reaches_the_record():
    record = next(trainer().run(model(), Waves()))
    names = [name for name, _, _ in generation_figures()]
    assert list(record.figures) == names
    assert all(getattr(record, name) == record.figures[name] for name in names)
    assert {name for name, _, tracked in generation_figures() if tracked} <= record.metrics().keys()
    assert all(f" {name}: {doc.strip()}" in GenerationRecord.__doc__ for name, doc, _ in generation_figures())
    with pytest.raises(AttributeError, match="no figure 'fitness'"):
        _ = record.fitness


def test_a_generation_without_a_fitness_says_so():
    blind = next(trainer(sigma=1e300, lattice=False, lambda_syntony=0.0).run(model(), Waves()))
    assert (blind.is_blind, blind.nan_members) == (True, POPULATION)
    assert math.isnan(blind.best_fitness)
    assert math.isnan(blind.mean_fitness)
    assert math.isfinite(blind.loss)
    assert not next(trainer().run(model(), Waves())).is_blind


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


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rank": 1, "optimizer": "momentum"},
        {"lattice": False, "elitist": True},
        {"sigma_final": 0.2, "schedule": "linear"},
    ],
)
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
    facts = engine.state_dict()[1]
    assert (facts["generation"], facts["evaluations"], len(facts["syntonies"])) == (3, 3 * POPULATION, 3)
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


FORKED = """
    import os, sys
    sys.path.insert(0, {folder!r})
    from waves import Waves, bits, model, trainer
    trained, engine = model(), trainer(threads=3, population_size=512)
    run = engine.run(trained, Waves())
    next(run)
    child = os.fork()
    list(run)
    if child:
        assert os.waitpid(child, 0)[1] == 0
    print(hash(tuple(bits(trained))), flush=True)
    if not child:
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
    child, parent = done.stdout.split()
    assert parent == child


def test_the_following_batch_changes_nothing_on_the_cpu():
    waves, states = Waves(), []
    batch = list(waves.batch(0))
    for following in (None, batch, [Tensor([1.0])]):
        network = model()
        engine = trainer()._engine_for(network)
        objective, _ = trace(network, waves, *batch)
        engine.step(objective, batch, following)
        states.append(bits(network))
    assert states[0] == states[1] == states[2]
