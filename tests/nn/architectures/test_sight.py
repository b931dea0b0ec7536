import pytest

from syntonic.nn.architectures import Task, Transformer, TransformerLM
from syntonic.nn.architectures.sight import check_order, sees_later
from syntonic.nn.layers import ResonantLinear
from syntonic.sn import Module
from syntonic.sn import functional as F

TOKENS = Task((6,), (6, 5), vocabulary=5)
NUMBERS = Task((6, 2), (6, 3))


class Peeks(Module):
    """Each place for itself, but for one that sees one later place."""

    def __init__(self, place: int, seen: int) -> None:
        self.out = ResonantLinear(2, 3)
        self.place, self.seen = place, seen

    def forward(self, x):
        y = self.out(x)
        peeked = F.narrow(y, dim=1, start=self.seen, length=1) * 1e-6 + F.narrow(y, dim=1, start=self.place, length=1)
        before = F.narrow(y, dim=1, start=0, length=self.place)
        after = F.narrow(y, dim=1, start=self.place + 1, length=y.shape[1] - self.place - 1)
        return F.concat([part for part in (before, peeked, after) if part.shape[1]], dim=1)


class Averages(Module):
    """Every place sees the mean of all."""

    def __init__(self) -> None:
        self.out = ResonantLinear(2, 3)

    def forward(self, x):
        y = self.out(x)
        return y + y.mean(1, keepdim=True)


@pytest.mark.parametrize("attention", ["standard", "cone"])
@pytest.mark.parametrize("embedding", ["lookup", "syntonic", "winding"])
def test_the_causal_transformer_sees_nothing_later(attention, embedding):
    model = TransformerLM(TOKENS, d_model=8, attention=attention, embedding=embedding, dropout=0.5)
    assert sees_later(model, TOKENS) is None


def test_the_transformer_sees_all():
    assert sees_later(Transformer(TOKENS, d_model=8, layers=1), TOKENS) == (0, 1)
    assert sees_later(Transformer(NUMBERS, d_model=8, layers=1), NUMBERS) == (0, 1)


def test_zeros_at_the_start_hide_nothing():
    model = Averages()
    assert model.out.weight.values() == [0.0] * 6
    assert sees_later(model, NUMBERS) == (0, 1)


@pytest.mark.parametrize(("place", "seen"), [(0, 5), (2, 3), (4, 5), (1, 4)])
def test_one_place_that_looks_ahead_is_found(place, seen):
    found = sees_later(Peeks(place, seen), NUMBERS)
    assert found is not None
    assert found[0] == place
    assert place < found[1] <= seen


def test_looking_back_is_no_matter():
    assert sees_later(Peeks(4, 1), NUMBERS) is None


def test_long_sequences_are_looked_at_here_and_there():
    task = Task((300, 2), (300, 3))
    assert sees_later(Peeks(0, 299), task) == (0, 1)
    assert sees_later(Peeks(299, 0), task) is None


def test_what_does_not_fit_is_refused():
    following, needing = (Task((6,), (6, 5), 5, order) for order in ("next", "later"))
    check_order(TransformerLM(following, d_model=8), following)
    check_order(Transformer(needing, d_model=8), needing)
    with pytest.raises(
        ValueError, match=r"output at place 0 depends on the input at place 1.*try model=transformer_lm"
    ):
        check_order(Transformer(following, d_model=8), following)
    with pytest.raises(ValueError, match=r"cannot be solved.*no output of this model.*try model=transformer$"):
        check_order(TransformerLM(needing, d_model=8), needing)


def test_an_mlp_names_the_models_that_fit():
    for order, names in (
        ("next", "transformer_lm"),
        ("later", "transformer"),
        ("free", "transformer or model=transformer_lm"),
    ):
        with pytest.raises(ValueError, match=f"try model={names}$"):
            Task((6,), (6, 5), 5, order).refuse_tokens("an MLP")
