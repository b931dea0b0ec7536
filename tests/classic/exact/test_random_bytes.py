"""Random bytes for what reads texts and saved states: a sound result or an ordinary exception, and nothing changed."""

import random

import pytest

from syntonic._core import GoldenExact, ResonantTensor
from syntonic.sn import Parameter

ALPHABET = "0123456789+-*/ phiφ._eE\0\n\t(){}[]ﬁ²१"


def texts(count: int) -> list[str]:
    generator = random.Random(7)
    plain = ["".join(generator.choices(ALPHABET, k=generator.randint(0, 24))) for _ in range(count)]
    valid = [str(GoldenExact(*(generator.randint(-99, 99) or 1 for _ in range(4)))) for _ in range(count)]
    spoilt = []
    for text in valid:
        place = generator.randrange(len(text))
        spoilt.append(text[:place] + generator.choice(ALPHABET) + text[place + 1 :])
    return plain + valid + spoilt


def test_texts_are_read_as_they_are_written_or_refused():
    read = 0
    for text in texts(4000):
        try:
            number = GoldenExact.parse(text)
        except (ValueError, OverflowError, ZeroDivisionError):
            continue
        read += 1
        assert GoldenExact.parse(str(number)) == number
    assert read >= 4000  # all that str wrote, and more


@pytest.mark.parametrize("length", [0, 1, 10**6])
def test_endless_texts(length):
    for piece in ["9", "1+", "-", "phi", "1/", " "]:
        with pytest.raises((ValueError, OverflowError)):
            GoldenExact.parse(piece * length + "x")


@pytest.mark.parametrize("phase", ["crystallized", "flux", "", "solid", "\0"])
def test_states_of_random_bytes(phase):
    generator = random.Random(phase)
    t = ResonantTensor([[1.0, 2.0], [3.0, 4.0]])
    for _ in range(300):
        data = generator.randbytes(generator.choice([0, 1, 7, 8, 31, 32, 33, 63, 64, 65, 128]))
        before = (t.phase, t.to_bytes())
        try:
            t.set_bytes(phase, data)
        except ValueError:
            assert (t.phase, t.to_bytes()) == before
        else:
            assert (t.phase, t.to_bytes()) == (phase, data)
            assert t.to_tensor("float64").shape == (2, 2)
            assert repr(t)


def test_saved_parameters_of_random_bytes():
    generator = random.Random(5)
    parameter = Parameter((2, 2))
    before = parameter.save()
    loaded = 0
    for _ in range(300):
        saved = {
            "dtype": generator.choice(["int64", "float64", "float32", "", "object"]),
            "shape": generator.choice([[2, 2], [2, 2, 2], [], [0], [-1, 2], [2**62, 4]]),
            "data": generator.randbytes(generator.choice([0, 8, 32, 64, 65])),
        }
        try:
            parameter.load(saved)
        except ValueError:
            assert parameter.save() == before
        else:
            assert parameter.save() == saved
            before = saved
            loaded += 1
    assert loaded > 0
