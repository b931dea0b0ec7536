"""A tensor has a device, and what cannot be answered is refused: other devices, `==`."""

import numpy as np
import pytest

from syntonic._core import DeviceTensor, Graph, ResonantTensor, Tensor


def test_a_tensor_on_the_cpu_says_so():
    x = Tensor([1.0, 2.0])
    assert DeviceTensor is Tensor
    assert x.device == "cpu"
    assert x.to("cpu") is x
    assert x.cpu() is x
    assert not hasattr(x, "__cuda_array_interface__")
    with pytest.raises(ValueError, match=r"on a CUDA device; copy it with \.to"):
        x.gemm(x)


def test_the_operator_of_products():
    x, y = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])
    assert (x @ y).tolist() == x.matmul(y).tolist() == [[11.0]]


@pytest.mark.parametrize("other", [0, 1.5, Tensor([1.0]), np.float32(1)])
def test_tensors_are_not_compared_as_wholes(other):
    x = Tensor([1.0])
    for compare in (lambda: x == other, lambda: x != other):
        with pytest.raises(TypeError, match="each element or all"):
            compare()


def test_a_tensor_is_itself_and_no_text():
    x, y = Tensor([1.0]), Tensor([1.0])
    assert x == x
    assert not x != x
    assert x != None  # noqa: E711 (anything that is no tensor and no number)
    assert x != "x"
    assert len({x: 1, y: 2}) == 2


@pytest.mark.parametrize("other", [0, None, "symbol", Tensor([1.0])])
def test_symbols_are_not_compared_at_all(other):
    x = Graph([ResonantTensor([1.0])]).input((4, 2))
    other = x if isinstance(other, str) else other
    for compare in (lambda: x == other, lambda: x != other, lambda: x < other, lambda: other == x):
        with pytest.raises(TypeError, match="no value yet"):
            compare()
    assert len({x, x}) == 1
