"""A table of one's own: what becomes of its columns and rows."""

import hashlib
import json

import numpy as np
import own_data
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_iris

from syntonic.benchmarks import preparation
from syntonic.benchmarks.reading import read_columns
from syntonic.benchmarks.table import Table
from syntonic.benchmarks.table_encoding import TableEncoding
from syntonic.runners.cli import main


def array(tensor):
    return np.array(tensor.tolist())


@pytest.fixture
def iris(tmp_path):
    data = load_iris()
    rows = [[*map(str, x), data.target_names[y]] for x, y in zip(data.data, data.target, strict=True)]
    path = tmp_path / "iris.csv"
    path.write_text("\n".join(map(",".join, [["sl", "sw", "pl", "pw", "species"], *rows])))
    return data, path


def test_numbers_are_standardised_by_training_rows_alone(iris):
    data, path = iris
    table = Table(0, path=str(path), target="species", batch_size=None)
    x, y = (array(part) for part in table.batch(1))
    assert (x.shape, table.output_shape) == ((90, 4), (3,))
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-6)
    fit = table.encoding.inputs
    raw = x * [each.scale for each in fit] + [each.mean for each in fit]
    found = {(*np.round(row, 4), int(label)) for row, label in zip(raw, y, strict=True)}
    assert found <= {(*row, int(label)) for row, label in zip(data.data, data.target, strict=True)}
    assert np.bincount(y.astype(int)).tolist() == [30, 30, 30], "every class by its share"


def test_the_split_does_not_depend_on_the_seed_of_the_run(iris):
    _, path = iris
    one, other = (Table(seed, path=str(path), target="species", batch_size=None) for seed in (0, 9))
    assert bytes(memoryview(one.batch(1)[0])) == bytes(memoryview(other.batch(1)[0]))
    third = Table(0, path=str(path), target="species", batch_size=None, split_seed=1)
    assert bytes(memoryview(one.batch(1)[0])) != bytes(memoryview(third.batch(1)[0]))


def test_a_number_is_judged_in_its_own_unit(tmp_path):
    x = np.random.default_rng(0).normal(size=500)
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{v:.6f},{100 + 50 * v:.6f}\n" for v in x))
    table = Table(0, path=str(tmp_path / "t.csv"), target="y", batch_size=None)
    assert table.output_shape == (1,)
    found = table.evaluate(lambda inputs: inputs)  # x is y, once both are standardised
    assert found["test_rmse"] < 1e-2
    assert table.rules["mean of training"]["rmse"] == pytest.approx(50, rel=0.1)
    assert table.encoding.answers(table.batch(1)[1]) == pytest.approx(
        list(
            100 + 50 * (array(table.batch(1)[0])[:, 0] * table.encoding.inputs[0].scale + table.encoding.inputs[0].mean)
        ),
        rel=1e-5,
    )


def test_rows_of_a_group_stay_together(tmp_path):
    rows = [f"{i % 17 + i / 1000},{i % 2},p{i // 5}" for i in range(200)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["x,y,patient", *rows]))
    table = Table(0, path=str(path), target="y", group="patient", batch_size=None, standardize=False)
    assert table.input_shape == (1,), "a group is no input"
    seen = {}
    table.evaluate(lambda x: seen.setdefault(len(seen), x) and x.concat([x], dim=1))
    number = {round(float(row.split(",")[0]), 3): row.split(",")[2] for row in rows}
    groups = [{number[round(v, 3)] for v in array(x)[:, 0]} for x in seen.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 40


def test_missing_values_by_config(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "x,c,y\n"
        + "".join(f"{'' if i % 5 == 0 else i},{'NA' if i % 7 == 0 else 'uv'[i % 2]},{i % 2}\n" for i in range(70))
    )
    with pytest.raises(ValueError, match=r"'x' lacks 14 of 70 values, the first in row 1: missing=drop"):
        Table(0, path=str(path), target="y", categories="onehot")
    dropped = Table(0, path=str(path), target="y", categories="onehot", missing="drop")
    assert dropped.describe()[-1] == "left out, with missing values: 22 rows"
    mean = Table(0, path=str(path), target="y", categories="onehot", missing="mean", batch_size=None)
    assert mean.input_shape == (3,)
    assert 0.0 in array(mean.batch(1)[0])[:, 0]
    told = Table(0, path=str(path), target="y", categories="onehot", missing="indicator", batch_size=None)
    x = array(told.batch(1)[0])
    assert told.input_shape == (5,)
    assert ((x[:, 0] == 0) == (x[:, 1] == 1)).all()
    assert ((x[:, 2:4].sum(1) == 0) == (x[:, 4] == 1)).all()


def test_npz_and_parquet_are_the_table_of_the_text(tmp_path):
    given = own_data.table(tmp_path)
    text = Table(0, **given, batch_size=None)
    columns = read_columns("t", (tmp_path / "table.csv").read_bytes())
    words = {name: np.array([c.texts[code] for code in c.codes]) for name, c in columns.columns.items() if c.texts}
    arrays = {name: np.array(c.numbers) for name, c in columns.columns.items() if c.numbers} | words
    np.savez_compressed(tmp_path / "t.npz", **{name: arrays[name] for name in columns.columns})
    pq.write_table(pa.table({name: arrays[name] for name in columns.columns}), tmp_path / "t.parquet")
    for name in ("t.npz", "t.parquet"):
        other = Table(0, **{**given, "path": str(tmp_path / name)}, batch_size=None)
        assert bytes(memoryview(other.batch(1)[0])) == bytes(memoryview(text.batch(1)[0]))
        assert other.encoding == text.encoding
        assert other.data_digest() == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_the_encoding_is_plain_data_and_reads_new_rows(tmp_path):
    table = Table(0, **own_data.table(tmp_path))
    back = TableEncoding.from_plain(json.loads(json.dumps(table.encoding.plain())))
    assert back == table.encoding
    new = read_columns("new", b"colour,y,x\nred,0.5,1\nblue,1,2\n")
    x = array(back.encode(new))
    assert x.shape == (2, 4)
    assert x[0, 2:].tolist() == [0, 1]
    assert x[1, 2:].tolist() == [0, 0], "a text that training did not have"
    with pytest.raises(ValueError, match="no such column"):
        back.encode(read_columns("new", b"x,colour\n1,red\n"))


def test_new_rows_are_given_as_texts(tmp_path):
    table = Table(0, **own_data.table(tmp_path), batch_size=None)
    kept = json.loads(json.dumps(table.preparation()))
    lines = (tmp_path / "table.csv").read_text().splitlines()
    header, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
    found = np.array(preparation.encode(kept, header[::-1], [row[::-1] for row in rows]))
    np.testing.assert_array_equal(found, array(table.encoding.encode(read_columns("t", "\n".join(lines).encode()))))
    with pytest.raises(ValueError, match="column 'x', row 2: 'u' is not a number"):
        preparation.encode(kept, ["x", "y", "colour"], [["1", "2", "red"], ["u", "2", "red"]])
    with pytest.raises(ValueError, match="column 'colour', row 1: the value is missing"):
        preparation.encode(kept, ["x", "y", "colour"], [["1", "2", ""]])
    with pytest.raises(ValueError, match="column 'y' is missing; the model was trained on it"):
        preparation.encode(kept, ["x", "colour"], [["1", "red"]])
    names, cells = preparation.answers(kept, [[0.0, 2.0, 1.0]])
    assert names == ["kind", "probability of a", "probability of b", "probability of c"]
    assert cells[0][0] == "b"
    assert list(map(float, cells[0][1:])) == pytest.approx([0.0900306, 0.665241, 0.244728], rel=1e-5)


def test_a_run_says_what_its_data_is_and_remembers_its_bytes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    own_data.table(tmp_path)
    words = ["benchmark=table", "benchmark.path=table.csv", "benchmark.target=kind", "benchmark.ignore=[colour]"]
    assert main([*words, "tracking=none", "trainer.max_generations=150"]) == 0
    said = capsys.readouterr().out
    assert "train 180 rows: a 60, b 60, c 60" in said
    assert "table.csv (CSV, utf-8), target 'kind': one of 3 classes" in said
    (record,) = (tmp_path / ".syntonic/runs").glob("*/run.json")
    facts = json.loads(record.read_text())
    assert facts["inputs"] == {"table.csv": hashlib.sha256((tmp_path / "table.csv").read_bytes()).hexdigest()}
    assert facts["results"]["test_accuracy"] > 0.9


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], "needs a file: benchmark.path="),
        (["benchmark.path=nowhere.csv"], "cannot read the table nowhere.csv: No such file or directory"),
        (["benchmark.path=."], "is a folder; give a regular file"),
        (
            ["benchmark.path=table.csv"],
            "which column of table.csv is to be told? Say benchmark.target=; it has 'x', 'y'",
        ),
        (
            ["benchmark.path=table.csv", "benchmark.target=knd"],
            "target=knd: the table has no such column; did you mean 'kind'?",
        ),
        (["benchmark.path=table.csv", "benchmark.target=kind"], "column 'colour' has texts"),
    ],
)
def test_a_fault_is_one_line(words, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    own_data.table(tmp_path)
    assert main(["benchmark=table", *words, "tracking=none"]) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / ".syntonic").exists()
