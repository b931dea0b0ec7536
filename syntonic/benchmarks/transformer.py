"""Sequences of tokens that ask for attention: copy, reverse, sort, associative recall, modular addition."""

import random
import zlib
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from statistics import fmean
from typing import Annotated, Final, Literal

from annotated_types import Ge, Le

from syntonic._core import Tensor
from syntonic.benchmarks.base import Model, evaluate_splits
from syntonic.benchmarks.limits import BatchSize
from syntonic.benchmarks.sequence_problems import PROBLEMS, Tokens
from syntonic.benchmarks.standards import Cases, Rules, Split, Standards, count_unseen
from syntonic.core.registry import register
from syntonic.sn import functional as F
from syntonic.sn.array import A

TEST_SAMPLES: Final = 2000
HELD_OUT: Final = 8
"""One sequence in so many is never seen in training."""
FEW: Final = 16 * TEST_SAMPLES
"""So few possible sequences are looked at one by one; of more, some are drawn."""
TRIES: Final = 200 * TEST_SAMPLES


@register("benchmark", "transformer")
class Sequences(Standards):
    """Tokens (length,) to logits (length, vocabulary). Loss: mean cross-entropy over the places that are judged.

    - `copy`, `reverse`, `sort`: `length` tokens; the answer is the same tokens, as they are, backwards, or in order.
    - `recall`: pairs of a key and a value, then one of the keys; the answer, at the last place, is its value. A
      sequence holds (length - 1) // 2 different keys of `vocabulary` tokens; values are `vocabulary` other tokens.
    - `addition`: two numbers below `vocabulary` and an equals sign; the answer, at the last place, is their sum modulo
      `vocabulary`.

    Every generation draws new sequences, a pure function of seed and generation. One sequence in eight, by a checksum,
    is kept from training together with all that a symmetry makes of it: the swapped sum, the same tokens to be sorted
    in another order, the same pairs in another order. The test data is made of those alone, up to 2,000, each once.

    Args:
        seed: draws the sequences.
        variant: which of the five.
        vocabulary: tokens, or numbers, or keys.
        length: tokens of a sequence; 3 for `addition`, odd for `recall`.
        batch_size: sequences in the batch of a generation.
        validation: whether another sequence in eight is kept from training, and runs are chosen by them.

    Raises:
        ValueError: a length that does not suit the variant, or so few possible sequences that holding some back makes
            no sense.
    """

    usual_model = "transformer"
    """The model that learns it if nothing else is said."""
    dtype: str = "float32"
    ceiling: Mapping[str, float] = {"accuracy": 1.0}

    def __init__(
        self,
        seed: int,
        *,
        variant: Literal["copy", "reverse", "sort", "recall", "addition"] = "reverse",
        vocabulary: Annotated[int, Ge(2), Le(65536)] = 8,
        length: Annotated[int, Ge(2), Le(65536)] = 6,
        batch_size: BatchSize = 64,
        validation: bool = False,
    ) -> None:
        self._validates = validation
        self._problem = PROBLEMS[variant](vocabulary, length)
        self._seed = seed
        self._batch_size = batch_size
        self.vocabulary: int | None = self._problem.tokens
        self.input_shape: tuple[int, ...] = (self._problem.length,)
        self.output_shape: tuple[int, ...] = (self._problem.length, self._problem.tokens)
        self.chance: Mapping[str, float] = {"accuracy": 1 / vocabulary}
        self.needs_later = self._problem.needs_later
        """Whether no causal model can be right at every place."""
        parts = ("train", *(["validation"] if validation else []), "test")
        different = {part: self._different(part) for part in parts}
        test = different["test"]
        if self._problem.kinds < 4 * HELD_OUT or not test:
            raise ValueError(
                f"{variant} with vocabulary {vocabulary} and length {length} has {self._problem.kinds} sequences, "
                f"too few to keep one in {HELD_OUT} for the test; raise vocabulary or length"
            )
        self._splits = {part: self._split(questions) for part, questions in different.items()}
        self._train, self._test = self._splits["train"], self._splits["test"]

    def batch(self, generation: int) -> tuple[Tensor, Tensor]:
        """Returns tokens (batch_size, length) and the tokens to give at the judged places (batch_size, answers)."""
        source = random.Random(f"sequences {self._seed} {generation}")
        questions: list[Tokens] = []
        while len(questions) < self._batch_size:
            question = self._problem.draw(source)
            if self._part(question) == "train":
                questions.append(question)
        return self._split(questions)

    def loss(self, outputs: A, targets: A) -> A:
        """Returns the mean cross-entropy over the judged places."""
        return F.cross_entropy(self._judged(outputs), targets)

    def metrics(self, outputs: A, targets: A) -> dict[str, A]:
        """Returns the share of judged places at which the largest logit is the right token's."""
        return {"accuracy": F.accuracy(self._judged(outputs), targets)}

    def evaluate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on up to 2,000 sequences of training and as many that training never sees."""
        return evaluate_splits(self, model, {**self._splits, "train": self._train})

    @property
    def test(self) -> Split:
        """Tokens (samples, length) that training never sees, and the tokens to give at the judged places."""
        return self._test

    @property
    def validated(self) -> tuple[str, ...]:
        """Loss and accuracy, where sequences are held back for it."""
        return ("val_loss", "val_accuracy") if self._validates else ()

    def validate(self, model: Model) -> dict[str, float]:
        """Returns loss and accuracy on up to 2,000 sequences that neither training nor the test has."""
        return evaluate_splits(self, model, {"val": self._splits["validation"]}) if self._validates else {}

    @cached_property
    def rules(self) -> Rules:
        """What the commonest answer at each place, and rules that know which tokens there are but not where, reach."""
        answers = _tokens(self._train[1])
        common = [Counter(place).most_common(1)[0][0] for place in zip(*answers, strict=True)]
        asked = list(zip(_tokens(self._test[0]), _tokens(self._test[1]), strict=True))
        right = fmean(fmean(map(int.__eq__, common, answer)) for _, answer in asked)
        reached = {
            name: fmean(
                rule(question, answer, lambda other: self._part(other) == "train") for question, answer in asked
            )
            for name, rule in self._problem.rules.items()
        }
        return {name: {"accuracy": share} for name, share in {"commonest answer": right, **reached}.items()}

    @cached_property
    def cases(self) -> Cases:
        """The test sequences, and those that training never shows in any form that a symmetry makes of them."""
        asked = (tuple(question) for question in _tokens(self._test[0]))
        return count_unseen(asked, lambda question: self._part(question) == "train")

    def _judged(self, outputs: A) -> A:
        problem = self._problem
        if problem.answers == problem.length:
            return outputs
        return F.narrow(outputs, dim=1, start=problem.length - problem.answers, length=problem.answers)

    def _part(self, question: Sequence[int]) -> str:
        rest = zlib.crc32(array("I", self._problem.leader(list(question))).tobytes()) % HELD_OUT
        return "test" if rest == 0 else "validation" if rest == 1 and self._validates else "train"

    def _different(self, part: str) -> list[Tokens]:
        """Returns up to 2,000 different questions of a part: all, if there are no more."""
        source = random.Random(f"sequences {self._seed} {part}")
        if self._problem.questions <= FEW:
            found = [question for question in self._problem.every() if self._part(question) == part]
            return found if len(found) <= TEST_SAMPLES else source.sample(found, TEST_SAMPLES)
        drawn: dict[tuple[int, ...], Tokens] = {}
        for _ in range(TRIES):
            question = self._problem.draw(source)
            if self._part(question) == part:
                drawn.setdefault(tuple(question), question)
                if len(drawn) == TEST_SAMPLES:
                    break
        return list(drawn.values())

    def _split(self, questions: list[Tokens]) -> Split:
        return Tensor(questions), Tensor([self._problem.answer(question) for question in questions])


def _tokens(values: Tensor) -> list[list[int]]:
    return [[int(token) for token in row] for row in values.tolist()]
