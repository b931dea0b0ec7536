"""The addresses of an MLflow dashboard's pages, and the view of its table of runs that they open with.

A view is a tag of the experiment that the dashboard reads: which columns there are, in which order the runs stand. It
is made by the server's REST interface, so that any store will do. What a user chooses there stays the user's own.
"""

import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, Final

_VIEW: Final = "syntonic"  # the name of the view; the tag of a newer one takes the place of an older one's
_TAG: Final = f"mlflow.sharedViewState.{_VIEW}"
_MODE: Final = "workflowType=machine_learning"  # else it opens with the pages for language models
_METRICS: Final = ("test_accuracy", "test_loss", "validation_accuracy", "train_accuracy", "train_loss")
_PARAMS: Final = ("model.name", "benchmark.name", "trainer.name", "seed")
_BEST: Final = "best_"  # how the result of a sweep begins
_MOST: Final = 200  # runs that are looked at for columns
_TIMEOUT: Final = 20.0  # seconds


def start_address(server: str) -> str:
    """Returns the address of the list of experiments."""
    return f"{server}/#/experiments?{_MODE}"


def run_address(server: str, run_id: str) -> str:
    """Returns the address of a run's page.

    >>> run_address("http://127.0.0.1:5000", "abc")
    'http://127.0.0.1:5000/#/runs/abc?workflowType=machine_learning'
    """
    return f"{server}/#/runs/{run_id}?{_MODE}"


def runs_address(server: str) -> str:
    """Returns the address of the table of the training runs: of the experiment of the latest one, with our view.

    Args:
        server: that answers, without a slash at its end.

    Raises:
        OSError: if the server does not answer, or answers something else.
    """
    experiments = [str(each["experiment_id"]) for each in _ask(server, "experiments/search").get("experiments", [])]
    asked = {"experiment_ids": experiments, "max_results": _MOST, "order_by": ["attributes.start_time DESC"]}
    runs = _ask(server, "runs/search", asked).get("runs", []) if experiments else []
    if not runs:
        return start_address(server)
    experiment = runs[0]["info"]["experiment_id"]
    mine = [run for run in runs if run["info"]["experiment_id"] == experiment]
    view = {"experiment_id": experiment, "key": _TAG, "value": json.dumps(_view(mine))}
    _ask(server, "experiments/set-experiment-tag", view)
    return f"{server}/#/experiments/{experiment}/runs?{_MODE}&viewStateShareKey={_VIEW}"


def _view(runs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    metrics, params = set(), set()
    for run in runs:
        metrics |= {each["key"] for each in run["data"].get("metrics", [])}
        params |= {each["key"] for each in run["data"].get("params", [])}
    best = sorted(key for key in metrics if key.startswith(_BEST))
    return {
        "selectedColumns": [
            *(f"metrics.`{key}`" for key in (*(key for key in _METRICS if key in metrics), *best)),
            *(f"params.`{key}`" for key in _PARAMS if key in params),
        ],
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "runsHiddenMode": "FIRST_10_RUNS",
    }


def _ask(server: str, method: str, asked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    body = json.dumps({"max_results": _MOST} if asked is None else asked).encode()
    request = urllib.request.Request(
        f"{server}/api/2.0/mlflow/{method}", data=body, headers={"Content-Type": "application/json"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this machine
    with direct.open(request, timeout=_TIMEOUT) as answer:
        try:
            found = json.loads(answer.read())
        except ValueError as error:
            raise OSError(f"{server} answers no JSON: {error}") from error
    return found if isinstance(found, dict) else {}
