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


def test_an_alias_is_the_thing_itself():
    from syntonic.nn.architectures.syntonic_mlp_pure import PureSyntonicLinear
    from syntonic.nn.layers.differentiation import DifferentiationLayer
    from syntonic.nn.winding.winding_net import PureWindingNet

    assert DifferentiationLayer is layers.Differentiation
    assert PureSyntonicLinear is architectures.SyntonicLinear
    assert PureWindingNet is architectures.WindingNet


def test_what_no_document_names_is_missing():
    with pytest.raises(AttributeError, match=r"'syntonic.nn.layers' has no attribute 'PureNothing'"):
        _ = layers.PureNothing
    with pytest.raises(ImportError, match="PureNothing"):
        from syntonic.nn.architectures.syntonic_cnn_pure import PureNothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("syntonic.nn.layers.nothing")
