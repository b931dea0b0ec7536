"""The five kinds of sequences: what is asked, what is right, which questions are alike, and what a simple rule says."""

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

ADDITION_LENGTH: Final = 3

Tokens = list[int]
Rule = Callable[[Tokens, Tokens, Callable[[Tokens], bool]], float]
"""Question, answer, and whether training has a question, to the share of the answer that the rule gets right."""


@dataclass(frozen=True)
class Problem:
    """One kind of sequence.

    Attributes:
        length: tokens of a question.
        tokens: how many tokens there are, in questions and answers.
        answers: how many of the last places are judged.
        questions: how many there can be.
        kinds: how many of them differ by more than a symmetry of the task.
        draw: draws a question.
        every: yields each question once.
        answer: the tokens that belong at the judged places.
        leader: the same one for all questions that a symmetry makes of one another, which have the same answer.
        rules: what answers without looking where the tokens stand, by name.
        needs_later: whether a place must see later ones to be right.
    """

    length: int
    tokens: int
    answers: int
    questions: int
    kinds: int
    draw: Callable[[random.Random], Tokens]
    every: Callable[[], Iterator[Tokens]]
    answer: Callable[[Tokens], Tokens]
    leader: Callable[[Tokens], Tokens]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    needs_later: bool = False


def _copy(vocabulary: int, length: int) -> Problem:
    return _tokens(vocabulary, length, lambda tokens: tokens)


def _reverse(vocabulary: int, length: int) -> Problem:
    return _tokens(vocabulary, length, lambda tokens: tokens[::-1], needs_later=True)


def _sort(vocabulary: int, length: int) -> Problem:
    kinds = math.comb(vocabulary + length - 1, length)
    return _tokens(vocabulary, length, sorted, leader=sorted, kinds=kinds, needs_later=True)


def _tokens(
    vocabulary: int,
    length: int,
    answer: Callable[[Tokens], Tokens],
    *,
    leader: Callable[[Tokens], Tokens] = lambda tokens: tokens,
    kinds: int | None = None,
    needs_later: bool = False,
) -> Problem:
    """Any tokens, and an answer at every place."""
    values = range(vocabulary)
    return Problem(
        length=length,
        tokens=vocabulary,
        answers=length,
        questions=vocabulary**length,
        kinds=vocabulary**length if kinds is None else kinds,
        draw=lambda source: source.choices(values, k=length),
        every=lambda: map(list, itertools.product(values, repeat=length)),
        answer=answer,
        leader=leader,
        rules={
            "any token of the sequence": lambda question, answer, _: _any(question, answer),
            "commonest token of the sequence": lambda question, answer, _: _commonest(question, answer),
        },
        needs_later=needs_later,
    )


def _recall(vocabulary: int, length: int) -> Problem:
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

    def every() -> Iterator[Tokens]:
        for chosen in itertools.permutations(keys, pairs):
            for named in itertools.product(values, repeat=pairs):
                question = [token for pair in zip(chosen, named, strict=True) for token in pair]
                yield from ([*question, key] for key in chosen)

    def leader(question: Tokens) -> Tokens:
        # The pairs may come in any order.
        ordered = sorted(zip(question[:-1:2], question[1::2], strict=True))
        return [*itertools.chain.from_iterable(ordered), question[-1]]

    return Problem(
        length=length,
        tokens=2 * vocabulary,
        answers=1,
        questions=math.perm(vocabulary, pairs) * vocabulary**pairs * pairs,
        kinds=math.comb(vocabulary, pairs) * vocabulary**pairs * pairs,
        draw=draw,
        every=every,
        answer=lambda question: [question[question.index(question[-1]) + 1]],
        leader=leader,
        rules={
            "any value of the sequence": lambda question, answer, _: _any(question[1::2], answer),
            "commonest value of the sequence": lambda question, answer, _: _commonest(question[1::2], answer),
        },
    )


def _addition(vocabulary: int, length: int) -> Problem:
    """Two numbers and the equals sign, which is token `vocabulary`."""
    if length != ADDITION_LENGTH:
        raise ValueError(f"addition has two numbers and an equals sign, so length must be 3; it is {length}")
    numbers = range(vocabulary)
    return Problem(
        length=ADDITION_LENGTH,
        tokens=vocabulary + 1,
        answers=1,
        questions=vocabulary**2,
        kinds=math.comb(vocabulary + 1, 2),
        draw=lambda source: [*source.choices(numbers, k=2), vocabulary],
        every=lambda: ([*pair, vocabulary] for pair in itertools.product(numbers, repeat=2)),
        answer=lambda question: [(question[0] + question[1]) % vocabulary],
        leader=lambda question: [*sorted(question[:2]), vocabulary],
        rules={
            "swapped pair, where trained": lambda question, _, is_trained: float(
                is_trained([question[1], question[0], vocabulary])
            )
        },
    )


def _any(named: Tokens, answer: Tokens) -> float:
    """The expected share of `answer` that naming one of `named` at random gets right."""
    return sum(named.count(token) for token in answer) / (len(named) * len(answer))


def _commonest(named: Tokens, answer: Tokens) -> float:
    """The share of `answer` that naming the commonest of `named`, of several the first, gets right."""
    (token, _), *_ = Counter(named).most_common(1)
    return answer.count(token) / len(answer)


PROBLEMS: Final[Mapping[str, Callable[[int, int], Problem]]] = {
    "copy": _copy,
    "reverse": _reverse,
    "sort": _sort,
    "recall": _recall,
    "addition": _addition,
}
