import inspect
import math

import numpy as np
import pytest

from syntonic.core import registry
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.layers import ResonantLinear


def test_the_registry_knows_the_model_and_its_arguments():
    assert registry.lookup("model", "mlp") is MLP
    assert list(registry.arguments(MLP)) == ["hidden", "activation", "bias", "mode_norms"]
    assert all(p.default is not inspect.Parameter.empty for p in registry.arguments(MLP).values())


@pytest.mark.parametrize(
    ("hidden", "bias", "shapes"),
    [
        ((), True, [(3, 5), (3,)]),
        ((7,), True, [(7, 5), (7,), (3, 7), (3,)]),
        ([4, 2], False, [(4, 5), (2, 4), (3, 2)]),
    ],
)
def test_parameters(hidden, bias, shapes):
    model = MLP(Task((5,), (3,)), hidden=hidden, bias=bias)
    assert [p.shape for p in model.parameters()] == shapes


@pytest.mark.parametrize(("activation", "gain"), [("relu", 2), ("gelu", 2), ("tanh", 1), ("sigmoid", 1)])
def test_first_values_have_the_gain_of_what_follows(activation, gain):
    model = MLP(Task((200,), (300,)), hidden=(300,), activation=activation)
    model.initialize(0)
    first, b, last, _ = (np.asarray(p.data.to_tensor("float64")) for p in model.parameters())
    assert (first**2).mean() == pytest.approx(gain / 200, rel=0.03)
    assert (last**2).mean() == pytest.approx(1 / 300, rel=0.03)
    assert not b.any()


def test_norms_reach_every_parameter():
    for p in MLP(Task((4,), (2,)), hidden=(3,), mode_norms="raw").parameters():
        assert p.data.mode_norms == [i * i for i in range(p.shape[-1])]


def test_the_precision_of_a_layer_reaches_its_parameters():
    assert [p.data.precision for p in ResonantLinear(4, 2, precision=7).parameters()] == [7, 7]


@pytest.mark.parametrize(
    "options",
    [{"hidden": (0,)}, {"hidden": (-1,)}, {"activation": "swish"}, {"mode_norms": "flat"}],
)
def test_bad_arguments_are_refused(options):
    with pytest.raises(ValueError, match="expected"):
        MLP(Task((2,), (1,)), **options)


def test_sizes_must_be_positive():
    for sizes in [(0, 1), (1, 0), (-1, 1)]:
        with pytest.raises(ValueError, match="at least 1"):
            ResonantLinear(*sizes)


def test_norms_of_ones_own_belong_to_the_inputs():
    layer = ResonantLinear(2, 3, mode_norms=[0.0, 5.0])
    assert layer.weight.data.mode_norms == [0, 5]
    assert layer.bias.data.mode_norms == [0, 1, 4]
    assert math.isclose(layer.weight.fan_in, 2)
