import pytest

from syntonic._core import Tensor
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Identity, Module, ModuleList, Parameter, Sequential, Tanh


class Block(Module):
    def __init__(self):
        self.first = Parameter((2, 3))
        self.inner = Sequential(Tanh(), Leaf())
        self.last = Parameter((2,), init="zeros")
        self.plain = 7

    def forward(self, x, /):
        return x


class Leaf(Module):
    def __init__(self):
        self.w = Parameter((4,))

    def forward(self, x, /):
        return x


def names(module):
    return [name for name, _ in module.named_parameters()]


def test_parts_are_found_in_order_of_definition():
    block = Block()
    assert names(block) == ["first", "inner.1.w", "last"]
    assert list(block.parameters()) == [block.first, block.inner[1].w, block.last]
    assert [type(m).__name__ for m in block.modules()] == ["Block", "Sequential", "Tanh", "Leaf"]


def test_assignment_replaces_and_deletion_removes():
    block = Block()
    block.first = None
    assert names(block) == ["inner.1.w", "last"]
    del block.inner
    assert names(block) == ["last"]
    with pytest.raises(AttributeError):
        del block.nothing


def test_shared_parts_come_once_and_loops_end():
    block = Block()
    block.again = block.first
    block.itself = block
    assert names(block) == ["first", "inner.1.w", "last"]
    assert len(list(block.modules())) == 4


def test_a_module_needs_a_forward():
    with pytest.raises(TypeError, match="abstract"):
        Module()


def test_train_and_eval_reach_every_module():
    block = Block()
    assert block.training
    assert block.eval() is block
    assert not any(m.training for m in block.modules())
    block.train()
    assert all(m.training for m in block.modules())


def test_call_is_forward():
    assert Sequential()(3) == 3
    assert Sequential(Identity(), Block())("x") == "x"


def test_containers_index_iterate_and_refuse_what_is_no_module():
    tanh, leaf = Tanh(), Leaf()
    modules = ModuleList([tanh])
    modules.append(leaf)
    assert (len(modules), modules[1], list(modules)) == (2, leaf, [tanh, leaf])
    assert modules[-1] is leaf
    with pytest.raises(IndexError):
        modules[2]
    with pytest.raises(NotImplementedError, match="Sequential"):
        modules(1)
    for container in [ModuleList, lambda parts: Sequential(*parts)]:
        with pytest.raises(TypeError, match="expected a Module"):
            container([max])


def test_initialize_is_a_function_of_definition_and_seed():
    one, two, other = Block(), Block(), Block()
    one.initialize(5)
    two.initialize(5)
    other.initialize(6)
    assert one.state_dict() == two.state_dict()
    assert one.state_dict() != other.state_dict()
    assert [m.number for m in one.modules()] == [0, 1, 2, 3]
    for bad in [-1, 1 << 32]:
        with pytest.raises(OverflowError):
            one.initialize(bad)


@pytest.mark.parametrize("crystallized", [False, True])
def test_state_makes_the_round_trip(crystallized):
    block, other = Block(), Block()
    block.initialize(1)
    other.initialize(2)
    if crystallized:
        for p in block.parameters():
            p.data.crystallize()
    state = block.state_dict()
    assert list(state) == names(block)
    assert state["first"]["shape"] == ([2, 2, 3] if crystallized else [2, 3])
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert [p.data.phase for p in other.parameters()] == [p.data.phase for p in block.parameters()]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("last"), "lacks last"),
        (lambda s: s.update(more=s["last"]), "no more"),
        (lambda s: s.update(last=s["first"]), "last: expected int64 of shape"),
        (lambda s: s["last"].update(dtype="float32"), "last: .* got float32"),
        (lambda s: s["last"].update(shape=[3]), "got float64 of shape"),
        (lambda s: s["last"].update(data=b"1234"), "16 bytes for shape"),
        (lambda s: s["last"].pop("data"), "last: 'data'"),
        (lambda s: s.update(last=None), "last: "),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change, words):
    block = Block()
    block.initialize(1)
    before = block.state_dict()
    state = Block()
    state.initialize(2)
    state = state.state_dict()
    change(state)
    with pytest.raises(ValueError, match=words):
        block.load_state_dict(state)
    assert block.state_dict() == before


class Pair(Module):
    """Two layers of the same shape."""

    def __init__(self):
        self.first, self.second = ResonantLinear(2, 2), ResonantLinear(2, 2)

    def forward(self, x):
        return self.second(self.first(x).tanh())


@pytest.mark.parametrize("call", [lambda model, x: model(x), lambda model, x: model.forward(x)])
def test_a_module_that_is_called_before_initialize_has_the_values_of_seed_0(call):
    model, known = Pair(), Pair()
    known.initialize(0)
    x = Tensor([[1.0, 2.0]])
    assert call(model, x).tolist() == known(x).tolist()
    assert call(model, x).tolist() != [[0.0, 0.0]]
    assert model.state_dict() == known.state_dict()


def test_values_that_were_given_stay():
    model, given = Pair(), Pair()
    given.initialize(5)
    for (name, parameter), (_, other) in zip(model.named_parameters(), given.named_parameters(), strict=True):
        if name == "first.weight":
            parameter.load(other.save())
    model.second.weight.data.set_flux(Tensor([[3.0, 0.0], [0.0, 3.0]]))
    model(Tensor([[1.0, 2.0]]))
    assert model.first.weight.values() == given.first.weight.values()
    assert model.second.weight.values() == [3.0, 0.0, 0.0, 3.0]


def test_zeros_that_were_loaded_stay():
    model = Pair()
    model.load_state_dict(Pair().state_dict())
    assert model(Tensor([[1.0, 2.0]])).tolist() == [[0.0, 0.0]]


def test_a_part_that_comes_later_has_values_too():
    model = Pair()
    x = Tensor([[1.0, 2.0]])
    first = model(x).tolist()
    model.second = ResonantLinear(2, 2)
    assert model(x).tolist() == first, "the same law, seed and index"
