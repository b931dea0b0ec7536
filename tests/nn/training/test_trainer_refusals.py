"""What the trainer refuses, in which words, and that a refusal changes nothing."""

import math
import struct

import pytest
from waves import POPULATION, Waves, bits, model, train, trainer

from syntonic._core import Tensor
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.sn import Module, Parameter, Sequential
from syntonic.sn import functional as F


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"population_size": 7}, "population_size.*even.*got 7"),
        ({"population_size": 0}, "2 <= population_size.*got 0"),
        ({"population_size": -2}, "2 <= population_size.*got -2"),
        ({"survivor_count": 1}, "survivor_count >= 2.*got 1"),
        ({"survivor_count": POPULATION + 1}, "survivor_count <= population_size = 86.*got 87"),
        ({"sigma": "wide"}, "sigma > 0.*wide"),
        ({"lattice": 1}, "lattice true or false, got 1"),
        ({"rank": 1.0}, "rank >= 1, a whole number, or none, got 1"),
        ({"max_generations": 2**70}, "max_generations.*got 1180591620717411"),
        ({"sigma": 0.0}, "sigma > 0"),
        ({"sigma": math.nan}, "sigma > 0.*NaN"),
        ({"rank": 0}, "rank >= 1"),
        ({"learning_rate": -1.0}, "learning_rate > 0"),
        ({"beta1": 1.0}, "beta1"),
        ({"pull_strength": 1.5}, "pull_strength"),
        ({"harmonize_strength": 9.0}, "harmonize_strength"),
        ({"attractor_capacity": 0}, "attractor_capacity"),
        ({"optimizer": "sgd"}, "adam or momentum"),
        ({"precision": 0}, "precision"),
        ({"threads": 0}, "threads"),
    ],
)
def test_a_setting_out_of_its_range(settings, words):
    with pytest.raises(ValueError, match=words):
        trainer(**settings)


def test_an_unknown_dtype():
    with pytest.raises(ValueError, match=r"dtype float32 or float64, got .*float16"):
        trainer(dtype="float16")


def test_an_unknown_setting():
    with pytest.raises(TypeError, match=r"no setting 'sigmas' of the trainer; did you mean 'sigma'"):
        trainer(sigmas=0.1)


def test_an_unknown_device():
    with pytest.raises(ValueError, match=r"device is 'tpu'.*cpu, cuda or cuda:N"):
        RetrocausalTrainer(0, "tpu")


class Branching(Module):
    """Looks at a number, which no traced model can."""

    def __init__(self) -> None:
        self.inner = MLP(Task((2,), (1,)))

    def forward(self, x, /):
        y = self.inner(x)
        return y.relu() if float(y.mean()) > 0 else y


def test_a_model_that_branches_on_a_value():
    branching = Branching()
    branching.initialize(0)
    with pytest.raises(NotImplementedError, match="cannot branch on numbers"):
        next(trainer().run(branching, Waves()))


class Forgetful(Module):
    """Hides a parameter where no module finds it."""

    def __init__(self) -> None:
        self.inner = MLP(Task((2,), (1,)))
        self.hidden = [Parameter((1, 2))]

    def forward(self, x, /):
        return self.inner(x) + F.linear(x, self.hidden[0].data)


def test_a_parameter_that_is_not_registered():
    forgetful = Forgetful()
    forgetful.initialize(0)
    with pytest.raises(ValueError, match="assign it to an attribute of a Module"):
        next(trainer().run(forgetful, Waves()))


def test_a_model_without_parameters():
    with pytest.raises(ValueError, match="at least one parameter"):
        next(trainer().run(Sequential(), Waves()))


class NoScalar(Waves):
    def loss(self, outputs, targets):
        return outputs - targets


class ManyMetrics(Waves):
    def metrics(self, outputs, targets):
        return {"all": outputs}


@pytest.mark.parametrize("task", [NoScalar(), ManyMetrics()])
def test_a_loss_or_metric_that_is_no_scalar(task):
    with pytest.raises(ValueError, match="scalars; reduce with mean"):
        next(trainer().run(model(), task))


class Shrinking(Waves):
    def batch(self, generation):
        inputs, targets = super().batch(generation)
        if generation < 2:
            return inputs, targets
        return Tensor([[0.0, 0.0]] * 3), Tensor([[0.0]] * 3)


def test_a_batch_of_another_shape_leaves_the_last_generation():
    trained, engine = model(), trainer()
    with pytest.raises(ValueError, match=r"\(16, 2\).*\(3, 2\)"):
        list(engine.run(trained, Shrinking()))
    assert engine.state_dict()[1]["generation"] == 2
    assert bits(trained) == train(2)
    list(engine.run(trained, Waves()))
    assert bits(trained) == train()


def test_there_is_no_state_before_the_first_generation():
    with pytest.raises(RuntimeError, match="call run"):
        trainer().state_dict()


def damaged_entry(arrays, name, data):
    return {**arrays, name: {**arrays[name], "data": data}}


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing():
    first, start = trainer(), model()
    next(first.run(start, Waves()))
    arrays, meta = first.state_dict()
    centre = bytes(arrays["centre"]["data"])
    nan = struct.pack("<d", math.nan) + centre[8:]
    wide = struct.pack("<q", 101) + bytes(arrays["lattice_a"]["data"])[8:]
    for damaged, words in [
        (damaged_entry(arrays, "centre", centre[:-8]), "attractor_values|centre"),
        (damaged_entry(arrays, "centre", centre[:-3]), "8-byte"),
        (damaged_entry(arrays, "centre", nan), "finite centre"),
        (damaged_entry(arrays, "lattice_a", wide), "within the precision"),
        (damaged_entry(arrays, "residual", b""), "residual"),
        (damaged_entry(arrays, "counters", b""), "counters"),
        ({name: array for name, array in arrays.items() if name != "second_moment"}, "second_moment"),
    ]:
        second, other = trainer(), model()
        with pytest.raises(ValueError, match=words):
            second.load_state_dict(other, damaged, meta)
        assert second.evaluations == 0
    with pytest.raises(ValueError, match=r"generation 1.*say 2"):
        trainer().load_state_dict(model(), arrays, {**meta, "generation": 2})
    with pytest.raises(ValueError, match="as the model and trainer have"):
        trainer().load_state_dict(MLP(Task((2,), (1,))), arrays, meta)
