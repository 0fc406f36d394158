"""The writer against hostile and unlucky disks: links, permissions, races, full disks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from magray_testkit.plans import edit, plan, step, tree, workspace

from magray_core.documents import content_hash
from magray_core.errors import ContentChanged, MagrayError, WorkspaceError
from magray_core.plans import CreateFile, PlanStatus
from magray_orchestration.plans.applying import commit_on_disk, stage
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.writer import FileWrite, Tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_bytes(b"old\n")
    (folder / "sub/b.py").write_bytes(b"old\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/b.py").write_bytes(b"old\n")
    return folder


@pytest.fixture
def store(root: Path) -> Iterator[PlanStore]:
    opened = PlanStore.open(workspace(root).paths)
    yield opened
    opened.close()


def two_files(root: Path, store: PlanStore) -> str:
    made = plan(step(1, edit(root, "a.py", "old", "new"), edit(root, "sub/b.py", "old", "new")))
    return store.save(made, workspace(root)).id


def check_refused(root: Path, store: PlanStore, plan_id: str, *words: str) -> None:
    """Applying fails with these words, and every file is as it was."""
    before, outside = tree(root), tree(root.parent / "outside")
    with pytest.raises(MagrayError) as caught:
        commit_on_disk(workspace(root), store, stage(workspace(root), store, plan_id, action="apply"))
    said = " ".join([caught.value.message, caught.value.hint, *getattr(caught.value, "differences", ())])
    assert all(word in said for word in words), said
    assert tree(root) == before
    assert tree(root.parent / "outside") == outside


def test_a_link_in_place_of_the_file_is_not_followed(root: Path, store: PlanStore) -> None:
    made = two_files(root, store)
    (root / "sub/b.py").unlink()
    (root / "sub/b.py").symlink_to(root.parent / "outside/b.py")
    check_refused(root, store, made, "sub/b.py", "symbolic link")


def test_a_link_in_place_of_a_folder_is_not_followed(root: Path, store: PlanStore) -> None:
    made = two_files(root, store)
    (root / "sub").rename(root.parent / "elsewhere")
    (root / "sub").symlink_to(root.parent / "outside")
    check_refused(root, store, made, "sub/b.py")


def test_a_new_file_is_not_made_through_a_linked_folder(root: Path, store: PlanStore) -> None:
    made = store.save(plan(step(1, CreateFile("link/new.py", "x"))), workspace(root))
    (root / "link").symlink_to(root.parent / "outside")
    check_refused(root, store, made.id, "link")


def test_a_hard_link_is_refused(root: Path, store: PlanStore) -> None:
    made = two_files(root, store)
    os.link(root / "sub/b.py", root.parent / "outside/second name")
    check_refused(root, store, made, "sub/b.py is a hard link")


def test_a_read_only_file_is_refused(root: Path, store: PlanStore) -> None:
    made = two_files(root, store)
    (root / "sub/b.py").chmod(0o444)
    check_refused(root, store, made, "sub/b.py is read-only", "make it writable")


def test_a_folder_in_place_of_a_file_is_refused(root: Path, store: PlanStore) -> None:
    made = store.save(plan(step(1, CreateFile("sub/c/new.py", "x"))), workspace(root))
    (root / "sub/c").write_text("a file")
    check_refused(root, store, made.id, "sub/c")


@pytest.mark.parametrize("point", ["prepare", "prepared", "publish#2", "published#2", "record"])
@pytest.mark.parametrize("fault", ["enospc", "raise"])
def test_a_failure_at_any_point_brings_everything_back(
    root: Path, store: PlanStore, point: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = two_files(root, store)
    monkeypatch.setenv("MAGRAY_FAIL", f"apply.{point}:{fault}" if "#" in point else f"apply.{point}#1:{fault}")
    monkeypatch.setattr("magray_core.failpoints._reached", {})
    before = tree(root)
    with pytest.raises((OSError, WorkspaceError)):
        commit_on_disk(workspace(root), store, stage(workspace(root), store, made, action="apply"))
    monkeypatch.delenv("MAGRAY_FAIL")
    assert tree(root) == before
    staged = stage(workspace(root), store, made, action="apply")
    assert commit_on_disk(workspace(root), store, staged).status is PlanStatus.APPLIED


FULL_DISK = """
import resource, sys
from pathlib import Path
from magray_core.errors import MagrayError
from magray_orchestration.plans.applying import commit_on_disk, stage
from magray_orchestration.plans.store import PlanStore
from magray_testkit.plans import workspace
view = workspace(Path(sys.argv[1]))
store = PlanStore.open(view.paths)
limit = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    commit_on_disk(view, store, stage(view, store, sys.argv[2], action="apply"))
except MagrayError as error:
    print(error.message, "/", error.hint)
"""


@pytest.mark.parametrize("limit", [0, 1000, 100_000, 600_000])
def test_a_full_disk_is_a_sentence_and_no_half_file(root: Path, store: PlanStore, limit: int) -> None:
    (root / "big.txt").write_bytes(b"old" + os.urandom(600_000).hex().encode())
    made = store.save(
        plan(step(1, edit(root, "a.py", "old", "new"), edit(root, "big.txt", "old", "much newer"))), workspace(root)
    )
    before = tree(root)
    command = [sys.executable, "-c", FULL_DISK, str(root), made.id, str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=child_environment())
    assert done.returncode == 0, done.stderr
    assert "/" in done.stdout
    assert tree(root) == before
    staged = stage(workspace(root), store, made.id, action="apply")
    assert commit_on_disk(workspace(root), store, staged).status is PlanStatus.APPLIED


def child_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


@pytest.mark.parametrize("swaps", [True, False])
def test_every_kind_of_write_is_published_and_checked(root: Path, swaps: bool) -> None:
    one = Tree(root, swaps=swaps)
    try:
        old, new = content_hash(b"old\n"), content_hash(b"new\n")
        change = FileWrite("a.py", old, new, 0o640, ".magray-1-0.tmp")
        one.prepare(change, b"new\n")
        one.publish(change)
        one.discard(change.scratch)
        assert (root / "a.py").read_bytes() == b"new\n"
        assert (root / "a.py").stat().st_mode & 0o777 == 0o640
        stale = FileWrite("sub/b.py", new, old, 0o644, "sub/.magray-1-1.tmp")
        one.prepare(stale, b"old\n")
        with pytest.raises(ContentChanged):
            one.publish(stale)
        taken = FileWrite("sub/b.py", None, new, 0o644, "sub/.magray-1-2.tmp")
        one.prepare(taken, b"new\n")
        with pytest.raises(ContentChanged):
            one.publish(taken)
        with pytest.raises(ContentChanged):
            one.publish(FileWrite("sub/b.py", new, None, 0o644, "sub/.magray-1-3.tmp"))
        assert (root / "sub/b.py").read_bytes() == b"old\n"
    finally:
        one.close()


@pytest.mark.parametrize("seconds", [1.0, pytest.param(60.0, marks=pytest.mark.soak)])
def test_no_write_escapes_while_a_folder_and_a_link_change_places(root: Path, store: PlanStore, seconds: float) -> None:
    made = two_files(root, store)
    (root / "link").symlink_to(root.parent / "outside")
    outside, stop = tree(root.parent / "outside"), threading.Event()
    deadline = time.monotonic() + seconds
    ours = Tree(root)

    def swap() -> None:
        while not stop.is_set():
            for one, other in (("sub", "real"), ("link", "sub"), ("sub", "link"), ("real", "sub")):
                (root / one).rename(root / other)

    thread = threading.Thread(target=swap)
    thread.start()
    rounds = refused = 0
    try:
        while time.monotonic() < deadline:
            rounds += 1
            try:
                action = "undo" if store.standing(made).applied else "apply"
                commit_on_disk(workspace(root), store, stage(workspace(root), store, made, action=action))  # type: ignore[arg-type]
            except MagrayError:
                refused += 1
    finally:
        stop.set()
        thread.join()
        ours.close()
    assert tree(root.parent / "outside") == outside
    assert rounds > 5
    assert (root / "sub/b.py").read_bytes() in (b"old\n", b"new\n")


@pytest.mark.parametrize("rounds", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_a_person_who_saves_at_the_same_moment_never_loses_it(root: Path, store: PlanStore, rounds: int) -> None:
    made = two_files(root, store)
    for n in range(rounds):
        mine = f"mine {n}\n".encode()
        staged = stage(workspace(root), store, made, action="apply")
        saved = threading.Event()

        def save(mine: bytes = mine, saved: threading.Event = saved) -> None:
            scratch = root / "sub/.editor"
            scratch.write_bytes(mine)
            scratch.rename(root / "sub/b.py")
            saved.set()

        thread = threading.Thread(target=save)
        thread.start()
        try:
            commit_on_disk(workspace(root), store, staged)
            applied = True
        except (ContentChanged, WorkspaceError):
            applied = False
        thread.join()
        assert saved.is_set()
        recovered = [path.read_bytes() for path in (root / ".magray/recover").rglob("*") if path.is_file()]
        assert (root / "sub/b.py").read_bytes() == mine or mine in recovered
        assert (root / "a.py").read_bytes() == (b"new\n" if applied else b"old\n")
        (root / "sub/b.py").write_bytes(b"new\n" if applied else b"old\n")
        if applied:
            commit_on_disk(workspace(root), store, stage(workspace(root), store, made, action="undo"))
