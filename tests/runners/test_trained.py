"""A trained model is used: loaded, asked, judged, exported; what does not fit is told in one line."""

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_data import arguments
from runner_folders import runs
from safetensors.numpy import load_file

import syntonic
from syntonic._core import Tensor
from syntonic.runners.cli import main
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.record import RunRecord

QUICK = ["tracking=none", "trainer.population_size=32", "model.hidden=[8]"]
XOR = [*QUICK, "benchmark=xor", "trainer.max_generations=150", "seed=1"]
POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def table(folder: Path) -> list[str]:
    """The overrides of a run on a small table, which is written."""
    given = arguments("table", folder)
    return ["benchmark=table", *(f"benchmark.{key}={value}" for key, value in given.items())]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def classified(folder: Path) -> RunRecord:
    """A run that tells three kinds of rows apart."""
    words = [*QUICK, *table(folder), "trainer.max_generations=120", "trainer.learning_rate=0.1"]
    return syntonic.run(words, quiet=True)


@pytest.mark.parametrize("wanted", ["last", "id", "folder", "record"])
def test_a_run_is_opened(folder, wanted):
    record = syntonic.run(XOR, quiet=True)
    run = syntonic.load({"last": "last", "id": record.id[:20], "folder": record.folder, "record": record}[wanted])
    assert run.results == record.results
    assert run.config == record.config
    assert run.history["generation"] == list(range(1, 151))
    assert {len(values) for values in run.history.values()} == {150}
    assert [output[0] > 0 for output in run.model(POINTS)] == [False, True, True, False]
    assert run.model(np.array(POINTS, dtype="float32")) == run.model(Tensor(POINTS)) == run.model(POINTS)


def test_a_run_that_was_interrupted_has_the_model_of_its_last_checkpoint(folder):
    record = syntonic.run(XOR, quiet=True)
    expected = syntonic.load(record).model(POINTS)
    for path in (record.folder / "model").iterdir():
        path.unlink()
    (record.folder / "model").rmdir()
    assert syntonic.load(record).model(POINTS) == expected
    for path in (record.folder / "checkpoints").glob("*/*"):
        path.unlink()
    with pytest.raises(RequestError):
        syntonic.load(record).model(POINTS)


def test_there_is_no_such_run(folder):
    with pytest.raises(ValueError, match="there is no run in"):
        syntonic.load("20261122")


def test_answers_to_rows_of_a_table(folder, classified, capsys):
    assert classified.results["test_accuracy"] > 0.8
    source = random.Random(1)
    lines = read(folder / "table.csv")[:50]
    source.shuffle(lines)
    with (folder / "new.csv").open("w", newline="") as file:  # other order, one column more, no target
        writer = csv.DictWriter(file, ["note", "colour", "y", "x"], extrasaction="ignore", delimiter=";")
        writer.writeheader()
        writer.writerows({**line, "note": "a; b"} for line in lines)
    assert main(["predict", "--in", "new.csv", "--out", "answers.csv"]) == 0
    found = read(folder / "answers.csv")
    assert list(found[0]) == ["kind", "probability of a", "probability of b", "probability of c"]
    right = sum(answer["kind"] == line["kind"] for answer, line in zip(found, lines, strict=True))
    assert right / len(lines) > 0.8
    for answer in found:
        shares = {name[-1]: float(value) for name, value in answer.items() if name != "kind"}
        assert abs(sum(shares.values()) - 1) < 1e-5
        assert max(shares, key=shares.get) == answer["kind"]
    assert syntonic.load(classified).predict("new.csv") == found
    capsys.readouterr()
    assert main(["predict", "--in", "new.csv"]) == 0
    assert capsys.readouterr().out == (folder / "answers.csv").read_text()


def test_answers_do_not_depend_on_how_many_are_asked_for(folder, classified):
    lines = (folder / "table.csv").read_text().splitlines()
    (folder / "many.csv").write_text("\n".join([lines[0], *lines[1:] * 40]))
    (folder / "one.csv").write_text("\n".join(lines[:2]))
    run = syntonic.load(classified)
    many = run.predict("many.csv")
    assert len(many) == 12000
    assert many[:300] * 40 == many
    assert run.predict("one.csv") == many[:1]


def test_a_number_is_told_in_its_own_units(folder):
    source = random.Random(3)
    places = [source.uniform(-1, 1) for _ in range(200)]
    (folder / "line.csv").write_text("x,height\n" + "".join(f"{x},{500 + 100 * x}\n" for x in places))
    words = [*QUICK, "benchmark=table", "benchmark.path=line.csv", "benchmark.target=height"]
    run = syntonic.load(syntonic.run([*words, "trainer.max_generations=200"], quiet=True))
    (folder / "new.csv").write_text("x\n-0.5\n0.5\n")
    low, high = (float(row["height"]) for row in run.predict("new.csv"))
    assert abs(low - 450) < 20
    assert abs(high - 550) < 20
    assert main(["evaluate", "--in", "line.csv"]) == 0


def test_plain_rows_of_numbers(folder):
    run = syntonic.load(syntonic.run(XOR, quiet=True))
    (folder / "points.csv").write_text("".join(f"{x},{y}\n" for x, y in POINTS))
    found = [float(row["output_0"]) for row in run.predict("points.csv")]
    assert [[value] for value in found] == run.model(POINTS)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,colour\n1,red\n", "column 'y' is missing"),
        ("x,y,colour\n1,two,red\n", "column 'y', row 1: 'two' is"),
        ("x,y,colour\n1,2,red\n1,2\n", "line 3 has 2 values"),
        ("x,y,colour\n", "no rows"),
        ("", "is empty"),
    ],
)
def test_rows_that_do_not_fit_are_told(folder, classified, capsys, text, told):
    (folder / "new.csv").write_text(text)
    assert main(["predict", "--in", "new.csv", "--out", "answers.csv"]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert not (folder / "answers.csv").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,2,3\n", "row 1 has 3 values; the model takes 2"),
        ("1,2\n3,x\n", "row 2: 'x' is not"),
        ("1,inf\n", "infinite"),
    ],
)
def test_plain_rows_that_do_not_fit_are_told(folder, capsys, text, told):
    assert main(XOR) == 0
    (folder / "new.csv").write_text(text)
    assert main(["predict", "--in", "new.csv"]) == 2
    assert told in capsys.readouterr().err
    assert main(["predict", "--in", "nowhere.csv"]) == 2
    assert main(["predict"]) == 2


def test_a_model_is_judged_on_another_benchmark(folder, capsys):
    assert main(XOR) == 0
    capsys.readouterr()
    assert main(["evaluate"]) == 0
    said = capsys.readouterr().out
    assert "on xor, seed 1" in said
    assert "accuracy" in said
    assert main(["evaluate", "last", "benchmark.variant=noisy", "seed=5"]) == 0
    assert "on xor, seed 5" in capsys.readouterr().out
    assert main(["evaluate", "benchmark=digits"]) == 2
    assert "the model has inputs (2,)" in capsys.readouterr().err
    assert main(["evaluate", "trainer.sigma=1"]) == 2
    assert "only benchmark and seed can be set" in capsys.readouterr().err
    assert len(runs(folder)) == 1, "nothing is recorded"


def test_a_model_of_a_table_is_judged_on_other_rows(folder, classified, capsys):
    lines = (folder / "table.csv").read_text().splitlines()
    (folder / "labelled.csv").write_text("\n".join(lines[:101]))
    assert main(["evaluate", "--in", "labelled.csv"]) == 0
    said = dict(line.split() for line in capsys.readouterr().out.splitlines())
    answers = syntonic.load(classified).predict("labelled.csv")
    right = sum(a["kind"] == b["kind"] for a, b in zip(answers, read(folder / "labelled.csv"), strict=True))
    assert said == {"rows": "100", "accuracy": f"{right / 100:.4f}"}
    (folder / "other.csv").write_text("\n".join([lines[0], *lines[100:]]))
    assert main(["evaluate", "benchmark.path=other.csv"]) == 2
    assert "other statistics" in capsys.readouterr().err
    (folder / "bare.csv").write_text("x,y,colour\n1,2,red\n")
    assert main(["evaluate", "--in", "bare.csv"]) == 2
    assert "no column 'kind'" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_weights_are_exported_with_what_they_are(folder, classified, form):
    assert main(["export", "--to", form]) == 0
    path = folder / f"model.{form}"
    expected = {
        name: p.data.to_tensor("float32") for name, p in syntonic.load(classified).model.module.named_parameters()
    }
    if form == "npz":
        with np.load(path, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files if not name.startswith(("syntonic.", "producer"))}
            told = json.loads(found["syntonic.preparation"])
    else:
        arrays = load_file(path)
        header = path.read_bytes()
        told = json.loads(
            json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]["syntonic.preparation"]
        )
    assert told["target"] == "kind"
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, np.array(expected[name].tolist(), dtype="float32"))


def test_onnx_answers_as_the_model_does(folder, classified):
    onnxruntime = pytest.importorskip("onnxruntime")
    assert main(["export", classified.id, "--to", "onnx", "--out", "kinds.onnx"]) == 0
    run = syntonic.load(classified)
    inputs = np.random.default_rng(0).standard_normal((7, *run.model.facts.input_shape)).astype("float32")
    session = onnxruntime.InferenceSession(str(folder / "kinds.onnx"), providers=["CPUExecutionProvider"])
    (there,) = session.run(None, {"inputs": inputs})
    np.testing.assert_allclose(there, run.model(inputs), atol=1e-5)
    assert json.loads(session.get_modelmeta().custom_metadata_map["syntonic.preparation"])["target"] == "kind"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "onnx | npz | safetensors"),
        (["--to", "onx"], "did you mean 'onnx'?"),
        (["--to", "torch-state"], "safetensors.torch.load_file"),
        (["--to", "npz", "--out", "no/such/folder.npz"], "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_told(folder, capsys, words, told):
    assert main(XOR) == 0
    assert main(["export", *words]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_without_onnx_the_way_out_is_told(folder):
    assert main(XOR) == 0
    code = "import sys; sys.modules['onnx'] = None; from syntonic.runners.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "export", "--to", "onnx"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'syntonic[export]'" in done.stderr


@pytest.mark.parametrize("value", [None, 7, "", [], {}, [{}], {"a": 1}, "x" * 300, -1.5, [1e308, None]])
def test_a_model_of_another_s_making_is_told_of_in_one_line(folder, classified, capsys, value):
    place = classified.folder / "model" / "model.json"
    facts = json.loads(place.read_text())
    (folder / "new.csv").write_text("x,y,colour\n1,2,red\n")
    for key in facts["preparation"]:
        place.write_text(json.dumps({**facts, "preparation": {**facts["preparation"], key: value}}))
        assert main(["predict", "--in", "new.csv"]) in (0, 2)
        said = capsys.readouterr().err
        assert said.count("\n") <= 1
        assert "Traceback" not in said
