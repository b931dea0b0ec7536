"""Code of one's own, named with `--use`: it is an option, it is kept with the run, and it comes back with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from runner_folders import arrays, facts, runs

import syntonic
from syntonic.core import registry
from syntonic.runners.cli import main
from syntonic.runners.config.errors import RequestError
from syntonic.runners.own import loading
from syntonic.runners.run.kept_model import load

LAYERS = """
from syntonic.nn.layers import ResonantLinear

def pair(inputs, outputs):
    return ResonantLinear(inputs, 4), ResonantLinear(4, outputs)
"""
MODEL = """
from typing import Annotated
from annotated_types import Ge
from syntonic.core.registry import register
from syntonic.sn import Module
from own_layers import pair

@register("model", "own_pair")
class OwnPair(Module):
    def __init__(self, task, *, gain: Annotated[float, Ge(0)] = 1.0, places: tuple[int, ...] = (1, 2)) -> None:
        self.task, self.gain = task, gain
        self.first, self.second = pair(task.inputs, task.outputs)

    def forward(self, x):
        return self.task.answer(self.second(self.first(self.task.flat(x)).tanh())) * self.gain
"""
CALLBACK = """
import os, signal
from syntonic.core.registry import register
from syntonic.nn.training.callbacks.base import Request

@register("callback", "interrupts")
class Interrupts:
    def __init__(self, *, at: int = 5) -> None:
        self.at = at

    def after(self, generation, metrics):
        if generation == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return Request.NOTHING

    def state(self):
        return {}

    def restore(self, state):
        pass
"""
STRATEGY = """
from syntonic.core.registry import register
from syntonic.nn.training.strategy import Strategy

@register("trainer", "own_search")
class Search(Strategy):
    def __init__(self, seed: int, device: str = "cpu", *, reach: float = 1.0, **settings: object) -> None:
        super().__init__(seed, device, **settings)
        self.reach = reach

    def sample(self, centre, random):
        return [[random.gauss(c, self.reach) for c in centre] for _ in range(self.population_size)]

    def direction(self, centre, members, fitness):
        best = max(range(len(members)), key=lambda i: fitness[i])
        return [m - c for m, c in zip(members[best], centre, strict=True)]
"""
USE = ["--use", "own_layers.py", "--use", "own_model.py"]
QUICK = ["tracking=none", "trainer.population_size=4", "trainer.max_generations=8"]


@pytest.fixture(autouse=True)
def own(folder, monkeypatch):
    """A folder with files of one's own, and a user who has named none of them yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    for name, text in {"layers": LAYERS, "model": MODEL, "callback": CALLBACK, "strategy": STRATEGY}.items():
        (folder / f"own_{name}.py").write_text(text)
    yield
    forget_all()


def forget_all() -> None:
    """What another process would not know."""
    for module in list(loading._loaded):
        registry.forget(module)
        sys.modules.pop(module, None)
        del loading._loaded[module]


def killed(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "KILLED", "results": {}}))


def test_a_class_is_an_option_with_the_defaults_of_its_signature(folder, capsys):
    assert main([*USE, "--cfg", "model=own_pair", "model.gain=0.5"]) == 0
    assert "model:\n  name: own_pair\n  gain: 0.5\n  places:\n  - 1\n  - 2\n" in capsys.readouterr().out
    assert main([*USE, "model=own_pair", "model.gain=-1"]) == 2
    assert "model.gain=-1: must be at least 0" in capsys.readouterr().err
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    assert [use["name"] for use in facts(run)["uses"]] == ["own_layers.py", "own_model.py"]
    assert facts(run)["inputs"].keys() == {"own_layers.py", "own_model.py"}
    assert (run / "own" / "own_model.py").read_text() == MODEL


def test_a_file_of_conf_comes_before_the_signature(folder, capsys):
    (folder / "conf" / "model").mkdir(parents=True)
    (folder / "conf" / "model" / "own_pair.yaml").write_text("name: own_pair\ngain: 0.25\n")
    assert main([*USE, "--cfg", "model=own_pair"]) == 0
    assert "gain: 0.25" in capsys.readouterr().out


def test_without_its_code_there_is_no_such_option(capsys):
    assert main(["model=own_pair"]) == 2
    assert "--use FILE.py" in capsys.readouterr().err


def test_ctrl_c_and_resume_come_to_the_bits_of_the_whole(folder):
    words = [*USE, "--use", "own_callback.py", "model=own_pair", "callbacks=interrupts", *QUICK]
    assert main([*words, "callbacks.interrupts.at=100"]) == 0
    assert main(words) == 130
    whole, part = runs(folder)
    assert facts(part)["status"] == "KILLED"
    forget_all()
    assert main(["resume=last"]) == 0
    assert arrays(part) == arrays(whole)
    assert facts(part)["results"] == facts(whole)["results"]


def test_a_changed_file_is_named_and_the_kept_one_resumes(folder, capsys):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    before = arrays(run)
    killed(run)
    kept = (run / "run.json").read_bytes()
    (folder / "own_layers.py").write_text(LAYERS + "\n# another\n")
    capsys.readouterr()
    forget_all()
    assert main(["resume=last"]) == 2
    said = capsys.readouterr().err
    assert f"{folder / 'own_layers.py'} has changed since {run.name} was started" in said
    assert main([*USE, "resume=last"]) == 2
    assert "own_layers.py has changed since run" in capsys.readouterr().err
    assert (run / "run.json").read_bytes() == kept, "nothing is written"
    assert main(["resume=last", "--use", str(run / "own" / "own_layers.py")]) == 0
    assert arrays(run) == before


def test_a_file_that_is_gone_comes_back_from_the_run(folder):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    killed(run)
    (folder / "own_layers.py").unlink()
    (folder / "own_model.py").unlink()
    forget_all()
    assert main(["resume=last"]) == 0


def test_what_was_never_named_here_is_not_executed(folder, monkeypatch, capsys):
    (folder / "own_layers.py").write_text(f"{LAYERS}\nopen('executed', 'a').close()\n")
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (folder / "executed").unlink()
    (run,) = runs(folder)
    killed(run)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "another user"))
    forget_all()
    capsys.readouterr()
    assert main(["resume=last"]) == 2
    assert "never used on this machine" in capsys.readouterr().err
    assert not (folder / "executed").exists()
    assert main(["resume=last", *USE]) == 0
    assert (folder / "executed").exists()


@pytest.mark.parametrize(
    "record",
    [
        {"name": "../../own_model.py", "path": "", "digest": "0" * 64},
        {"name": "own_model.py", "path": "", "digest": "x"},
        {"name": "own_model.py", "path": "a\0b", "digest": "0" * 64},
        {"name": "own_model.py", "path": "", "digest": "0" * 64},
        {"name": "this", "path": "", "digest": ""},
        {"name": "own_model.py", "path": "/dev/zero", "digest": "0" * 64},
        {"name": "own_model.py", "path": "pipe", "digest": "0" * 64},
        {"name": "own_model.py"},
    ],
)
def test_a_record_of_another_s_making_executes_nothing(folder, capsys, record):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    known = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**known, "status": "KILLED", "results": {}, "uses": [record]}))
    (run / "own" / "own_model.py").write_text("open('executed', 'a').close()")
    os.mkfifo(folder / "pipe")
    forget_all()
    sys.modules.pop("this", None)
    assert main(["resume=last"]) == 2
    assert not (folder / "executed").exists()
    assert "this" not in sys.modules


@pytest.mark.parametrize("launcher", ["local", "joblib"])
def test_workers_of_a_sweep_have_it(folder, launcher):
    words = ["-m", *USE, "model=own_pair", "model.gain=0.5,1.5", f"hydra/launcher={launcher}", "sweep.parallel=2"]
    assert main([*words, *QUICK]) == 0
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"] * 2
    assert main([*words, *QUICK]) == 0
    assert len(runs(folder)) == 2, "the same code is the same run"
    forget_all()
    assert main(["sweep.resume=last"]) == 0
    assert len(runs(folder)) == 2
    (folder / "own_layers.py").write_text(LAYERS.replace("4", "5"))
    assert main([*words, *QUICK]) == 0
    assert len(runs(folder)) == 4, "other code is another run"
    assert len({facts(run)["inputs"]["own_layers.py"] for run in runs(folder)}) == 2


@pytest.mark.slow
def test_jobs_of_submitit_have_it(folder):
    pytest.importorskip("submitit")
    words = ["-m", *USE, "model=own_pair", "seed=0,1", "hydra/launcher=submitit", "hydra.launcher.cluster=local"]
    assert main([*words, *QUICK]) == 0
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"] * 2


def test_a_strategy_of_one_s_own(folder):
    words = ["--use", "own_strategy.py", "trainer=own_search", "trainer.reach=0.5", "trainer.optimizer=momentum"]
    assert main([*words, *QUICK]) == 0
    (run,) = runs(folder)
    assert facts(run)["config"]["trainer"]["reach"] == 0.5
    killed(run)
    forget_all()
    assert main(["resume=last"]) == 0


def test_the_kept_model_brings_it_only_if_asked(folder):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    forget_all()
    with pytest.raises(RequestError, match="no model of that name"):
        load(run / "model")
    there = load(run / "model", own=True)([[0.0, 1.0]])
    assert len(there) == len(there[0]) == 1


@pytest.mark.slow
def test_mlflow_loads_it_without_a_wrapper(folder):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    expected = load(run / "model")([[0.0, 1.0]])
    (folder / "elsewhere").mkdir()
    code = (
        "import json, mlflow, numpy, sys; model = mlflow.pyfunc.load_model(sys.argv[1]);"
        "print(json.dumps(model.predict(numpy.array([[0.0, 1.0]]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run / "model")],
        cwd=folder / "elsewhere",
        env={**os.environ, "HOME": str(folder / "elsewhere"), "XDG_STATE_HOME": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == expected


FAULTS = {
    "a missing file": ("nothing.py", None, "there is no such file; here are own_callback.py"),
    "no Python": ("notes.txt", "x", "--use notes.txt: there is no module"),
    "no name": ("my-model.py", "", "whose name can be imported"),
    "a module of Python": ("json.py", "", "Python has a module 'json' already; rename the file"),
    "bad syntax": ("bad.py", "x = 1\nx = = 2\n", "--use bad.py: line 2: SyntaxError: invalid syntax"),
    "a failure": ("bad.py", "import os\nopen('nowhere')\n", "--use bad.py: line 2: FileNotFoundError"),
    "an exit": ("bad.py", "raise SystemExit(3)\n", "--use bad.py: line 1: SystemExit: 3"),
    "not UTF-8": ("bad.py", b"x = '\xff'", "is not UTF-8 text"),
    "a name that is taken": (
        "bad.py",
        "from syntonic.core.registry import register\n@register('model', 'mlp')\nclass X: pass\n",
        "model 'mlp' is already syntonic.nn.architectures.mlp.MLP",
    ),
    "a name of an option": (
        "bad.py",
        "from syntonic.core.registry import register\n@register('trainer', 'es')\nclass X: pass\n",
        "there is an option trainer=es already",
    ),
    "a file as a module": ("own_model", None, "for the file: own_model.py"),
    "a near miss": ("own_modle", None, "did you mean 'own_model.py'?"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_cannot_be_used_is_told_in_one_line(folder, capsys, case):
    name, text, told = FAULTS[case]
    if text is not None:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(["--use", name, "trainer.max_generations=1"]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert not (folder / ".syntonic").exists()


def test_an_argument_without_a_type_is_named(folder, capsys):
    text = "from syntonic.core.registry import register\n@register('model', 'bare')\nclass Bare:\n"
    (folder / "bare.py").write_text(text + "    def __init__(self, task, *, width=3): pass\n")
    assert main(["--use", "bare.py", "trainer.max_generations=1", "tracking=none"]) == 0, "it is not in the way"
    assert main(["--use", "bare.py", "model=bare"]) == 2
    assert "bare.Bare: argument width has no type; write for example `width: int = 1`" in capsys.readouterr().err


def test_a_required_argument_is_asked_for(folder, capsys):
    (folder / "own_model.py").write_text(MODEL.replace("float, Ge(0)] = 1.0", "float, Ge(0)]"))
    assert main([*USE, "model=own_pair", *QUICK]) == 2
    assert "model.gain: is missing; add `model.gain=<value>`" in capsys.readouterr().err
    assert main([*USE, "model=own_pair", "model.gain=2.0", *QUICK]) == 0


def test_from_python(folder):
    record = syntonic.run(["model=own_pair", *QUICK], use=[folder / "own_layers.py", "own_model.py"], quiet=True)
    assert record.status == "FINISHED"
    assert [use["name"] for use in record.uses] == ["own_layers.py", "own_model.py"]


def test_a_changed_file_is_executed_anew_in_the_same_process(folder, capsys):
    syntonic.run(["model=own_pair", *QUICK], use=USE[1::2], quiet=True)
    (folder / "own_layers.py").write_text(LAYERS.replace("4", "7"))
    record = syntonic.run(["model=own_pair", *QUICK], use=USE[1::2], quiet=True)
    header = (record.folder / "model" / "parameters.safetensors").read_bytes()
    assert b"[2,7]" in header, "the file that uses it was executed anew too"


PACKAGE = """
from syntonic.core.registry import register
from syntonic.nn.architectures.mlp import MLP

@register("model", "installed_mlp")
class Installed(MLP):
    pass
"""


def test_an_installed_package_brings_its_options(folder):
    place = folder / "site"
    facts_of_package = place / "stranger-1.0.dist-info"
    facts_of_package.mkdir(parents=True)
    (place / "stranger.py").write_text(PACKAGE)
    (place / "broken.py").write_text("raise RuntimeError('out of order')")
    (facts_of_package / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    points = "[syntonic.models]\ninstalled = stranger\n\n[syntonic.callbacks]\nodd = broken\n"
    (facts_of_package / "entry_points.txt").write_text(points)
    code = "import sys; from syntonic.runners.cli import main; sys.exit(main())"
    words = ["model=installed_mlp", "model.hidden=[3]", *QUICK]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "stranger offers the callback 'odd', which does not load: RuntimeError: out of order" in done.stderr
    (run,) = runs(folder)
    assert facts(run)["inputs"].keys() == {"stranger.py"}


WRAPPER = """
import sys

from syntonic.core.registry import register
from syntonic.nn.architectures.mlp import MLP
from syntonic.runners.cli import main

@register("model", "of_a_script")
class OfAScript(MLP):
    pass

if __name__ == "__main__":
    sys.exit(main())
"""


def test_what_a_script_has_registered_comes_back_without_it(folder):
    (folder / "script.py").write_text(WRAPPER)
    words = ["model=of_a_script", "model.hidden=[3]", "--use", "own_callback.py", "callbacks=interrupts", *QUICK]

    def python(*given):
        return subprocess.run([sys.executable, *given], capture_output=True, text=True, check=False)

    assert python("script.py", *words, "callbacks.interrupts.at=100").returncode == 0
    assert python("script.py", *words).returncode == 130
    whole, part = runs(folder)
    assert main([f"resume={part.name}"]) == 0
    assert arrays(part) == arrays(whole)
    assert facts(part)["inputs"] == facts(whole)["inputs"]
    done = python("script.py", "-m", *words[:2], *QUICK, "seed=1,2", "sweep.parallel=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"] * 4
    assert load(part / "model")([[0.0, 1.0]])


def test_a_script_that_does_more_than_define_is_not_executed_again(folder, capsys):
    (folder / "script.py").write_text(WRAPPER.replace('if __name__ == "__main__":\n    sys.exit(main())', "main()"))
    words = ["model=of_a_script", "model.hidden=[3]", *QUICK]
    done = subprocess.run([sys.executable, "script.py", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (run,) = runs(folder)
    assert "uses" not in facts(run)
    killed(run)
    assert main(["resume=last"]) == 2
    assert "--use FILE.py" in capsys.readouterr().err


def test_a_report_tells_which_source_it_is_of(folder):
    assert main([*USE, "model=own_pair", *QUICK]) == 0
    (run,) = runs(folder)
    assert main(["report"]) == 0
    said = (run / "report.html").read_text()
    for name, digest in facts(run)["inputs"].items():
        assert f"{name} {digest}" in said


def test_a_run_is_opened_with_the_code_that_it_keeps(folder):
    record = syntonic.run(["model=own_pair", *QUICK], use=USE[1::2], quiet=True)
    expected = syntonic.load(record).model([[0.0, 1.0]])
    (folder / "own_layers.py").write_text("raise RuntimeError('half written')")
    forget_all()
    run = syntonic.load(record)
    assert run.model([[0.0, 1.0]]) == expected
    assert run.notes == [f"{folder / 'own_layers.py'} has changed since; the code that the run keeps is used"]


def test_a_shell_completes_files_of_code(folder, capsys):
    assert main(["--complete", "--use own_m"]) == 0
    assert capsys.readouterr().out == "own_model.py\n"
