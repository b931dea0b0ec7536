"""Transformers against NumPy, their masks, their switches and what they refuse."""

import numpy as np
import pytest
import reference as ref
from evolving import DTYPES, compare, filled, values

from syntonic._core import Tensor
from syntonic.nn.architectures import (
    Ablations,
    Task,
    Transformer,
    TransformerEncoder,
    TransformerLayer,
    TransformerLM,
)

RNG = np.random.default_rng(6)
X = RNG.standard_normal((3, 5, 6))
TOKENS = RNG.integers(1, 7, (3, 5)).astype(float)
CLASSES = Task((5,), (4,), vocabulary=7)
SEQUENCE = Task((5,), (5, 7), vocabulary=7)
SMALL = {"d_model": 6, "heads": 2, "layers": 2}


@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
@pytest.mark.parametrize("norm", ["golden", "standard"])
@pytest.mark.parametrize("affine", [True, False])
def test_layer(mode, norm, affine):
    layer = filled(TransformerLayer(6, 2, 8, ablations=Ablations(residual=mode, norm=norm, affine_norm=affine)))
    compare(layer, X, ref.transformer_layer(values(layer), X, 2, mode=mode, golden=norm == "golden"))


def test_encoder():
    encoder = filled(TransformerEncoder(6, 2, 2, ablations=Ablations(causal=True)))
    p, want = values(encoder), X
    for i in range(2):
        want = ref.transformer_layer(ref.part(p, f"layers.{i}"), want, 2, causal=True)
    compare(encoder, X, ref.layer_norm(want))


@pytest.mark.parametrize("task", [CLASSES, SEQUENCE], ids=["classes", "sequence"])
def test_transformer(task):
    model = filled(Transformer(task, **SMALL))
    p = ref.part(values(model), "model")
    y = p["embedding.table"][TOKENS.astype(int)] + p["positions.table"]
    for i in range(2):
        y = ref.transformer_layer(ref.part(p, f"encoder.layers.{i}"), y, 2)
    y = ref.layer_norm(y)
    compare(model, TOKENS, ref.affine(p, y.mean(1) if task is CLASSES else y, "out"), atol32=1e-4)


@pytest.mark.parametrize("make", [Transformer, TransformerLM])
def test_numbers_go_through_an_affine_map(make):
    model = filled(make(Task((5, 3), (5, 2)), **SMALL))
    assert model(Tensor.zeros((2, 5, 3))).shape == (2, 5, 2)
    assert next(name for name, _ in model.named_parameters()) == "model.embedding.weight"


@pytest.mark.parametrize("softmax", ["standard", "syntonic"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "make", [TransformerLM, lambda *a, **k: Transformer(*a, causal=True, **k)], ids=["lm", "causal"]
)
def test_a_position_never_sees_a_later_one(make, softmax, dtype):
    model = filled(make(SEQUENCE, softmax=softmax, **SMALL))
    first = np.asarray(model(Tensor(TOKENS, dtype=dtype)))
    for position in range(1, 5):
        other = TOKENS.copy()
        other[:, position:] = 6 - other[:, position:] % 6
        second = np.asarray(model(Tensor(other, dtype=dtype)))
        assert np.array_equal(first[:, :position], second[:, :position])
        assert not np.array_equal(first[:, position:], second[:, position:])


@pytest.mark.parametrize("softmax", ["standard", "syntonic"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_padding_is_really_ignored(softmax, dtype):
    """A padded sequence has the answer of the same sequence without padding, whatever stands where it is hidden."""
    model = filled(Transformer(CLASSES, softmax="standard", padding_token=0, **SMALL))
    padded = TOKENS.copy()
    padded[:, 3:] = 0
    got = np.asarray(model(Tensor(padded, dtype=dtype)))
    short = np.asarray(model(Tensor(padded[:, :3], dtype=dtype)))
    np.testing.assert_allclose(got, short, rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)
    masked = filled(Transformer(CLASSES, softmax=softmax, **SMALL))
    mask = Tensor(np.tile([1.0, 1, 1, 0, 0], (3, 1)), dtype=dtype)
    other = TOKENS.copy()
    other[:, 3:] = 6 - other[:, 3:] % 6
    one, two = (np.asarray(masked.forward(Tensor(a, dtype=dtype), mask)) for a in (TOKENS, other))
    assert np.array_equal(one, two)


def test_a_sequence_of_padding_alone_has_an_answer():
    model = filled(Transformer(CLASSES, padding_token=0, **SMALL))
    assert np.isfinite(np.asarray(model(Tensor.zeros((2, 5))))).all()


SWITCHES = [
    {"residual": "phi_symmetric"},
    {"residual": "standard"},
    {"norm": "golden"},
    {"softmax": "syntonic"},
    {"positional": "golden"},
    {"positional": "standard"},
    {"attention": "cone"},
    {"embedding": "winding"},
    {"embedding": "syntonic"},
    {"affine_norm": True},
    {"d_ff": 3},
    {"logit_scale": 0.5},
]


@pytest.mark.parametrize("make", [Transformer, TransformerLM])
@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_every_switch_changes_the_answer(make, switch):
    plain, switched = (filled(make(SEQUENCE, **SMALL, **more)) for more in ({}, switch))
    x = Tensor(TOKENS)
    assert switched(x).shape == (3, 5, 7)
    assert switched(x).tolist() != plain(x).tolist()


def test_dropout_acts_in_training_alone():
    model = filled(Transformer(SEQUENCE, dropout=0.5, **SMALL))
    x = Tensor(TOKENS)
    plain = filled(Transformer(SEQUENCE, **SMALL))(x).tolist()
    assert model(x).tolist() != plain
    assert model.eval()(x).tolist() == plain


def test_first_values_are_those_that_evolution_can_start_from():
    model = TransformerLM(Task((64,), (64, 256), vocabulary=256), d_model=64, heads=4)
    model.initialize(0)
    p = ref.part(values(model), "model")
    assert p["embedding.table"].std() == pytest.approx(0.5, rel=0.03)
    assert p["positions.table"].std() == pytest.approx(0.5, rel=0.03)
    for name in ("query", "key", "value", "out"):
        assert p[f"encoder.layers.1.attention.{name}.weight"].std() == pytest.approx(64**-0.5, rel=0.04)
    assert p["encoder.layers.0.feed_in.weight"].std() == pytest.approx(64**-0.5, rel=0.04)
    assert p["encoder.layers.0.feed_out.weight"].std() == pytest.approx(128**-0.5, rel=0.04)
    assert p["out.weight"].std() == pytest.approx(64**-0.5, rel=0.04)
    assert sum(v.size for v in p.values()) == 102_400


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Transformer(CLASSES, d_model=6, heads=4), "4 heads do not divide d_model = 6"),
        (lambda: Transformer(Task((8, 8, 1), (10,))), "try model=mlp, model=cnn1d or model=cnn2d"),
        (lambda: Transformer(Task((8,), (10,))), r"numbers \(length, features\) here, got \(8,\)"),
        (lambda: Transformer(Task((5,), (4, 7), vocabulary=7)), r"\(5, classes\), one for each position, got \(4, 7\)"),
        (lambda: Transformer(CLASSES, padding_token=7), "padding_token is 7; .* 7"),
        (lambda: Transformer(CLASSES, max_length=4), "max_length is 4; the task's sequences have length 5"),
        (lambda: TransformerLM(CLASSES), "try model=transformer"),
        (lambda: TransformerLayer(6, 2, 0), "at least 1"),
        (lambda: TransformerEncoder(6, 2, 0), "at least one layer"),
        (lambda: Transformer(CLASSES, **SMALL)(Tensor.ones((2, 6))), "length 6 is longer than the table of 5"),
        (lambda: Transformer(CLASSES, **SMALL)(Tensor.zeros((0, 5))), r"none of them empty, got \(0, 5\)"),
        (lambda: Transformer(CLASSES, **SMALL)(Tensor.zeros((2, 5, 3))), r"expected \(batch, "),
        (lambda: Transformer(CLASSES, **SMALL)(Tensor.full((2, 5), 7.0)), "token"),
        (
            lambda: Transformer(CLASSES, **SMALL).forward(Tensor.ones((2, 5)), Tensor.ones((2, 4))),
            r"key mask \(batch, length\) = \(2, 5\), got \(2, 4\)",
        ),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
