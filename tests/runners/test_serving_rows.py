"""What MLflow hands to a kept model, in every form that people have their data in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syntonic.runners.cli import main
from syntonic.runners.run.kept_model import load
from syntonic.runners.run.serving import mlmodel, rows

FORMS: dict[str, Callable[[Any], Any]] = {
    "lists": lambda data: data,
    "tuples": lambda data: [tuple(row) for row in data],
    "float64": lambda data: np.array(data, "float64"),
    "float32": lambda data: np.array(data, "float32"),
    "integers": lambda data: np.array(data, "float64").round().astype("int64"),
    "a table": lambda data: __import__("pandas").DataFrame(data),
    "a table of names": lambda data: __import__("pandas").DataFrame(data, columns=[f"c{i}" for i in range(64)]),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kept models of rows, of images and of tokens."""
    orders = {
        "rows": ["benchmark=digits"],
        "images": ["benchmark=cnn", "model=cnn2d"],
        "tokens": ["model=transformer", "benchmark=transformer", "benchmark.length=4"],
    }
    found = {}
    for name, order in orders.items():
        home = tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("SYNTONIC_HOME", str(home))
            small = ["trainer.max_generations=1", "trainer.population_size=4", "tracking=none"]
            assert main([*order, *small]) == 0
        found[name] = next((home / "runs").iterdir()) / "model"
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_every_form_is_taken(folders: dict[str, Path]) -> None:
    import mlflow

    model = mlflow.pyfunc.load_model(str(folders["rows"]))
    assert len(model.metadata.signature.inputs.inputs) == 64
    assert len(model.metadata.signature.outputs.inputs) == 10
    data = [[0.0] * 64, [1.0] * 64]
    for name, form in FORMS.items():
        assert model.predict(form(data)) == load(folders["rows"])(data), name
    images = mlflow.pyfunc.load_model(str(folders["images"]))
    assert images.metadata.signature.outputs is not None
    shape = json.loads((folders["images"] / "model.json").read_text())["input_shape"]
    whole = np.array(data).reshape(2, *shape)
    wanted = load(folders["images"])(whole.tolist())
    for given in (data, whole, whole.astype("float32"), whole.tolist(), [*whole], np.array(data)):
        assert images.predict(given) == wanted
    tokens = mlflow.pyfunc.load_model(str(folders["tokens"]))
    length = json.loads((folders["tokens"] / "model.json").read_text())["input_shape"][0]
    for given in ([[1] * length], np.ones((1, length), "int64"), np.ones((1, length), "int32")):
        assert tokens.predict(given) == load(folders["tokens"])([[1] * length])


def test_rows_are_folded_into_the_shape_of_an_example() -> None:
    flat = list(range(12))
    wanted = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert rows([flat], (2, 2, 3)) == [wanted]
    assert rows([wanted], (2, 2, 3)) == [wanted]
    assert rows(np.array([flat]), (12,)) == [flat]


def test_a_signature_is_one_that_yaml_and_json_read() -> None:
    yaml = pytest.importorskip("yaml")
    text = yaml.safe_load(mlmodel("p", "3.11", (2,), (1, 3), tokens=True))["signature"]
    assert json.loads(text["inputs"]) == [{"type": "long", "required": True}] * 2
    assert json.loads(text["outputs"])[0]["tensor-spec"]["shape"] == [-1, 1, 3]
    assert yaml.safe_load(mlmodel("p", "3.11", (1, 8, 8), (10,), tokens=False))["signature"]["inputs"] is None
