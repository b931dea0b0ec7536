"""The trained model by itself: read back here, and by MLflow, to the same numbers; a hostile one is refused."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from syntonic.runners.cli import main
from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.kept_model import FACTS, PARAMETERS, load
from syntonic.tracking.arrays import pack

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that learnt XOR."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SYNTONIC_HOME", str(folder))
        assert main(["-cn", "xor", "seed=1", "tracking.register_as=xor@best"]) == 0
    return next((folder / "runs").iterdir())


def test_a_kept_model_has_learnt(trained: Path) -> None:
    outputs = load(trained / "model")(POINTS)
    assert [output[0] > 0 for output in outputs] == [False, True, True, False]
    facts = json.loads((trained / "model" / FACTS).read_text())
    assert all(0.0 <= value <= 1.0 for value in facts["syntony"].values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_loads_it_from_its_store(trained: Path) -> None:
    import mlflow
    import pandas

    with sqlite3.connect(trained.parents[1] / "mlflow.db") as database:
        query = "SELECT model_id, artifact_location FROM logged_models WHERE name LIKE '%-model'"
        ((model, location),) = database.execute(query)
        metrics = {
            row[0]
            for row in database.execute("SELECT metric_name FROM logged_model_metrics WHERE model_id = ?", [model])
        }
    assert "test_accuracy" in metrics
    mlflow.set_tracking_uri(f"sqlite:///{trained.parents[1]}/mlflow.db")
    served = mlflow.pyfunc.load_model(f"models:/{model}")
    named = mlflow.pyfunc.load_model("models:/xor@best")
    assert named.predict(pandas.DataFrame(POINTS)) == served.predict(pandas.DataFrame(POINTS))
    assert served.predict(pandas.DataFrame(POINTS)) == load(trained / "model")(POINTS)
    files = {path.name for path in Path(location.removeprefix("file://")).iterdir()}
    assert files >= {"MLmodel", "model.json", "model_code.py", "parameters.safetensors", "requirements.txt"}


GOOD = {
    "format": 1,
    "model": {"name": "mlp", "hidden": [2]},
    "input_shape": [2],
    "output_shape": [1],
    "vocabulary": None,
    "dtype": "float32",
    "syntony": {},
}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        [],
        GOOD | {"format": 2},
        GOOD | {"input_shape": ["a"]},
        GOOD | {"output_shape": []},
        GOOD | {"input_shape": [-1]},
        GOOD | {"model": {"name": "os.system"}},
        GOOD | {"model": {"_target_": "os.system", "name": "mlp"}},
        GOOD | {"model": {"name": "mlp", "hidden": [0]}},
        GOOD | {"extra": 1},
        GOOD | {"model": {"name": "mlp", "hidden": [3]}},
    ],
)
def test_a_hostile_one_is_refused(tmp_path: Path, facts: Any) -> None:
    (tmp_path / FACTS).write_text(json.dumps(facts))
    (tmp_path / PARAMETERS).write_bytes(pack({"x": {"dtype": "float64", "shape": [1], "data": bytes(8)}}))
    with pytest.raises(RequestError):
        load(tmp_path)
