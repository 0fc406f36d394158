"""What git says about files: which change together and where something was decided."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from magray_testkit.graphs import complete, git, graphed, links, write

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_indexers.building import build
from magray_indexers.graph.history import deciding_line, read_history

PATHS = frozenset({"a.txt", "b.txt", "c.txt"})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "trunk")
    save(tmp_path, {"start.txt": "x\n"}, "start")
    return tmp_path


def save(root: Path, files: dict[str, str], message: str) -> str:
    write(root, files)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)
    return git(root, "rev-parse", "HEAD")


def past(root: Path) -> dict[str, dict[str, float]]:
    found = read_history(root, PATHS, CancelToken())
    return {path: dict(others) for path, others in found.changed_with.items()}


def test_files_that_change_together_are_tied_the_more_the_oftener(repository: Path) -> None:
    for n in range(3):
        save(repository, {"a.txt": f"{n}\n", "b.txt": f"{n}\n"}, f"both {n}")
    save(repository, {"a.txt": "x\n", "c.txt": "x\n"}, "once")
    found = past(repository)
    assert 1 > found["a.txt"]["b.txt"] > found["a.txt"]["c.txt"] > 0
    assert found["b.txt"]["a.txt"] == found["a.txt"]["b.txt"]
    assert "c.txt" not in found["b.txt"]


def test_the_more_files_a_commit_touches_the_less_it_says(repository: Path) -> None:
    save(repository, {"a.txt": "1\n", "b.txt": "1\n", **{f"m{n}.txt": "1\n" for n in range(8)}}, "ten files")
    assert past(repository)["a.txt"]["b.txt"] < 0.2
    save(repository, {"b.txt": "2\n", "c.txt": "2\n", **{f"n{n}.txt": "2\n" for n in range(40)}}, "forty files")
    assert "c.txt" not in past(repository)["b.txt"]


def test_merges_are_left_out(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "side")
    save(repository, {"a.txt": "1\n"}, "side")
    git(repository, "checkout", "-q", "trunk")
    save(repository, {"b.txt": "1\n"}, "trunk")
    git(repository, "merge", "-q", "--no-ff", "-m", "merge", "side")
    assert past(repository) == {}


def test_a_workspace_inside_a_repository_sees_its_own_part(repository: Path) -> None:
    save(repository, {"inner/a.txt": "1\n", "inner/b.txt": "1\n", "a.txt": "1\n"}, "three")
    assert set(past(repository / "inner")) == {"a.txt", "b.txt"}


def test_without_git_or_with_a_damaged_one_there_is_nothing(repository: Path, tmp_path: Path) -> None:
    save(repository, {"a.txt": "1\n", "b.txt": "1\n"}, "both")
    for folder in (repository / ".git" / "objects").iterdir():
        shutil.rmtree(folder)
    assert past(repository) == {}
    shutil.rmtree(repository / ".git")
    assert past(repository) == {}


def test_a_shallow_history_gives_what_it_has(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for n in range(4):
        save(repository, {"a.txt": f"{n}\n", "b.txt": f"{n}\n"}, f"both {n}")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth", "2", f"file://{repository}", "shallow")
    assert past(clone / "shallow")["a.txt"]["b.txt"] > 0


def test_reading_the_history_can_be_cancelled(repository: Path) -> None:
    save(repository, {"a.txt": "1\n", "b.txt": "1\n"}, "both")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        read_history(repository, PATHS, cancel)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Use WAL\n\nDecision: WAL, because readers must not wait.\n", "Decision: WAL, because readers must not wait."),
        ("Хранение\n\nМы решили не хранить токены.\n", "Мы решили не хранить токены."),
        ("feat!: new API\n\nBREAKING CHANGE: the old one is gone\n", "BREAKING CHANGE: the old one is gone"),
        ("fix a typo\n\nand another\n", "fix a typo"),
        ("", ""),
    ],
)
def test_the_line_that_decides_is_the_one_shown(message: str, line: str) -> None:
    assert deciding_line(message) == line


def test_a_commit_that_decides_is_found_and_others_are_not(repository: Path) -> None:
    save(repository, {"a.txt": "1\n"}, "tidy up")
    sha = save(repository, {"b.txt": "1\n"}, "Store rows\n\nWe decided to keep them sorted.")
    decisions = read_history(repository, PATHS, CancelToken()).decisions
    assert [(one.sha, one.paths) for one in decisions] == [(sha, ("b.txt",))]


def test_new_commits_reach_the_graph_with_the_next_build(repository: Path) -> None:
    graphed(repository, {"a.py": "x = 1\n", "b.py": "y = 1\n"})
    assert not links(repository)
    save(repository, {"a.py": "x = 2\n", "b.py": "y = 2\n"}, "both")
    build(repository, IndexSettings(workers=1))
    complete(repository)
    assert ("a.py", "changed-with", "b.py") in links(repository)
