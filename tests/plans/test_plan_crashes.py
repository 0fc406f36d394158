"""kill -9 while applying, undoing and recovering: a fresh process finds everything or nothing, never half of it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pytest
from magray_testkit.plans import edit, plan, rename, step, tree, workspace

from magray_core.documents import content_hash
from magray_core.errors import MagrayError
from magray_core.plans import CreateFile, DeleteFile, Plan
from magray_core.spans import Span, TextEdit
from magray_orchestration.plans.applying import commit_on_disk, recover, stage
from magray_orchestration.plans.states import pairs_of
from magray_orchestration.plans.store import PlanStore

POINTS = [
    "apply.journal", "apply.prepare", "apply.prepare#3", "apply.prepared", "apply.publish", "apply.published",
    "apply.publish#3", "apply.published#4", "apply.published#6", "apply.record", "apply.recorded", "apply.tidy",
    "apply.tidy#4",
]  # fmt: skip


class Child:
    """A forked process that applies and undoes, and says so when it is acknowledged."""

    def __init__(self, root: Path, plan_id: str, *actions: str, fail: str = "") -> None:
        output, ours = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(ours)
            self.output = os.fdopen(output)
            return
        try:
            os.environ["MAGRAY_FAIL"] = fail
            with os.fdopen(ours, "w", buffering=1) as out:
                work(root, plan_id, actions, out)
            os._exit(0)
        finally:
            os._exit(1)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> tuple[int, list[str]]:
        """The exit status (negative: a signal) and the lines that it said."""
        lines = self.output.read().splitlines()
        self.output.close()
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), lines


def work(root: Path, plan_id: str, actions: Sequence[str], out: TextIO) -> None:
    view = workspace(root)
    store = PlanStore.open(view.paths)
    print("ready", file=out)
    for action in actions:
        try:
            if action == "recover":
                recover(root, store)
            else:
                commit_on_disk(view, store, stage(view, store, plan_id, action=action))  # type: ignore[arg-type]
            print(action, file=out)
        except MagrayError as error:
            print("refused", error.message, getattr(error, "differences", ""), file=out)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    (folder / "sub").mkdir(parents=True)
    for n in range(3):
        (folder / f"sub/f{n}.py").write_bytes(b"old\r\n" * (n + 1))
    (folder / "gone.txt").write_bytes(b"bye")
    (folder / "moved.sh").write_bytes(b"old")
    (folder / "moved.sh").chmod(0o755)
    return folder


def every_kind(root: Path) -> Plan:
    return plan(
        step(1, *(edit(root, f"sub/f{n}.py", "old", "new") for n in range(3))),
        step(2, CreateFile("made/deep/new.py", "new\n"), DeleteFile("gone.txt", content_hash(b"bye"))),
        step(3, rename(root, "moved.sh", "bin/moved.sh", (TextEdit(Span(0, 3), "new"),))),
    )


def prepared(root: Path) -> tuple[str, dict[str, dict[str, tuple[bytes | None, int]]]]:
    """A stored plan, and what the tree is with nothing and with everything applied."""
    view = workspace(root)
    store = PlanStore.open(view.paths)
    made = store.save(every_kind(root), view)
    trees = {"undo": tree(root)}
    commit_on_disk(view, store, stage(view, store, made.id, action="apply"))
    trees["apply"] = tree(root)
    commit_on_disk(view, store, stage(view, store, made.id, action="undo"))
    assert tree(root) == trees["undo"]
    store.close()
    return made.id, trees


def check_whole(root: Path, plan_id: str, trees: dict[str, dict[str, tuple[bytes | None, int]]]) -> str:
    """After recovery the files are one of the two states, the record says the same, and nothing is left beside."""
    store = PlanStore.open(workspace(root).paths)
    try:
        recover(root, store)
        now = tree(root)
        assert now in trees.values(), sorted(now)
        applied = store.standing(plan_id).applied
        assert applied == (pairs_of(store.get(plan_id)) if now == trees["apply"] else frozenset())
        assert recover(root, store) == ()
        return "apply" if now == trees["apply"] else "undo"
    finally:
        store.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_of_applying_leaves_all_or_nothing(root: Path, point: str) -> None:
    plan_id, trees = prepared(root)
    status, _ = Child(root, plan_id, "apply", "undo", fail=f"{point}:kill").wait()
    assert status == -signal.SIGKILL, "the point is passed"
    state = check_whole(root, plan_id, trees)
    assert state == ("apply" if point in ("apply.recorded", "apply.tidy", "apply.tidy#4") else "undo")


@pytest.mark.parametrize("point", ["apply.published#3", "apply.record", "apply.tidy#2"])
@pytest.mark.parametrize(
    "again", ["recover.start", "rollback.file#2", "rollback.record", "apply.prepare", "apply.tidy"]
)
def test_a_kill_during_recovery_is_recovered_from_too(root: Path, point: str, again: str) -> None:
    plan_id, trees = prepared(root)
    Child(root, plan_id, "apply", fail=f"{point}:kill").wait()
    for _ in range(2):
        Child(root, plan_id, "recover", fail=f"{again}:kill").wait()
    check_whole(root, plan_id, trees)


@pytest.mark.parametrize("kills", [12, pytest.param(200, marks=pytest.mark.soak)])
def test_kills_at_random_times_leave_all_or_nothing(root: Path, kills: int) -> None:
    plan_id, trees = prepared(root)
    rng = random.Random(9)
    for _ in range(kills):
        now = check_whole(root, plan_id, trees)
        first = "undo" if now == "apply" else "apply"
        process = Child(root, plan_id, *([first, "undo" if first == "apply" else "apply"] * 20))
        assert process.output.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.kill()
        said = process.wait()[1]
        acknowledged = said[-1] if said else now
        assert not [line for line in said if line.startswith("refused")]
        found = check_whole(root, plan_id, trees)
        assert found in (acknowledged, "undo" if acknowledged == "apply" else "apply")


def test_what_the_person_changed_after_the_crash_stays(root: Path) -> None:
    plan_id, _ = prepared(root)
    Child(root, plan_id, "apply", fail="apply.record:kill").wait()
    assert (root / "sub/f1.py").read_bytes() == b"new\r\n" * 2
    (root / "sub/f1.py").write_bytes(b"mine\n")
    (root / "gone.txt").write_bytes(b"mine too\n")
    (root / "made/deep/new.py").write_bytes(b"and mine\n")
    store = PlanStore.open(workspace(root).paths)
    notes = recover(root, store)
    assert (root / "sub/f1.py").read_bytes() == b"mine\n"
    assert (root / "gone.txt").read_bytes() == b"mine too\n"
    assert (root / "made/deep/new.py").read_bytes() == b"and mine\n"
    assert (root / "sub/f0.py").read_bytes() == b"old\r\n"
    assert (root / "moved.sh").read_bytes() == b"old"
    assert f"an interrupted apply of plan {plan_id} was rolled back" in notes
    for path in ("sub/f1.py", "gone.txt", "made/deep/new.py"):
        assert any(path in note and "is left as it is" in note for note in notes), notes
    kept = {path.name: path.read_bytes() for path in (root / ".magray/recover").rglob("*") if path.is_file()}
    assert kept == {"sub__f1.py": b"old\r\n" * 2, "gone.txt": b"bye"}
    store.close()


def test_a_link_put_in_the_way_after_the_crash_is_not_followed_and_blocks_nothing(root: Path) -> None:
    plan_id, _ = prepared(root)
    Child(root, plan_id, "apply", fail="apply.record:kill").wait()
    outside = root.parent / "outside"
    (root / "sub").rename(outside)
    (root / "sub").symlink_to(outside)
    before = tree(outside)
    store = PlanStore.open(workspace(root).paths)
    notes = recover(root, store)
    assert tree(outside) == before
    assert any("sub/f1.py" in note and ".magray/recover/" in note for note in notes), notes
    assert (root / "moved.sh").read_bytes() == b"old"
    assert recover(root, store) == ()
    store.close()


def test_processes_that_apply_at_once_apply_once(root: Path) -> None:
    plan_id, trees = prepared(root)
    children = [Child(root, plan_id, "apply") for _ in range(3)]
    said = [process.wait()[1][1] for process in children]
    assert said.count("apply") == 1, said
    assert all(line == "apply" or "applied already" in line or "changed" in line for line in said), said
    assert check_whole(root, plan_id, trees) == "apply"


def test_a_journal_that_came_with_a_repository_cannot_reach_git(root: Path) -> None:
    plan_id, _ = prepared(root)
    Child(root, plan_id, "apply", fail="apply.record:kill").wait()
    (root / ".git").mkdir()
    (root / ".git/config").write_bytes(b"new\r\n")
    store = PlanStore.open(workspace(root).paths)
    with store.transaction() as db:
        db.execute("UPDATE journal_files SET path = '.git/config' WHERE path = 'sub/f0.py'")
    recover(root, store)
    assert (root / ".git/config").read_bytes() == b"new\r\n"
    store.close()
