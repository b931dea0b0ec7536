"""The launcher on Slurm: what a cluster is asked for, and what is said when there is none. The programs are stand-ins.

They answer as Slurm's do as far as submitit asks: jobs are processes of this machine.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from runner_folders import facts, runs

from syntonic.runners.launchers.submitit import Submitit

pytest.importorskip("submitit")

Command = Callable[..., int]
Said = pytest.CaptureFixture[str]
WORDS = ["-m", "tracking=none", "seed=0,1", "hydra/launcher=submitit"]
PROGRAMS = {
    "sbatch": """
cp "$1" "$SLURM_STAND_IN/$$.sh"
export SLURM_JOB_ID=$$ SLURM_NTASKS=1 SLURM_JOB_NUM_NODES=1 SLURM_NODEID=0 SLURM_PROCID=0 SLURM_LOCALID=0
export SLURM_JOB_NODELIST=localhost
setsid bash "$SLURM_STAND_IN/$$.sh" > /dev/null 2>&1 &
echo $! > "$SLURM_STAND_IN/$$.pid"
echo "Submitted batch job $$"
""",
    "srun": """
while [ "${1#--}" != "$1" ]; do case "$1" in --output|--error) shift;; esac; shift; done
exec "$@"
""",
    "sacct": """
echo "JobID|State|NodeList"
for file in "$SLURM_STAND_IN"/*.pid; do
    job=$(basename "$file" .pid)
    state=COMPLETED
    kill -0 "$(cat "$file")" 2> /dev/null && state=RUNNING
    echo "$job|$state|localhost"
done
""",
    "scancel": 'kill -- -"$(cat "$SLURM_STAND_IN/$1.pid")"',
}


def install(folder: Path, name: str, text: str) -> None:
    """Puts a program into a folder."""
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the stand-ins, in front of the path; the scripts of the jobs come to lie in it."""
    place = tmp_path_factory.mktemp("slurm")
    for name, text in PROGRAMS.items():
        install(place, name, text)
    monkeypatch.setenv("PATH", str(place), prepend=os.pathsep)
    monkeypatch.setenv("SLURM_STAND_IN", str(place))
    return place


@pytest.mark.slow
def test_each_run_is_a_job_with_what_was_asked_for(command: Command, folder: Path, cluster: Path) -> None:
    asked = ["threads=3", "gpus=2", "hours=1.5", "memory=4", "account=a1", "qos=high"]
    words = [f"hydra.launcher.{word}" for word in asked]
    words.append("hydra.launcher.partition='dev,long'")
    assert command(*WORDS, *words, "hydra.launcher.constraint=a100|h100") == 0
    assert [facts(run)["status"] for run in runs(folder)] == ["FINISHED"] * 2
    scripts = [path.read_text() for path in cluster.glob("*.sh")]
    assert len(scripts) == 2
    for script in scripts:
        given = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script, re.M))
        wanted = {"cpus-per-task": "3", "gpus-per-node": "2", "time": "90", "mem": "4GB", "partition": "dev,long"}
        wanted |= {"account": "a1", "qos": "high", "constraint": "'a100|h100'", "job-name": "syntonic"}
        assert {key: given.get(key) for key in wanted} == wanted


@pytest.mark.slow
def test_a_sweep_goes_on_where_submitit_has_left_its_files(command: Command, folder: Path, cluster: Path) -> None:
    for _ in range(2):
        assert command(*WORDS, "trainer.fails_at=5") == 1
    assert len(runs(folder)) == 2
    assert len(list(folder.glob(".syntonic/sweeps/*/submitit/*"))) == 2
    (submitit,) = folder.glob(".syntonic/sweeps/*/submitit")
    submitit.rename(folder / "elsewhere")
    submitit.symlink_to(folder / "elsewhere")
    assert command(*WORDS, "trainer.fails_at=5") == 2, "it could lead to a stranger's folder"
    assert len(list((folder / "elsewhere").iterdir())) == 2


def test_what_the_cluster_says_of_a_job_is_one_line(
    command: Command, folder: Path, cluster: Path, capsys: Said
) -> None:
    install(cluster, "sbatch", 'echo "sbatch: error: invalid partition specified: nowhere" >&2; exit 1')
    assert command(*WORDS, "hydra.launcher.partition=nowhere") == 2
    said = capsys.readouterr().err
    assert "the cluster takes no job: " in said
    assert "invalid partition specified: nowhere" in said
    assert "Traceback" not in said
    assert runs(folder) == []


def test_without_slurm_there_is_a_way_out(command: Command, folder: Path, capsys: Said) -> None:
    assert command(*WORDS) == 2
    said = capsys.readouterr().err
    assert "there is no Slurm here (srun and sbatch not found)" in said
    assert "hydra.launcher.cluster=local" in said
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["a\ntouch owned", "a b", "$(touch owned)", "'", ""])
@pytest.mark.parametrize("key", ["partition", "account", "qos", "constraint"])
def test_a_name_that_could_be_more_is_refused(key: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"{key} is "):
        Submitit(1, cluster="local", **{key: name})  # type: ignore[arg-type]
