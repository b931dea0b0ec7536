"""Opens config groups and configs for Hydra: the package's own, and the user's folders in front of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import hydra
from hydra import initialize_config_module
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.search_path_plugin import SearchPathPlugin

from syntonic.runners.command import help as help_text
from syntonic.runners.config import plain_yaml
from syntonic.runners.config.errors import RequestError
from syntonic.runners.own import options
from syntonic.runners.sweep import settings

_PRIMARY: Final = "pkg://syntonic.conf"


class UserConfigs(FileConfigSource):
    """Reads a user's folder of configs, once each file is known to be harmless."""

    @staticmethod
    def scheme() -> str:
        """Returns what stands before `://`."""
        return "configs"

    def load_config(self, config_path: str) -> ConfigResult:
        """Called by Hydra for each file.

        Raises:
            RequestError: if the file would choke a reader.
        """
        path = Path(self.path) / self._normalize_file_name(config_path)
        if path.exists():
            plain_yaml.refuse(path)
        return super().load_config(config_path)


class SyntonicSearchPath(SearchPathPlugin):
    """Puts the user's folders before the package's config groups, and the package's experiment configs after them.

    Registered in code, so that no other Hydra application of the same environment ever meets it.
    """

    in_front: ClassVar[tuple[Path, ...]] = ()

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Called by Hydra when it opens a search path; leaves the paths of other applications alone."""
        if not any(element.path == _PRIMARY for element in search_path.get_path()):
            return
        for folder in reversed(self.in_front):
            search_path.prepend(provider="user", path=f"{UserConfigs.scheme()}://{folder.resolve()}")
        search_path.append(provider="syntonic configs", path="pkg://syntonic.configs")


def user_folders(config_dir: str | None) -> tuple[Path, ...]:
    """Returns the user's folders of configs, nearest first: `--config-dir`, then `./conf`.

    Raises:
        RequestError: if `config_dir` is no folder.
    """
    found = []
    if config_dir is not None:
        if not Path(config_dir).is_dir():
            raise RequestError([f"--config-dir {config_dir}: there is no such folder"])
        found.append(Path(config_dir))
    here = Path("conf")
    if here.is_dir() and not here.samefile(help_text.GROUPS):
        found.append(here)
    return tuple(found)


@contextmanager
def opened(folders: tuple[Path, ...]) -> Iterator[ConfigLoader]:
    """Opens Hydra on the package's configs with `folders` in front; Hydra's former state comes back at the end."""
    SyntonicSearchPath.in_front = folders
    Plugins.instance().register(SyntonicSearchPath)
    SourcesRegistry.instance().register(UserConfigs)
    # Hydra 1.3 wants the argument and 1.4 warns of it.
    version: dict[str, Any] = {"version_base": None} if hydra.__version__.startswith("1.3") else {}
    ConfigStore.instance().store("_sweep", settings.defaults(), package="sweep", provider="syntonic")
    with (
        _own_sweepers_and_launchers(),
        options.stored([*folders, help_text.GROUPS]),
        initialize_config_module("syntonic.conf", job_name="syntonic-run", **version),
    ):
        yield GlobalHydra.instance().config_loader()


@contextmanager
def _own_sweepers_and_launchers() -> Iterator[None]:
    # Those of Hydra and of its plugins are classes to be imported from a path in the config. Here a config names what
    # is registered, so they are put out of sight; other Hydra applications of this process find them again.
    groups: Any = ConfigStore.instance().repo["hydra"]
    hidden = {group: groups.pop(group) for group in ("launcher", "sweeper") if group in groups}
    try:
        yield
    finally:
        groups.update(hidden)
