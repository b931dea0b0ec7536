"""Each layer against float64 NumPy, eager, traced and for members; and what it refuses."""

import numpy as np
import pytest
import reference as ref
from evolving import compare, filled, values

from syntonic._core import Tensor
from syntonic.nn.layers import (
    AdaptiveGate,
    DeepRecursionNet,
    Differentiation,
    DifferentiationModule,
    GoldenNorm,
    Harmonization,
    RecursionBlock,
    RecursionLayerNorm,
    ResonantLinear,
    ResonantParameter,
    SyntonicGate,
    SyntonicNorm,
)

RNG = np.random.default_rng(3)
X = RNG.standard_normal((7, 6))
SEQUENCE = RNG.standard_normal((3, 5, 6))


@pytest.mark.parametrize("x", [X, SEQUENCE, X[:1]], ids=["rows", "sequence", "one"])
@pytest.mark.parametrize("out", [None, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_differentiation(x, out, bias):
    layer = filled(Differentiation(6, out, bias=bias, alpha_scale=0.5))
    compare(layer, x, ref.differentiation(values(layer), x, 0.5))


@pytest.mark.parametrize("out", [None, 4])
@pytest.mark.parametrize("centred", [True, False])
def test_harmonization(out, centred):
    layer = filled(Harmonization(6, out, beta_scale=0.5, gamma_scale=2.0, centred=centred))
    compare(layer, X, ref.harmonization(values(layer), X, 0.5, 2.0, 0.5 if centred else 0.0))


def test_harmonization_with_zero_weights_is_the_identity():
    layer = Harmonization(6)
    layer.load_state_dict(Harmonization(6).state_dict())  # zeros that are meant
    assert np.array_equal(np.asarray(layer(Tensor(X, dtype="float64"))), X)


@pytest.mark.parametrize("use_gate", [True, False])
def test_recursion_block(use_gate):
    block = filled(RecursionBlock(6, use_gate=use_gate))
    compare(block, X, ref.recursion(values(block), X))


def test_recursion_block_between_widths():
    block = filled(RecursionBlock(6, 9, 4))
    compare(block, X, ref.recursion(values(block), X))


def test_deep_recursion_net():
    net = filled(DeepRecursionNet([6, 6, 8, 3], use_gate=True))
    p, want = values(net), X
    for i in range(3):
        want = ref.recursion(ref.part(p, f"blocks.{i}"), want)
    compare(net, X, want)


def test_the_syntony_of_a_block_compares_what_harmonization_undoes():
    block = filled(RecursionBlock(6))
    p = values(block)
    d = ref.differentiation(ref.part(p, "differentiation"), X)
    h = ref.harmonization(ref.part(p, "harmonization"), d)
    length = lambda v: np.sqrt((v**2).sum(-1))  # noqa: E731
    want = np.clip(1 - length(d - h) / (length(d - X) + 1e-8), 0, 1).mean()
    x = Tensor(X, dtype="float64")
    assert block.syntony(x).item() == pytest.approx(want, abs=1e-12)
    net = filled(DeepRecursionNet([6, 6, 6]))
    first, second = net.blocks
    assert net.syntony(x).item() == pytest.approx((first.syntony(x).item() + second.syntony(first(x)).item()) / 2)


def test_differentiation_module():
    module = filled(DifferentiationModule(6, 3, dropout=0.1)).eval()
    p = values(module)
    views = np.concatenate([ref.relu(ref.affine(p, SEQUENCE, f"heads.{i}")) for i in range(3)], -1)
    compare(module, SEQUENCE, ref.syntonic_norm(ref.part(p, "norm"), SEQUENCE + ref.affine(p, views, "out"), False))


@pytest.mark.parametrize("golden", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_syntonic_norm(golden, affine):
    norm = filled(SyntonicNorm(6, affine=affine, golden_target=golden))
    compare(norm, SEQUENCE, ref.syntonic_norm(values(norm), SEQUENCE, golden))


def test_norms_reach_the_golden_variance_beside_a_large_offset():
    x = Tensor(X * 3 + 1e4, dtype="float32")
    for norm, axis in ((SyntonicNorm(6), 1), (GoldenNorm(6), 0)):
        norm.initialize(0)
        spread = np.asarray(norm(x)).var(axis)
        assert spread == pytest.approx(np.full(spread.shape, 1 / ref.PHI), rel=1e-2)


@pytest.mark.parametrize("x", [X, SEQUENCE], ids=["rows", "sequence"])
@pytest.mark.parametrize("golden", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_golden_norm(x, golden, affine):
    norm = filled(GoldenNorm(6, affine=affine, golden_target=golden))
    axes = tuple(range(x.ndim - 1))
    want = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5) * np.sqrt(1 / ref.PHI if golden else 1.0)
    if affine:
        want = want * values(norm)["scale.gamma"] + values(norm)["scale.beta"]
    compare(norm, x, want)


def test_golden_norm_is_the_same_in_training_and_in_evaluation():
    norm, x = filled(GoldenNorm(6)), Tensor(X)
    assert norm.train()(x).tolist() == norm.eval()(x).tolist()


def test_recursion_layer_norm():
    norm = filled(RecursionLayerNorm(6, 3))
    p = values(norm)
    for depth in range(3):
        want = ref.layer_norm(X) * p[f"scales.{depth}.gamma"] * ref.PHI**-depth + p[f"scales.{depth}.beta"]
        np.testing.assert_allclose(np.asarray(norm.forward(Tensor(X, dtype="float64"), depth)), want, atol=1e-12)
    with pytest.raises(ValueError, match="depth of 0 to 2, got 3"):
        norm.forward(Tensor(X), 3)


def test_syntonic_gate():
    gate = filled(SyntonicGate(3, 4))
    compare(gate, X, ref.gate(values(gate), X[:, :3], X[:, 3:]))
    x, y = Tensor(X[:, :3]), Tensor(X[:, 3:])
    assert gate.mix(x, y).tolist() == gate(Tensor(X)).tolist()


def test_adaptive_gate():
    gate = filled(AdaptiveGate(2, syntony_temp=1.5, min_gate=0.2, max_gate=0.7))
    p = values(gate)
    s, base = (
        ref.sigmoid(ref.affine(p, np.tanh(ref.affine(p, X, f"{name}_first")), f"{name}_second"))
        for name in ("syntony", "base")
    )
    g = 0.2 + 0.5 * base * ref.sigmoid((s - 0.5) * 1.5 + base)
    compare(gate, X, g * X[:, 4:] + (1 - g) * X[:, :2])
    parts = [Tensor(X[:, i : i + 2]) for i in (0, 2, 4)]
    assert gate.mix(*parts).tolist() == gate(Tensor(X)).tolist()


def test_resonant_parameter_adds_itself():
    parameter = filled(ResonantParameter((6,)))
    compare(parameter, X, X + values(parameter)["parameter"])


def test_a_mutation_moves_coefficients_and_keeps_the_rest():
    parameter = ResonantParameter((40,), mode_norms=[float(i) for i in range(40)], precision=9)
    parameter.initialize(1)
    parameter.parameter.data.crystallize()
    before, norms = parameter.parameter.data.lattice(), parameter.parameter.data.mode_norms
    parameter.mutate(seed=3, rate=0.5, magnitude=2)
    after = parameter.parameter.data.lattice()
    moves = [new - old for a, b in zip(before, after, strict=True) for old, new in zip(a, b, strict=True)]
    assert {-2, 0, 2} <= set(moves)
    assert max(abs(c) for pair in after for c in pair) <= 9
    assert (parameter.parameter.data.mode_norms, parameter.parameter.data.precision) == (norms, 9)
    for rate, magnitude in [(1.5, 1), (0.5, 0)]:
        with pytest.raises(ValueError, match="0 <= rate <= 1"):
            parameter.mutate(seed=0, rate=rate, magnitude=magnitude)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DifferentiationModule(6, 4), "4 heads do not divide d_model = 6"),
        (lambda: DeepRecursionNet([3]), "at least two widths"),
        (lambda: RecursionBlock(3, None, 4, use_gate=True), "widths must agree; got 3 and 4"),
        (lambda: RecursionBlock(3, 5).syntony(Tensor.zeros((1, 3))), "equal widths"),
        (lambda: SyntonicNorm(0), "at least one feature"),
        (lambda: RecursionLayerNorm(3, 0), "at least one recursion"),
        (lambda: AdaptiveGate(3, min_gate=0.9, max_gate=0.1), "min_gate <= max_gate"),
        (lambda: SyntonicNorm(3)(Tensor.zeros((2, 4))), "expected 3 features"),
        (lambda: GoldenNorm(3)(Tensor.zeros((2, 4))), "expected 3 features"),
        (lambda: ResonantLinear(0, 1), "at least 1"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
