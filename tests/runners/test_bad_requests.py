"""Every wrong request: one clear message with a way out, exit code 2, and an empty folder that stays empty."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = "import sys; from syntonic.runners.cli import main; sys.exit(main())"
WORDS = Path(__file__).parent / "configs"
Command = Callable[..., int]

BAD = [
    (["trainer.sigm=0.1"], "did you mean 'sigma'?"),
    (["trainr.sigma=0.1"], "did you mean 'trainer.sigma'?"),
    (["sigma=0.1"], "did you mean 'trainer.sigma'?"),
    (["+trainer.sigm=0.1"], "did you mean 'sigma'?"),
    (["modle=fake"], "did you mean 'model'?"),
    (["trainer=fkae"], "did you mean 'fake'?"),
    (["model.name=fak"], "did you mean 'fake'?"),
    (["+modle=mlp"], "there is no such key; did you mean 'model'?"),
    (["model=null"], "there is no such option"),
    (["~model"], "model: is missing"),
    (["~modl"], "did you mean 'model'?"),
    (["trainer.population_size=0"], "must be at least 2"),
    (["trainer.population_size=7"], "must be even; try 6 or 8"),
    (["trainer.population_size=-2"], "must be at least 2"),
    (["trainer.population_size=8.5"], "must be a whole number"),
    (["trainer.population_size=true"], "must be a whole number"),
    (["trainer.population_size=many"], "must be a whole number"),
    (["trainer.sigma=nan"], "must be a finite number"),
    (["trainer.sigma=inf"], "must be a finite number"),
    (["trainer.sigma=0"], "must be greater than 0"),
    (["trainer.sigma='0.1'"], "must be a number"),
    (["trainer.sigma=null"], "must be a number"),
    (["trainer.optimizer=adm"], "did you mean 'adam'?"),
    (["trainer.optimizer=momentum", "trainer.population_size=2"], "momentum needs a population_size of at least 4"),
    (["model.hidden=[4,0]"], "model.hidden.1=0: must be at least 1"),
    (["model.hidden=4"], "must be a list"),
    (["seed=-1"], "must be at least 0"),
    (["seed=0,1"], "syntonic-run -m seed=0,1"),
    (["device=gpu"], "did you mean 'cuda'?"),
    (["device=cuda"], "use device=cpu"),
    (["name=${oc.env:NO_SUCH_VARIABLE}"], "NO_SUCH_VARIABLE"),
    (["name=a b=("], "cannot be read"),
    (["hydra.foo=1"], "hydra.foo"),
    (["hydra/launcher=bsic"], "did you mean 'basic'?"),
    (["resume=last"], "there is no run"),
    (["callbacks.checkpoint=often"], "null switches it off"),
    (["tracking.tags={mlflow.user: me}"], "not begin with mlflow. or syntonic."),
    (["tracking.tags={team: 3}"], "must be text"),
    (["tracking.register_as=a/b"], "must be `name` or `name@alias`"),
    (["tracking=mlfow"], "did you mean 'mlflow'?"),
    (["--hlep"], "did you mean '--help'?"),
    (["digits"], "-cn digits"),
    (["-cn", "digts"], "did you mean 'digits'?"),
    (["-cn", "digit"], "no config named 'digit'; did you mean 'digits'?"),
    (["-m", "model.hidden=[4"], "unbalanced square brackets"),
    (["-cn"], "needs a value"),
    (["-cd", "nowhere", "-cn", "fake"], "there is no such folder"),
    (["-m", "resume=last"], "without -m"),
    (["-m", "seed=interval(0,1)"], "not an interval"),
    (["-m", "seed=0,-1"], "seed=-1: must be at least 0"),
    (["-m", "seed=range(3,3)"], "holds no value"),
    (["-m", "trainer=fake,fkae"], "did you mean 'fake'?"),
    (["-m", "trainer.sigm=0.1,0.2"], "did you mean 'sigma'?"),
    (["-m", "trainer.sigma=interval(-1,1)", "hydra/sweeper=random"], "trainer.sigma=-1.0: must be greater than 0"),
    (["-m", "trainer.sigma=interval(2,1)", "hydra/sweeper=tpe"], "the first end of an interval must be smaller"),
    (["-m", "trainer.sigma=tag(log,interval(0,1))", "hydra/sweeper=tpe"], "needs an interval above 0"),
    (["-m", "trainer.sigma=tag(lgo,interval(0.1,1))", "hydra/sweeper=tpe"], "did you mean 'log'?"),
    (["-m", "trainer.sigma=tag(log,range(1,5))"], "needs an interval"),
    (["-m", "trainer.sigma=loguniform(0.1,1)", "hydra/sweeper=tpe"], "here it is tag(log,interval(a,b))"),
    (["-m", "seed=rnage(0,3)"], "did you mean 'range'?"),
    (["-m", "seed=range(0,3"], "unbalanced parentheses"),
    (["-m", "seed=range(0,3,0)"], "the step of a range must not be 0"),
    (["-m", "seed=range(0,1e9)"], "at most 100,000 values"),
    (["-m", "seed=range(0,1e999)"], "at most 100,000 values"),
    (["-m", "seed=range(0,1000)", "trainer.sigma=range(0.1,1,0.001)"], "these are 900,000 runs"),
    (["-m", "seed=0,1", "hydra/sweeper=random", "hydra.sweeper.n_trials=1000000000"], "these are 1,000,000,000 runs"),
    (["-m", "hydra/sweeper=tpe"], "nothing is swept"),
    (["-m", "hydra/sweeper=random", "sweep.seeds=2"], "nothing is swept"),
    (["-m", "seed=0,1", "hydra.launcher.gpus=[0]"], "add hydra/launcher=local"),
    (["-m", "seed=0,1", "hydra.sweeper.startup=3"], "tpe has it: add hydra/sweeper=tpe"),
    (["-m", "hydra/sweeper=tep"], "did you mean 'tpe'?"),
    (["-m", "hydra/launcher=lcal"], "did you mean 'local'?"),
    (["-m", "hydra.sweeper._target_=os.system"], "there is no key 'hydra.sweeper._target_'"),
    (["-m", "+hydra.sweeper._target_=os.system"], "hydra.sweeper._target_: there is no such key"),
    (["-m", "hydra/sweeper=tpe", "hydra.sweeper.n_trails=3"], "did you mean 'n_trials'?"),
    (["-m", "seed=0,1", "hydra/sweeper=tpe", "hydra.sweeper.n_trials=0"], "must be at least 1"),
    (["-m", "seed=0,1", "sweep.seeds=2"], "seed is swept already"),
    (["-m", "sweep.seeds=1,2"], "has one value"),
    (["sweep.seeds=0"], "must be at least 1"),
    (["sweep.seeds=2", "seed=abc"], "seed=abc: must be a whole number"),
    (["sweep.sedes=2"], "did you mean 'seeds'?"),
    (["sweep.mode=mni"], "did you mean 'min'?"),
    (["sweep.on_failure=halt"], "must be continue, stop, or stop_after:N"),
    (["sweep.resume=last"], "there is no sweep"),
    (["experiment=smke"], "did you mean 'smoke'?"),
    (["-cn", "digits", "model=deep_mlp", "~model.activation"], "add ~model.hidden, or leave out -cn digits"),
]


@pytest.mark.parametrize(("words", "expected"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_is_refused_with_a_way_out(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    code = command(*words)
    said = capsys.readouterr()
    assert code == 2
    assert expected in said.err
    assert said.err.count("\n") == 1, "one fault is one line"
    assert "Traceback" not in said.err + said.out
    assert list(folder.iterdir()) == []


def processor_time() -> float:
    """Returns the seconds that ended children have computed."""
    times = os.times()
    return times.children_user + times.children_system


def test_a_typo_is_answered_in_half_a_second(folder: Path) -> None:
    words = ["-m", "trainer.sigm=0.1,0.2"]
    seconds, hydra = [], []
    for _ in range(3):
        before = processor_time()
        done = subprocess.run([sys.executable, "-c", COMMAND, *words], capture_output=True, text=True, check=False)
        seconds.append(processor_time() - before)
        assert done.returncode == 2
        assert "did you mean 'sigma'?" in done.stderr
        before = processor_time()
        subprocess.run([sys.executable, "-c", "from hydra import initialize_config_module"], check=True)
        hydra.append(processor_time() - before)
    # A busy machine computes slower; what importing Hydra takes tells how much.
    assert min(seconds) < max(0.5, 4 * min(hydra))
    assert list(folder.iterdir()) == []


def test_all_faults_come_in_one_report(command: Command, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ["model=fke", "trainer.sigma=nan", "trainer.population_size=3", "device=gpu", "seeed=1", "+trainer.sigm=1"]
    assert command(*wrong) == 2
    report = capsys.readouterr().err
    assert "6 faults" in report
    for word in ("fke", "sigma=nan", "try 2 or 4", "device=gpu", "did you mean 'seed'?", "trainer.sigm"):
        assert word in report
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "while parsing"),
        ("defaults: [fake, _self_]\ntrainer: {sigm: 1}", "trainer.sigm"),
        ("defaults: [fake, {override modle: fake}, _self_]", "modle"),
        ("defaults: [fake, _self_]\nresume: last", "syntonic-run resume=last"),
        ("[1, 2]", "bad"),
    ],
)
def test_a_faulty_file_of_the_user_is_refused(
    command: Command, folder: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "bad.yaml").write_text(text)
    assert command("-cd", str(WORDS), "-cn", "bad") == 2
    assert expected in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["conf"]


def test_a_home_that_cannot_be_written_is_said_before_training(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("SYNTONIC_HOME", str(folder / "file"))
    assert command() == 2
    assert "set SYNTONIC_HOME" in capsys.readouterr().err
