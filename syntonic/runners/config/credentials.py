"""A run or sweep that came from elsewhere names its own store: nothing is sent there unasked.

Credentials are sent to no server, and no database outside of the root of all runs is written to, unless its address was
typed.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.run.folder import home
from syntonic.tracking.stores import address

_FILE: Final = Path(".mlflow", "credentials")  # of the user's own folder; MLflow reads it too


def refuse_untyped(tracking: Mapping[str, Any], typed: Sequence[str]) -> None:
    """Does nothing unless what is to be resumed names a store that could do harm, and that was not typed.

    Args:
        tracking: the section of the config that is to be resumed.
        typed: the overrides of this command.

    Raises:
        RequestError: with the override to type.
    """
    uri = str(tracking.get("uri") or "")
    if f"tracking.uri={uri}" in typed:
        return
    way_out = f"if that is meant, add tracking.uri={uri}"
    if uri.startswith(("http:", "https:")) and _credentials():
        raise RequestError([f"it is recorded at {uri}, and your credentials would be sent there; {way_out}"])
    if (path := address.file_of(uri)) is not None:
        if home().resolve() not in path.resolve().parents:
            raise RequestError([f"it is recorded in {path}, which lies outside of {home()}; {way_out}"])


def _credentials() -> bool:
    return any(os.environ.get(name) for name in address.VARIABLES) or (Path.home() / _FILE).exists()
