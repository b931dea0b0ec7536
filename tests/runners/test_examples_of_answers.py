"""A report shows what the model says to a few test examples, where a matrix of classes says nothing."""

from types import SimpleNamespace

import pytest

from syntonic._core import Tensor
from syntonic.benchmarks.answers import Classes, Numbers
from syntonic.runners.cli import main
from syntonic.runners.run.examples import examples
from syntonic.tracking import outcome


def one_hot(tokens: list[list[int]], vocabulary: int) -> Tensor:
    flat = [float(place == token) for row in tokens for token in row for place in range(vocabulary)]
    return Tensor(flat, (len(tokens), len(tokens[0]), vocabulary))


def test_tokens_are_judged_at_the_last_places():
    questions = Tensor([1.0, 2.0, 0.0, 2.0, 1.0, 0.0], (2, 3))
    benchmark = SimpleNamespace(test=(questions, Tensor([2.0, 1.0], (2, 1))), vocabulary=3)
    found = examples(benchmark, lambda x: one_hot([[0, 0, int(x.tolist()[0][1])]], 3))
    assert found == [["1 2 0", "2", "2"], ["2 1 0", "1", "1"]]


def test_bytes_are_text():
    text = b"ab\xff"
    benchmark = SimpleNamespace(test=(Tensor(list(map(float, text)), (1, 3)), Tensor([98.0, 99.0, 100.0], (1, 3))))
    benchmark.vocabulary = 256
    assert examples(benchmark, lambda x: one_hot([[98, 120, 100]], 256)) == [["ab\ufffd", "bcd", "bxd"]]


def test_numbers_are_in_their_own_unit():
    rows = Tensor([float(n) for n in range(80)], (10, 8))
    benchmark = SimpleNamespace(test=(rows, Tensor([n / 10 for n in range(10)], (10, 1))), vocabulary=None)
    benchmark.answers = Numbers(mean=100.0, scale=10.0)
    found = examples(benchmark, lambda x: Tensor([0.5], (1, 1)))
    assert len(found) == 8
    assert found[0] == ["0, 1, 2, 3, 4, 5, ...", "100", "105"]
    assert found[-1][1] == "109"


@pytest.mark.parametrize("answers", [Classes(("a", "b")), None])
def test_classes_and_what_has_no_test_have_none(answers):
    test = (Tensor([1.0], (1, 1)), Tensor([1.0], (1,)))
    assert examples(SimpleNamespace(test=test, answers=answers, vocabulary=None), None) == []
    assert examples(SimpleNamespace(vocabulary=8), None) == []


def test_the_report_of_a_regression_has_them(folder):
    lines = [f"{n},{n % 7},{3 * n + n % 7 + 0.5}" for n in range(60)]
    (folder / "line.csv").write_text("a,b,y\n" + "\n".join(lines) + "\n")
    words = ["benchmark=table", "benchmark.path=line.csv", "benchmark.target=y", "trainer.max_generations=5"]
    assert main([*words, "tracking=none"]) == 0
    (run,) = folder.glob(".syntonic/runs/*")
    rows = outcome.read(run).examples
    assert len(rows) == 8
    assert all(f",{float(right):g}" in "\n".join(lines) for _, right, _ in rows)
    assert main(["report", "--out", "one.html"]) == 0
    assert "Example answers" in (folder / "one.html").read_text()


@pytest.mark.parametrize("words", [["benchmark=transformer", "model=transformer"], ["-cn", "language"]])
def test_sequences_and_texts_have_them(folder, words):
    assert main([*words, "trainer.max_generations=1", "trainer.population_size=4", "tracking=none"]) == 0
    (run,) = folder.glob(".syntonic/runs/*")
    rows = outcome.read(run).examples
    assert len(rows) == 8
    if "benchmark=transformer" in words:  # the default variant is to be told backwards
        assert all(right.split() == asked.split()[::-1] for asked, right, _ in rows)
    else:
        assert all(asked[1:9] == right[:8] for asked, right, _ in rows)
