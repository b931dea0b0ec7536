"""What an operation's file tells of it: each method has an example, which is right, and a function beside it."""

import doctest
import inspect

import pytest

from syntonic._core import ResonantTensor, Symbol, Tensor, _operations
from syntonic.sn import functional

METHODS = {name: receiver for name, receiver, *_ in _operations()}


@pytest.mark.parametrize("name", METHODS)
def test_the_example_is_right(name):
    given = {"Tensor": Tensor, "ResonantTensor": ResonantTensor}
    example = doctest.DocTestParser().get_doctest(getattr(Tensor, name).__doc__, given, name, None, None)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize("name", METHODS)
def test_one_signature_wherever_the_method_is_found(name):
    method = inspect.signature(getattr(Tensor, name))
    assert inspect.signature(getattr(Symbol, name)) == method
    assert getattr(Symbol, name).__doc__ == getattr(Tensor, name).__doc__
    if name == "concat":  # a list of values, none of which stands before the others
        return
    first, *others = inspect.signature(getattr(functional, name)).parameters.values()
    assert first.name == METHODS[name]
    assert others == list(method.parameters.values())[1:]
    assert getattr(functional, name).__doc__ == getattr(Tensor, name).__doc__
