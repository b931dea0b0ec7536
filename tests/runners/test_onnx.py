"""Models in ONNX answer as they do here: every registered model, every operation, every size of a batch."""

import itertools
import math

import numpy as np
import onnx
import onnxruntime
import pytest
from kinds_of_tasks import TASKS

from syntonic._core import Tensor, _operations
from syntonic.core import registry
from syntonic.nn.architectures import Task
from syntonic.runners.config.errors import RequestError
from syntonic.runners.export import onnx_rules
from syntonic.runners.export.onnx_file import onnx_file
from syntonic.runners.run.kept_model import ModelFacts
from syntonic.sn import Module, Parameter
from syntonic.sn import functional as F

OURS = [name for name in registry.names("model") if registry.lookup("model", name).__module__.startswith("syntonic.")]
BATCHES = (1, 5)
# What no forward pass does: losses and figures of a batch, and what is for training only.
NOT_FOR_MODELS = {"accuracy", "binary_accuracy", "binary_cross_entropy", "cross_entropy", "mse", "dropout"}


def choices(name):
    """The settings of a model that choose operations: each once, the others at their defaults."""
    yield {}
    for argument, parameter in registry.arguments(registry.lookup("model", name)).items():
        text = str(parameter.annotation)
        if text.startswith("typing.Literal"):
            yield from ({argument: option} for option in parameter.annotation.__args__ if option != parameter.default)
        elif parameter.annotation is bool:
            yield {argument: not parameter.default}


CASES = [(name, kind, chosen) for name in OURS for kind in TASKS for chosen in choices(name)]


def made(name, kind, chosen):
    try:
        return registry.lookup("model", name)(TASKS[kind], **chosen)
    except ValueError:
        return None


def facts(task):
    return ModelFacts({"name": "x"}, list(task.input_shape), list(task.output_shape), task.vocabulary, "float32")


def agree(model, task):
    """The file's answers are the module's, for batches of one and of more."""
    content = onnx_file(model, facts(task))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(4)
    for batch in BATCHES:
        shape = (batch, *task.input_shape)
        x = rng.integers(task.vocabulary, size=shape) if task.vocabulary else rng.standard_normal(shape)
        here = np.array(model.eval()(Tensor(x.astype(float))).tolist())
        (there,) = session.run(None, {"inputs": x if task.vocabulary else x.astype("float32")})
        assert there.shape == here.shape == (batch, *task.output_shape)
        assert np.isfinite(here).all()
        np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kind", "chosen"),
    [case for case in CASES if made(*case) is not None],
    ids=lambda each: "-".join(map(str, itertools.chain(*each.items()))) if isinstance(each, dict) else each,
)
def test_every_model(name, kind, chosen):
    model = made(name, kind, chosen)
    model.initialize(3)
    agree(model, TASKS[kind])


def test_every_model_is_among_them():
    assert {name for name, kind, chosen in CASES if made(name, kind, chosen) is not None} == set(OURS)


class Does(Module):
    """One operation, with parameters of one's own."""

    def __init__(self, action, *shapes):
        self.action = action
        self.own = []
        for number, shape in enumerate(shapes):
            self.own.append(Parameter(shape, init="normal"))
            setattr(self, f"p{number}", self.own[-1])

    def forward(self, x):
        return self.action(x, *(parameter.data for parameter in self.own))


def positive(x):
    return x.square() + 0.1


TABLE = Tensor([[0.5, -1.0, 2.0, 0.25]])
OPERATIONS = {
    "abs": (lambda x: x.abs(), (3, 4)),
    "affine": (lambda x, s, t: x.affine(s, t), (3, 4), (4,), (4,)),
    "add": (lambda x: 2.0 + (x + x) + TABLE, (3, 4)),
    "sub": (lambda x: 2.0 - (x - TABLE), (3, 4)),
    "mul": (lambda x: 0.5 * (x * x) * TABLE, (3, 4)),
    "div": (lambda x: 1.0 / (positive(x) / 3.0), (3, 4)),
    "maximum": (lambda x: x.maximum(0.25), (3, 4)),
    "minimum": (lambda x: x.minimum(x.square()), (3, 4)),
    "attention": (lambda x: x.attention(x * 0.5, x.square(), 2), (5, 4)),
    "attention causal": (lambda x: x.attention(x, x, 2, causal=True, scale=0.7), (5, 4)),
    "attention masked": (
        lambda x: x.attention(x, x, 1, key_mask=x.narrow(2, 0, 1).reshape((x.shape[0], 5)).relu()),
        (5, 4),
    ),
    "attention causal and masked": (
        lambda x: x.attention(x, x, 1, True, x.narrow(2, 0, 1).reshape((x.shape[0], 5)).relu()),
        (5, 4),
    ),
    "avg_pool2d": (lambda x: x.avg_pool2d((2, 3), 1), (4, 7, 2)),
    "avg_pool1d": (lambda x: x.avg_pool1d(2), (7, 2)),
    "max_pool2d": (lambda x: x.max_pool2d(2, (1, 2)), (4, 7, 2)),
    "max_pool1d": (lambda x: x.max_pool1d(3, 2), (7, 2)),
    "batch_norm": (lambda x: x.reshape((x.shape[0] * 6, 2)).batch_norm().reshape(x.shape), (3, 2, 2)),
    "clamp": (lambda x: x.clamp(-0.5, 0.5) + x.clamp(max=0.1) + x.clamp(min=0.2), (3, 4)),
    "concat": (lambda x: F.concat([x, x.square(), x], dim=2), (3, 4)),
    "cos": (lambda x: x.cos(), (3, 4)),
    "conv2d": (lambda x, w, b: x.conv2d(w, b, stride=(2, 1), padding=1), (5, 6, 2), (3, 3, 2, 2), (3,)),
    "conv1d": (lambda x, w: x.conv1d(w, stride=2, padding=2), (7, 2), (3, 3, 2)),
    "exp": (lambda x: x.exp(), (3, 4)),
    "expand": (lambda x: x.reshape((x.shape[0], 1, 4)).expand((x.shape[0], 3, 4)), (4,)),
    "gelu": (lambda x: x.gelu(), (3, 4)),
    "index_select": (lambda x: x.index_select(1, [2, 0, 2]) + x.index_select(-2, [1, 1, 1]), (3, 4)),
    "layer_norm": (lambda x: x.layer_norm(1e-3, 0.618), (3, 4)),
    "linear": (lambda x, w, b: x.linear(w, b), (3, 4), (5, 4), (5,)),
    "log": (lambda x: positive(x).log(), (3, 4)),
    "matmul": (lambda x: x @ x.transpose(1, 2) @ x, (3, 4)),
    "narrow": (lambda x: x.narrow(-1, 1, 2) + x.narrow(2, 0, 2), (3, 4)),
    "neg": (lambda x: -x + x.neg(), (3, 4)),
    "transpose": (lambda x: x.transpose(-1, 1), (3, 4)),
    "permute": (lambda x: x.permute([0, -1, 1, 2]), (3, 4, 2)),
    "phi_residual": (lambda x: x.phi_residual(x.square()), (3, 4)),
    "phi_residual symmetric": (lambda x: x.phi_residual(x.square(), "phi_symmetric", "relu"), (3, 4)),
    "phi_residual standard": (lambda x: x.phi_residual(x.square(), "standard", "gelu"), (3, 4)),
    "phi_residual normed": (lambda x: x.phi_residual(x.square(), "phi", "layer_norm"), (3, 4)),
    "sum": (lambda x: x.sum(2) + x.sum(dim=(1, 2), keepdim=False).reshape((x.shape[0], 1)), (3, 4)),
    "mean": (lambda x: x - x.mean(-1, keepdim=True), (3, 4)),
    "mean of all": (lambda x: x - x.mean(), (3, 4)),
    "var": (lambda x: x.var(1, keepdim=True), (3, 4)),
    "max": (lambda x: x.max(1), (3, 4)),
    "min": (lambda x: x.min(2, keepdim=True), (3, 4)),
    "relu": (lambda x: x.relu(), (3, 4)),
    "reshape": (lambda x: x.reshape((x.shape[0], 2, 6)), (3, 4)),
    "sigmoid": (lambda x: x.sigmoid(), (3, 4)),
    "sin": (lambda x: x.sin(), (3, 4)),
    "softmax": (lambda x: x.softmax() + x.softmax(1), (3, 4)),
    "syntonic_softmax": (lambda x: x.syntonic_softmax(mode_norms=[0.0, 1.0, 4.0, 9.0], syntony_scale=0.5), (3, 4)),
    "syntonic_softmax along another axis": (lambda x: x.syntonic_softmax(1, [0.0, 1.0, 4.0]), (3, 4)),
    "syntonic_softmax of syntony": (lambda x: x.syntonic_softmax(syntony=x.sigmoid(), syntony_scale=2.0), (3, 4)),
    "sqrt": (lambda x: positive(x).sqrt(), (3, 4)),
    "square": (lambda x: x.square(), (3, 4)),
    "tanh": (lambda x: x.tanh(), (3, 4)),
    "parameter": (lambda x, p: x * x.parameter(p), (3, 4), (4,)),
}


@pytest.mark.parametrize("case", OPERATIONS)
def test_every_operation(case):
    action, shape, *own = OPERATIONS[case]
    model = Does(action, *own)
    model.initialize(1)
    outputs = model(Tensor([0.5] * (2 * math.prod(shape)), (2, *shape)))
    agree(model, Task(shape, outputs.shape[1:]))


def test_embeddings_take_whole_numbers():
    model = Does(lambda x, p: x.embedding(p), (7, 3))
    model.initialize(1)
    agree(model, Task((4,), (4, 3), vocabulary=7))


def test_every_operation_has_a_rule_and_a_case():
    names = {name for name, *_ in _operations()} - NOT_FOR_MODELS
    assert all(hasattr(onnx_rules, name) for name in names)
    assert names - {case.split()[0] for case in OPERATIONS} == {"embedding"}


def test_the_file_tells_names_shapes_and_where_it_comes_from():
    task = TASKS["features"]
    model = made("mlp", "features", {"hidden": (5,)})
    model.initialize(0)
    read = onnx.load_from_string(onnx_file(model, facts(task)))
    assert {each.name: list(each.dims) for each in read.graph.initializer}.items() >= {
        name: list(parameter.shape) for name, parameter in model.named_parameters()
    }.items()
    assert {each.key for each in read.metadata_props} >= {"syntonic.model", "syntonic.preparation"}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (lambda x: x.mse(x), "operation mse has no counterpart"),
        (lambda x: x.nothing(), "nothing"),
        (lambda x: x.reshape((2, 2)), "reshape"),
    ],
)
def test_what_cannot_be_exported_is_told(action, told):
    with pytest.raises(RequestError, match=told):
        onnx_file(Does(action), facts(Task((4,), (4,))))
