"""Addresses of stores: made, checked and read here alone.

In the address of a database `%`, `?` and `#` have a meaning, and may be in the name of a folder too: they are quoted
where an address is made. A password in an address would be in every file and on every page that names the store, so it
is refused: it comes from the environment.
"""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

SQLITE: Final = "sqlite:///"
PASSWORD: Final = "MLFLOW_TRACKING_PASSWORD"
VARIABLES: Final = ("MLFLOW_TRACKING_USERNAME", PASSWORD, "MLFLOW_TRACKING_TOKEN")
_ADDRESS: Final = re.compile(r"(https?|sqlite|(postgresql|mysql|mssql)(\+\w+)?)://\S|databricks(-uc)?(://|$)")
_SECRET: Final = re.compile(r"[?&;{ ](password|passwd|pwd|sslpassword|token|secret)\s*=", re.IGNORECASE)
_SPECIAL: Final = {"%": "%25", "?": "%3F", "#": "%23"}


def checked(uri: str) -> str:
    """Returns `uri` if MLflow can have a store there, and if it may be seen by all.

    Raises:
        ValueError: if it cannot be one, or has a password in it, which the message does not repeat.
    """
    if not _ADDRESS.match(uri):
        raise ValueError(
            f"{_without_secret(uri)[:100]!r} is no address of a store; it must be as http://HOST:PORT, https://HOST, "
            "sqlite:///FILE, postgresql://..., mysql://..., mssql://... or databricks"
        )
    if uri.startswith(("sqlite:", "databricks")):
        return uri
    named = _user(uri)
    is_web = uri.startswith("http")
    if (named and (is_web or ":" in named)) or _SECRET.search(unquote(unquote(uri))):
        given = "a user or a password" if is_web else "a password"
        variables = f"MLFLOW_TRACKING_USERNAME and {PASSWORD}, or MLFLOW_TRACKING_TOKEN" if is_web else PASSWORD
        raise ValueError(
            f"the address {_without_secret(uri)!r} was given with {given}, which would be in every file that names the "
            f"store; leave it out, and set in the environment {variables}"
        )
    return uri


def opened_with(uri: str) -> str:
    """Returns the address to open a store with: that of a database with a user gets the environment's password."""
    password, user = os.environ.get(PASSWORD), _user(uri)
    if not password or not user or ":" in user or uri.startswith(("http", "sqlite:")):
        return uri
    return uri.replace(f"//{user}@", f"//{user}:{quote(password, safe='')}@", 1)


def credentials() -> str:
    """Returns what to say of a store that has turned somebody away: the variables it wants, and which are set."""
    found = [name for name in VARIABLES if os.environ.get(name)]
    state = f"of these {' and '.join(found)} {'are' if found[1:] else 'is'} set" if found else "none of them is set"
    return (
        f"credentials come from the environment, as {VARIABLES[0]} and {VARIABLES[1]}, or {VARIABLES[2]}: {state}. "
        "With the right ones `syntonic-run sync` sends the rest"
    )


def local(home: Path) -> str:
    """Returns the address of the default store, `mlflow.db` in the root of all runs."""
    return of_file((home / "mlflow.db").resolve())


def of_file(path: Path) -> str:
    """Returns the address of a database in a file.

    >>> of_file(Path("/a%20b/c d?.db"))
    'sqlite:////a%2520b/c d%3F.db'
    """
    return SQLITE + "".join(_SPECIAL.get(sign, sign) for sign in str(path))


def file_of(uri: str) -> Path | None:
    """Returns the file of a SQLite database by its address; None if it is another store.

    >>> file_of("sqlite:////a%2520b/c d%3F.db")
    PosixPath('/a%20b/c d?.db')
    """
    if not uri.startswith(SQLITE):
        return None
    return Path(unquote(uri.removeprefix(SQLITE).partition("?")[0]))


def _user(uri: str) -> str:
    # What stands before the last @ of the host.
    try:
        return urlsplit(uri).netloc.rpartition("@")[0]
    except ValueError:  # brackets that are no host
        return uri.partition("//")[2].rpartition("@")[0]


def _without_secret(uri: str) -> str:
    head, separator, rest = uri.partition("//")
    return f"{head}{separator}{rest.rpartition('@')[2]}".partition("?")[0] if separator else uri.rpartition("@")[2]
