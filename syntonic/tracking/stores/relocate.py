"""A store that was moved with its folder: MLflow keeps whole paths, which then lead to where the folder was.

The artifacts of a database in the root of all runs lie beside it, wherever that is. Paths that lead anywhere else are
a stranger's, or of somebody who wants them so and can say so; nothing is written there unasked.
"""

from pathlib import Path
from typing import Final

from syntonic.tracking.stores.sqlite import Database, folder_of

_PATHS: Final = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "source",
}


def relocate(database: Database, location: Path, artifacts: Path) -> Path:
    """Returns the folder of artifacts to write to, after paths to an earlier place were put right.

    Args:
        database: of the root of all runs.
        location: where it says that the artifacts are.
        artifacts: where they lie, beside it.

    Raises:
        ValueError: if `location` is another folder, which is there.
    """
    here = artifacts.resolve()
    if location.resolve() == here:
        return location
    if location.exists() and location.parts[-2:] != here.parts[-2:]:
        raise ValueError(
            f"its experiment keeps artifacts in {location}, outside of {here.parent}; nothing was written there; "
            "set tracking.experiment to another name"
        )
    before, now = location.as_uri(), here.as_uri()
    with database.change() as change:
        for table, column in _PATHS.items():
            change.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # the names are those above
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                [now, len(before) + 1, before, len(before) + 1, f"{before}/"],
            )
    return here


def inside(place: str, location: Path) -> Path:
    """Returns the folder that an address of a run names.

    Raises:
        ValueError: if it does not lie in the folder of artifacts.
    """
    folder = folder_of(place)
    if location.resolve() not in folder.resolve().parents:
        raise ValueError(f"the run's artifacts are in {folder}, outside of {location}; nothing was written there")
    return folder
