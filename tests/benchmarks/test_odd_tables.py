"""Two hundred odd files: each is read right, or refused by one clear line."""

import csv
import io
import math
import random
from itertools import product

import pytest

from syntonic.benchmarks.reading import read_columns
from syntonic.benchmarks.table import Table
from syntonic.runners.cli import main

ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-32"]
SEPARATORS = [",", ";", "\t", "|"]
ENDS = ["\n", "\r\n", "\r"]
ROWS = [
    [f"{i * 0.5:.2f}", ["Zürich", "Genève, rive gauche", 'the "old" one\nbelow'][i % 3], str(i % 2)] for i in range(40)
]
WAYS = list(product(ENCODINGS, SEPARATORS, ENDS, [csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))


@pytest.mark.parametrize(("encoding", "separator", "end", "quoting"), WAYS)
def test_a_text_is_read_however_it_is_written(encoding, separator, end, quoting):
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([["höhe", "stadt", "klasse"], *ROWS])
    found = read_columns("t", sink.getvalue().encode(encoding))
    assert list(found.columns) == ["höhe", "stadt", "klasse"]
    assert list(found.columns["höhe"].numbers) == [float(row[0]) for row in ROWS]
    city = found.columns["stadt"]
    assert [city.texts[code] for code in city.codes] == [row[1] for row in ROWS]
    assert list(found.columns["klasse"].numbers) == [float(row[2]) for row in ROWS]


def lines(*rows, head="x,y"):
    return "\n".join([head, *rows, ""]).encode()


PLAIN = [f"{i}.5,{i % 2}" for i in range(30)]
# What is in the file, what is said of it, and the inputs and outputs of a model.
RIGHT = {
    "an integer of 400 digits less than floats can hold": (
        lines(*(f"{10**200 + i * 10**198},{i % 2}" for i in range(30))),
        {},
        (1, 2),
    ),
    "whole numbers beyond 2^64": (lines(*(f"{2**70 + i * 2**40},{i % 2}" for i in range(30))), {}, (1, 2)),
    "exponents and signs": (lines(*(f"{'+-'[i % 2]}{i}e-3,{i % 2}" for i in range(30))), {}, (1, 2)),
    "spaces about values": (lines(*(f"  {i} , {i % 2} " for i in range(30))), {}, (1, 2)),
    "spaces about names": (lines(*PLAIN, head=" x , y "), {}, (1, 2)),
    "blank lines": (lines("", *PLAIN, "", ""), {}, (1, 2)),
    "no newline at the end": (lines(*PLAIN).rstrip(), {}, (1, 2)),
    "a constant column beside another": (lines(*(f"7,{i},{i % 2}" for i in range(30)), head="c,x,y"), {}, (1, 2)),
    "a constant text beside another": (
        lines(*(f"u,{i},{i % 2}" for i in range(30)), head="c,x,y"),
        {"categories": "onehot"},
        (1, 2),
    ),
    "no names": (lines(*PLAIN, head="1.0,0"), {"target": "1"}, (1, 2)),
    "names that are years": (lines(*PLAIN, head="2019,2020"), {"target": "2020", "header": True}, (1, 2)),
    "a name that is missing, as of an index": (lines(*PLAIN, head=",y"), {}, (1, 2)),
    "decimal commas": (lines(*(f"{i},5;{i % 2}" for i in range(30)), head="x;y"), {"decimal": ","}, (1, 2)),
    "a separator that is said": (lines(*(f"{i}:{i % 2}" for i in range(30)), head="x:y"), {"separator": ":"}, (1, 2)),
    "text classes": (lines(*(f"{i},{'no' if i % 2 else 'yes'}" for i in range(30))), {}, (1, 2)),
    "many numbers to tell": (lines(*(f"{i},{i * 1.5}" for i in range(30))), {}, (1, 1)),
    "few whole numbers said to be numbers": (lines(*PLAIN), {"task": "regression"}, (1, 1)),
    "labels far apart": (lines(*(f"{i},{[-5, 10**6][i % 2]}" for i in range(30))), {}, (1, 2)),
    "a class with one row": (lines(*PLAIN, "9,2"), {}, (1, 3)),
    "missing numbers for a mean": (
        lines(*(f"{'NA' if i % 4 else i},{i % 2}" for i in range(40))),
        {"missing": "mean"},
        (1, 2),
    ),
    "a date that is not looked at": (
        lines(*(f"2024-01-{i + 1:02},{i},{i % 2}" for i in range(30)), head="d,x,y"),
        {"ignore": ("d",)},
        (1, 2),
    ),
    "truth values": (lines(*(f"{i},{i % 3 == 0}" for i in range(30))), {}, (1, 2)),
    "numbers of 200 columns": (
        lines(
            *(",".join(map(str, range(i, i + 200))) + f",{i % 2}" for i in range(30)),
            head=",".join(f"c{i}" for i in range(200)) + ",y",
        ),
        {},
        (200, 2),
    ),
    "a very small spread": (lines(*(f"{1 + i * 1e-9:.12f},{i % 2}" for i in range(30))), {}, (1, 2)),
    "two lines in a name": (lines(*PLAIN, head='"x\nof all",y'), {}, (1, 2)),
    "numbers in quotes": (lines(*(f'"{i}","{i % 2}"' for i in range(30))), {}, (1, 2)),
    "digits of another script": (lines(*(f"{'٠١٢٣٤٥٦٧٨٩'[i % 10]},{i % 2}" for i in range(30))), {}, (1, 2)),
}
WRONG = {
    "nothing": (b"", {}, "is empty; give a CSV"),
    "white space": (b" \n\n ", {}, "is empty"),
    "a mark and nothing": (b"\xef\xbb\xbf", {}, "is empty"),
    "names alone": (b"x,y\n", {}, "has names of columns and no rows"),
    "one row": (b"x,y\n1,2\n", {"target": "y"}, "one class|nothing to learn|too few rows"),
    "one class": (lines(*(f"{i},1" for i in range(30))), {}, "has one class, '1'"),
    "one number to tell": (lines(*(f"{i},1.5" for i in range(30))), {}, "nothing to learn"),
    "constant columns alone": (lines(*(f"4,{i % 2}" for i in range(30))), {}, "every column of .* is the same"),
    "one column": (lines(*map(str, range(30)), head="y"), {}, "no column besides its target"),
    "a row too long": (lines(*PLAIN, "1,2,3"), {}, "line 32 has 3 values, and the first row has 2"),
    "a row too short": (lines(*PLAIN[:5], "1", *PLAIN), {}, "line 7 has 1 values, and the first row has 2"),
    "a name twice": (lines(*(f"{i},{i},1" for i in range(9)), head="x,x,y"), {}, "two columns are called 'x'"),
    "infinity": (lines(*PLAIN, "inf,1"), {}, "column 'x', row 31: inf is no finite number"),
    "minus infinity in other letters": (lines("-Infinity,1", *PLAIN), {}, "column 'x', row 1: -Infinity is no finite"),
    "a number that is no float": (lines(*PLAIN, f"{'9' * 400},1"), {}, "column 'x', row 31: 9{40} is no finite"),
    "not a number": (lines(*PLAIN, "NaN,1"), {}, "column 'x' lacks 1 of 31 values, the first in row 31: missing=drop"),
    "a missing target": (lines(*PLAIN, "4,"), {}, "column 'y' lacks 1 of 31 values"),
    "only missing values": (lines(*(f",{i % 2}" for i in range(9))), {"missing": "drop"}, "every row lacks a value"),
    "a slip among numbers": (lines(*PLAIN, "1O.5,1"), {}, "column 'x', row 31: '1O.5' is not a number, and most"),
    "underscores": (lines(*PLAIN, "1_000,1"), {}, "'1_000' is not a number"),
    "some decimal commas": (
        lines(*(f"{i}.5;{i % 2}" for i in range(30)), "3,5;1", head="x;y"),
        {},
        "with decimal=, it would",
    ),
    "dates": (
        lines(*(f"2024-{i % 12 + 1:02}-{i % 28 + 1:02},{i % 2}" for i in range(99))),
        {"categories": "onehot"},
        "different texts .*ignore=\\[x\\]",
    ),
    "names of people": (lines(*(f"n{i},{i % 2}" for i in range(99))), {}, "has 99 different texts"),
    "texts": (lines(*(f"{'uv'[i % 2]},{i % 2}" for i in range(30))), {}, "categories=onehot makes an input of each"),
    "NUL": (lines(*PLAIN, "1\0,1"), {}, "line 32 holds a NUL character"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, {}, "NUL character"),
    "half of a zip": (b"PK\x03\x04" + bytes(99), {}, "is no NPZ file"),
    "half of a Parquet file": (b"PAR1" + bytes(99), {}, "cannot be read as Parquet"),
    "half of utf-16": (lines(*PLAIN).decode().encode("utf-16")[:-1], {}, "begins with the mark of utf-16 and goes on"),
    "the wrong encoding": ("x,ÿ\n1,2\n".encode("latin-1"), {"encoding": "utf-8"}, "encoding=utf-8: does not fit"),
    "an unknown encoding": (lines(*PLAIN), {"encoding": "utf-9"}, "knows no such encoding"),
    "no encoding of text": (lines(*PLAIN), {"encoding": "hex"}, "knows no such encoding"),
    "an open quote": (lines(*PLAIN, '"1,1'), {}, "line 32: unexpected end of data"),
    "a quote within": (lines(*PLAIN, '"1"2,1'), {}, "line 32: ',' expected"),
    "an endless value": (lines(*PLAIN, "x" * 2**21 + ",1"), {}, "field larger than field limit"),
    "no room for three splits": (b"x,y\n1,0\n2,1\n", {}, "too few rows for"),
    "shares of everything": (lines(*PLAIN), {"validation": 0.5, "test": 0.5}, "leave nothing for training"),
    "a group for all": (
        lines(*(f"{i},{i % 2},g" for i in range(30)), head="x,y,g"),
        {"group": "g"},
        "too few groups for",
    ),
    "everything ignored": (lines(*PLAIN), {"ignore": ("x", "y")}, "no column that is not ignored"),
    "numbers beyond all": (
        lines(*(f"{'-' * (i % 2)}1.7e308,{i % 2}" for i in range(30))),
        {},
        "cannot be standardised",
    ),
    "a text to be told as a number": (
        lines(*(f"{i},{'uv'[i % 2]}" for i in range(30))),
        {"task": "regression"},
        "is not a number in row 1: 'u'",
    ),
    "too many classes": (lines(*(f"{i},n{i}" for i in range(10_001))), {}, "has 10,001 classes"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_read_right(name, tmp_path):
    data, said, (inputs, outputs) = RIGHT[name]
    (tmp_path / "t.csv").write_bytes(data)
    table = Table(0, **{"target": "y", "path": str(tmp_path / "t.csv"), "batch_size": None, **said})
    assert (table.input_shape, table.output_shape) == ((inputs,), (outputs,))
    values = [v for row in table.batch(1)[0].tolist() for v in row]
    assert all(map(math.isfinite, values))
    assert math.fsum(values) / len(values) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", WRONG)
def test_it_is_refused_by_one_line(name, tmp_path):
    data, said, fault = WRONG[name]
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(ValueError, match=fault) as caught:
        Table(0, **{"target": "y", "path": str(tmp_path / "t.csv"), **said})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_file_of_random_bytes_is_read_or_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = random.Random(1)
    good = lines(*PLAIN)
    for number in range(300):
        data = bytearray(good)
        for _ in range(source.randrange(1, 6)):
            place = source.randrange(len(data))
            data[place : place + source.randrange(3)] = bytes(
                source.choice(b',;"\n\r\0\xff\xfe 1e-.\t|x') for _ in range(source.randrange(3))
            )
        if number % 3 == 0:
            data = data[: source.randrange(len(data))]
        (tmp_path / "t.csv").write_bytes(data)
        faults = []
        try:
            Table(0, path="t.csv", target="y", missing="mean", categories="onehot")
        except ValueError as error:
            faults = str(error).splitlines()
        assert len(faults) <= 1
    (tmp_path / "t.csv").write_bytes(good + b"\0")
    assert main(["benchmark=table", "benchmark.path=t.csv", "benchmark.target=y", "tracking=none"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.slow
def test_a_million_rows(tmp_path):
    draw = random.Random(2).random
    rows = [f"{draw():.4f},{draw():.4f},{draw():.4f},{'uvw'[i % 3]},{i % 2}" for i in range(10**6)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,t,y", *rows]))
    table = Table(0, path=str(tmp_path / "t.csv"), target="y", categories="onehot")
    assert table.input_shape == (6,)
    assert table.describe()[2] == "train 600,000 rows: 0 300,000, 1 300,000"
