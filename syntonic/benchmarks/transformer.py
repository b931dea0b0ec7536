"""Sequences of tokens that ask for attention: copy, reverse, sort, associative recall, modular addition."""

import math
import random
import zlib
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from annotated_types import Ge

from syntonic._core import Tensor
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

TEST_SAMPLES: Final = 2000
HELD_OUT: Final = 8
"""One sequence in so many is never seen in training."""
ADDITION_LENGTH: Final = 3

Tokens = list[int]


@dataclass(frozen=True)
class _Problem:
    """One kind of sequence.

    Attributes:
        length: tokens of a question.
        tokens: how many tokens there are, in questions and answers.
        answers: how many of the last places are judged.
        questions: how many there can be.
        draw: draws a question.
        answer: the tokens that belong at the judged places.
    """

    length: int
    tokens: int
    answers: int
    questions: int
    draw: Callable[[random.Random], Tokens]
    answer: Callable[[Tokens], Tokens]


@register("benchmark", "transformer")
class Sequences:
    """Tokens (length,) to logits (length, vocabulary). Loss: mean cross-entropy over the places that are judged.

    - `copy`, `reverse`, `sort`: `length` tokens; the answer is the same tokens, as they are, backwards, or in order.
    - `recall`: pairs of a key and a value, then one of the keys; the answer, at the last place, is its value. A
      sequence holds (length - 1) // 2 different keys of `vocabulary` tokens; values are `vocabulary` other tokens.
    - `addition`: two numbers below `vocabulary` and an equals sign; the answer, at the last place, is their sum modulo
      `vocabulary`.

    Every generation draws new sequences, a pure function of seed and generation. One sequence in eight, by a checksum
    of its tokens, is kept from training: the test samples are drawn from those alone, with replacement.

    Args:
        seed: draws the sequences.
        variant: which of the five.
        vocabulary: tokens, or numbers, or keys.
        length: tokens of a sequence; 3 for `addition`, odd for `recall`.
        batch_size: sequences in the batch of a generation.

    Raises:
        ValueError: a length that does not suit the variant, or so few possible sequences that holding some back makes
            no sense.
    """

    dtype: str = "float32"
    ceiling: Mapping[str, float] = {"accuracy": 1.0}

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["copy", "reverse", "sort", "recall", "addition"] = "reverse",
        vocabulary: Annotated[int, Ge(2)] = 8,
        length: Annotated[int, Ge(2)] = 6,
        batch_size: Annotated[int, Ge(1)] = 64,
    ) -> None:
        self._problem = _PROBLEMS[variant](vocabulary, length)
        self._seed = seed
        self._batch_size = batch_size
        if self._problem.questions < 4 * HELD_OUT:
            raise ValueError(
                f"{variant} with vocabulary {vocabulary} and length {length} has {self._problem.questions} sequences, "
                f"too few to keep one in {HELD_OUT} for the test; raise vocabulary or length"
            )
        self.vocabulary: int | None = self._problem.tokens
        self.input_shape: tuple[int, ...] = (self._problem.length,)
        self.output_shape: tuple[int, ...] = (self._problem.length, self._problem.tokens)
        self.chance: Mapping[str, float] = {"accuracy": 1 / vocabulary}
        self._train = self._draw("train", TEST_SAMPLES, held_out=False)
        self._test = self._draw("test", TEST_SAMPLES, held_out=True)

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns tokens (batch_size, length) and the tokens to give at the judged places (batch_size, answers)."""
        return self._draw(generation, self._batch_size, held_out=False)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy over the judged places."""
        return F.cross_entropy(self._judged(outputs), targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of judged places at which the largest logit is the right token's."""
        return {"accuracy": F.accuracy(self._judged(outputs), targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on 2,000 sequences of training and on 2,000 that training never sees."""
        return evaluate_splits(self, model, {"train": self._train, "test": self._test})

    def _judged(self, outputs: A) -> A:
        problem = self._problem
        if problem.answers == problem.length:
            return outputs
        return F.narrow(outputs, dim=1, start=problem.length - problem.answers, length=problem.answers)

    def _draw(self, stream: int | str, count: int, *, held_out: bool) -> tuple[Tensor, Tensor]:
        source = random.Random(f"sequences {self._seed} {stream}")
        questions: list[Tokens] = []
        while len(questions) < count:
            question = self._problem.draw(source)
            if (zlib.crc32(array("I", question).tobytes()) % HELD_OUT == 0) is held_out:
                questions.append(question)
        return Tensor(questions), Tensor([self._problem.answer(question) for question in questions])


def _tokens(vocabulary: int, length: int, answer: Callable[[Tokens], Tokens]) -> _Problem:
    """Any tokens, and an answer at every place."""
    values = range(vocabulary)
    return _Problem(
        length=length,
        tokens=vocabulary,
        answers=length,
        questions=vocabulary**length,
        draw=lambda source: source.choices(values, k=length),
        answer=answer,
    )


def _recall(vocabulary: int, length: int) -> _Problem:
    """Keys 0 to vocabulary - 1, each followed by a value, vocabulary to 2 vocabulary - 1; then one of the keys."""
    pairs = (length - 1) // 2
    if not 1 <= pairs <= vocabulary or length % 2 == 0:
        raise ValueError(
            f"recall has pairs of a key and a value and one key more, so length must be odd, 3 to {2 * vocabulary + 1} "
            f"with vocabulary {vocabulary}; it is {length}"
        )
    keys, values = range(vocabulary), range(vocabulary, 2 * vocabulary)

    def draw(source: random.Random) -> Tokens:
        chosen = source.sample(keys, pairs)
        question = [token for key in chosen for token in (key, source.choice(values))]
        return [*question, source.choice(chosen)]

    return _Problem(
        length=length,
        tokens=2 * vocabulary,
        answers=1,
        questions=math.perm(vocabulary, pairs) * vocabulary**pairs * pairs,
        draw=draw,
        answer=lambda question: [question[question.index(question[-1]) + 1]],
    )


def _addition(vocabulary: int, length: int) -> _Problem:
    """Two numbers and the equals sign, which is token `vocabulary`."""
    if length != ADDITION_LENGTH:
        raise ValueError(f"addition has two numbers and an equals sign, so length must be 3; it is {length}")
    numbers = range(vocabulary)
    return _Problem(
        length=ADDITION_LENGTH,
        tokens=vocabulary + 1,
        answers=1,
        questions=vocabulary**2,
        draw=lambda source: [*source.choices(numbers, k=2), vocabulary],
        answer=lambda question: [(question[0] + question[1]) % vocabulary],
    )


_PROBLEMS: Final[dict[str, Callable[[int, int], _Problem]]] = {
    "copy": lambda vocabulary, length: _tokens(vocabulary, length, lambda tokens: tokens),
    "reverse": lambda vocabulary, length: _tokens(vocabulary, length, lambda tokens: tokens[::-1]),
    "sort": lambda vocabulary, length: _tokens(vocabulary, length, sorted),
    "recall": _recall,
    "addition": _addition,
}
