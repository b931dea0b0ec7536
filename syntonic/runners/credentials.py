"""Credentials go to no address that was not typed: a run or a sweep of another's making names an address of its own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syntonic.runners.faults import RequestError

_VARIABLES: Final = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
_FILE: Final = Path(".mlflow", "credentials")  # of the home folder; MLflow reads it too


def refuse_untyped(tracking: Mapping[str, Any], typed: Sequence[str]) -> None:
    """Does nothing unless there are credentials, and what is to go on names a server that was not typed.

    Args:
        tracking: the section of the config that is to go on.
        typed: the overrides of this command.

    Raises:
        RequestError: with the word to type.
    """
    uri = str(tracking.get("uri") or "")
    if not uri.startswith(("http:", "https:")) or f"tracking.uri={uri}" in typed:
        return
    if any(os.environ.get(name) for name in _VARIABLES) or (Path.home() / _FILE).exists():
        raise RequestError(
            [f"it is recorded at {uri}, and your credentials would be sent there; if they may, add tracking.uri={uri}"]
        )
