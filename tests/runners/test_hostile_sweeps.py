"""Sweeps and words of another's making: what lies in their folders is refused or harmless."""

import contextlib
import json
import math
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from runner_folders import runs

from syntonic.runners.cli import main
from syntonic.runners.command.completion import candidates
from syntonic.runners.config import plain_yaml
from syntonic.runners.config.credentials import refuse_untyped
from syntonic.runners.config.errors import RequestError
from syntonic.runners.launchers.submitit import Submitit
from syntonic.runners.sweep.folder import SweepFacts, SweepFolder
from syntonic.runners.sweep.history import look_back
from syntonic.runners.sweep.prune import Pruning

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]
ODD: list[Any] = [
    None,
    True,
    -1,
    2**70,
    10**400,
    1.5,
    math.nan,
    math.inf,
    "",
    "../x",
    "\x1b[2J",
    [],
    [[]],
    {},
    {"8": 1},
]
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
plain = st.recursive(st.sampled_from([*ODD, 0.25]), lambda inner: st.dictionaries(st.sampled_from("8ab"), inner))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sweep of which one run failed."""
    folder = tmp_path_factory.mktemp("example")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        words = ["-cd", str(Path(__file__).parent / "configs"), "-cn", "fake", "tracking=none"]
        assert main([*words, "-m", "trainer.fails_at=null,9", "sweep.prune=loss"]) == 1
    return folder


@FUZZ
@given(left=plain | st.binary(max_size=40))
def test_values_that_other_runs_have_left_are_numbers_or_ignored(tmp_path: Path, left: Any) -> None:
    for number in range(1, 6):
        content = left if isinstance(left, bytes) else json.dumps(left).encode()
        (tmp_path / f"{number}.json").write_bytes(content)
    pruning = Pruning(tmp_path, 0, "loss", 32)
    for generation in range(1, 9):
        pruning.after(generation, {"loss": 0.5})
    given_up = isinstance(left, dict) and type(left.get("8")) is float and left["8"] <= 0.5
    assert (pruning.given_up == (8, 0.5)) == given_up


def test_a_pipe_or_a_hole_among_them_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.json")
    (tmp_path / "2.json").mkdir()
    with (tmp_path / "3.json").open("wb") as file:
        file.truncate(1 << 43)
    (tmp_path / "4.json").write_text("[" * 100_000)
    pruning = Pruning(tmp_path, 0, "loss", 32)
    for generation in range(1, 9):
        pruning.after(generation, {"loss": 0.5})
    assert pruning.given_up is None


@FUZZ
@given(best=plain, values=plain)
def test_what_is_remembered_of_pruning_is_taken_back_or_refused(tmp_path: Path, best: Any, values: Any) -> None:
    pruning = Pruning(tmp_path, 0, "loss", 32)
    try:
        pruning.restore({"best": best, "values": values})
    except (ValueError, AttributeError):  # told as a checkpoint that does not fit
        return
    assert pruning.state() == {"best": None if best in (None, math.inf) else best, "values": values}


@FUZZ
@given(results=st.dictionaries(st.sampled_from(["pruned_at", "pruned_value", "test_loss"]), st.sampled_from(ODD)))
def test_a_sweep_over_spoilt_results_says_what_is_wrong_or_goes_on(example: Path, results: dict[str, Any]) -> None:
    here = example / "spoilt"
    shutil.rmtree(here, ignore_errors=True)
    shutil.copytree(example / ".syntonic", here / ".syntonic")
    for run in runs(here):
        facts = json.loads((run / "run.json").read_text())
        facts |= {"results": {**facts["results"], **results}, "reason": "pruned", "seconds": -1.0}
        (run / "run.json").write_text(json.dumps(facts))
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(here)
        (sweep,) = here.glob(".syntonic/sweeps/*")
        with contextlib.suppress(RequestError):  # any other error fails the test
            history = look_back(sweep.name, None)
            assert history.estimates == {}
            for row in history.done.values():
                assert row.pruned is None or (row.pruned[0] >= 0 and math.isfinite(row.pruned[1]))


@pytest.mark.parametrize("place", ["sweeps", "sweeps/*", "sweeps/*/logs", "sweeps/*/rungs", "sweeps/*/lock", "runs"])
def test_a_link_in_the_place_of_a_folder_is_not_followed(example: Path, folder: Path, capsys: Said, place: str) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    (found,) = (folder / ".syntonic").glob(place)
    outside = folder / "outside"
    found.rename(outside)
    found.symlink_to(outside)
    before = sorted((path, path.stat().st_mtime_ns) for path in (outside, *outside.rglob("*")))
    words = ["-cd", str(Path(__file__).parent / "configs"), "-cn", "fake", "-m", "trainer.fails_at=null,9"]
    for launcher in ("basic", "local"):
        code = main([*words, "tracking=none", "sweep.prune=loss", f"hydra/launcher={launcher}"])
        said = capsys.readouterr()
        assert code == (1 if place == "runs" else 2)
        assert "is a link" in said.err + said.out
    assert sorted((path, path.stat().st_mtime_ns) for path in (outside, *outside.rglob("*"))) == before


def test_nothing_that_lies_in_a_sweep_is_unpickled(folder: Path) -> None:
    pytest.importorskip("submitit")
    sweep = SweepFolder.take(SweepFacts("a1", "a sweep", "fake", [], 0.0))
    launcher = Submitit(1, cluster="local")
    places = [launcher._executor(sweep).folder for _ in range(2)]
    assert places[0] != places[1]
    assert [list(place.iterdir()) for place in places if place.exists()] in ([], [[], []])
    sweep.release()


@pytest.mark.parametrize("launcher", ["basic", "local", "joblib", "submitit"])
def test_no_module_of_the_working_folder_is_imported(
    process: Callable[..., "subprocess.Popen[str]"], folder: Path, launcher: str
) -> None:
    pytest.importorskip({"basic": "json", "local": "json"}.get(launcher, launcher))
    for name in ("json", "joblib", "submitit", "cloudpickle", "hydra", "mlflow", "sitecustomize"):
        (folder / f"{name}.py").write_text("open('owned', 'w').close()\nraise ImportError\n")
    words = ["hydra.launcher.cluster=local"] if launcher == "submitit" else []
    child = process("-m", "tracking=none", "seed=0,1", f"hydra/launcher={launcher}", *words)
    said, _ = child.communicate(timeout=240)
    assert child.returncode == 0, said
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD"])
def test_credentials_go_to_no_server_that_was_not_typed(
    example: Path, folder: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    shutil.copytree(example / ".syntonic", folder / ".syntonic")
    monkeypatch.setenv(variable, "secret")
    (sweep,) = folder.glob(".syntonic/sweeps/*/sweep.json")
    facts = json.loads(sweep.read_text())
    uri = "http://stranger.example"
    overrides = [word for word in facts["overrides"] if word != "tracking=none"]
    sweep.write_text(json.dumps({**facts, "overrides": [*overrides, f"tracking.uri={uri}"]}))
    for run in runs(folder):
        run_facts = json.loads((run / "run.json").read_text())
        run_facts["config"]["tracking"] = {"name": "mlflow", "uri": uri}
        (run / "run.json").write_text(json.dumps(run_facts))
    words = ["-cd", str(Path(__file__).parent / "configs")]
    for word in ("resume=last", "sweep.resume=last"):
        assert main([*words, word]) == 2
        assert f"if that is meant, add tracking.uri={uri}" in capsys.readouterr().err
    refuse_untyped({"uri": uri}, [f"tracking.uri={uri}"])
    monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(folder))
    refuse_untyped({"uri": uri}, [])


@pytest.mark.parametrize("path", ["/elsewhere/x.db", ".syntonic/../x.db", ".syntonic/%2e%2e/x.db", "x.db"])
def test_a_run_is_not_gone_on_with_in_a_database_elsewhere_that_was_not_typed(folder: Path, path: str) -> None:
    (folder / ".syntonic").mkdir()
    uri = f"sqlite:///{path}"
    with pytest.raises(RequestError, match="lies outside of"):
        refuse_untyped({"uri": uri}, [])
    refuse_untyped({"uri": uri}, [f"tracking.uri={uri}"])
    refuse_untyped({"uri": "sqlite:///.syntonic/x.db"}, [])
    refuse_untyped({"uri": None}, [])
    refuse_untyped({}, [])


LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)
HOSTILE = {
    "laughs": (LAUGHS, "stands for more than 20,000 values"),
    "cycle": ("a: &x [*x]", "stands for what it is in"),
    "deep": ("a: " + "[" * 900 + "]" * 900, "more than 40 deep"),
    "deeper": ("a: " + "{b: " * 100_000, "more than 40 deep"),
    "large": ("a: " + " " * (1 << 20) + "1", "more than 1 MB"),
    "tag": ("a: !!python/object/apply:os.system ['touch owned']", "could not determine a constructor"),
    "target": ("defaults: [fake, _self_]\n_target_: os.system", "_target_: there is no such key"),
    "twice": ("seed: 1\nseed: 2", "duplicate key"),
    "nan": ("defaults: [fake, _self_]\nseed: .nan", "must be a whole number"),
    "huge": ("defaults: [fake, _self_]\nseed: " + "9" * 50, "must be at most"),
    "up": ("defaults: [../../../etc/passwd]", "Could not load"),
    "bytes": ("\ud800", "utf-8"),
    "itself": ("defaults: [fake, _self_]\nname: ${name}", "Recursive interpolation"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_are_refused(folder: Path, capsys: Said, name: str) -> None:
    text, expected = HOSTILE[name]
    (folder / "conf" / "trainer").mkdir(parents=True)
    content = text.encode(errors="surrogatepass")
    (folder / "conf" / f"{name}.yaml").write_bytes(content)
    (folder / "conf" / "trainer" / f"{name}.yaml").write_bytes(content)
    assert main(["-cd", str(Path(__file__).parent / "configs"), "-cn", name]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert isinstance(candidates(f"trainer={name} trainer."), list)
    assert [path.name for path in folder.iterdir()] == ["conf"]


@pytest.mark.parametrize("word", ["seed=" + "[" * 200 + "]" * 200, "seed=" + "[" * 9000, "name=" + "x" * 30_000])
def test_a_word_that_no_reader_can_take_is_refused(command: Command, folder: Path, capsys: Said, word: str) -> None:
    (folder / ".syntonic" / "sweeps" / "a1").mkdir(parents=True)
    facts = {"format": 1, "id": "a1", "title": "t", "config_name": "fake", "overrides": [word], "started": 1.5}
    (folder / ".syntonic" / "sweeps" / "a1" / "sweep.json").write_text(json.dumps(facts))
    assert command(word) == 2
    assert command("sweep.resume=a1") == 2
    said = capsys.readouterr().err
    assert len(said) < 500


@FUZZ
@given(text=st.text(st.sampled_from("ab:-[]{}&*!|>'\"#,\n ~1.é"), max_size=60))
def test_any_text_is_judged_or_left_to_its_reader(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    said = ""
    try:
        plain_yaml.refuse(path)
    except RequestError as error:  # any other error fails the test
        said = str(error)
    assert said == "" or said.startswith(f"{path} ")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(RequestError, match="is no plain file"):
        plain_yaml.refuse(tmp_path / "pipe.yaml")
    with pytest.raises(RequestError, match="is no plain file"):
        plain_yaml.refuse(Path("/dev/zero"))
