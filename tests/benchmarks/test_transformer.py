from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Sequences
from syntonic.benchmarks.sequence_problems import PROBLEMS
from syntonic.benchmarks.standards import Cases

SIZES = {"copy": 6, "reverse": 6, "sort": 6, "recall": 7, "addition": 3}


def make(variant: str, **sizes: int) -> Sequences:
    return Sequences(3, **{"variant": variant, "length": SIZES[variant], "vocabulary": 11, **sizes})  # type: ignore[arg-type]


def right(variant: str, question: list[int], vocabulary: int) -> list[int]:
    """The answer, by another way than the benchmark's."""
    match variant:
        case "copy":
            return list(question)
        case "reverse":
            return [question[len(question) - 1 - i] for i in range(len(question))]
        case "sort":
            return np.sort(np.array(question)).tolist()
        case "recall":
            return [dict(zip(question[:-1:2], question[1:-1:2], strict=True))[question[-1]]]
    assert question[2] == vocabulary
    return [sum(question[:2]) - vocabulary * (sum(question[:2]) >= vocabulary)]


def alike(variant: str, question: Sequence[float]) -> tuple[float, ...]:
    """The same for questions that differ by an order that changes no answer."""
    match variant:
        case "sort":
            return tuple(np.sort(np.array(question)).tolist())
        case "addition":
            a, b, sign = question
            return (min(a, b), max(a, b), sign)
        case "recall":
            pairs = sorted(dict(zip(question[:-1:2], question[1::2], strict=True)).items())
            return (*(token for pair in pairs for token in pair), question[-1])
    return tuple(question)


@pytest.mark.parametrize("variant", SIZES)
def test_targets_are_the_right_answers(variant):
    benchmark = make(variant)
    inputs, targets = benchmark.batch(4)
    assert inputs.shape[1:] == benchmark.input_shape == (SIZES[variant],)
    for question, answer in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert answer == right(variant, [int(token) for token in question], 11)
        assert max(question) < benchmark.vocabulary


@pytest.mark.parametrize("variant", SIZES)
def test_test_sequences_are_never_in_a_batch(variant):
    benchmark = make(variant)
    seen = {alike(variant, q) for g in range(40) for q in benchmark.batch(g)[0].tolist()}
    asked: list[tuple[float, ...]] = []

    def note(x: Tensor) -> Tensor:
        asked.extend(tuple(q) for q in x.tolist())
        return Tensor.zeros((x.shape[0], *benchmark.output_shape))

    benchmark._train = benchmark._test  # so that `note` sees the held-out ones alone
    benchmark.evaluate(note)
    held_out = set(asked)
    assert held_out
    assert sorted(asked) == sorted([*held_out, *held_out]), "each is asked once, in both of the splits"
    assert not {alike(variant, q) for q in held_out} & seen
    assert {crc32(np.array(alike(variant, q), np.uint32).tobytes()) % 8 for q in held_out} == {0}
    assert benchmark.cases == Cases(len(held_out), len(held_out))


@pytest.mark.parametrize("variant", SIZES)
def test_a_model_that_knows_the_answers_is_always_right(variant):
    benchmark = make(variant)
    places, tokens = benchmark.output_shape

    def oracle(x: Tensor) -> Tensor:
        logits = np.zeros((x.shape[0], places, tokens), np.float32)
        for row, question in enumerate(x.tolist()):
            answer = right(variant, [int(token) for token in question], 11)
            for place, token in enumerate(answer, start=places - len(answer)):
                logits[row, place, token] = 30.0
        return Tensor(logits)

    report = benchmark.evaluate(oracle)
    assert report["train_accuracy"] == report["test_accuracy"] == 1.0
    assert report["test_loss"] < 1e-6


def test_few_sequences_are_asked_all():
    asked = {tuple(q) for q in make("addition")._test[0].tolist()}
    trained = {tuple(q) for q in make("addition")._train[0].tolist()}
    assert asked | trained == {(a, b, 11) for a in range(11) for b in range(11)}
    assert not asked & trained
    assert all((b, a, sign) in asked for a, b, sign in asked)


def test_the_swapped_pair_of_a_sum_is_never_trained():
    rules = make("addition").rules
    assert rules["swapped pair, where trained"] == {"accuracy": 0.0}
    # The rule finds what a split of ordered pairs would give away.
    (_, rule), *_ = PROBLEMS["addition"](11, 3).rules.items()
    assert rule([3, 5, 11], [8], lambda other: other == [5, 3, 11]) == 1.0


def test_naming_any_value_is_what_recall_gives_away():
    # One of three values is the right one; each of the other two is the same token with probability 1/8.
    benchmark = Sequences(0, variant="recall", length=7)
    deviation = (0.4167 * 0.5833 / 2000) ** 0.5
    assert benchmark.rules["any value of the sequence"]["accuracy"] == pytest.approx(
        1 / 3 + 2 / 3 / 8, abs=4 * deviation
    )
    # All three differ in 42 of 64 cases, two are the same in 21, all three in 1.
    expected = (42 * 1 / 3 + 21 * 2 / 3 + 1) / 64
    assert benchmark.baseline["accuracy"] == pytest.approx(expected, abs=4 * deviation)


@pytest.mark.parametrize("variant", ["copy", "reverse", "sort"])
def test_rules_that_do_not_know_the_places(variant):
    benchmark = Sequences(0, variant=variant)
    questions, answers = (np.asarray(half).astype(int) for half in benchmark._test)
    shares = np.array(
        [[np.mean(answer == token) for token in question] for question, answer in zip(questions, answers, strict=True)]
    )
    assert benchmark.rules["any token of the sequence"]["accuracy"] == pytest.approx(shares.mean())
    assert benchmark.rules["commonest token of the sequence"]["accuracy"] == pytest.approx(shares.max(1).mean())
    common = [np.bincount(place).argmax() for place in np.asarray(benchmark._train[1]).astype(int).T]
    assert benchmark.rules["commonest answer"]["accuracy"] == pytest.approx((answers == common).mean(), abs=0.01)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"variant": "recall", "length": 6}, "length must be odd, 3 to 23"),
        ({"variant": "recall", "length": 25}, "length must be odd, 3 to 23"),
        ({"variant": "addition", "length": 4}, "length must be 3"),
        ({"variant": "copy", "length": 2, "vocabulary": 3}, "has 9 sequences, too few"),
        ({"variant": "sort", "length": 20, "vocabulary": 2}, "has 21 sequences, too few"),
        ({"variant": "addition", "vocabulary": 7}, "has 28 sequences, too few"),
    ],
)
def test_sizes_that_do_not_suit_the_variant_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        make(**sizes)
