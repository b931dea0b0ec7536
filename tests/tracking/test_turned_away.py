"""A store that turns somebody away: the message names the variables that credentials come from, and no secret."""

import pytest

from syntonic.tracking.stores.address import VARIABLES
from syntonic.tracking.uploader import short

TURNED_AWAY = [
    "API request to endpoint /api/2.0/mlflow/experiments/get-by-name failed with error code 401 != 200.",
    "API request failed with error code 403 != 200. Response body: 'no'",
    "UNAUTHENTICATED: who are you?",
    'connection to server at "h" failed: FATAL: password authentication failed for user "u"',
]


@pytest.mark.parametrize("text", TURNED_AWAY)
def test_it_names_the_variables_of_credentials(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    said = short(RuntimeError(text))
    assert all(name in said for name in VARIABLES)
    assert "none of them is set" in said
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secretpw1")
    said = short(RuntimeError(text))
    assert "of these MLFLOW_TRACKING_TOKEN is set" in said
    assert "secretpw1" not in said


def test_another_failure_says_nothing_of_credentials() -> None:
    assert short(RuntimeError("error code 500, port 4010")) == "RuntimeError: error code 500, port 4010"
