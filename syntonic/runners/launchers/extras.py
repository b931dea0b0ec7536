"""Launchers that need a package of their own: what to say when it is not installed."""

import importlib.util


def require(package: str) -> None:
    """Does nothing if the package can be imported.

    Raises:
        ValueError: if it cannot, with the line that installs it.
    """
    if importlib.util.find_spec(package) is None:
        raise ValueError(f"needs the package {package}, which is not installed; `pip install 'syntonic[{package}]'`")
