"""A model computes with tensors what it records with symbols, and both what NumPy computes."""

import numpy as np
import pytest
from evolving import record

from syntonic._core import Graph, Tensor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Dropout, Module, Sequential
from syntonic.sn import functional as F

NUMPY = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "gelu": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", NUMPY)
@pytest.mark.parametrize("crystallized", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_mlp(activation, crystallized, bias, dtype):
    rng = np.random.default_rng(5)
    model = MLP(Task((4,), (3,)), hidden=(7, 5), activation=activation, bias=bias)
    model.initialize(2)
    for p in model.parameters():
        if p.init == "zeros":
            p.data.set_flux(rng.standard_normal(p.shape))
        if crystallized:
            p.data.crystallize()
    x = rng.standard_normal((11, 4)).astype(dtype)
    values = [np.asarray(p.data.to_tensor("float64")) for p in model.parameters()]
    layers = [values[i : i + 1 + bias] for i in range(0, len(values), 1 + bias)]
    want = x.astype("float64")
    for i, (w, *b) in enumerate(layers):
        want = want @ w.T + (b[0] if b else 0)
        want = NUMPY[activation](want) if i < 2 else want
    got = model(Tensor(x, dtype=dtype))
    assert got.dtype == dtype
    # Three layers of sums of at most 8 terms and an activation each; values and slopes are of order 1.
    np.testing.assert_allclose(np.asarray(got), want, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("activation", NUMPY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_traced_model_computes_what_an_eager_one_does(activation, dtype):
    rng = np.random.default_rng(6)
    model = MLP(Task((4,), (3,)), hidden=(7,), activation=activation)
    model.initialize(3)
    x = Tensor(rng.standard_normal((9, 4)), dtype=dtype)
    y = Tensor(rng.integers(3, size=9), dtype=dtype)
    eager = F.cross_entropy(model(x), y).item()
    assert record(model, F.cross_entropy, x, y, dtype=dtype).loss == eager


def test_a_parameter_outside_the_model_is_refused():
    class Stranger(Module):
        def __init__(self):
            self.hidden_from_modules = [ResonantLinear(2, 1)]

        def forward(self, x, /):
            return self.hidden_from_modules[0](x)

    graph = Graph([])
    with pytest.raises(ValueError, match="assign it to an attribute of a Module"):
        Stranger()(graph.input((3, 2)))


def test_dropout_acts_in_training_alone():
    x = Tensor.ones((50, 40), "float64")
    dropout = Dropout(0.25)
    dropped = np.asarray(dropout(x))
    assert set(np.unique(dropped)) == {0, 1 / 0.75}
    # 2,000 draws: one standard deviation of the share is 0.0097.
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.05)
    assert dropout.eval()(x) is x
    assert Dropout(0.0)(x) is x
    for bad in [1.0, -0.1, float("nan"), float("inf")]:
        with pytest.raises(ValueError, match="0 <= p < 1"):
            Dropout(bad)


def test_two_dropouts_of_a_model_draw_apart():
    model = Sequential(Dropout(), Dropout())
    model.initialize(0)
    x = Tensor.ones(1000)
    assert model[0](x).tolist() != model[1](x).tolist()
    assert model[0](x).tolist() == model[0](x).tolist()


def test_a_model_with_dropout_evolves_and_its_masks_change():
    class Net(Module):
        def __init__(self):
            self.layers = Sequential(Dropout(0.5), ResonantLinear(6, 1))

        def forward(self, x, /):
            return self.layers(x)

    x, y = Tensor.ones((8, 6), "float64"), Tensor.zeros((8, 1), "float64")
    losses = []
    for seed in (1, 2):
        model = Net()
        model.initialize(0)
        losses.append(record(model, F.mse_loss, x, y, seed=seed).loss)  # the weights are the same: only masks differ
    assert losses[0] != losses[1]
