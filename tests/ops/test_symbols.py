"""What is recorded computes what the same lines compute at once: bits of the centre's loss, shapes, refusals."""

import itertools

import numpy as np
import pytest
from ops_oracle import DTYPES, random

from syntonic._core import Evolution, Graph, ResonantTensor, Tensor
from syntonic.sn import functional as F

SETTINGS = {
    "seed": 3,
    "population_size": 8,
    "learning_rate": 0.01,
    "learning_rate_final": 1.0,
    "max_generations": 10,
    "lattice": False,
    "error_feedback": False,
    "harmonize_strength": 0.0,
    "pull_strength": 0.0,
    "lambda_syntony": 0.0,
    "threads": 1,
}


def forward(x, tokens, w, table):
    """A model that uses tensors and numbers as constants on either side, and every kind of movement."""
    weights = Tensor([[0.5], [1.5], [0.0]], dtype="float64")
    wave = Tensor(np.sin(np.arange(4.0)), dtype="float64")
    h = F.embedding(tokens, table) + F.parameter(x, w) * x
    h = 1 / (2.5 + F.exp(-h)) - 0.25
    h = F.clamp(F.maximum(h, 0.1) / wave_like(h, wave), -3, 3)
    h = F.concat([h, F.transpose(F.transpose(h, 0, 1), 0, 1)], dim=-1)
    h = weights_like(h, weights) * F.narrow(h, 1, 1, 6) + F.mean(h, dim=1, keepdim=True)
    h = F.index_select(F.permute(h, (1, 0)), 0, [4, 0, 2])
    return h.var() + F.sum(F.square(h), dim=0).max() + F.mean(F.log(F.abs(h) + 1.0) * F.cos(h))


def wave_like(x, wave):
    return wave.astype(x.dtype) if isinstance(x, Tensor) else wave


def weights_like(x, weights):
    return wave_like(x, weights)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_program_has_the_bits_of_the_tensors(dtype):
    w, table = (ResonantTensor.from_flux(random(shape, "float64", 1)) for shape in [(4,), (7, 4)])
    x, tokens = Tensor(random((3, 4), dtype, 2), dtype=dtype), Tensor([6, 0, 3], dtype=dtype)
    want = forward(x, tokens, w, table).item()
    graph = Graph([w, table])
    objective = graph.objective(forward(graph.input((3, 4)), graph.input((3,)), w, table))
    record = Evolution([w, table], dtype=dtype, **SETTINGS).step(objective, [x, tokens])
    assert np.isfinite(want)
    assert record.loss == want
    assert record.nan_members == 0


def test_a_token_out_of_range_is_nan_in_a_program():
    table = ResonantTensor.from_flux(random((4, 2), "float64"))
    graph = Graph([table])
    objective = graph.objective(F.mean(F.embedding(graph.input((2,)), table)))
    record = Evolution([table], dtype="float32", **SETTINGS).step(objective, [Tensor([0.0, 4.0])])
    assert np.isnan(record.loss)
    assert record.nan_members == SETTINGS["population_size"]


def test_shapes_of_symbols():
    graph = Graph([ResonantTensor.zeros((5, 3))])
    x = graph.input((2, 1, 4))
    y = graph.input((3, 1))
    assert (x + y).shape == (2, 3, 4)
    assert (Tensor.zeros((7, 1, 1, 1)) * x).shape == (7, 2, 1, 4)
    assert F.sum(x, (0, -1)).shape == (1,)
    assert F.reshape(x, (-1, 2)).shape == (4, 2)
    assert F.concat([x, Tensor.zeros((2, 5, 4))], 1).shape == (2, 6, 4)
    assert F.expand(y, (2, 3, 3)).shape == (2, 3, 3)


def test_symbols_refuse():
    graph, other = Graph([]), Graph([])
    x, y = graph.input((2, 3)), other.input((2, 3))
    for a, b in itertools.permutations([x, y]):
        with pytest.raises(ValueError, match="one Graph"):
            a + b
    with pytest.raises(ValueError, match="registered"):
        F.parameter(x, ResonantTensor.zeros(3))
    with pytest.raises(ValueError, match="equal or 1"):
        Tensor.zeros(2) - x
    with pytest.raises(TypeError, match="number"):
        x.add("1")
    with pytest.raises(NotImplementedError, match="no value yet"):
        bool(F.sum(x) + 1)
