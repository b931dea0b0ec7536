"""Lets every room of the tests import what several of them share: `engines.py`, `waiting.py`, `repository_copy.py`."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# What tests name with `--use` is not trusted by the person who runs them.
_STATE = tempfile.TemporaryDirectory(prefix="syntonic-tests-")
os.environ["XDG_STATE_HOME"] = _STATE.name

# Started by nohup, or in the background of a script, tests would hand on that a signal is ignored, which runs respect.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(autouse=True)
def own_code() -> Iterator[None]:
    """Forgets after each test what it has loaded of a user's code: workers of another's sweep would look for it."""
    yield
    loading = sys.modules.get("syntonic.runners.own.loading")
    for module in list(loading._loaded) if loading else ():
        sys.modules["syntonic.core.registry"].forget(module)
        sys.modules.pop(module, None)
        del loading._loaded[module]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Spreads all tests over the cores; not those of a path, nor what wants the terminal or says how to be spread."""
    option = config.option
    given = config.args_source is pytest.Config.ArgsSource.ARGS or hasattr(config, "workerinput")
    if given or not config.pluginmanager.hasplugin("xdist") or option.usepdb or option.trace or option.capture == "no":
        return
    if option.numprocesses is None and option.dist == "no":
        option.numprocesses = min(len(os.sched_getaffinity(0)), 8)  # each of them takes a gigabyte
        option.dist = "loadfile"
        option.loadscopereorder = False  # the slowest file is not the one with the most tests: it comes first as it is


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """A process has whole files, whose fixtures are made once, and one has the GPU, whose memory its tests measure."""
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/gpu" if nodeid.startswith("tests/gpu/") else super()._split_scope(nodeid)

    return Files(config, log) if config.option.dist == "loadfile" else None


def pytest_configure(config: pytest.Config) -> None:
    """A run needs a fraction of what the tests compare it with: `uv run pytest` fetches the rest here, once."""
    if find_spec("jax") is None and "UV" in os.environ:
        config.pluginmanager.getplugin("capturemanager").suspend_global_capture(in_=True)
        print("what the tests need besides, the group dev, is installed", flush=True)
        os.execv(os.environ["UV"], ["uv", "run", "--group", "dev", "pytest", *sys.argv[1:]])
