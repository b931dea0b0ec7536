from zlib import crc32

import numpy as np
import pytest

from syntonic._core import Tensor
from syntonic.benchmarks import Sequences

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
    seen = {tuple(q) for g in range(40) for q in benchmark.batch(g)[0].tolist()}
    held_out: set[tuple[float, ...]] = set()

    def note(x: Tensor) -> Tensor:
        held_out.update(tuple(q) for q in x.tolist())
        return Tensor.zeros((x.shape[0], *benchmark.output_shape))

    benchmark._train = benchmark._test  # so that `note` sees the held-out ones alone
    benchmark.evaluate(note)
    assert held_out
    assert not held_out & seen
    assert {crc32(np.array(q, np.uint32).tobytes()) % 8 for q in held_out} == {0}


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


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"variant": "recall", "length": 6}, "length must be odd, 3 to 23"),
        ({"variant": "recall", "length": 25}, "length must be odd, 3 to 23"),
        ({"variant": "addition", "length": 4}, "length must be 3"),
        ({"variant": "copy", "length": 2, "vocabulary": 3}, "has 9 sequences, too few"),
    ],
)
def test_sizes_that_do_not_suit_the_variant_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        make(**sizes)
