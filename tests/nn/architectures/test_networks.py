"""Syntonic layers, deep perceptrons and convolutional networks against NumPy, and what they refuse."""

import numpy as np
import pytest
import reference as ref
from evolving import compare, filled, values

from syntonic._core import Tensor
from syntonic.nn.architectures import CNN1d, CNN2d, Conv1d, Conv2d, DeepMLP, SyntonicLinear, SyntonicMLP, Task

RNG = np.random.default_rng(7)
X = RNG.standard_normal((4, 6))
SIGNAL = RNG.standard_normal((3, 11, 2))
IMAGE = RNG.standard_normal((3, 9, 8, 2))


@pytest.mark.parametrize("use_recursion", [True, False])
@pytest.mark.parametrize("golden", [True, False])
def test_syntonic_linear(use_recursion, golden):
    layer = filled(SyntonicLinear(6, 4, use_recursion=use_recursion, golden_norm=golden))
    compare(layer, X, ref.syntonic_linear(values(layer), X, golden), atol32=2e-4)
    if use_recursion:
        assert 0 <= layer.syntony(Tensor(X)).item() <= 1
    else:
        with pytest.raises(ValueError, match="use_recursion=True"):
            layer.syntony(Tensor(X))


@pytest.mark.parametrize(
    ("activation", "function"), [("none", lambda y: y), ("tanh", np.tanh), ("sigmoid", ref.sigmoid)]
)
def test_syntonic_mlp(activation, function):
    model = filled(SyntonicMLP(6, [5, 4], 3, output_activation=activation))
    p, y = values(model), X
    for i in range(2):
        y = ref.syntonic_linear(ref.part(p, f"layers.{i}"), y)
    compare(model, X, function(ref.affine(p, y, "out")), atol32=2e-4)
    x = Tensor(X)
    assert [out.shape for out in model.intermediate_outputs(x)] == [(4, 5), (4, 4)]
    assert all(0 <= s.item() <= 1 for s in model.layer_syntonies(x))


@pytest.mark.parametrize("mode", ["phi", "phi_symmetric", "standard"])
def test_deep_mlp(mode):
    model = filled(DeepMLP(Task((2, 3), (2, 2)), width=5, depth=2, residual=mode))
    p = values(model)
    y = ref.affine(p, X, "inlet")
    for i in range(2):
        y = ref.residual(y, ref.syntonic_linear(ref.part(p, f"blocks.{i}"), y), mode)
    compare(model, X.reshape(4, 2, 3), ref.affine(p, y, "out").reshape(4, 2, 2), atol32=2e-4)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(3, 1, None), (5, 2, None), (4, 3, 1), (1, 1, 0)])
@pytest.mark.parametrize("activation", ["relu", "none"])
def test_convolutions(kernel, stride, padding, activation):
    edge = kernel // 2 if padding is None else padding
    after = ref.relu if activation == "relu" else np.asarray
    for make, x in [(Conv1d, SIGNAL), (Conv2d, IMAGE)]:
        layer = filled(make(2, 3, kernel, stride=stride, padding=padding, activation=activation))
        p = values(layer)
        compare(layer, x, after(ref.convolution(x, p["weight"], p["bias"], stride, edge)))


@pytest.mark.parametrize("head", ["flatten", "mean"])
def test_cnn1d(head):
    model = filled(CNN1d(Task((11, 2), (4,)), channels=(3, 5), kernel_sizes=(5, 2), head=head))
    p = values(model)
    y = ref.relu(ref.convolution(SIGNAL, p["layers.0.weight"], p["layers.0.bias"], 2, 2))
    y = ref.relu(ref.convolution(y, p["layers.2.weight"], p["layers.2.bias"], 2, 1))
    compare(model, SIGNAL, ref.affine(p, y.mean(1) if head == "mean" else y.reshape(3, -1), "out"), atol32=1e-4)


def test_cnn1d_takes_a_plain_vector_for_one_channel():
    one, many = (filled(CNN1d(Task(shape, (4,)))) for shape in [(11,), (11, 1)])
    x = Tensor(SIGNAL[..., 0])
    assert one(x).tolist() == many(x.reshape((3, 11, 1))).tolist()


@pytest.mark.parametrize("head", ["flatten", "mean"])
@pytest.mark.parametrize(("kernel", "pool"), [(3, 2), (2, 2), (3, 1), (1, 2)])
def test_cnn2d(head, kernel, pool):
    model = filled(CNN2d(Task((9, 8, 2), (4,)), channels=(3, 5), kernel_size=kernel, pool=pool, head=head))
    p, y = values(model), IMAGE
    for i in range(2):
        weight, bias = (p[f"blocks.{i}.0.{name}"] for name in ("weight", "bias"))
        y = ref.max_pool2d(ref.relu(ref.convolution(y, weight, bias, 1, kernel // 2)), pool)
    compare(model, IMAGE, ref.affine(p, y.mean((1, 2)) if head == "mean" else y.reshape(3, -1), "out"), atol32=1e-4)


@pytest.mark.parametrize("norm", ["golden", "standard"])
def test_a_cnn_with_batch_norm_computes(norm):
    for make, x in [(CNN1d, SIGNAL), (CNN2d, IMAGE)]:
        model = make(Task(x.shape[1:], (4,)), norm=norm)
        model.initialize(0)
        assert np.isfinite(np.asarray(model(Tensor(x)))).all()


def test_convolutions_start_with_the_fan_in_of_their_kernel():
    for layer, fan_in in [(Conv1d(8, 400, 5), 40), (Conv2d(8, 400, 3), 72)]:
        layer.initialize(0)
        assert values(layer)["weight"].std() == pytest.approx((2 / fan_in) ** 0.5, rel=0.02)
        assert not values(layer)["bias"].any()
    plain = Conv1d(8, 400, 5, activation="none")
    plain.initialize(0)
    assert values(plain)["weight"].std() == pytest.approx(40**-0.5, rel=0.02)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: DeepMLP(Task((4,), (2,), vocabulary=3)), "try model=transformer"),
        (lambda: CNN1d(Task((4,), (2,), vocabulary=3)), "a CNN1d takes numbers"),
        (lambda: CNN1d(Task((8, 8, 1), (2,))), "try model=cnn2d"),
        (lambda: CNN1d(Task((8, 1), (2,)), channels=(3,)), "a kernel size for each of"),
        (lambda: CNN2d(Task((8, 8), (2,))), r"\(height, width, channels\), got \(8, 8\)"),
        (lambda: CNN2d(Task((8, 8, 1), (2,)), channels=()), "at least one convolution"),
        (lambda: CNN2d(Task((8, 8, 1), (2,)), channels=(2,) * 4), "leave nothing"),
        (lambda: Conv1d(0, 1), "in_channels of at least 1, got 0"),
        (lambda: Conv2d(1, 1, stride=0), "stride of at least 1, got 0"),
        (lambda: SyntonicMLP(2, [2], 1, output_activation="relu"), "none, sigmoid, tanh"),
        (lambda: Task((), (1,)), "input_shape of at least one axis"),
        (lambda: Task((2,), (0,)), "output_shape of at least one axis"),
        (lambda: Task((2,), (1,), vocabulary=0), "at least 1 token"),
    ],
)
def test_what_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
