"""Where a run comes from: the repository in which the command was typed, wherever the program itself is installed."""

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syntonic.tracking import repository as repository_of
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
    tags, diff = repository_of.state(repository)
    assert (tags["git.branch"], tags["git.dirty"], len(tags["git.commit"]), diff) == ("trunk", "false", 40, "")
    (repository / "a.txt").write_text("two\n")
    (repository / "b.txt").write_text("new\n")
    (repository / "deep").mkdir()
    tags, diff = repository_of.state(repository / "deep")
    assert tags["git.dirty"] == "true"
    assert "+two" in diff
    assert "# untracked: b.txt" in diff


@pytest.mark.parametrize("home", [".syntonic", "sub/.syntonic", "results [1]"])
def test_what_runs_write_is_no_change(repository: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    (repository / home / "runs" / "a").mkdir(parents=True)
    (repository / home / "runs" / "a" / "run.json").write_text("{}")
    if "results" in home:
        monkeypatch.setenv("SYNTONIC_HOME", str(repository / home))
    tags, diff = repository_of.state(repository)
    assert (tags["git.dirty"], diff) == ("false", "")
    (repository / "more.py").write_text("a change of one's own")
    tags, diff = repository_of.state(repository)
    assert tags["git.dirty"] == "true"
    assert "more.py" in diff


def test_no_repository_is_no_fault(tmp_path: Path) -> None:
    tags, diff = repository_of.state(tmp_path)
    assert list(tags) == ["git"]
    assert "not a git repository" in tags["git"]
    assert diff == ""
    assert list(repository_of.state(tmp_path / "nowhere")[0]) == ["git"]


def test_without_git_the_run_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert repository_of.state(repository) == ({"git": "git is not installed"}, "")


def test_a_repository_without_commits_has_its_files_in_the_diff(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-b", "trunk"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").write_text("new\n")
    subprocess.run(["git", "add", "a.txt"], cwd=tmp_path, check=True)
    tags, diff = repository_of.state(tmp_path)
    assert tags == {"git": "no commit yet", "git.branch": "trunk", "git.dirty": "true"}
    assert "+one" in diff
    assert "# untracked: b.txt" in diff


def test_a_bare_repository_has_a_commit_and_no_files(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = tmp_path_factory.mktemp("bare")
    subprocess.run(["git", "clone", "--bare", str(repository), str(bare)], check=True, capture_output=True)
    tags, diff = repository_of.state(bare)
    assert tags["git.commit"] == repository_of.state(repository)[0]["git.commit"]
    assert "bare" in tags["git"]
    assert "git.dirty" not in tags
    assert diff == ""


def test_a_submodule_and_a_detached_head_have_their_own_commit(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    subprocess.run(["git", "init"], cwd=outer, check=True, capture_output=True)
    words = ["-c", "protocol.file.allow=always", "submodule", "add", str(repository), "inner"]
    subprocess.run(["git", *words], cwd=outer, check=True, capture_output=True)
    subprocess.run(["git", "checkout", "--detach"], cwd=outer / "inner", check=True, capture_output=True)
    commit = repository_of.state(repository)[0]["git.commit"]
    tags = {"git.commit": commit, "git.branch": "HEAD", "git.dirty": "false"}
    assert repository_of.state(outer / "inner") == (tags, "")


def with_submodule(repository: Path, outer: Path) -> Path:
    """Makes a repository with another one in it, both committed, and returns the inner one."""
    outer.mkdir()
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    for words in (["init", "-b", "trunk"], ["submodule", "add", str(repository), "in ner"], ["commit", "-m", "first"]):
        subprocess.run(["git", *author, *words], cwd=outer, check=True, capture_output=True)
    return outer / "in ner"


def test_what_was_changed_in_a_submodule_is_seen(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    inner = with_submodule(repository, tmp_path_factory.mktemp("place") / "outer")
    (inner.parent / "deep").mkdir()
    tags, diff = repository_of.state(inner.parent / "deep")
    assert (tags["git.dirty"], diff) == ("false", "")
    (inner / "a.txt").write_text("two\n")
    (inner / "b.txt").write_text("new\n")
    tags, diff = repository_of.state(inner.parent / "deep")
    assert tags["git.dirty"] == "true"
    assert "+++ b/in ner/a.txt" in diff
    assert "+two" in diff
    assert "# untracked: in ner/b.txt" in diff


def test_a_submodule_that_is_none_or_lies_elsewhere_is_passed_over(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inner = with_submodule(repository, tmp_path_factory.mktemp("place") / "outer")
    (inner / ".git").unlink()
    (inner / ".git").mkdir()
    tags, diff = repository_of.state(inner.parent)
    assert tags["git.dirty"] == "false"
    assert diff.startswith("# submodule in ner: what was changed there is not known")
    (inner / ".git").rmdir()
    inner.rename(inner.parent / "moved")
    inner.symlink_to(repository)
    (repository / "a.txt").write_text("two\n")
    assert "+two" not in repository_of.state(inner.parent)[1]


def test_a_large_diff_is_cut(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_of, "LARGEST", 500)
    (repository / "a.txt").write_text("two\n" * 1000)
    tags, diff = repository_of.state(repository)
    assert tags["git.dirty"] == "true"
    assert diff.startswith("diff --git")
    assert diff.endswith("# cut here: there is more than 500 bytes\n")
    assert len(diff) < 600


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


def booby_trapped(repository: Path, sign: Path) -> None:
    """Gives a repository everything that git starts by itself, each a program that leaves a sign."""
    script = repository / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {sign}\ncat\n")
    script.chmod(0o755)
    hook = repository / "hooks" / "post-index-change"
    hook.parent.mkdir()
    hook.symlink_to(script)
    subprocess.run(["git", "config", "core.hooksPath", str(hook.parent)], cwd=repository, check=True)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"):
        subprocess.run(["git", "config", key, str(script)], cwd=repository, check=True)
    (repository / ".gitattributes").write_text("*.txt diff=evil filter=evil filter=a=b\n")
    for key in ("filter.evil.clean", "filter.evil.process", "filter.a=b.clean"):
        subprocess.run(["git", "config", key, str(script)], cwd=repository, check=True)
    subprocess.run(["git", "config", "filter.evil.required", "true"], cwd=repository, check=True)
    subprocess.run(["git", "config", "diff.evil.textconv", str(script)], cwd=repository, check=True)
    (repository / "a.txt").write_text("two\n")


def test_a_foreign_repository_runs_nothing(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    sign = tmp_path_factory.mktemp("signs") / "owned"
    booby_trapped(repository, sign)
    tags, diff = repository_of.state(repository)
    assert tags["git.dirty"] == "true"
    assert "+two" in diff
    assert not sign.exists()
    subprocess.run(["git", "diff"], cwd=repository, check=False, capture_output=True)
    assert sign.exists(), "git alone would have run it"


def test_a_submodule_of_a_foreign_repository_runs_nothing(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sign = tmp_path_factory.mktemp("signs") / "owned"
    inner = with_submodule(repository, tmp_path_factory.mktemp("place") / "outer")
    booby_trapped(inner, sign)
    tags, diff = repository_of.state(inner.parent)
    assert tags["git.dirty"] == "true"
    assert "+two" in diff
    assert not sign.exists()
    subprocess.run(["git", "status"], cwd=inner.parent, check=False, capture_output=True)
    assert sign.exists(), "git alone would have run it"


def test_what_a_partial_clone_left_out_is_not_fetched(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sign, place = tmp_path_factory.mktemp("signs") / "owned", tmp_path_factory.mktemp("place")
    subprocess.run(["git", "clone", "-q", str(repository), str(place)], check=True)
    script = place / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {sign}\n")
    script.chmod(0o755)
    blob = subprocess.run(["git", "rev-parse", "HEAD:a.txt"], cwd=place, check=True, capture_output=True, text=True)
    (place / ".git" / "objects" / blob.stdout[:2] / blob.stdout[2:].strip()).unlink()
    for key, value in (("promisor", "true"), ("partialCloneFilter", "blob:none"), ("uploadpack", str(script))):
        subprocess.run(["git", "config", f"remote.origin.{key}", value], cwd=place, check=True)
    (place / "a.txt").write_text("two\n")
    tags, diff = repository_of.state(place)
    assert len(tags["git.commit"]) == 40
    assert tags["git"].startswith("what was changed is not known")
    assert diff == ""
    assert not sign.exists()
    subprocess.run(["git", "diff"], cwd=place, check=False, capture_output=True)
    assert sign.exists(), "git alone would have run it"


def test_a_filter_that_the_repository_extends_is_not_run(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign, home = tmp_path_factory.mktemp("signs") / "ran", tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    subprocess.run(["git", "config", "--global", "filter.lfs.clean", f"touch {sign}; cat"], check=True)
    (repository / ".gitattributes").write_text("*.txt filter=lfs\n")
    (repository / "a.txt").write_text("two\n")
    repository_of.state(repository)
    assert sign.exists(), "a filter of the user's own stays"
    sign.unlink()
    subprocess.run(["git", "config", "lfs.extension.evil.clean", "true"], cwd=repository, check=True)
    tags, diff = repository_of.state(repository)
    assert "+two" in diff
    assert tags["git.dirty"] == "true"
    assert not sign.exists()
