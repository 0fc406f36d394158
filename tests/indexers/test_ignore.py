"""Our ignore rules against real git on many random trees, and the rules that git does not have."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from magray_configs.settings import IndexSettings
from magray_core.memory import SkipReason
from magray_indexers.ignore import IgnoreRules, parse_ignore_file
from magray_indexers.walk import SkippedPath, WalkedFile, walk, walk_path

NAMES = [
    "a",
    "b",
    "ab",
    "foo",
    "foo.py",
    "x.log",
    "Foo.py",
    "b c",
    "[x]",
    "é.py",
    "a.b.c",
    "log",
    "doc",
    "src",
    "-x",
    "!n",
]
PIECES = [
    "*", "**", "?", "a", "b", "foo", "*.py", "*.log", "x.log", "[ab]", "[!a]", "[^b]*", "a*", "*b", "f?o", "src",
    "doc", "[a-f]*", "*.b.*", r"\[x\]", "[[:upper:]]*", "é.py", "*é*", "?.py", r"\!n", "b c", "a**", "**b", "[]x]*",
    "[x", "-x", "[[:digit:][:lower:]]", "Foo*", "x.log ", r"b\ c", "[a-", "a\\", "l[o-p]g", "***",
]  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(folder)}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode("utf-8")


def kept_by_git(folder: Path) -> set[str]:
    listed = git(folder, "ls-files", "--others", "--exclude-standard", "-z", ".")
    return {path for path in listed.split("\0") if path}


def kept_by_us(root: Path) -> set[str]:
    return {entry.path for entry in walk(root, IndexSettings()) if isinstance(entry, WalkedFile)}


def random_pattern(chance: random.Random) -> str:
    pattern = "/".join(chance.choice(PIECES) for _ in range(chance.choice([1, 1, 1, 2, 2, 3])))
    if chance.random() < 0.2:
        pattern = "/" + pattern
    if chance.random() < 0.25:
        pattern += "/"
    if chance.random() < 0.3:
        pattern = "!" + pattern
    return pattern + chance.choice(["", "", "", " ", "\r"])


def random_tree(root: Path, chance: random.Random) -> None:
    folders = [root]
    for _ in range(chance.randint(3, 12)):
        folder = chance.choice(folders) / chance.choice(NAMES)
        if not folder.exists():
            folder.mkdir()
            folders.append(folder)
    for _ in range(chance.randint(10, 40)):
        file = chance.choice(folders) / chance.choice(NAMES)
        if not file.exists():
            file.write_text("x\n")
    for folder in folders:
        if folder == root or chance.random() < 0.4:
            lines = [random_pattern(chance) for _ in range(chance.randint(1, 5))]
            ending = chance.choice(["", "\n"])
            bom = chance.choice(["", "", "\ufeff"])
            if not (folder / ".gitignore").is_dir():
                (folder / ".gitignore").write_text(bom + "\n".join(lines) + ending, encoding="utf-8", newline="")


@pytest.mark.parametrize("seed", range(150))
def test_random_trees_are_ignored_exactly_as_git_does(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    git(tmp_path, "init", "-q")
    random_tree(tmp_path, chance)
    (tmp_path / ".git" / "info").mkdir(exist_ok=True)
    (tmp_path / ".git" / "info" / "exclude").write_text(random_pattern(chance) + "\n", encoding="utf-8", newline="")
    excludes = tmp_path / ".git" / "my-excludes"
    excludes.write_text(random_pattern(chance) + "\n", encoding="utf-8", newline="")
    git(tmp_path, "config", "core.excludesFile", str(excludes))
    assert kept_by_us(tmp_path) == kept_by_git(tmp_path)


@pytest.mark.parametrize("seed", range(40))
def test_a_folder_inside_a_repository_obeys_the_ignore_files_above_it(tmp_path: Path, seed: int) -> None:
    chance = random.Random(1000 + seed)
    git(tmp_path, "init", "-q")
    random_tree(tmp_path, chance)
    folders = [path for path in tmp_path.rglob("*") if path.is_dir() and ".git" not in path.parts]
    root = chance.choice(folders)
    ignored = (
        subprocess.run(["git", "check-ignore", "-q", "--no-index", str(root)], cwd=tmp_path, check=False).returncode
        == 0
    )
    if not ignored:
        assert kept_by_us(root) == kept_by_git(root)


@pytest.mark.parametrize("seed", range(40))
def test_one_path_is_judged_as_the_whole_walk_judges_it(tmp_path: Path, seed: int) -> None:
    random_tree(tmp_path, random.Random(2000 + seed))
    everything = list(walk(tmp_path, IndexSettings()))
    for path in tmp_path.rglob("*"):
        name = path.relative_to(tmp_path).as_posix()
        expected = {entry for entry in everything if entry.path == name or entry.path.startswith(name + "/")}
        above = {entry for entry in everything if name.startswith(entry.path + "/")}
        found = set(walk_path(tmp_path, name, IndexSettings()))
        assert found == (expected or set()) or (above and not found)


def test_an_ignored_root_is_indexed_all_the_same(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("build/\n*.log\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "a.py").write_text("x = 1\n")
    assert kept_by_us(tmp_path / "build") == {"a.py"}


def test_the_magrayignore_file_adds_to_and_overrides_git(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("generated.py\n")
    (tmp_path / ".magrayignore").write_text("vendor/\n!generated.py\n")
    for name in ("generated.py", "a.py", "vendor/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    assert kept_by_us(tmp_path) == {".gitignore", ".magrayignore", "a.py", "generated.py"}
    assert SkippedPath("vendor", SkipReason.IGNORED) in set(walk(tmp_path, IndexSettings()))


def test_the_users_global_excludes_count(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.swp\n")
    root.mkdir()
    git(root, "init", "-q")
    (root / "a.swp").write_text("x\n")
    (root / "a.py").write_text("x\n")
    code = (
        "import sys; from pathlib import Path; from magray_indexers.walk import walk, WalkedFile;"
        "from magray_configs.settings import IndexSettings;"
        "print([e.path for e in walk(Path(sys.argv[1]), IndexSettings()) if isinstance(e, WalkedFile)])"
    )
    environment = {**{k: v for k, v in os.environ.items() if k != "XDG_CONFIG_HOME"}, "HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['a.py']"


def test_a_linked_work_tree_uses_the_exclude_file_of_its_repository(tmp_path: Path) -> None:
    main, linked = tmp_path / "main", tmp_path / "linked"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first")
    git(main, "worktree", "add", "-q", str(linked))
    (main / ".git" / "info").mkdir(exist_ok=True)
    (main / ".git" / "info" / "exclude").write_text("local.py\n")
    for name in ("local.py", "kept.py"):
        (linked / name).write_text("x = 1\n")
    assert kept_by_us(linked) == {"kept.py"}


def test_an_ignore_file_that_is_a_pipe_or_link_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "outside").write_text("*\n")
    (tmp_path / ".magrayignore").symlink_to(tmp_path / "outside")
    (tmp_path / "a.py").write_text("x = 1\n")
    assert kept_by_us(tmp_path) == {"a.py", "outside"}


def test_hostile_patterns_do_not_stall_the_walk(tmp_path: Path) -> None:
    rules = IgnoreRules(parse_ignore_file(b"a*a*a*a*a*a*a*a*b\n**/**/**/**/x/**/**/y\n" * 50))
    assert rules.verdict("a" * 60, False) is None
