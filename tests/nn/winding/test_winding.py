"""Winding states as inputs, selections and the block that judges itself, against NumPy; and the net's statistics."""

import numpy as np
import pytest
import reference as ref
from evolving import compare, filled, record, squares, values

from syntonic._core import Tensor
from syntonic.core.winding import WindingState
from syntonic.nn.architectures import Task, WindingNet
from syntonic.nn.winding import (
    DHSRBlock,
    FibonacciHierarchy,
    PrimeSelection,
    ResonantWindingEmbedding,
    TorusEmbedding,
    WindingStateEmbedding,
    WindingSyntony,
)

RNG = np.random.default_rng(11)
X = RNG.standard_normal((7, 8))
POINTS = RNG.uniform(0, 2 * np.pi, (5, 2))


def test_a_table_has_a_row_for_each_state():
    embedding = WindingStateEmbedding(5, 4)
    assert embedding.table.shape == (3121, 4)
    assert embedding.row(WindingState(-5)) == 0
    assert embedding.mode_norm(WindingState(1, -2, 0, 1)) == 6
    with pytest.raises(ValueError, match=r"\|7,8,0,0> is not among the 3121 states"):
        embedding.row(WindingState(7, 8))


def test_rows_start_smaller_for_states_that_wind_more():
    embedding = WindingStateEmbedding(3, 200)
    embedding.initialize(0)
    table = values(embedding)["table"]
    for square in range(5):
        rows = [i for i, state in enumerate(embedding.states) if state.norm_squared == square]
        want = 200**-0.5 * np.exp(-square / (2 * ref.PHI))
        assert table[rows].std() == pytest.approx(want, rel=5 / (2 * 200 * len(rows)) ** 0.5)


def test_lookup_of_states_and_of_the_points_where_they_lie():
    embedding = filled(WindingStateEmbedding(2, 4, dimensions=2))
    places = [(0, 0), (-1, 1), (2, 0)]
    rows = embedding.lookup(*(WindingState(*place) for place in places))
    table = values(embedding)["table"]
    assert np.array_equal(np.asarray(rows), table[[embedding.row(WindingState(*place)) for place in places]])
    got = embedding(Tensor(np.array(places, float), dtype="float64"))
    np.testing.assert_allclose(np.asarray(got), np.asarray(rows), atol=20 * np.exp(-20) * abs(table).max())


def test_a_point_between_states_is_the_weighted_mean_of_their_rows():
    embedding = filled(WindingStateEmbedding(1, 3, dimensions=2, sharpness=3.0))
    states = np.array([list(state)[:2] for state in embedding.states], float)
    distance = ((POINTS[:, None] - states) ** 2).sum(-1)
    compare(embedding, POINTS, ref.softmax(-3 * distance) @ values(embedding)["table"], atol32=1e-4)


def test_a_point_on_a_torus():
    embedding = filled(TorusEmbedding(2, 3, max_n=1, period=4.0))
    weight = np.exp(-1 / (2 * ref.PHI))
    angles = 2 * np.pi / 4 * POINTS @ np.array([[0.0, 1.0], [1.0, 0.0]])
    waves = weight * np.concatenate([np.cos(angles), np.sin(angles)], -1)
    compare(embedding, POINTS, ref.affine(values(embedding), waves, "linear"))
    turned = embedding(Tensor(POINTS + np.array([4.0, -8.0]), dtype="float64"))
    np.testing.assert_allclose(np.asarray(turned), np.asarray(embedding(Tensor(POINTS, dtype="float64"))), atol=1e-12)


def test_the_syntony_of_a_table_counts_winding_and_feature():
    embedding = filled(ResonantWindingEmbedding(1, 3))
    table = values(embedding)["embedding.table"]
    norms = np.array([[state.norm_squared + i**2 for i in range(3)] for state in embedding.embedding.states])
    assert embedding.mode_norm(WindingState(0, 1), 2) == 5
    assert embedding.syntony() == pytest.approx((table**2 * np.exp(-norms / ref.PHI)).sum() / (table**2).sum())
    embedding.crystallize()
    assert embedding.embedding.table.data.phase == "crystallized"


def test_fibonacci_widths():
    hierarchy = FibonacciHierarchy()
    assert hierarchy.sequence == [1, 1, 2, 3, 5, 8, 13]
    assert hierarchy.layer_dims(4) == [4, 4, 8, 12, 20, 32, 52]
    assert [hierarchy.expansion_factor(level) for level in range(6)] == [1, 2, 3, 5, 8, 13]


@pytest.mark.parametrize(
    ("mask", "kept"), [("square_free", [1, 2, 3, 5, 6, 7, 10, 11, 13]), ("prime", [2, 3, 5, 7, 11, 13])]
)
def test_selection_by_arithmetic(mask, kept):
    selection = PrimeSelection(13, mask=mask)
    assert [i + 1 for i in selection.selected] == kept
    assert sorted(selection.selected + selection.rejected) == list(range(13))
    x = RNG.standard_normal((2, 3, 13))
    want = np.where([i + 1 in kept for i in range(13)], x, 0)
    assert np.array_equal(np.asarray(selection(Tensor(x, dtype="float64"))), want)


def test_winding_syntony():
    norms = [0.0, 1.0, 1.0, 2.0, 4.0, 4.0, 5.0, 9.0]
    weights = np.exp(-np.array(norms) / ref.PHI)
    every = (X**2 * weights).sum(-1, keepdims=True) / (X**2).sum(-1, keepdims=True)
    syntony = WindingSyntony(8, norms)
    np.testing.assert_allclose(np.asarray(syntony.batch(Tensor(X, dtype="float64"))), every, atol=1e-14)
    assert syntony(Tensor(X, dtype="float64")).item() == pytest.approx(every.mean())
    with pytest.raises(ValueError, match="expected 8 mode norms"):
        WindingSyntony(8, norms[:7])


def judged(p, x, threshold, mask):
    before = ref.syntony(x)
    y = x + (1 - before) / ref.PHI**2 * ref.affine(p, ref.relu(ref.affine(p, x, "expand")), "project")
    y = y * mask
    y = y - y * (before / ref.PHI) * (1 - ref.weights(x.shape[1]))
    after = ref.syntony(y)
    accepted = after > before + threshold
    return np.where(accepted, y, x), accepted, np.where(accepted, after, before)


@pytest.mark.parametrize("selection", ["square_free", "prime", "none"])
def test_a_block_keeps_what_raises_syntony(selection):
    block = filled(DHSRBlock(8, selection=selection, threshold=0.05), scale=0.4)
    mask = np.ones(8) if selection == "none" else np.isin(np.arange(8), PrimeSelection(8, mask=selection).selected)
    want, accepted, syntony = judged(values(block), X, 0.05, mask)
    assert 0 < accepted.sum() < len(X)
    compare(block, X, want)
    _, got_accepted, got_syntony = block.judge(Tensor(X, dtype="float64"))
    assert np.array_equal(np.asarray(got_accepted), accepted)
    np.testing.assert_allclose(np.asarray(got_syntony), syntony, atol=1e-13)


def test_a_block_never_lowers_syntony_and_leaves_the_rejected_as_they_came():
    block = filled(DHSRBlock(8, threshold=0.0))
    y, accepted, _ = (np.asarray(v) for v in block.judge(Tensor(X, dtype="float64")))
    assert (ref.syntony(y) >= ref.syntony(X)).all()
    rejected = accepted[:, 0] == 0
    assert np.array_equal(y[rejected], X[rejected])


@pytest.mark.parametrize("embedding", ["torus", "lookup"])
def test_the_net_tells_what_its_blocks_accepted(embedding):
    net = filled(WindingNet(Task((2,), (3,)), embedding=embedding), scale=0.4)
    x = Tensor(POINTS)
    statistics = net.statistics(x)
    assert len(statistics) == 2
    assert all(s.accepted + s.rejected == 5 and 0 <= s.syntony <= 1 for s in statistics)
    assert net.syntony(x).item() == pytest.approx(np.mean([s.syntony for s in statistics]), abs=1e-6)
    strict = filled(WindingNet(Task((2,), (3,)), embedding=embedding, threshold=1.0), scale=0.4)
    assert [s.accepted for s in strict.statistics(x)] == [0, 0]


def test_the_net_has_fibonacci_widths():
    net = WindingNet(Task((4,), (3,)), base_dim=3, num_blocks=4)
    assert [part.linear.weight.shape for part in net.transitions] == [(3, 3), (6, 3), (9, 6), (15, 9)]
    assert net.out.weight.shape == (3, 15)


def test_acceptance_is_part_of_the_program():
    net = filled(WindingNet(Task((2,), (3,))), scale=0.4)
    x, y = Tensor(POINTS, dtype="float64"), Tensor.zeros((5, 3), "float64")
    found = record(net, squares, x, y)
    assert found.nan_members == 0
    assert found.best_fitness > -found.loss


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: WindingNet(Task((5,), (2,))), "1 to 4 places"),
        (lambda: WindingNet(Task((2, 2), (2,))), "1 to 4 places"),
        (lambda: WindingNet(Task((2,), (2,), vocabulary=4)), "try model=transformer"),
        (lambda: TorusEmbedding(5, 3), "1 to 4 circles"),
        (lambda: TorusEmbedding(2, 3, max_n=0), "max_n of at least 1"),
        (lambda: PrimeSelection(0), "at least one feature"),
        (lambda: PrimeSelection(3, mask="odd"), "square_free or prime"),
        (lambda: PrimeSelection(3)(Tensor.ones((2, 4))), "expected 3 features"),
        (lambda: FibonacciHierarchy(0), "at least 1"),
        (lambda: FibonacciHierarchy(1).expansion_factor(2), "level of 0 to 1"),
        (lambda: ResonantWindingEmbedding(1, 3).mode_norm(WindingState(0), 3), "feature of 0 to 2"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
