"""The models as the documents call them: their arguments, whatever numbers they are given, and NumPy's values."""

import math

import numpy as np
import pytest
import reference as ref
from evolving import values

from syntonic._core import ResonantTensor, Tensor
from syntonic.core.winding import WindingState
from syntonic.nn import architectures
from syntonic.nn.architectures import GoldenConeAttention, Task
from syntonic.nn.architectures.pure import (
    PureDeepSyntonicMLP,
    PureDHTransformerLayer,
    PureMultiHeadSyntonicAttention,
    PurePositionalEncoding,
    PureResonantTransformer,
    PureSyntonicAttention,
    PureSyntonicCNN1d,
    PureSyntonicCNN2d,
    PureSyntonicConv1d,
    PureSyntonicConv2d,
    PureSyntonicEmbedding,
    PureSyntonicLinear,
    PureSyntonicMLP,
    PureSyntonicTransformer,
    PureSyntonicTransformerEncoder,
    PureWindingEmbedding,
)
from syntonic.nn.winding import FibonacciHierarchy, WindingNet

RNG = np.random.default_rng(12)
CLOSE = {"rtol": 1e-11, "atol": 1e-12}


def positions(length, d, base):
    angle = np.arange(length)[:, None] / base ** (2 * (np.arange(d) // 2) / d)
    return np.where(np.arange(d) % 2, np.cos(angle), np.sin(angle))


def energy_share(x, norms):
    """S of a tensor, by its definition."""
    return (x**2 * np.exp(-np.asarray(norms) / ref.PHI)).sum() / (x**2).sum()


def is_resonant(found, want, norms=None):
    """It is a ResonantTensor in flux with NumPy's values, and the syntony that these have."""
    assert type(found) is ResonantTensor
    assert found.phase == "flux"
    assert found.shape == want.shape
    np.testing.assert_allclose(found.to_list(), want, **CLOSE)
    np.testing.assert_allclose(found.to_floats(), want.ravel(), **CLOSE)
    d = want.shape[-1]
    assert found.syntony == pytest.approx(energy_share(want, (3 * np.arange(d) / d) ** 2 if norms is None else norms))


@pytest.mark.parametrize(("use_golden", "base"), [(True, ref.PHI), (False, 10000.0)])
@pytest.mark.parametrize("shape", [(10, 512), (2, 10, 512)])
def test_positions_of_a_resonant_tensor(shape, use_golden, base):
    encoding = PurePositionalEncoding(d_model=512, max_len=5000, use_golden=use_golden)
    x = ResonantTensor.randn(shape, 100)
    is_resonant(encoding.forward(x), np.array(x.to_list()) + positions(10, 512, base))


def test_positions_keep_norms_and_precision():
    norms = [float(i) for i in range(8)]
    x = ResonantTensor(RNG.standard_normal((3, 8)), None, norms, 40)
    found = PurePositionalEncoding(8, 5, True).forward(x)
    is_resonant(found, np.array(x.to_list()) + positions(3, 8, ref.PHI), norms)
    assert found.precision == 40


def test_longer_sequences_extend_the_table():
    encoding = PurePositionalEncoding(6, max_len=4)
    for length in (3, 9, 4):
        is_resonant(encoding.forward(ResonantTensor.zeros((length, 6), 100)), positions(length, 6, ref.PHI))


@pytest.mark.parametrize(
    "embedding",
    [
        PureWindingEmbedding(num_embeddings=10000, embedding_dim=512, num_windings=8),
        PureWindingEmbedding(10000, 512),
    ],
)
def test_winding_embedding_of_a_list(embedding):
    found = embedding.forward([5, 10, 15, 20])
    p = values(embedding)
    angles = 2 * np.pi * np.array([[5], [10], [15], [20]]) / 10000 * np.array([1, 2, 5, 9, 17, 29, 47, 77])
    waves = np.concatenate([np.cos(angles), np.sin(angles)], -1)
    is_resonant(found, ref.syntonic_norm(ref.part(p, "norm"), ref.affine(p, waves, "linear")))
    assert np.std(found.to_list()) > 0.5


def test_syntonic_embedding_of_a_list_with_padding():
    embedding = PureSyntonicEmbedding(num_embeddings=10000, embedding_dim=512, harmonize=True)
    found = embedding.forward([1, 5, 10])
    p = values(embedding)
    rows = ref.harmonization(ref.part(p, "harmonization"), p["table"][[1, 5, 10]] * math.sqrt(512))
    is_resonant(found, ref.syntonic_norm(ref.part(p, "norm"), rows))
    padded = PureSyntonicEmbedding(50, 16, True, padding_idx=5)
    rows = np.array(padded.forward([[1, 5], [5, 10]]).to_list())
    assert not rows[0, 1].any()
    assert not rows[1, 0].any()
    assert rows[0, 0].any()
    plain = PureSyntonicEmbedding(50, 16, harmonize=False)
    is_resonant(plain.forward([3, 3, 0]), values(plain)["table"][[3, 3, 0]])


def attended(p, x, heads=2):
    return ref.multi_head(p, x, heads)


def encoded(p, x):
    for i in range(2):
        x = ref.transformer_layer(ref.part(p, f"layers.{i}"), x, 2)
    return ref.layer_norm(x)


def mlp(p, x):
    for i in range(2):
        x = ref.syntonic_linear(ref.part(p, f"layers.{i}"), x)
    return ref.affine(p, x, "out")


def deep(p, x):
    y = ref.affine(p, x, "inlet")
    for i in range(3):
        y = ref.syntonic_linear(ref.part(p, f"blocks.{i}"), y) + y / ref.PHI
    return ref.affine(p, y, "out")


def conv(p, x, stride=1, padding=1):
    return ref.relu(ref.convolution(x, p["weight"], p["bias"], stride, padding))


def cnn(p, x):
    for i in range(2):
        x = conv(ref.part(p, f"layers.{i}"), x)
    return ref.affine(p, x.mean(1), "out")


def pooled_cnn(p, x, pool=2):
    for i in range(2 if pool > 1 else 1):
        y = conv(ref.part(p, f"layers.{i}"), x)
        high, wide = y.shape[1] // pool, y.shape[2] // pool
        x = y[:, : high * pool, : wide * pool].reshape(len(y), high, pool, wide, pool, -1).max((2, 4))
    return ref.affine(p, x.mean((1, 2)), "out")


def recursive(p, x):
    y = x @ p["inlet"].T
    for i in range(3):
        y = ref.PHI * (y @ p[f"layers.{i}.weight"].T)
        y = np.where(y < Q / 248, 0, y)
    return y @ p["out"].T


Q = (2 * ref.PHI + math.e / (2 * ref.PHI**2)) / (ref.PHI**4 * (math.exp(math.pi) - math.pi))


def cone(p, x):
    h, i = np.arange(36)[:, None], np.arange(8)
    waves = np.exp(-(h**2) / ref.PHI) * np.cos(2 * np.pi * h * i / 8)
    return ref.softmax(x @ waves.T / ref.PHI) @ waves


def of_batch(formula):
    """The same formula for what lacks the batch axis."""
    return lambda p, x: formula(p, x[None])[0]


def as_batch_of_one(formula):
    return lambda p, x: formula(p, x[None])


MODELS = [
    (lambda: PureSyntonicLinear(4, 6), (3, 4), ref.syntonic_linear),
    (lambda: PureSyntonicLinear(4, 6, use_recursion=False), (2, 3, 4), ref.syntonic_linear),
    (lambda: PureSyntonicMLP(4, [8, 6], 2), (3, 4), mlp),
    (lambda: PureSyntonicMLP(4, [8, 6], 2, output_activation="tanh"), (3, 4), lambda p, x: np.tanh(mlp(p, x))),
    (lambda: PureDeepSyntonicMLP(4, 6, 2, depth=3), (3, 4), deep),
    (lambda: PureSyntonicAttention(8), (2, 5, 8), lambda p, x: ref.attention(x, x, x, 1)),
    (lambda: PureSyntonicAttention(8), (5, 8), of_batch(lambda p, x: ref.attention(x, x, x, 1))),
    (lambda: PureMultiHeadSyntonicAttention(8, n_heads=2), (2, 5, 8), attended),
    (lambda: PureMultiHeadSyntonicAttention(8, 2), (5, 8), of_batch(attended)),
    (lambda: PureDHTransformerLayer(8, 2, 16), (2, 5, 8), lambda p, x: ref.transformer_layer(p, x, 2)),
    (
        lambda: PureDHTransformerLayer(8, n_heads=2, d_ff=16),
        (5, 8),
        of_batch(lambda p, x: ref.transformer_layer(p, x, 2)),
    ),
    (lambda: PureSyntonicTransformerEncoder(8, n_heads=2, n_layers=2, d_ff=16), (2, 5, 8), encoded),
    (
        lambda: PureSyntonicTransformer(d_model=8, n_heads=2, n_layers=2, d_ff=16, output_dim=3),
        (5, 8),
        as_batch_of_one(lambda p, x: ref.affine(p, encoded(ref.part(p, "encoder"), x).mean(1), "out")),
    ),
    (lambda: PureSyntonicConv1d(4, 6), (9, 4), of_batch(conv)),
    (lambda: PureSyntonicConv1d(4, 6, 3, 2, 0), (2, 9, 4), lambda p, x: conv(p, x, 2, 0)),
    (lambda: PureSyntonicConv2d(2, 3, kernel_size=3, stride=1, padding=1), (5, 6, 2), as_batch_of_one(conv)),
    (lambda: PureSyntonicConv2d(2, 3, 3, 2), (4, 5, 6, 2), lambda p, x: conv(p, x, 2)),
    (lambda: PureSyntonicCNN1d(4, 3, [5, 6]), (9, 4), as_batch_of_one(cnn)),
    (lambda: PureSyntonicCNN2d(2, 3, [4, 5]), (5, 8, 2), as_batch_of_one(pooled_cnn)),
    (lambda: PureSyntonicCNN2d(2, 3, hidden_channels=[4], pool=1), (2, 5, 4, 2), lambda p, x: pooled_cnn(p, x, 1)),
    (lambda: PureResonantTransformer(4, 8, 2), (3, 4), recursive),
    (lambda: GoldenConeAttention(8, n_heads=36), (5, 8), cone),
]


@pytest.mark.parametrize(("make", "shape", "formula"), MODELS)
def test_lists_tensors_and_resonant_tensors(make, shape, formula):
    """Made and called, nothing else: the same first values whatever it is called with."""
    x = RNG.standard_normal(shape)
    model = make()
    found = model.forward(x.tolist())
    p = values(model)
    want = formula(p, x)
    is_resonant(found, want)
    assert np.std(want) > 0
    given = Tensor(x, dtype="float64")
    tensor = model.forward(given)
    assert type(tensor) is Tensor
    np.testing.assert_array_equal(tensor, found.to_list())
    np.testing.assert_array_equal(make().forward(given), tensor)  # made again: the same first values
    resonant = ResonantTensor(x)
    exact = np.array(resonant.to_list())
    for call in (model.forward, model):
        is_resonant(call(resonant), formula(p, exact))
    small = Tensor(x, dtype="float32")
    assert model.forward(small).dtype == "float32"


def test_queries_keys_and_values():
    q, k, v = (RNG.standard_normal((n, 8)) for n in (3, 5, 5))
    plain = PureSyntonicAttention(8)
    want = ref.attention(q[None], k[None], v[None], 1)[0]
    is_resonant(plain.forward(q.tolist(), k.tolist(), v.tolist()), want)
    many = PureMultiHeadSyntonicAttention(8, 2)
    found = many.forward(ResonantTensor(q), ResonantTensor(k), ResonantTensor(v))
    p = values(many)
    exact = [np.array(ResonantTensor(x).to_list())[None] for x in (q, k, v)]
    parts = [ref.affine(p, x, name) for x, name in zip(exact, ("query", "key", "value"), strict=True)]
    is_resonant(found, ref.affine(p, ref.attention(*parts, 2), "out")[0])
    mask = [1.0, 1.0, 0.0, 1.0, 0.0]
    masked = plain.forward(q.tolist(), k.tolist(), v.tolist(), mask)
    is_resonant(masked, ref.attention(q[None], k[None], v[None], 1, mask=np.array([mask]))[0])


def test_a_task_in_front_makes_the_model_of_a_run():
    task = Task((6,), (6, 8), vocabulary=8)
    assert type(architectures.PureSyntonicTransformer(task, d_model=8, layers=1)) is architectures.Transformer
    assert type(architectures.PureDeepSyntonicMLP(Task((2,), (1,)), width=4)) is architectures.DeepMLP
    assert type(architectures.PureSyntonicCNN1d(Task((8, 1), (2,)))) is architectures.CNN1d
    assert type(architectures.PureSyntonicCNN2d(Task((8, 8, 1), (2,)))) is architectures.CNN2d
    assert type(WindingNet(Task((2,), (1,)))) is architectures.WindingNet


def test_the_winding_net_takes_states_and_tells_of_its_blocks():
    net = WindingNet(max_winding=2, base_dim=8, num_blocks=2, output_dim=2)
    assert (net.network_syntony, net.get_blockchain_stats()["accepted"]) == (0.5, 0)
    states = [WindingState(1, 0, 0, 0), WindingState(1, 1, 0, 0), WindingState(0, 0, 0, 0)]
    found = net.forward(states)
    assert type(found) is ResonantTensor
    tensor = Tensor([list(state) for state in states], dtype="float64")
    want = net.statistics(tensor)
    stats = net.get_blockchain_stats()
    assert stats["accepted"] == sum(block.accepted for block in want)
    assert stats["accepted"] + stats["rejected"] == 3 * 2
    assert net.network_syntony == pytest.approx(np.mean([block.syntony for block in want]))
    assert stats["mean_syntony"] == net.network_syntony
    np.testing.assert_array_equal(found.to_list(), net.forward(tensor))
    np.testing.assert_array_equal(found.to_list(), net.forward([list(map(float, state)) for state in states]).to_list())


def test_the_hierarchy_of_widths():
    hierarchy = FibonacciHierarchy(max_depth=5)
    assert hierarchy.get_layer_dims(64) == [64 * f for f in (1, 1, 2, 3, 5, 8, 13)]
    assert [hierarchy.get_expansion_factor(level) for level in range(5)] == [1, 2, 3, 5, 8]


def test_what_fits_nothing_says_so():
    with pytest.raises(ValueError, match=r"expected \(..., length, 4\), got shape \(3, 5\)"):
        PurePositionalEncoding(4, 5).forward(ResonantTensor.zeros((3, 5), 100))
    with pytest.raises(ValueError, match="depth of at least 1"):
        PureDeepSyntonicMLP(4, 6, 2, depth=0)
    with pytest.raises(ValueError, match="n_layers of at least 1"):
        PureResonantTransformer(4, 6, 2, n_layers=0)
