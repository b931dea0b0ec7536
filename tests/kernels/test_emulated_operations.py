"""The plain kernels of operations, run on the CPU by `block_emulator.h`, against the operations of the CPU."""

import numpy as np
import pytest
from emulation import Emulated, aligned

from syntonic._core import Tensor

R, C = "(real*)p[{}]", "(const real*)p[{}]"
GRID, THREADS = (2, 1), (32, 1)


@pytest.fixture(scope="module")
def attention(tmp_path_factory):
    sizes = "n[0], n[1], n[2], n[3], n[4], n[5]"
    head = f"{R.format(0)}, {C.format(1)}, {C.format(2)}"
    kernels = {
        "attention_scores": f"{head}, {C.format(3)}, {sizes}, d[0], n[6]",
        "attention_weights": f"{head}, {sizes}, n[6]",
        "attention_values": f"{head}, {C.format(3)}, {sizes}, n[6]",
    }
    return Emulated(tmp_path_factory.mktemp("attention"), "attention", kernels)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("batch", "queries", "keys", "heads", "d", "dv"), [(1, 1, 1, 1, 1, 1), (2, 5, 7, 2, 3, 4)])
def test_attention(attention, batch, queries, keys, heads, d, dv, masked, causal):
    rng = np.random.default_rng(1)
    q, k, v = (
        aligned(rng.standard_normal((batch, length, heads * width)))
        for length, width in [(queries, d), (keys, d), (keys, dv)]
    )
    mask = aligned((rng.random((batch, keys)) < 0.6).astype(float)) if masked else None
    if masked:
        mask[0] = 0
        k[mask == 0] = np.nan
        v[mask == 0] = np.nan
    sizes = [heads, queries, keys, d, dv, causal]
    scores = aligned(np.full((batch * heads, queries, keys), 7.0))
    weights = aligned(np.full(scores.shape, 7.0))
    out = aligned(np.full((batch, queries, heads * dv), 7.0))
    attention.run("attention_scores", GRID, THREADS, [scores, q, k, mask], [*sizes, scores.size], [d**-0.5])
    attention.run("attention_weights", GRID, THREADS, [weights, scores, mask], [*sizes, weights.size])
    attention.run("attention_values", GRID, THREADS, [out, weights, v, mask], [*sizes, out.size])
    want = Tensor(q).attention(Tensor(k), Tensor(v), heads, causal, None if mask is None else Tensor(mask))
    np.testing.assert_allclose(out, np.asarray(want), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def losses(tmp_path_factory):
    pair = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, n[0], n[1]"
    row = f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {C.format(3)}, n[0], n[1]"
    rows = {"cross_entropy": f"{row}, d[0], n[2]", "accuracy": f"{row}, n[2]"}
    kernels = {"binary_cross_entropy": pair, "binary_accuracy": pair, **rows}
    return Emulated(tmp_path_factory.mktemp("losses"), "losses", kernels)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_accuracy"])
def test_losses_of_pairs(losses, name):
    x = aligned([0.0, -0.0, 1e30, -1e30, 3.0, -2.0, 0.1])
    y = aligned([0.0, 1.0, 1.0, 0.0, 0.25, 1.0, 0.5])
    out = aligned(np.full(7, np.nan))
    losses.run(name, GRID, THREADS, [out, x, y], [7, 7])
    for i in range(7):
        want = getattr(Tensor(x[i : i + 1]), name)(Tensor(y[i : i + 1])).item()
        np.testing.assert_allclose(out[i], want, rtol=1e-6, err_msg=str(i))
    losses.run(name, GRID, THREADS, [out, aligned(np.full(7, np.nan)), y], [7, 7])
    assert np.isnan(out).all() if name == "binary_cross_entropy" else not out.any()


@pytest.mark.parametrize("name", ["cross_entropy", "accuracy"])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_rows(losses, name, weighted):
    rng = np.random.default_rng(2)
    logits, labels = aligned(5 * rng.standard_normal((9, 4))), aligned(rng.integers(0, 4, 9))
    logits[3], logits[4, 2], labels[5], labels[6] = 1.0, 1e30, 4.0, 0.5
    weights = aligned(rng.integers(0, 3, 9)) if weighted else None
    if weighted:
        weights[7] = 0
        logits[7] = np.nan
    out = aligned(np.full(9, np.nan))
    losses.run(name, GRID, THREADS, [out, logits, labels, weights], [4, 9, 9], [0.0])
    for row in range(9):
        value = getattr(Tensor(logits[row]), name)(Tensor(labels[row], shape=())).item()
        if weighted:
            value = 0.0 if weights[row] == 0 else value * weights[row]
        np.testing.assert_allclose(out[row], value, rtol=2e-6, atol=1e-6, err_msg=str(row))


def test_smoothed_labels(losses):
    rng = np.random.default_rng(3)
    logits, labels = aligned(3 * rng.standard_normal((9, 4))), rng.integers(0, 4, 9)
    out = aligned(np.full(9, np.nan))
    losses.run("cross_entropy", GRID, THREADS, [out, logits, aligned(labels), None], [4, 9, 9], [0.2])
    x = logits.astype(np.float64)
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    wanted = np.full((9, 4), 0.05)
    wanted[np.arange(9), labels] += 0.8
    np.testing.assert_allclose(out, -(wanted * logs).sum(1), rtol=1e-5)


def test_layout(tmp_path):
    steps = "Walk{n[0], {n[2], n[3], n[4]}, {n[5], n[6], n[7]}}"
    head = f"{R.format(0)}, {C.format(1)}"
    kernels = {
        "gather": f"{head}, {steps}, n[1], n[8]",
        "place": f"{head}, n[0], n[1], n[2], n[3]",
        "select": f"{head}, (const size*)p[2], n[0], n[1], n[2], n[3]",
    }
    unit = Emulated(tmp_path, "layout", kernels)
    x = aligned(np.arange(24.0).reshape(2, 3, 4))
    turned = aligned(np.zeros((4, 2, 3)))
    unit.run("gather", GRID, THREADS, [turned, x], [3, 0, 4, 2, 3, 1, 12, 4, 24])
    np.testing.assert_array_equal(turned, x.transpose(2, 0, 1))
    part = aligned(np.zeros((2, 3, 2)))
    unit.run("gather", GRID, THREADS, [part, x], [3, 1, 2, 3, 2, 12, 4, 1, 12])
    np.testing.assert_array_equal(part, x[:, :, 1:3])
    joined = aligned(np.full((2, 5, 4), np.nan))
    unit.run("place", GRID, THREADS, [joined, x], [12, 20, 0, 24])
    unit.run("place", GRID, THREADS, [joined, aligned(x[:, :2])], [8, 20, 12, 16])
    np.testing.assert_array_equal(joined, np.concatenate([x, x[:, :2]], 1))
    chosen, places = aligned(np.zeros((2, 4, 4))), np.array([2, 0, 2, 1])
    unit.run("select", GRID, THREADS, [chosen, x, places], [4, 3, 4, 32])
    np.testing.assert_array_equal(chosen, x[:, places])


def test_embedding(tmp_path):
    sizes = "n[0], n[1], n[2], n[3], n[4]"
    unit = Emulated(tmp_path, "embedding", {"embedding": f"{R.format(0)}, {C.format(1)}, {C.format(2)}, {sizes}"})
    table, tokens = aligned(np.arange(6.0).reshape(3, 2)), aligned([2, 0, 3, -1, 0.5, np.nan, 1])
    out = aligned(np.zeros((7, 2)))
    unit.run("embedding", GRID, THREADS, [out, tokens, table], [3, 2, 7, 0, 14])
    np.testing.assert_array_equal(out[[0, 1, 6]], table[[2, 0, 1]])
    assert np.isnan(out[2:6]).all()
    # Two members with tables of their own, and tokens that both share.
    tables, both = aligned(np.stack([table, 10 + table])), aligned(np.zeros((2, 2, 2)))
    unit.run("embedding", GRID, THREADS, [both, tokens[:2], tables], [3, 2, 2, 1, 8])
    np.testing.assert_array_equal(both, tables[:, [2, 0]])


def test_dropout_has_the_mask_of_the_cpu(tmp_path):
    arguments = f"{R.format(0)}, {C.format(1)}, n[0], n[1], n[2], d[0], n[3], n[4], n[5], n[6], n[7]"
    unit = Emulated(tmp_path, "dropout", {"dropout": arguments}, ["philox.cuh"])
    x = aligned(np.random.default_rng(4).standard_normal(101))
    out = aligned(np.zeros(101))
    p, layer, stream = 0.3, 5, 5
    sizes = [stream, layer, int(p * (2**32 - 1)), 0, 0, 0, 101, 101]
    unit.run("dropout", GRID, THREADS, [out, x], sizes, [1 / (1 - p)])
    np.testing.assert_array_equal(out, np.asarray(Tensor(x).dropout(p, layer)))
