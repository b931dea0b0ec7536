"""Training from Python as the documents write it: what is trained learns, and what is counted is right."""

import json
import math
import random

import numpy as np
import pytest

from syntonic._core import PHI, Q_DEFICIT, ResonantTensor, Tensor
from syntonic.benchmarks.fitness import RegressionFitness
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.architectures.pure import PureSyntonicMLP
from syntonic.nn.loss import cross_entropy_loss, mse_loss
from syntonic.nn.training import (
    AttractorMemory,
    GenerationRecord,
    MetricsAggregator,
    MetricsLogger,
    RESConfig,
    ResonantEvolver,
    RESResult,
    RESTrainingConfig,
    RetrocausalConfig,
    RetrocausalTrainer,
    SyntonyMetrics,
    TrainingMetrics,
    default_callbacks,
    train_with_retrocausal_res,
)
from syntonic.nn.training import config as documented_config

XOR = [([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]
INPUTS, TARGETS = [x for x, _ in XOR], [y for _, y in XOR]


def network():
    return MLP(Task((2,), (1,)), hidden=(8,))


def answers(model):
    return np.asarray(model(Tensor(INPUTS, dtype="float64"))).ravel()


def test_a_model_and_its_data():
    model = PureSyntonicMLP(2, [8], 1)
    trainer = RetrocausalTrainer(model, XOR)
    assert isinstance(trainer, RetrocausalTrainer)
    result = trainer.train()
    found = answers(model)
    np.testing.assert_array_equal(found > 0.5, [False, True, True, False])
    # The figures are those of the model as it stands.
    assert result.final_loss == pytest.approx(np.mean((found - np.ravel(TARGETS)) ** 2), rel=1e-3)
    assert result["final_loss"] == result.final_loss
    assert set(dict(result)) >= {"final_syntony", "final_loss", "generations", "elapsed_time", "weight_results"}
    assert len(result.syntony_history) == len(result.loss_history) == result.generations == trainer.generation
    assert result.weight_results == {name: p.data.syntony for name, p in model.named_parameters()}
    total = [np.asarray(p.data.to_tensor("float64")).ravel() for p in model.parameters()]
    weights = [np.resize(p.data.mode_norms, p.data.size) for p in model.parameters()]
    energy = np.concatenate(total) ** 2
    want = (energy * np.exp(-np.concatenate(weights) / PHI)).sum() / energy.sum()
    assert result.final_syntony == pytest.approx(want)


@pytest.mark.parametrize(
    "data",
    [
        (INPUTS, TARGETS),
        (Tensor(INPUTS), Tensor(TARGETS)),
        (np.array(INPUTS), np.array(TARGETS).ravel()),
        (ResonantTensor(INPUTS), ResonantTensor(TARGETS)),
        [(x, y[0]) for x, y in XOR],
        [(np.array(x), Tensor(y)) for x, y in XOR],
    ],
)
def test_every_form_of_data_is_the_same_data(data):
    histories = []
    for given in (XOR, data):
        model = network()
        config = RESTrainingConfig(max_generations=20)
        histories.append(RetrocausalTrainer(model, given, config=config).train().loss_history)
    assert histories[0] == histories[1]


def test_it_is_the_trainer_of_runs():
    """The same bits as a run with the same settings."""
    config = RESTrainingConfig(max_generations=30, seed=5, use_archonic_detection=False)
    model, other = network(), network()
    trainer = RetrocausalTrainer(model, XOR, config=config)
    trainer.train()

    class Benchmark:
        def batch(self, generation):
            return Tensor(INPUTS), Tensor(TARGETS)

        def loss(self, outputs, targets):
            return outputs.mse(targets)

        def metrics(self, outputs, targets):
            return {}

    run = RetrocausalTrainer(
        5,
        max_generations=30,
        population_size=32,
        pull_strength=0.3,
        lambda_syntony=0.1,
        sigma=0.1,
        attractor_capacity=32,
        attractor_decay_rate=0.98,
    )
    assert type(run) is RetrocausalTrainer
    assert len(list(run.run(other, Benchmark()))) == 30
    assert [p.save() for p in model.parameters()] == [p.save() for p in other.parameters()]


class Linear:
    """A model that is no module, in plain Python, as a reader of the documents may have one."""

    def __init__(self):
        self.weights = [ResonantTensor([0.0, 0.0, 0.0], [1, 3]), ResonantTensor([0.0])]

    def forward(self, x):
        rows, (w,), (b,) = x.to_list(), self.weights[0].to_list(), self.weights[1].to_list()
        return [[sum(a * c for a, c in zip(row, w, strict=True)) + b] for row in rows]

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def test_a_model_that_is_no_module():
    source = np.random.default_rng(1)
    x = source.standard_normal((40, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + 0.25
    model = Linear()
    config = RESTrainingConfig(
        max_generations=300, pull_strength=0.03, use_archonic_detection=False, options={"lambda_syntony": 0.0}
    )
    trainer = RetrocausalTrainer(model, (x, y), config=config)
    result = trainer.train()
    np.testing.assert_allclose(model.weights[0].to_list(), [[1.0, -2.0, 0.5]], atol=0.05)
    np.testing.assert_allclose(model.weights[1].to_list(), [0.25], atol=0.05)
    found = np.ravel(model.forward(ResonantTensor.from_flux(x)))
    assert result.final_loss == pytest.approx(((found - y) ** 2).mean(), rel=1e-3)
    assert (result.generations, len(result.loss_history), trainer.evaluations) == (300, 300, 300 * 32)
    assert result.loss_history[0] == pytest.approx((y**2).mean(), rel=1e-5)
    assert [weight.phase for weight in model.weights] == ["crystallized"] * 2


def test_the_short_call_with_classes():
    model = MLP(Task((2,), (2,)), hidden=(8,))
    labels = [0.0, 1.0, 1.0, 0.0]
    result = train_with_retrocausal_res(
        model, (INPUTS, labels), max_generations=300, population_size=32, pull_strength=0.3, loss_fn=cross_entropy_loss
    )
    logits = np.asarray(model(Tensor(INPUTS, dtype="float64")))
    np.testing.assert_array_equal(logits.argmax(1), labels)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert result.final_loss == pytest.approx(-log_p[range(4), np.array(labels, int)].mean(), rel=1e-3)


def test_validation_callbacks_and_the_ends(tmp_path, capsys):
    class Watch:
        seen = ()

        def on_train_begin(self, trainer):
            self.seen = (*self.seen, "begin")

        def on_generation_begin(self, trainer, generation):
            self.seen = (*self.seen, generation)

        def on_generation_end(self, trainer, generation, metrics):
            self.should_stop = generation == 6
            self.seen = (*self.seen, metrics["loss"])

        def on_train_end(self, trainer):
            self.seen = (*self.seen, "end")

    watch, log = Watch(), MetricsLogger(log_path=tmp_path / "new" / "log.json", include_weights=True)
    config = RESTrainingConfig(max_generations=50, eval_interval=2, log_interval=3, enable_viz=True)
    trainer = RetrocausalTrainer(network(), XOR, XOR[:2], config, mse_loss, [watch, log])
    result = trainer.train(verbose=True)
    assert (result.generations, result.stopped) == (6, True)
    losses = result.loss_history
    assert watch.seen == ("begin", *[part for g in range(6) for part in (g, losses[g])], "end")
    assert len(result.validation_history) == 3
    assert trainer.viz.syntony_history == result.syntony_history
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == ["generation 3", "generation 6"]
    entries = json.loads(log.log_path.read_text())
    assert [entry["generation"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry["metrics"]["loss"] for entry in entries] == losses
    values = [np.asarray(p.data.to_tensor("float64")) for p in trainer.model.parameters()]
    assert entries[-1]["weight_max"] == pytest.approx(max(abs(v).max() for v in values))
    assert entries[-1]["weight_norm_mean"] == pytest.approx(np.mean([np.linalg.norm(v) for v in values]))
    again = trainer.train()  # goes on from there
    assert (again.generations, again.stopped, again.loss_history[:6]) == (50, False, losses)


def test_the_syntony_that_is_enough_ends_it():
    config = RESTrainingConfig(max_generations=200, syntony_threshold=0.05)
    assert RetrocausalTrainer(network(), XOR, config=config).train().generations == 1


def test_default_callbacks_are_callbacks(tmp_path):
    usual = default_callbacks(tmp_path / "log.json", patience=3)
    config = RESTrainingConfig(max_generations=5, use_archonic_detection=False)
    RetrocausalTrainer(network(), XOR, config=config, callbacks=usual).train()
    assert [type(each).__name__ for each in usual] == [
        "SyntonyCallback",
        "ArchonicEarlyStop",
        "FitnessPlateau",
        "MetricsLogger",
    ]
    assert [entry["generation"] for entry in usual[0].history] == [1, 2, 3, 4, 5]
    assert len(json.loads((tmp_path / "log.json").read_text())) == 5
    assert len(default_callbacks()) == 3


def test_callbacks_by_their_documented_arguments(tmp_path, capsys):
    from syntonic.nn.training.callbacks_pure import ArchonicEarlyStop, SyntonyCallback, SyntonyCheckpoint

    history = SyntonyCallback(log_interval=4, target_syntony=0.6, verbose=True)
    files = SyntonyCheckpoint(tmp_path / "kept", save_best=True, save_interval=4, min_syntony=0.0)
    stop = ArchonicEarlyStop(patience=20, min_improvement=0.001, escape_noise_scale=0.01, escape_instead=False)
    config = RESTrainingConfig(max_generations=10, use_archonic_detection=False)
    trainer = RetrocausalTrainer(network(), XOR, config=config, callbacks=[history, files, stop])
    syntonies = trainer.train().syntony_history
    assert [entry["syntony"] for entry in history.history] == syntonies
    want = [f"generation {g}: syntony {syntonies[g - 1]:.4f}, gap {0.6 - syntonies[g - 1]:.4f}" for g in (4, 8)]
    assert capsys.readouterr().out.splitlines() == want
    assert sorted(p.name for p in files.save_dir.iterdir()) == [
        "best_model.json",
        "checkpoint_gen_4.json",
        "checkpoint_gen_8.json",
    ]
    best = json.loads((files.save_dir / "best_model.json").read_text())
    assert (best["syntony"], files.best_syntony) == (max(syntonies), max(syntonies))
    assert best["generation"] == syntonies.index(max(syntonies)) + 1
    assert {name: math.prod(shape) for name, shape in best["shape"].items()} == {
        name: len(values) for name, values in best["weights"].items()
    }
    assert (stop.should_stop, stop.archonic_count) == (False, 0)


@pytest.mark.parametrize("escape", [False, True])
def test_an_archonic_run_is_ended_or_escaped(escape, capsys):
    from syntonic.nn.training.callbacks_pure import ArchonicEarlyStop

    stop = ArchonicEarlyStop(5, None, 0.001, 0.01, escape, True)
    wishes = [stop.after(g, {"syntony": 0.3 + 0.01 * (-1) ** g, "mean_fitness": 1.0}) for g in range(1, 31)]
    first = next(g for g, wish in enumerate(wishes, start=1) if wish)
    assert first == 20  # the window of twenty is full
    assert stop.should_stop is not escape
    assert stop.archonic_count == len([wish for wish in wishes if wish])
    assert "generation 20" in capsys.readouterr().out
    with pytest.raises(ValueError, match="variance_threshold"):
        ArchonicEarlyStop(variance_threshold=-1.0)
    with pytest.raises(ValueError, match="target_syntony"):
        ArchonicEarlyStop(target_syntony=1.59)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"attractor_min_syntony": 0.7}, "attractor_quantile"),
        ({"syntony_target": 1.59}, "syntony lies in 0 to 1"),
        ({"syntony_threshold": 0.0}, "syntony_threshold"),
        ({"batch_size": 0}, "batch_size"),
        ({"eval_interval": 0}, "eval_interval"),
        ({"mu_phase": -1.0}, "mu_phase"),
    ],
)
def test_settings_that_mean_nothing_say_what_to_write(given, text):
    with pytest.raises(ValueError, match=text):
        documented_config.RESTrainingConfig(**given)


@pytest.mark.parametrize("data", [[], ([[1.0]], []), {"x": 1}, [1.0, 2.0]])
def test_data_that_is_none(data):
    with pytest.raises(ValueError, match=r"expected (data as|as many targets|numbers)"):
        RetrocausalTrainer(network(), data)


def test_the_phase_cost_and_batches_are_part_of_the_loss():
    model = network()
    config = RESTrainingConfig(max_generations=1, mu_phase=0.5, batch_size=3)
    trainer = RetrocausalTrainer(model, XOR, config=config)
    model.prepare()
    inputs, targets = trainer.task.batch(0)
    assert inputs.shape == (3, 2)
    outputs = np.asarray(model(inputs))
    phase = ((outputs.var() - 1 / PHI) / (1 + 1 / PHI)) ** 2
    want = ((outputs - np.asarray(targets)) ** 2).mean() + 0.5 * phase
    assert trainer.train().loss_history[0] == pytest.approx(want, rel=1e-5)


def test_an_evolver_raises_syntony():
    template = ResonantTensor.randn([20], 100, seed=3)
    before = template.to_floats()
    result = ResonantEvolver(template, RESConfig(population_size=16, max_generations=60)).run()
    assert isinstance(result, RESResult)
    values, norms = np.array(result.winner.to_floats()), (3 * np.arange(20) / 20) ** 2
    assert result.final_syntony == pytest.approx((values**2 * np.exp(-norms / PHI)).sum() / (values**2).sum())
    assert result.final_syntony > template.syntony + 0.2
    assert result.syntony_history[0] == pytest.approx(template.syntony)
    assert len(result.syntony_history) == result.generations + 1 == 61
    assert sorted(result.syntony_history) == result.syntony_history
    assert template.to_floats() == before
    assert result.winner.phase == "crystallized"


@pytest.mark.parametrize("retrocausal", [False, True])
def test_an_evolver_with_a_fitness_solves_a_regression(retrocausal):
    source = random.Random(0)
    xs = [[source.gauss(0, 1) for _ in range(3)] for _ in range(40)]
    fitness = RegressionFitness(xs, [2 * a - b + 0.5 * c for a, b, c in xs], 3, 1, 0.0)
    config = RESConfig(max_generations=300, noise_scale=0.0, enable_retrocausal=retrocausal, lambda_val=0.0)
    result = ResonantEvolver(ResonantTensor([0.0, 0.0, 0.0]), config, fitness).run()
    np.testing.assert_allclose(result.winner.to_floats(), [2, -1, 0.5], atol=0.15)
    assert result.best_score == pytest.approx(fitness(result.winner))


def test_an_evolver_that_stands_still_says_so():
    peak = ResonantTensor([1.0, 0.0, 0.0, 0.0])  # S = 1, which nothing exceeds
    result = ResonantEvolver(peak, RESConfig(population_size=8, patience=5)).run()
    assert (result.converged, result.stagnated, result.generations, result.final_syntony) == (False, True, 5, 1.0)
    with pytest.raises(ValueError, match="leave it out"):
        RESConfig(cuda_device_idx=0)
    with pytest.raises(ValueError, match="attractor_pull_strength"):
        RESConfig(attractor_pull_strength=2.0)


def test_the_retrocausal_config_makes_an_evolver():
    config = RetrocausalConfig(population_size=8, attractor_capacity=3, pull_strength=0.5, min_syntony=0.0)
    evolver = ResonantEvolver(ResonantTensor.randn([6], 100), config.to_res_config(max_generations=8))
    evolver.run()
    assert 0 < evolver.attractor_count <= 3
    assert max(evolver.attractor_generations) <= 8
    weights = [
        s**2 * 0.98 ** (8 - g)
        for s, g in zip(evolver.attractor_syntony_values, evolver.attractor_generations, strict=True)
    ]
    top = [a.syntony**2 * 0.98 ** (8 - a.generation) for a in evolver.get_top_attractors(9)]
    np.testing.assert_allclose(top, sorted(weights, reverse=True))
    centre, x = np.array(evolver.memory.centroid()), np.array(evolver.best.to_floats())
    np.testing.assert_allclose(evolver.pull(evolver.best).to_floats(), (x + centre) / 2, atol=0.0072)
    np.testing.assert_allclose(evolver.unlock(evolver.best).to_floats(), centre, atol=0.0072)
    evolver.clear_attractors()
    assert (evolver.attractor_count, evolver.store_attractor(evolver.best)) == (0, True)


def test_the_memory_of_attractors():
    memory = AttractorMemory(capacity=2, min_syntony=0.1, decay_rate=0.5)
    a, b, c = ([1.0, 0.0], [0.0, 2.0], [3.0, 3.0])
    tensors = [ResonantTensor.from_flux(values) for values in (a, b, c)]
    assert not memory.maybe_add(tensors[0], 0.05, 0)
    assert memory.maybe_add(tensors[0], 0.5, 0)
    assert memory.maybe_add(tensors[1], 0.4, 2)
    # Weights S^2 decay^age at generation 2: .25 * .25 and .16.
    np.testing.assert_allclose(memory.weights(), [0.0625, 0.16])
    want = (0.0625 * np.array(a) + 0.16 * np.array(b)) / 0.2225
    np.testing.assert_allclose(memory.centroid(), want)
    x = ResonantTensor.from_flux([0.5, 0.5])
    np.testing.assert_allclose(memory.pull(x).to_floats(), want - 0.5)
    assert [attractor.syntony for attractor in memory.top(1)] == [0.4]
    assert not memory.maybe_add(tensors[2], 0.2, 2)  # .04 replaces no weight
    assert memory.maybe_add(tensors[2], 0.3, 2)  # .09 replaces .0625
    assert sorted(attractor.syntony for attractor in memory.attractors) == [0.3, 0.4]
    memory.apply_decay()
    np.testing.assert_allclose(sorted(memory.weights()), [0.045, 0.08])
    memory.clear()
    assert (len(memory), memory.centroid(), memory.pull(x).to_floats()) == (0, None, [0.0, 0.0])
    assert memory.maybe_add(x, 1.0, 3)
    with pytest.raises(ValueError, match="shape"):
        memory.maybe_add(ResonantTensor.zeros([3]), 1.0, 3)


def test_metrics():
    assert SyntonyMetrics().to_dict() == {
        "global_syntony": 0.0,
        "layer_syntonies": [],
        "syntony_trend": 0.0,
        "is_archonic": False,
        "phase_alignment": 0.0,
    }
    metrics = TrainingMetrics(fitness=-1.0, loss=1.0, generation=3)
    assert (metrics.fitness, metrics.accuracy, metrics.to_dict()["generation"]) == (-1.0, None, 3)
    means = MetricsAggregator()
    means.update({"loss": 1.0}, count=3)
    means.update({"loss": 5.0}, count=1)
    assert means.compute() == {"loss": 2.0}
    means.reset()
    assert means.compute() == {}


def test_figures_by_their_names():
    from syntonic.nn.training import metrics_pure as m

    x = np.random.default_rng(0).standard_normal(9)
    share = (x**2 * np.exp(-(np.arange(9.0) ** 2) / PHI)).sum() / (x**2).sum()
    assert m.compute_syntony_from_weights(list(x)) == pytest.approx(share)
    tensor = ResonantTensor(x)
    assert m.compute_syntony_from_weights(tensor) == tensor.syntony
    assert m.compute_syntony_from_weights([]) == 0
    assert m.compute_accuracy([1, 2, 3, 4], [1, 0, 3, 0]) == 0.5
    assert m.compute_mse([1.0, 2.0], [3.0, 2.0]) == 2.0
    assert m.compute_cross_entropy([[0.5, 0.5], [0.1, 0.9]], [0, 1], 2) == pytest.approx(-math.log(0.45) / 2)
    assert m.compute_syntony_gap(0.25, 0.5)["syntony_gap"] == 0.25
    assert m.compute_population_diversity([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]) == pytest.approx(10 / 3)
    statistics = m.compute_weight_statistics(list(x))
    assert statistics["std"] == pytest.approx(x.std())
    assert statistics["norm"] == pytest.approx(np.linalg.norm(x))
    with pytest.raises(ValueError, match="as many"):
        m.compute_mse([1.0], [])
    assert GenerationRecord.__module__ == "syntonic.nn.training.record"
    assert Q_DEFICIT == pytest.approx(0.0273951469)
