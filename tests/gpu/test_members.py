"""Members of any model on a GPU, in chunks: the losses and steps of the CPU, the same bits when repeated, resuming."""

import numpy as np
import pytest
from gpu_tasks import PLAIN, TASKS, Rows, engine_of

from syntonic._core import Tensor
from syntonic.benchmarks import Digits
from syntonic.core import registry
from syntonic.nn.architectures import MLP, CNN1d, Task, Transformer
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.strategy import Strategy
from syntonic.nn.training.trainer import trace
from syntonic.sn import Module, Parameter


class Square:
    """One batch, and the mean square of what the model makes of it."""

    def __init__(self, x, dtype):
        self.both = Tensor(x, shape=list(x.shape), dtype=dtype), Tensor([0.0], dtype=dtype)

    def batch(self, _generation):
        return self.both

    def loss(self, outputs, _targets):
        return outputs.square().mean()

    def metrics(self, _outputs, _targets):
        return {}


def losses(device, model, problem, **settings):
    _, engine = engine_of(device, model, **settings)
    objective, _ = trace(model, problem, *problem.batch(0))
    return np.array(engine.losses(objective, list(problem.batch(0))))


def bound(model, problem, dtype):
    """Each rounding of each value counts once: as many as there are operations times terms of the longest sum."""
    objective, _ = trace(model, problem, *problem.batch(0))
    longest = max(np.prod(p.shape[1:], dtype=int) for p in model.parameters())
    return 8 * (longest + 64) * np.finfo(dtype).eps, objective


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rank", [None, 1])
@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("name", registry.names("model"))
def test_the_losses_of_every_model(name, kind, rank, dtype):
    task = TASKS[kind]
    try:
        model = registry.lookup("model", name)(task)
    except ValueError:
        return  # a task of another kind
    model.initialize(3)
    problem, settings = Rows(task, dtype=dtype), {"rank": rank, "dtype": dtype, "sigma": 0.1}
    ours, want = (losses(device, model, problem, **settings) for device in ("cuda", "cpu"))
    assert np.unique(want).size > 5
    np.testing.assert_allclose(ours, want, rtol=bound(model, problem, dtype)[0])


class Made(Module):
    """`make` of the batch and of parameters."""

    def __init__(self, make, shapes):
        self.make = make
        for number, shape in enumerate(shapes):
            setattr(self, f"p{number}", Parameter(shape))
        self.count = len(shapes)

    def forward(self, x, /):
        return self.make(x, *(getattr(self, f"p{number}").data for number in range(self.count)))


def own(x, p):
    """The parameter as a value that each member has its own of."""
    return x.parameter(p)


# What is made of x (3, 4, 6) and of parameters: shared values beside values of members, in every place.
CALLS = {
    "sum with a shared value": (lambda x, p: x + own(x, p), [(6,)]),
    "difference from a larger one": (lambda x, p: own(x, p) - x, [(2, 3, 4, 6)]),
    "quotient of two of members": (lambda x, p, q: own(x, p) / (own(x, q).square() + 2), [(4, 1), (3, 1, 6)]),
    "maximum": (lambda x, p: x.maximum(own(x, p)), [(3, 4, 6)]),
    "number on the left": (lambda x, p: 1 / (2.5 + own(x, p).square()), [(3,)]),
    "reshape and permute": (lambda x, p: (x * own(x, p)).reshape((2, 6, 6)).permute((2, 0, 1)).narrow(1, 1, 1), [(6,)]),
    "concat": (lambda x, p: x.concat([own(x, p), x], 1), [(3, 2, 6)]),
    "index_select": (lambda x, p: own(x, p).index_select(0, [2, 0, 2]), [(3, 5)]),
    "expand": (lambda x, p: own(x, p).expand((2, 4, 6)), [(4, 1)]),
    "sum of two axes": (lambda x, p: (x * own(x, p)).sum((0, 2)), [(6,)]),
    "variance of the first": (lambda x, p: (x * own(x, p)).var(0, True), [(6,)]),
    "largest of all": (lambda x, p: (x * own(x, p)).max() * own(x, p), [(6,)]),
    "mean of none": (lambda x, p: (x * own(x, p)).mean(()), [(6,)]),
    "linear of members": (lambda x, p, w, b: (x * own(x, p)).linear(w, b), [(6,), (5, 6), (5,)]),
    "linear of the batch": (lambda x, w: x.linear(w, None), [(5, 6)]),
    "wide linear": (lambda x, w, v, b: x.linear(w, None).linear(v, b), [(40, 6), (30, 40), (30,)]),
    "affine": (lambda x, p, q: x.affine(p, q).affine(q, p), [(6,), (6,)]),
    "embedding of the batch": (lambda x, t: (x.clamp(0, 0) + 2).embedding(t), [(30, 20)]),
    "embedding of members": (lambda x, p, t: (own(x, p).clamp(0, 0) + 2).embedding(t), [(3, 2), (4, 3)]),
    "conv1d of the batch": (lambda x, w, b: x.conv1d(w, b, 2, 1), [(5, 3, 6), (5,)]),
    "conv2d of members": (
        lambda x, p, w: (x * own(x, p)).reshape((3, 4, 3, 2)).conv2d(w, None, (2, 1), 1),
        [(6,), (4, 3, 2, 2)],
    ),
    "max_pool1d": (lambda x, p: (x * own(x, p)).max_pool1d(3, 1), [(6,)]),
    "avg_pool2d": (lambda x, p: (x * own(x, p)).reshape((3, 4, 3, 2)).avg_pool2d(2), [(6,)]),
    "softmax of columns": (lambda x, p: (x * own(x, p)).softmax(1), [(6,)]),
    "softmax of a scalar": (lambda x, p: (x * own(x, p)).sum().softmax(-1) * own(x, p), [(6,)]),
    "learned softmax": (lambda x, p: (x * own(x, p)).syntonic_softmax(-1, [0.5] * 5 + [1.0], None, 0.7), [(6,)]),
    "provided softmax": (lambda x, p: (x * own(x, p)).syntonic_softmax(-1, None, x * x, 2.0), [(6,)]),
    "layer_norm": (lambda x, p: (x * own(x, p)).layer_norm(1e-5, 0.6), [(6,)]),
    "batch_norm": (lambda x, p: (x + own(x, p)).batch_norm(1e-5, 0.6) * own(x, p), [(4, 6)]),
    "phi_residual": (lambda x, p: (x * own(x, p)).phi_residual(x, "phi_symmetric", "layer_norm"), [(6,)]),
    "residual of a shared value": (lambda x, p: x.phi_residual(x * own(x, p), "phi", "gelu"), [(6,)]),
    "dropout": (lambda x, p: (x * own(x, p)).dropout(0.3, 2), [(6,)]),
    "dropout of the batch": (lambda x, p: x.dropout(0.3, 2) * own(x, p), [(6,)]),
    "attention": (lambda x, p: (x * own(x, p)).attention(x, x * x, 2, True), [(6,)]),
    "masked attention": (
        lambda x, p: x.attention(x * own(x, p), x, 3, key_mask=x.narrow(2, 0, 1).reshape((3, 4)).clamp(0, 9)),
        [(6,)],
    ),
    "matmul with a parameter": (lambda x, p: x.matmul(own(x, p)), [(6, 5)]),
    "matmul of members": (lambda x, p: (x * own(x, p)).matmul((x * own(x, p)).transpose(-1, -2)), [(6,)]),
    "matmul of members and the batch": (lambda x, p: (x * own(x, p)).matmul(x.transpose(-1, -2)), [(6,)]),
    "matmul with stacks that repeat": (lambda x, p: own(x, p).matmul(x.reshape((3, 1, 4, 6))), [(2, 5, 4)]),
    "matmul of vectors": (lambda x, p: x.matmul(own(x, p)) + own(x, p).matmul(own(x, p)), [(6,)]),
    "cross_entropy": (lambda x, p: (x * own(x, p)).cross_entropy(x.sum(-1) * 0 + 2), [(6,)]),
    "cross_entropy of weights": (
        lambda x, p: (x * own(x, p)).cross_entropy(x.sum(-1) * 0 + 2, x.sum(-1).square()),
        [(6,)],
    ),
    "cross_entropy of weights of members": (
        lambda x, p: (x * own(x, p)).cross_entropy(x.sum(-1) * 0 + 2, (x * own(x, p)).sum(-1).square()),
        [(6,)],
    ),
    "cross_entropy of many classes": (
        lambda x, w, p: x.linear(w, None).cross_entropy(x.sum(-1) * 0 + 33, (x * own(x, p)).sum(-1).square()),
        [(40, 6), (6,)],
    ),
    "conv2d of 20 outputs": (
        lambda x, p, w, b: (x * own(x, p)).reshape((3, 4, 3, 2)).conv2d(w, b, 1, 1),
        [(6,), (20, 3, 3, 2), (20,)],
    ),
    "conv1d of wide windows": (lambda x, w: x.concat([x, x] * 40, 2).conv1d(w, None), [(30, 3, 6 * 81)]),
    "binary_cross_entropy": (lambda x, p: (x * own(x, p)).binary_cross_entropy(x.sigmoid()), [(6,)]),
    "binary_cross_entropy of members": (lambda x, p: x.binary_cross_entropy((x * own(x, p)).sigmoid()), [(6,)]),
    "mse": (lambda x, p: (x * own(x, p)).mse(x.square()), [(6,)]),
    "accuracy": (lambda x, p: (x + own(x, p)).accuracy(x.sum(-1) * 0 + 2) + own(x, p), [(6,)]),
    "binary_accuracy": (lambda x, p: (x + own(x, p)).binary_accuracy(x) + own(x, p), [(6,)]),
}


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize("name", CALLS)
def test_the_losses_of_every_operation(name, rank):
    model = Made(*CALLS[name])
    model.initialize(seed=1)
    problem = Square(np.random.default_rng(5).standard_normal((3, 4, 6)), "float64")
    settings = {"dtype": "float64", "rank": rank, "sigma": 0.3}
    ours, want = (losses(device, model, problem, **settings) for device in ("cuda", "cpu"))
    assert np.unique(want).size > 5
    np.testing.assert_allclose(ours, want, rtol=1e-12)


def cnn():
    model = CNN1d(Task((20,), (3,)), channels=(4, 6), kernel_sizes=(3, 3))
    model.initialize(seed=1)
    return model


class Counts(Strategy):
    """Goes half way to the better half of its members."""

    def sample(self, centre, random):
        return [[x + 0.1 * random.gauss(0, 1) for x in centre] for _ in range(self.population_size)]

    def direction(self, centre, members, fitness):
        best = sorted(range(len(members)), key=lambda i: -fitness[i])[: len(members) // 2]
        return [sum(members[i][k] for i in best) / len(best) - centre[k] for k in range(len(centre))]


TRAINERS = {
    "full rank": (RetrocausalTrainer, {}),
    "rank 1": (RetrocausalTrainer, {"rank": 1}),
    "rank 2": (RetrocausalTrainer, {"rank": 2}),
    "survivors": (RetrocausalTrainer, {"survivor_count": 40}),
    "elitist": (RetrocausalTrainer, {"elitist": True}),
    "float64": (RetrocausalTrainer, {"dtype": "float64"}),
    "snes": (registry.lookup("trainer", "snes"), {}),
    "pgpe": (registry.lookup("trainer", "pgpe"), {"learning_rate": 0.3}),
    "python": (Counts, {"optimizer": "momentum", "beta1": 0.0, "learning_rate": 0.5}),
}


def train(device, name, generations, resume=None):
    """Trains a small network; with `resume` = (generation, device) the rest of the run is another trainer's."""
    kind, settings = TRAINERS[name]
    settings = {"population_size": 64, "sigma": 0.1, "learning_rate": 0.02, "max_generations": generations, **settings}
    problem, model, records = Rows(Task((20,), (3,)), 30, "float32"), cnn(), []
    trainer = kind(3, device, **settings)
    for record in trainer.run(model, problem):
        records.append(record)
        if resume and len(records) == resume[0]:
            arrays, facts = trainer.state_dict()
            model, trainer = cnn(), kind(3, resume[1], **settings)
            trainer.load_state_dict(model, arrays, facts)
            records += trainer.run(model, problem)
            break
    return records, np.concatenate([np.array(p.data.to_list()).ravel() for p in model.parameters()])


@pytest.mark.parametrize("name", TRAINERS)
def test_every_trainer_takes_the_steps_of_the_cpu(name):
    """The lattice hides what rounding changes in a step, unless a number lies half way between two points."""
    (first, ours), (second, again), (cpu, want) = (train(device, name, 6) for device in ("cuda", "cuda", "cpu"))
    assert [record.loss for record in first] == [record.loss for record in second]
    np.testing.assert_array_equal(ours, again)
    assert [r.details for r in first[:1]] == [r.details for r in cpu[:1]]
    for a, b in zip(first, cpu, strict=True):
        assert a.loss == pytest.approx(b.loss, rel=1e-3)
        assert a.mean_fitness == pytest.approx(b.mean_fitness, rel=1e-3)
        assert a.syntony == pytest.approx(b.syntony, rel=1e-3)
    assert (np.abs(ours - want) < 1e-3).mean() > 0.9


@pytest.mark.parametrize("name", ["full rank", "rank 2", "snes", "pgpe"])
def test_a_step_is_that_of_the_cpu(name):
    kind, settings = TRAINERS[name]
    settings = {**PLAIN, "lambda_syntony": 0.0, "dtype": "float64", **settings, "optimizer": "momentum", "beta1": 0.0}
    found, problem = [], Rows(Task((20,), (3,)), 30)
    for device in ("cuda", "cpu"):
        model = cnn()
        _, engine = engine_of(device, model, kind, population_size=600, max_generations=2, **settings)
        objective, _ = trace(model, problem, *problem.batch(0))
        for _ in range(2):
            engine.step(objective, list(problem.batch(0)))
        found.append(np.array(engine.weights()))
    moved = np.abs(found[1] - np.concatenate([np.array(p.data.to_list()).ravel() for p in cnn().parameters()])).max()
    assert moved > 1e-4
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-11 * max(1, moved))


@pytest.mark.parametrize("name", ["full rank", "rank 1", "pgpe", "python"])
def test_a_resumed_run_goes_on_bit_for_bit(name):
    (whole, weights), (parts, again) = train("cuda", name, 8), train("cuda", name, 8, (3, "cuda"))
    assert [record.loss for record in whole] == [record.loss for record in parts]
    np.testing.assert_array_equal(weights, again)


@pytest.mark.parametrize("way", [("cuda", "cpu"), ("cpu", "cuda")])
def test_a_checkpoint_moves_between_devices(way):
    whole, _ = train(way[0], "full rank", 8)
    parts, _ = train(way[0], "full rank", 8, (3, way[1]))
    assert [record.generation for record in parts] == list(range(1, 9))
    assert [record.loss for record in parts[:4]] == pytest.approx([record.loss for record in whole[:4]], rel=1e-5)
    assert parts[-1].loss == pytest.approx(whole[-1].loss, rel=0.05)


def test_several_chunks():
    """More members than one chunk takes: the CPU's losses, each at its place."""
    model = Made(lambda x, p, q: x.affine(p, q).layer_norm(1e-5, 1.0) * own(x, p), [(2,), (2,)])
    model.initialize(seed=1)
    problem = Square(np.random.default_rng(5).standard_normal((1, 2)), "float64")
    settings = {"population_size": 33_002, "dtype": "float64"}
    ours, want = (losses(device, model, problem, **settings) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(ours, want, rtol=1e-10, atol=1e-10)


def test_a_perceptron_of_low_rank():
    model, problem = MLP(Task((64,), (10,)), hidden=(32,), activation="relu"), Digits(0, batch_size=32)
    model.initialize(seed=1)
    ours, want = (losses(device, model, problem, rank=1, sigma=0.1) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(ours, want, rtol=8 * 128 * np.finfo("float32").eps)


def test_dropout_has_the_masks_of_the_cpu():
    model = Transformer(Task((6,), (4,), vocabulary=5), dropout=0.3)
    model.initialize(seed=1)
    problem = Rows(TASKS["tokens"])
    ours, want = (losses(device, model, problem, dtype="float64", sigma=0.1) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(ours, want, rtol=1e-10)
