"""The plan store: what is kept, for whom, and what happens to a store that cannot be read."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from magray_testkit.plans import edit, plan, step, workspace

from magray_core.errors import IndexFormatTooNew, MagrayError, PlanError, PlanNotFound, PlanState, WorkspaceError
from magray_core.plans import PLAN_FORMAT, Plan, PlanStatus
from magray_orchestration.plans.applying import commit_on_disk, stage
from magray_orchestration.plans.retention import prune
from magray_orchestration.plans.schema import schema_beside
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Choices


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"old\n")
    return folder


@pytest.fixture
def store(root: Path) -> Iterator[PlanStore]:
    opened = PlanStore.open(workspace(root).paths)
    yield opened
    opened.close()


def one(root: Path, goal: str = "rename old to new", plan_id: str | None = None) -> Plan:
    return plan(step(1, edit(root, "a.py", "old", "new")), goal=goal, plan_id=plan_id)


def test_a_plan_comes_back_as_it_was(root: Path, store: PlanStore) -> None:
    made = one(root)
    assert store.save(made, workspace(root)) == made
    assert store.get(made.id) == made
    assert store.list() == (made,)


def test_a_plan_is_found_by_the_beginning_of_its_id(root: Path, store: PlanStore) -> None:
    for plan_id in ("aa11", "aa22", "b"):
        store.save(one(root, plan_id=plan_id), workspace(root))
    assert store.get("aa1").id == "aa11"
    assert store.get("b").id == "b"
    for wrong, sentence in (
        ("aa", "fits several plans: aa11, aa22"),
        ("c", "no plan 'c'"),
        ("", "no plan ''"),
        ("%", "no plan"),
    ):
        with pytest.raises(PlanNotFound, match=sentence):
            store.get(wrong)


def test_the_newest_plan_is_listed_first_and_the_same_plan_starts_anew(root: Path, store: PlanStore) -> None:
    first, second = (store.save(one(root, goal), workspace(root)) for goal in ("x", "y"))
    store.choose(first.id, Choices({1: False}))
    again = store.save(one(root, "x"), workspace(root))
    assert again.steps[0].accepted
    assert [item.id for item in store.list()] == [first.id, second.id]


def test_an_applied_plan_is_not_replaced(root: Path, store: PlanStore) -> None:
    made = store.save(one(root, plan_id="aa"), workspace(root))
    view = workspace(root)
    commit_on_disk(view, store, stage(view, store, made.id, action="apply"))
    (root / "a.py").write_bytes(b"old\n")
    assert store.save(one(root, plan_id="aa"), workspace(root)).status is PlanStatus.APPLIED
    with pytest.raises(PlanState, match="applied already"):
        store.save(one(root, "another", plan_id="aa"), workspace(root))


@pytest.mark.parametrize("plan_id", ["../x", "", "a/b", "A", "a" * 65, "-a"])
def test_an_id_that_is_no_file_name_is_refused(root: Path, store: PlanStore, plan_id: str) -> None:
    with pytest.raises(PlanError, match="cannot be a plan's id"):
        store.save(replace(one(root), id=plan_id), workspace(root))


def test_everything_is_private(root: Path, store: PlanStore) -> None:
    made = store.save(one(root), workspace(root))
    for path in (store.paths.state_db, store.document_path(made.id), Path(f"{store.paths.state_db}-wal")):
        assert path.stat().st_mode & 0o077 == 0


def test_threads_share_one_store(root: Path, store: PlanStore) -> None:
    problems: list[Exception] = []

    def work(n: int) -> None:
        try:
            made = store.save(one(root, f"goal {n}"), workspace(root))
            for ticked in (False, True, False):
                assert store.choose(made.id, Choices({1: ticked})).steps[0].accepted is ticked
                store.list()
        except Exception as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(store.list()) == 6


def test_processes_share_one_store(root: Path, store: PlanStore) -> None:
    script = """
import sys
from pathlib import Path
from magray_orchestration.plans.store import PlanStore
from magray_testkit.plans import *
root = Path(sys.argv[1])
store = PlanStore.open(workspace(root).paths)
for n in range(5):
    store.save(plan(step(1, edit(root, "a.py", "old", "new")), goal=f"{sys.argv[2]} {n}"), workspace(root))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    children = [subprocess.Popen([sys.executable, "-c", script, str(root), name], env=environment) for name in "ab"]
    for n in range(5):
        store.save(one(root, f"c {n}"), workspace(root))
    assert [process.wait(60) for process in children] == [0, 0]
    assert len(store.list()) == 15


@pytest.mark.parametrize("damage", ["zeros", "garbage", "truncated", "flipped", "folder", "another database"])
def test_a_damaged_store_is_set_aside_and_never_deleted(root: Path, store: PlanStore, damage: str) -> None:
    for n in range(5):
        store.save(one(root, f"goal {n} {'x' * 5000}"), workspace(root))
    store.close()
    file = store.paths.state_db
    data = file.read_bytes()
    damaged = {
        "zeros": bytes(len(data)),
        "garbage": os.urandom(len(data)),
        "truncated": data[: len(data) // 2 + 100],
        "flipped": bytes(byte ^ 0xFF if 5000 < n < 9000 else byte for n, byte in enumerate(data)),
    }
    if damage in damaged:
        file.write_bytes(damaged[damage])
    else:
        file.unlink()
        if damage == "folder":
            file.mkdir()
        else:
            other = sqlite3.connect(file)
            other.execute("CREATE TABLE mine (x)")
            other.commit()
            other.close()
    before = None if damage == "folder" else file.read_bytes()
    if damage == "folder":
        with pytest.raises(WorkspaceError, match="the plan store cannot be used"):
            PlanStore.open(store.paths)
        return
    again = PlanStore.open(store.paths)
    assert "was damaged and is kept as state.db.damaged-" in again.notice
    assert again.list() == ()
    again.save(one(root), workspace(root))
    (kept,) = (
        path for path in file.parent.iterdir() if ".damaged-" in path.name and not path.name.endswith(("-wal", "-shm"))
    )
    assert kept.read_bytes() == before
    again.close()


def test_a_newer_store_is_left_alone(root: Path, store: PlanStore) -> None:
    newer = schema_beside(store.paths.memory_db).version + 1
    store.close()
    other = sqlite3.connect(store.paths.state_db)
    other.execute(f"PRAGMA user_version = {newer}")
    other.close()
    before = store.paths.state_db.read_bytes()
    with pytest.raises(IndexFormatTooNew, match=f"the plan store has format {newer}"):
        PlanStore.open(store.paths)
    assert store.paths.state_db.read_bytes() == before


def test_a_newer_plan_is_named_and_left_out_of_the_list(root: Path, store: PlanStore) -> None:
    made = store.save(one(root), workspace(root))
    with store.transaction() as db:
        db.execute("UPDATE plans SET format = ?", (PLAN_FORMAT + 1,))
    assert store.list() == ()
    with pytest.raises(IndexFormatTooNew, match="the plan has format"):
        store.get(made.id)


def test_old_plans_that_were_never_applied_are_forgotten(root: Path, store: PlanStore) -> None:
    view = workspace(root)
    applied = store.save(one(root, "first"), view)
    commit_on_disk(view, store, stage(view, store, applied.id, action="apply"))
    (root / "a.py").write_bytes(b"old 2\n")
    plans = [store.save(one(root, f"goal {n}"), view) for n in range(30)]
    assert len(prune(store, keep=5)) == 25
    assert {item.id for item in store.list()} == {applied.id, *(item.id for item in plans[-5:])}
    assert not store.document_path(plans[0].id).exists()
    assert len(store.rows("SELECT 1 FROM blobs")) == 2
    (root / "a.py").write_bytes(b"new\n")
    commit_on_disk(view, store, stage(view, store, applied.id, action="undo"))
    assert (root / "a.py").read_bytes() == b"old\n"


def test_damaged_earlier_texts_are_never_given_back(root: Path, store: PlanStore) -> None:
    made = store.save(one(root), workspace(root))
    with store.transaction() as db:
        db.execute("UPDATE blobs SET content = ?", (sqlite3.Binary(b"x\x9c"),))
    with pytest.raises(PlanError, match="earlier text"):
        stage(workspace(root), store, made.id, action="apply")


def test_a_linked_folder_of_magray_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / ".magray").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorkspaceError, match="is a symbolic link"):
        PlanStore.open(workspace(root).paths)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_closed_store_says_so(root: Path, store: PlanStore) -> None:
    store.close()
    store.close()
    with pytest.raises(MagrayError):
        store.list()
