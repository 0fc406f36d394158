"""What is read from git, and that reading it runs nothing of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from magray_indexers import git


def run(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder: Path, name: str, text: str, message: str) -> str:
    (folder / name).write_text(text)
    run(folder, "add", name)
    run(folder, "commit", "-q", "-m", message)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q", "-b", "trunk")
    return tmp_path


def test_head_and_branch(repository: Path) -> None:
    assert (git.head(repository), git.branch(repository)) == ("", "trunk")
    sha = commit(repository, "a.py", "x = 1\n", "first")
    assert git.head(repository) == sha
    run(repository, "checkout", "-q", "--detach")
    assert (git.head(repository), git.branch(repository)) == (sha, "")


def test_outside_a_repository_there_is_nothing(tmp_path: Path) -> None:
    assert (git.head(tmp_path), git.branch(tmp_path)) == ("", "")
    assert git.commits_touching(tmp_path, "a.py") == []
    assert git.excludes(tmp_path).top == tmp_path


def test_a_damaged_repository_is_as_none(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"\xff\0nonsense")
    assert git.head(tmp_path) == ""
    assert git.commits_touching(tmp_path, "a.py") == []


def test_commits_follow_the_lines_they_touched(repository: Path) -> None:
    first = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
    added = commit(repository, "a.py", first, "add both\n\nwith a body")
    changed_two = commit(repository, "a.py", first.replace("2", "22"), "change two")
    commit(repository, "b.py", "y = 1\n", "elsewhere")
    commit(repository, "a.py", "import os\n\n" + first.replace("2", "22"), "imports above")
    one = git.commits_touching(repository, "a.py", 3, 4)
    two = git.commits_touching(repository, "a.py", 7, 8)
    assert [found.summary for found in one] == ["add both"]
    assert [(found.sha, found.summary) for found in two] == [(changed_two, "change two"), (added, "add both")]
    assert (two[0].author, two[0].when > 0) == ("Ada", True)
    assert len(git.commits_touching(repository, "a.py", limit=10)) == 3
    assert git.commits_touching(repository, "missing.py") == []


def test_a_workspace_inside_a_repository_is_read_from_it(repository: Path) -> None:
    (repository / "inner").mkdir()
    commit(repository, "inner/a.py", "x = 1\n", "inner")
    assert [found.summary for found in git.commits_touching(repository / "inner", "a.py")] == ["inner"]
    assert git.excludes(repository / "inner").prefix == "inner/"


def test_reading_runs_nothing_of_a_hostile_repository(repository: Path) -> None:
    commit(repository, "a.py", "x = 1\n", "first")
    trap = repository / "pwned"
    script = repository / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    keys = """core.fsmonitor core.sshCommand core.editor core.pager diff.external gpg.program core.gitProxy
        credential.helper filter.x.clean filter.x.smudge diff.x.textconv"""
    for key in keys.split():
        run(repository, "config", key, str(script))
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    for hook in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
        (repository / ".git" / "hooks").mkdir(exist_ok=True)
        (repository / ".git" / "hooks" / hook).write_bytes(script.read_bytes())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    git.head(repository), git.branch(repository), git.excludes(repository), git.ignores_case(repository)
    git.commits_touching(repository, "a.py", 1, 1)
    assert not trap.exists()
