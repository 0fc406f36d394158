"""Diffs: what ``git apply`` and ``patch`` make of them is what the plan makes of the files."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from magray_testkit.plans import edit, plan, rename, step, tree, workspace

from magray_core.documents import content_hash
from magray_core.plans import CreateFile, DeleteFile, EditFile, FileChange, Plan
from magray_core.spans import Span, TextEdit
from magray_orchestration.plans.diff import content_diff, plan_diff, step_diff
from magray_orchestration.plans.states import accepted_pairs, state
from magray_orchestration.plans.store import PlanStore

TOOLS = {
    "git apply": ["git", "apply", "--whitespace=nowarn", "-"],
    "patch": ["patch", "--binary", "--quiet", "-p1", "--no-backup-if-mismatch"],
}


def check_tools_agree(root: Path, made: Plan) -> None:
    """Both tools turn the original files into what the plan's state says."""
    view = workspace(root)
    store = PlanStore.open(view.paths)
    stored = store.save(made, view)
    diff = plan_diff(store, stored).encode()
    expected = state(store.texts(stored), accepted_pairs(stored))
    untouched = {path: data for path, (data, _) in tree(root).items() if data is not None}
    store.close()
    for name, command in TOOLS.items():
        copy = root.parent / f"{root.name} {name}"
        for path, data in untouched.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(data)
        subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
        done = subprocess.run(command, cwd=copy, input=diff, capture_output=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr.decode()}{done.stdout.decode()}\n{diff.decode()}"
        kept = {path: data for path, data in untouched.items() if path not in store_paths(made)}
        assert {path: data for path, (data, _) in tree(copy).items() if data is not None} == {**kept, **expected}, name


def store_paths(made: Plan) -> set[str]:
    return {change.path for one in made.steps for change in one.changes}


def write(root: Path, path: str, data: bytes) -> str:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)
    return content_hash(data)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    return folder


def test_edits_creations_deletions_and_moves_are_understood(root: Path) -> None:
    write(root, "src/a.py", b"def old():\n    return 1\n" + b"# filler\n" * 20 + b"old()")
    write(root, "src/crlf.py", b"old = 1\r\nother = old\r\n")
    write(root, "gone.py", b"bye\n")
    write(root, "moved.py", b"import old\n" + b"x\n" * 10)
    write(root, "as is.py", b"just moved\n")
    made = plan(
        step(1, edit(root, "src/a.py", "old", "new"), edit(root, "src/crlf.py", "old", "new")),
        step(2, CreateFile("sub/new file.py", "one\ntwo"), CreateFile("empty.py", "")),
        step(3, DeleteFile("gone.py", content_hash(b"bye\n"))),
        step(4, rename(root, "moved.py", "pkg/moved.py", (TextEdit(Span(7, 10), "new"),))),
        step(5, rename(root, "as is.py", "pkg/as is.py")),
    )
    check_tools_agree(root, made)


@pytest.mark.parametrize("name", ["with space.py", "тест.py", 'quo"te.py', "tab\there.py", "back`tick.py"])
def test_unusual_names_are_quoted_as_git_does(root: Path, name: str) -> None:
    write(root, name, b"old\n")
    check_tools_agree(root, plan(step(1, edit(root, name, "old", "new"))))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "a"), ("a", ""), ("a", "a\n"), ("a\n", "a"), ("a\nb", "a\nb\nc"), ("a\nb\n", "b\n"), ("a\n", "\na\n"),
        ("\n", ""), ("a\r\nb\r\n", "a\nb\n"), ("a\rb\rc", "a\rB\rc"), ("a\n\n\n", "a\n"), ("x\ny\nz\n", "x\nz\n"),
    ],
)  # fmt: skip
def test_ends_of_lines_and_files_survive(root: Path, before: str, after: str) -> None:
    digest = write(root, "a.py", before.encode())
    whole = EditFile("a.py", digest, (TextEdit(Span(0, len(before)), after),))
    check_tools_agree(root, plan(step(1, whole)))


def test_random_edits_are_what_the_tools_make_of_the_diff(tmp_path: Path) -> None:
    rng = random.Random(20)
    for n in range(12):
        root = tmp_path / str(n)
        root.mkdir()
        changes: list[FileChange] = []
        for path in ("a.py", "b/c.py"):
            text = "".join(f"{rng.choice(['x', 'yy', '', 'z = 1'])}\n" for _ in range(rng.randint(0, 60)))
            text += rng.choice(["", "end"])
            digest = write(root, path, text.encode())
            cuts = sorted(rng.randint(0, len(text)) for _ in range(2 * rng.randint(1, 6)))
            edits = [
                TextEdit(Span(a, b), rng.choice(["", "new", "\n", "a\nb\nc\n", "tail"]))
                for a, b in zip(cuts[::2], cuts[1::2], strict=True)
            ]
            changes.append(EditFile(path, digest, tuple(edits)))
        check_tools_agree(root, plan(step(1, *changes), goal=str(n)))


def test_a_step_has_its_own_diff_and_an_unticked_file_is_not_in_the_plans(root: Path) -> None:
    write(root, "a.py", b"old\n")
    write(root, "b.py", b"old\n")
    view = workspace(root)
    with_choice = edit(root, "b.py", "old", "new")
    made = plan(
        step(1, edit(root, "a.py", "old", "new")),
        step(2, EditFile("b.py", with_choice.before_hash, with_choice.edits, accepted=False)),
    )
    store = PlanStore.open(view.paths)
    stored = store.save(made, view)
    assert "b.py" not in plan_diff(store, stored)
    assert "a.py" not in step_diff(store, stored, stored.steps[1])
    assert "b.py" in step_diff(store, stored, stored.steps[1])
    store.close()


def test_a_block_replaced_whole_shows_only_the_lines_that_differ() -> None:
    old = "".join(f"line {n}\n" for n in range(100))
    shown = content_diff("a.py", old, old.replace("line 50\n", "other\n"))
    assert "-line 50\n+other\n" in shown
    assert "line 40" not in shown
