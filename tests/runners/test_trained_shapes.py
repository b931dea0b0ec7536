"""A model of images and one of a series are used like one of a table: asked about new files, judged, exported."""

import csv
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from own_data import arguments
from PIL import Image

import syntonic
from syntonic.runners.cli import main
from syntonic.runners.run.record import RunRecord

QUICK = ["tracking=none", "trainer.population_size=32", "trainer.learning_rate=0.1", "model.hidden=[8]"]


def trained(kind: str, folder: Path, *words: str) -> RunRecord:
    given = [f"benchmark.{key}={value}" for key, value in arguments(kind, folder).items()]
    return syntonic.run([f"benchmark={kind}", *QUICK, *given, *words], quiet=True)


@pytest.fixture
def pictured(folder: Path) -> RunRecord:
    """A run that tells where a bright line is."""
    return trained("images", folder, "trainer.max_generations=60")


@pytest.fixture
def waves(folder: Path) -> RunRecord:
    """A run that tells a wave three rows later."""
    return trained("series", folder, "benchmark.ahead=3", "trainer.max_generations=60")


def told(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def pixels(folder: Path) -> tuple[list[Path], np.ndarray]:
    paths = sorted((folder / "images").rglob("*.png"))
    return paths, np.stack([np.asarray(Image.open(path)) for path in paths])[..., None]


def test_images_are_answered_by_their_names(folder, pictured, capsys):
    assert main(["predict", "--in", "images", "--out", "answers.csv"]) == 0
    answers, (paths, bytes_) = told(folder / "answers.csv"), pixels(folder)
    assert [row["image"] for row in answers] == [str(path.relative_to(folder / "images")) for path in paths]
    logits = np.array(syntonic.load(pictured).model((bytes_ / 255).astype("float32")))
    assert [row["class"] for row in answers] == ["abc"[place] for place in logits.argmax(1)]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = [[float(row[f"probability of {name}"]) for name in "abc"] for row in answers]
    np.testing.assert_allclose(found, shares, atol=1e-5)
    right = np.mean([row["class"] == path.parent.name for row, path in zip(answers, paths, strict=True)])
    assert right > 0.9
    capsys.readouterr()
    assert main(["evaluate", "--in", "images"]) == 0
    assert capsys.readouterr().out.split()[:4] == ["rows", "120", "accuracy", f"{right:.4f}"]


def test_however_images_are_written_the_answers_are_the_same(folder, pictured):
    expected = [row["class"] for row in syntonic.load(pictured).predict("images")]
    _, bytes_ = pixels(folder)
    np.savez(folder / "x.npz", x=bytes_[..., 0], y=np.repeat(np.arange(3), 40))
    (folder / "images.idx").write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, 120, 6, 6) + bytes_.tobytes())
    np.savetxt(folder / "rows.csv", bytes_.reshape(120, 36) / 255, delimiter=",")
    for path in ("x.npz", "images.idx", "rows.csv"):
        assert [row["class"] for row in syntonic.load(pictured).predict(path)] == expected
    (one,) = syntonic.load(pictured).predict(next((folder / "images" / "b").iterdir()))
    assert one["class"] in "abc"


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda place: Image.new("L", (7, 6)).save(place / "x.png"), "x.png is 6 x 7 x 1 (height, width, channels)"),
        (lambda place: Image.new("RGB", (6, 6)).save(place / "x.png"), "6 x 6 x 3"),
        (lambda place: (place / "x.png").write_bytes(b"nothing"), "cannot be read as an image"),
        (lambda place: (place / "x.txt").touch(), "has no files that end in .png"),
        (lambda place: np.savez(place / "x.npz", x=np.zeros((2, 6, 6))), "trained on bytes"),
        (lambda place: np.savez(place / "x.npz", z=np.zeros((2, 6, 6), "uint8")), "has no array 'x'"),
        (lambda place: np.savez(place / "x.npz", x=np.zeros(6, "uint8")), "expected (rows, height, width, channels)"),
    ],
)
def test_images_that_do_not_fit_are_told_in_one_line(folder, pictured, capsys, make, fault):
    (folder / "given").mkdir()
    make(folder / "given")
    capsys.readouterr()
    path = "given/x.npz" if (folder / "given" / "x.npz").exists() else "given"
    assert main(["predict", pictured.id, "--in", path]) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert said.count("\n") == 1


def test_images_of_other_classes_cannot_be_judged(folder, pictured, capsys):
    shutil.copytree(folder / "images" / "a", folder / "other" / "d")
    assert main(["predict", "--in", "other"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--in", "other"]) == 2
    assert "has no names of folders" in capsys.readouterr().err


def test_a_series_is_told_to_the_rows_after_its_end(folder, waves, capsys):
    lines = (folder / "series.csv").read_text().splitlines()
    given = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    swapped = [",".join(line.split(",")[::-1]) for line in lines[-40:]]
    (folder / "new.csv").write_text("\n".join(["other,wave", *swapped]))
    answers = syntonic.load(waves).predict("new.csv")
    assert [int(row["row"]) for row in answers] == list(range(11, 44)), "windows of 8 of 40 rows, three rows ahead"

    known = given[: 200 - round(200 * 0.15) - round(200 * 0.15)]
    mean, scale = known.mean(0), known.std(0)
    windows = np.lib.stride_tricks.sliding_window_view((given[-40:] - mean) / scale, 8, axis=0).transpose(0, 2, 1)
    expected = np.array(syntonic.load(waves).model(windows.astype("float32")))[:, 0] * scale[0] + mean[0]
    found = np.array([float(row["wave"]) for row in answers])
    np.testing.assert_allclose(found, expected, atol=1e-4)

    capsys.readouterr()
    assert main(["evaluate", "--in", "new.csv"]) == 0
    (_, rows), (_, error), *_ = (line.split() for line in capsys.readouterr().out.splitlines())
    assert float(rows) == 30
    assert float(error) == pytest.approx(np.sqrt(np.mean((found[:30] - given[-30:, 0]) ** 2)), abs=1e-3)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("wave\n1\n", "column 'other' is missing"),
        ("wave,other\n" + "1,2\n" * 7, "there are 7 rows, and the model looks at 8"),
        ("wave,other\n" + "1,2\n" * 8 + "1,\n", "column 'other', row 9: the value is missing"),
        ("wave,other\n" + "1,2\n" * 8 + "1,x\n", "column 'other', row 9: 'x' is not a number"),
    ],
)
def test_rows_of_a_series_that_do_not_fit_are_told_in_one_line(folder, waves, capsys, text, fault):
    (folder / "new.csv").write_text(text)
    capsys.readouterr()
    assert main(["predict", waves.id, "--in", "new.csv"]) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert said.count("\n") == 1


def test_what_is_constant_in_training_is_nothing_later(folder):
    (folder / "flat.csv").write_text("wave,flat\n" + "".join(f"{t % 7},{3 if t < 150 else 9}\n" for t in range(200)))
    words = ["benchmark.path=flat.csv", "benchmark.length=4", "trainer.max_generations=5"]
    run = syntonic.run(["benchmark=series", "benchmark.target=wave", *QUICK, *words], quiet=True)
    (folder / "still.csv").write_text("wave,flat\n" + "".join(f"{t % 7},3\n" for t in range(200)))
    assert syntonic.load(run).predict("flat.csv") == syntonic.load(run).predict("still.csv")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("images", ["model=cnn2d", "model.channels=[4]"]),
        ("series", ["model=cnn1d"]),
        ("series", ["model=mlp", "model.hidden=[8]"]),
    ],
)
def test_onnx_answers_as_the_model_does(folder, kind, words):
    onnxruntime = pytest.importorskip("onnxruntime")
    given = [f"benchmark.{key}={value}" for key, value in arguments(kind, folder).items()]
    quick = ["tracking=none", "trainer.population_size=8", "trainer.max_generations=5"]
    run = syntonic.run([f"benchmark={kind}", *quick, *given, *words], quiet=True)
    assert main(["export", "--to", "onnx"]) == 0
    inputs = np.random.default_rng(0).standard_normal((7, *syntonic.load(run).model.facts.input_shape))
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    (there,) = session.run(None, {"inputs": inputs.astype("float32")})
    np.testing.assert_allclose(there, syntonic.load(run).model(inputs.astype("float32")), atol=1e-5)
    assert json.loads(session.get_modelmeta().custom_metadata_map["syntonic.preparation"])["kind"] == kind
