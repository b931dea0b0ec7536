"""Where a run comes from: the repository in which the command was typed, wherever the program itself is installed."""

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking import provenance
from syntonic.tracking.base import Ending, Run, Status


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, changes since, and a file that it does not know."""

    def git(*words: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *author, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-b", "trunk")
    (tmp_path / "a.txt").write_text("one\n")
    git("add", ".")
    git("commit", "-m", "first")
    return tmp_path


def test_git_is_read_in_the_working_folder(repository: Path) -> None:
    tags, diff = provenance.git(repository)
    assert (tags["git.branch"], tags["git.dirty"], len(tags["git.commit"]), diff) == ("trunk", "false", 40, "")
    (repository / "a.txt").write_text("two\n")
    (repository / "b.txt").write_text("new\n")
    (repository / "deep").mkdir()
    tags, diff = provenance.git(repository / "deep")
    assert tags["git.dirty"] == "true"
    assert "+two" in diff
    assert "# untracked: b.txt" in diff


def test_no_repository_is_no_fault(tmp_path: Path) -> None:
    assert provenance.git(tmp_path) == ({}, "")
    assert provenance.git(tmp_path / "nowhere") == ({}, "")


def test_commit_dirty_flag_and_diff_are_on_the_run(
    repository: Path, home: Path, run: Run, record: Any, steps: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "a.txt").write_text("two\n")
    (repository / "deep").mkdir()
    monkeypatch.chdir(repository / "deep")
    receipt = record(run, steps(1, 2), Ending(Status.FINISHED, 1))
    with sqlite3.connect(home / "mlflow.db") as database:
        tags = dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", [receipt.run_id]))
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert (tags["mlflow.source.git.branch"], tags["mlflow.source.git.dirty"]) == ("trunk", "true")
    kept = home / "artifacts" / receipt.run_id / "artifacts" / "provenance"
    assert "+two" in (kept / "git.diff").read_text()
    assert "mlflow==" in (kept / "packages.txt").read_text()


def test_a_foreign_repository_runs_nothing(repository: Path) -> None:
    script = repository / "evil.sh"
    script.write_text("#!/bin/sh\ntouch owned\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"):
        subprocess.run(["git", "config", key, str(script)], cwd=repository, check=True)
    (repository / ".gitattributes").write_text("*.txt diff=evil\n")
    subprocess.run(["git", "config", "diff.evil.textconv", str(script)], cwd=repository, check=True)
    (repository / "a.txt").write_text("two\n")
    tags, _ = provenance.git(repository)
    assert tags["git.dirty"] == "true"
    assert not list(repository.rglob("owned"))
