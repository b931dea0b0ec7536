"""Kernels that are made from models: they compile for every card without a GPU, and say which operation has no rule."""

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.kernels import ARCHITECTURES
from syntonic.nn.architectures import MLP, CNN1d, DeepMLP, Task
from syntonic.nn.training import RetrocausalTrainer
from syntonic.nn.training.trainer import trace
from syntonic.sn import functional as F

ELF = b"\x7fELF"


class Rows:
    """Zeros; the loss is cross-entropy."""

    def __init__(self, rows, inputs):
        self._batch = Tensor(np.zeros((rows, inputs))), Tensor(np.zeros(rows))

    def batch(self, _generation):
        return self._batch

    def loss(self, outputs, targets):
        return F.cross_entropy(outputs, targets)

    def metrics(self, _outputs, _targets):
        return {}


def objective(hidden, activation, rows, inputs=16):
    model, problem = MLP(Task((inputs,), (10,)), hidden=hidden, activation=activation), Rows(rows, inputs)
    return trace(model, problem, *problem.batch(0))[0]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.usefixtures("nvrtc")
def test_a_model_compiles_for_every_card(arch):
    small = objective((12,), "tanh", 4)
    assert small.cuda_image(64, int(arch[3:]), syntony=True).startswith(ELF)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("hidden", "rows"), [((), 1), ((9, 33), 100), pytest.param((70,), 257, marks=pytest.mark.slow)]
)
@pytest.mark.usefixtures("nvrtc")
def test_sizes_that_fit_nothing_compile(hidden, rows, dtype):
    assert objective(hidden, "gelu", rows, 19).cuda_image(6, 90, dtype=dtype).startswith(ELF)


@pytest.mark.parametrize(("model", "inputs", "named"), [(CNN1d, 40, "conv"), (DeepMLP, 8, "layer_norm")])
def test_an_operation_without_a_rule_is_named(model, inputs, named):
    problem, model = Rows(6, inputs), model(Task((inputs,), (10,)))
    made = trace(model, problem, *problem.batch(0))[0]
    with pytest.raises(ValueError, match=rf"device=cuda: expected linear.*device=cpu.*{named}"):
        made.cuda_source(4)


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.usefixtures("nvrtc")
def test_a_fused_kernel_compiles_for_every_card(arch):
    problem, model = Rows(6, 8), DeepMLP(Task((8,), (3,)), width=8, depth=1)
    made = trace(model, problem, *problem.batch(0))[0]
    assert made.fused_image(int(arch[3:])).startswith(ELF)


def test_a_fused_kernel_refuses_what_it_has_no_rule_for():
    class Dropped:
        def batch(self, _generation):
            return Tensor(np.zeros((6, 8))), Tensor(np.zeros(6))

        def loss(self, outputs, targets):
            return F.cross_entropy(outputs.dropout(0.5, 0), targets)

        def metrics(self, _outputs, _targets):
            return {}

    problem, model = Dropped(), DeepMLP(Task((8,), (3,)), width=8, depth=1)
    made = trace(model, problem, *problem.batch(0))[0]
    with pytest.raises(ValueError, match=r"device=cuda: expected a program with a fused kernel.*dropout"):
        made.fused_source(list(problem.batch(0)))


def test_noise_of_low_rank_has_no_rule():
    with pytest.raises(ValueError, match="rank=null"):
        objective((), "tanh", 4).cuda_source(4, rank=1)


def test_the_cpu_takes_every_model():
    RetrocausalTrainer(0, "cpu", population_size=4).check(CNN1d(Task((40,), (10,))), Rows(6, 40))
