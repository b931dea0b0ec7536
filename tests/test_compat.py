"""Every documented name and import path resolves to a part of the library."""

import importlib
import inspect

import pytest

from syntonic import compat
from syntonic.nn import architectures, layers

NAMES = [(module, name) for module, names in compat.ALIASES.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_documented_name_resolves(module, name):
    found = getattr(importlib.import_module(module), name)
    if name.isupper():
        assert isinstance(found, int | float | tuple | dict)
        return
    assert inspect.isclass(found) or inspect.isroutine(found)
    assert found.__module__.startswith("syntonic.")


@pytest.mark.parametrize(("old", "new"), compat.MOVED.items())
def test_a_module_that_moved_has_its_names_at_both_places(old, new):
    module = importlib.import_module(new)
    names = [name for name in vars(module) if not name.startswith("_")]
    assert names
    assert all(getattr(importlib.import_module(old), name) is getattr(module, name) for name in names)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = importlib.import_module(old).no_such_name


def test_an_alias_is_the_thing_itself():
    from syntonic.nn.architectures.syntonic_mlp_pure import PureSyntonicLinear
    from syntonic.nn.layers.differentiation import DifferentiationLayer
    from syntonic.nn.winding.winding_net import PureWindingNet

    assert DifferentiationLayer is layers.Differentiation
    assert issubclass(PureSyntonicLinear, architectures.SyntonicLinear)  # with the arguments of the documents
    assert issubclass(PureWindingNet, architectures.WindingNet)


def test_what_no_document_names_is_missing():
    with pytest.raises(AttributeError, match=r"'syntonic.nn.layers' has no attribute 'PureNothing'"):
        _ = layers.PureNothing
    with pytest.raises(ImportError, match="PureNothing"):
        from syntonic.nn.architectures.syntonic_cnn_pure import PureNothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("syntonic.nn.layers.nothing")
