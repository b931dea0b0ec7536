"""Images of one's own: how they are read, split and refused."""

import gzip
import math
import struct

import numpy as np
import own_data
import pytest
from PIL import Image

from syntonic.benchmarks import FashionMnist, Images, Mnist5k
from syntonic.runners.cli import main


def array(tensor):
    return np.array(tensor.tolist())


def test_a_folder_for_each_class(tmp_path):
    given = own_data.images(tmp_path)
    found = Images(0, **given, batch_size=96)
    assert (found.input_shape, found.output_shape) == ((6, 6, 1), (3,))
    assert found.describe()[2:] == [
        "train 84 rows: a 28, b 28, c 28",
        "validation 12 rows: a 4, b 4, c 4",
        "test 24 rows: a 8, b 8, c 8",
    ]
    stored = {name: {Image.open(path).tobytes() for path in (tmp_path / "images" / name).iterdir()} for name in "abc"}
    x, y = (array(part) for part in found.batch(3))
    for image, label in zip(x, y, strict=True):
        assert np.round(image * 255).astype(np.uint8).tobytes() in stored["abc"[int(label)]]


def test_colour_and_jpeg(tmp_path):
    for row in range(20):
        place = tmp_path / "uv"[row % 2]
        place.mkdir(exist_ok=True)
        Image.new("RGB", (5, 4), (200, 10 * row, 30)).save(place / f"{row}.jpg")
    found = Images(0, path=str(tmp_path), batch_size=8)
    assert found.input_shape == (4, 5, 3)
    assert array(found.batch(1)[0])[..., 0].mean() == pytest.approx(200 / 255, abs=0.02)


def test_folders_that_are_split_stay_so(tmp_path):
    for split, rows in (("train", 20), ("test", 6)):
        for row in range(rows):
            place = tmp_path / split / "uv"[row % 2]
            place.mkdir(parents=True, exist_ok=True)
            Image.new("L", (3, 3), 9 * row + (split == "test")).save(place / f"{row}.png")
    lines = Images(0, path=str(tmp_path), validation=0.2).describe()
    assert [line.split(":")[0] for line in lines[2:]] == ["train 16 rows", "validation 4 rows", "test 6 rows"]
    judged = []
    Images(0, path=str(tmp_path)).evaluate(lambda x: judged.append(array(x)) or own_data_guess(x))
    assert (np.round(judged[-1] * 255) % 9 == 1).all()


def own_data_guess(x):
    from syntonic._core import Tensor

    return Tensor.zeros((x.shape[0], 2))


@pytest.mark.parametrize("names", [("x", "y"), ("x_train", "y_train", "x_test", "y_test")])
def test_npz(names, tmp_path):
    source = np.random.default_rng(0)
    sizes = {"train": 60, "test": 20}
    made = {
        name: source.integers(0, 256, (sizes.get(name[2:], 80), 4, 5), np.uint8)
        if name[0] == "x"
        else np.arange(sizes.get(name[2:], 80)) % 2
        for name in names
    }
    np.savez(tmp_path / "t.npz", **made)
    found = Images(0, path=str(tmp_path / "t.npz"), validation=0.25, test=0.25)
    assert found.input_shape == (4, 5, 1)
    rows = {array(image).tobytes() for image in []} | {row.tobytes() for row in made[names[0]]}
    assert all(np.round(image * 255).astype(np.uint8).tobytes() in rows for image in array(found.batch(0)[0]))
    assert found.describe()[-1].startswith("test 20 rows")


def test_fashion_mnist_reads_four_idx_files(tmp_path):
    found = FashionMnist(0, **own_data.fashion_mnist(tmp_path), validation=0.25)
    assert found.input_shape == (6, 6, 1)
    assert [line.split(":")[0] for line in found.describe()[2:]] == [
        "train 150 rows",
        "validation 50 rows",
        "test 100 rows",
    ]
    pixels = gzip.decompress((tmp_path / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    known = {(pixels[36 * row : 36 * row + 36], row % 10) for row in range(200)}
    x, y = (array(part) for part in found.batch(5))
    assert {(np.round(i * 255).astype(np.uint8).tobytes(), int(label)) for i, label in zip(x, y, strict=True)} <= known


def test_mnist5k_reads_the_file_of_the_package(tmp_path):
    found = Mnist5k(0, **own_data.mnist5k(tmp_path))
    assert found.input_shape == (28, 28, 1)
    assert array(found.batch(1)[0]).max() == pytest.approx(250 / 255)
    (tmp_path / "mnist_5k.csv.gz").write_bytes(gzip.compress(b"1,2,3"))
    with pytest.raises(ValueError, match="line 1 is no digit"):
        Mnist5k(0, path=str(tmp_path / "mnist_5k.csv.gz"))


def idx(shape, data, kind=8):
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


GOOD = idx((4, 2, 2), bytes(16)), idx((4,), bytes([0, 1, 0, 1]))


@pytest.mark.parametrize(
    ("images", "labels", "fault"),
    [
        (b"", GOOD[1], "is no IDX file"),
        (GOOD[0][:10], GOOD[1], "ends within its sizes"),
        (GOOD[0][:-1], GOOD[1], "has 15 values, and its sizes"),
        (idx((4, 2, 2), bytes(64), 13), GOOD[1], "is no IDX file of bytes"),
        (GOOD[0], idx((3,), bytes(3)), "3 labels"),
        (idx((4, 4), bytes(16)), GOOD[1], "expected .rows, height, width."),
        (b"\x1f\x8b" + bytes(20), GOOD[1], "cannot be unpacked"),
        (idx((2**31, 2**31, 4), b""), GOOD[1], "has 0 values"),
    ],
)
def test_files_that_are_no_idx_files(images, labels, fault, tmp_path):
    for prefix in ("train", "t10k"):
        (tmp_path / f"{prefix}-images-idx3-ubyte").write_bytes(images)
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(ValueError, match=fault):
        FashionMnist(0, path=str(tmp_path))


def folder_of(tmp_path, **files):
    for name, content in files.items():
        place = tmp_path / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        content.save(f"{place}.png") if isinstance(content, Image.Image) else place.with_suffix(".png").write_bytes(
            content
        )
    return str(tmp_path)


ONE = Image.new("L", (3, 3))


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({}, "has no folders within it; give a folder"),
        ({"a__1": ONE}, "has 1 folders of images; expected one for each"),
        ({"a__1": ONE, "b__1": Image.new("L", (4, 3))}, "is 3 x 4 in grey, and the first image 3 x 3 in grey"),
        ({"a__1": ONE, "b__1": Image.new("RGB", (3, 3))}, "in colour"),
        ({"a__1": ONE, "b__1": b"no image"}, "cannot be read as an image"),
        ({"a__1": ONE, "b__1": Image.new("I;16", (3, 3))}, "more than 8 bits"),
        ({"a__1": ONE, "b__1": ONE}, "too few rows for"),
    ],
)
def test_folders_that_are_refused(files, fault, tmp_path):
    with pytest.raises(ValueError, match=fault) as caught:
        Images(0, path=folder_of(tmp_path, **files))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist5k", "images"])
def test_a_run_without_data_says_how_to_get_it(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([f"benchmark={name}", "benchmark.path=null" if name == "images" else "benchmark.path=nowhere"]) == 2
    said = capsys.readouterr().err
    assert "benchmark.path=" in said or "cannot read" in said
    assert len(said.splitlines()) == 1


def test_an_image_of_another_pixel_is_another_digest(tmp_path):
    given = own_data.images(tmp_path)
    first = Images(0, **given).data_digest()
    image = Image.open(tmp_path / "images/a/0.png")
    image.putpixel((0, 0), 77)
    image.save(tmp_path / "images/a/0.png")
    assert Images(0, **given).data_digest() != first
    assert math.isclose(Images(0, **given).chance["accuracy"], 1 / 3)
