"""The memory's file: older formats open, newer ones are left alone, damage and kill -9 lose nothing acknowledged."""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

import pytest

from magray_configs.paths import WorkspacePaths
from magray_core.errors import IndexFormatTooNew, MagrayError, WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.schema import SCHEMA
from magray_indexers.remembering.sessions import Passage
from magray_indexers.remembering.store import MemoryStore
from magray_orchestration.plans.schema import schema_beside
from magray_orchestration.plans.store import PlanStore

FIXTURES = Path(__file__).with_name("fixtures")


def unpacked(name: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.decompress((FIXTURES / f"{name}.db.gz").read_bytes()))
    return target


def note(text: str) -> MemoryRecord:
    return MemoryRecord("", "note", text, "person", 0.0)


# formats


@pytest.mark.parametrize("version", range(1, SCHEMA.version + 1))
def test_a_memory_of_every_released_format_opens_with_everything_in_it(file: Path, version: int) -> None:
    store = MemoryStore.open(unpacked(f"memory-{version}", file))
    assert store.notice == ""
    assert [record.id for record in records.listed(store)] == ["aaaa0004", "aaaa0003", "aaaa0002", "aaaa0001"]
    todo = records.find(store, "aaaa0002")
    assert todo is not None
    assert (todo.text, todo.due, todo.tainted, todo.key) == ("Обновить цены 😀", "2026-12-31", True, "marker:0123")
    assert [hit.record.id for hit in records.search(store, "rounding", 1)] == ["aaaa0001"]
    (talk,) = sessions.sessions(store)
    assert (talk.id, talk.messages, talk.folded) == ("talk", 12, 7)
    assert sessions.recall(store, "total_3", 1)[0].message.tool == "grep"
    assert records.keep(store, note("new")).revision > todo.revision
    assert store.damaged == 0
    store.close()


@pytest.mark.parametrize("version", range(1, schema_beside(Path()).version))
def test_a_plan_store_of_every_older_format_hands_its_notes_over(tmp_path: Path, version: int) -> None:
    paths = WorkspacePaths(tmp_path)
    paths.create()
    unpacked(f"state-{version}", paths.state_db)
    PlanStore.open(paths).close()
    with contextlib.closing(MemoryStore.open(paths.memory_db)) as memory:
        carried = {record.id: record for record in records.listed(memory)}
    assert set(carried) == {"n1", "n2", "n22"}
    first = carried["n1"]
    assert (first.text, first.source, first.created) == ("Rounds to cents, ask Ada", "person", 1_700_000_000.0)
    assert (first.path, first.symbol, first.tags) == ("shop/prices.py", "total", ("money",))
    assert (carried["n2"].kind, carried["n2"].text) == ("todo", "Обновить цены 😀")
    assert carried["n22"].tags == ("two-words", "ok")
    PlanStore.open(paths).close()
    with contextlib.closing(sqlite3.connect(paths.state_db)) as db:
        assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'notes'").fetchall()
    assert paths.state_db.with_name("state.db.format-1").exists(), "what was there is kept"


@pytest.mark.parametrize("point", ["memory-kept", "memory-kept#2", "memory-acknowledged#3", "migrated#1", "migrated#2"])
def test_a_kill_while_notes_are_handed_over_loses_none(tmp_path: Path, point: str) -> None:
    paths = WorkspacePaths(tmp_path)
    paths.create()
    unpacked("state-1", paths.state_db)
    script = "import sys; from pathlib import Path; from magray_configs.paths import WorkspacePaths as W;"
    script += "from magray_orchestration.plans.store import PlanStore as P; P.open(W(Path(sys.argv[1])))"
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "MAGRAY_FAIL": f"{point}:kill"}, check=False
    )
    assert ran.returncode == -signal.SIGKILL, "the point is passed"
    PlanStore.open(paths).close()
    with contextlib.closing(MemoryStore.open(paths.memory_db)) as memory:
        assert {record.id for record in records.listed(memory)} == {"n1", "n2", "n22"}


def test_a_newer_memory_is_left_alone(file: Path, store: MemoryStore) -> None:
    store.close()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA.version + 1}")
    before = file.read_bytes()
    with pytest.raises(IndexFormatTooNew, match=f"the memory has format {SCHEMA.version + 1}"):
        MemoryStore.open(file)
    assert file.read_bytes() == before


# damage


@pytest.mark.parametrize("damage", ["zeros", "garbage", "truncated", "another database", "another table"])
def test_a_damaged_memory_is_set_aside_and_never_deleted(file: Path, store: MemoryStore, damage: str) -> None:
    for n in range(50):
        records.keep(store, note(f"note {n} {'x' * 500}"))
    store.close()
    data = file.read_bytes()
    match damage:
        case "zeros":
            file.write_bytes(bytes(len(data)))
        case "garbage":
            file.write_bytes(random.Random(1).randbytes(len(data)))
        case "truncated":
            file.write_bytes(data[: len(data) // 2 + 100])
        case "another database":
            file.unlink()
            with contextlib.closing(sqlite3.connect(file)) as db:
                db.execute("CREATE TABLE mine (x)")
        case "another table":
            with contextlib.closing(sqlite3.connect(file)) as db:
                db.execute("CREATE TRIGGER evil AFTER INSERT ON records BEGIN DELETE FROM messages; END")
    before = file.read_bytes()
    again = MemoryStore.open(file)
    assert "the memory was damaged and is kept as memory.db.damaged-" in again.notice
    assert records.listed(again) == []
    records.keep(again, note("goes on"))
    again.close()
    (kept,) = [path for path in file.parent.glob("memory.db.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert kept.read_bytes() == before


@pytest.mark.parametrize("step", [997, pytest.param(61, marks=pytest.mark.soak)])
def test_no_flipped_byte_crashes_or_makes_a_note_say_something_else(tmp_path: Path, step: int) -> None:
    """In a process of its own: native code that crashes must not take the test run along."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            flip_and_read(tmp_path, step)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def flip_and_read(folder: Path, step: int) -> None:
    data = gzip.decompress((FIXTURES / "memory-1.db.gz").read_bytes())
    store = MemoryStore.open(unpacked("memory-1", folder / "sound.db"))
    texts = {record.text for record in records.listed(store)} | {m.text for m in sessions.all_messages(store)}
    store.close()
    for n, at in enumerate(range(0, len(data), step)):
        file = folder / f"{n}.db"
        file.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            store = MemoryStore.open(file)
        except MagrayError as error:
            assert error.hint
            continue
        for look in (
            lambda s: [record.text for record in records.listed(s)],
            lambda s: [hit.record.text for hit in records.search(s, "rounding cents", 5)],
            lambda s: [hit.message.text for hit in sessions.recall(s, "decided prices", 50)],
            lambda s: [message.text for message in sessions.context(s, "talk")],
        ):
            with contextlib.suppress(MagrayError):
                assert set(look(store)) <= texts, at
        with contextlib.suppress(MagrayError):
            made = records.keep(store, note("goes on"))
            assert records.find(store, made.id) == made, at
        store.close()
        file.unlink()


# processes


def write_until_killed(file: Path, out: TextIO) -> None:
    store = MemoryStore.open(file)
    print("ready", file=out)
    for n in range(100_000):
        if n % 3:
            print("r", records.keep(store, note(f"note {n} of {os.getpid()}")).id, file=out)
        else:
            said = sessions.remember(store, "s", Passage("person", f"said {n} in {os.getpid()}"), budget=200)
            print("m", said.n, file=out)


@pytest.mark.parametrize("kills", [8, pytest.param(300, marks=pytest.mark.soak)])
def test_kill_9_loses_nothing_that_was_acknowledged(file: Path, kills: int) -> None:
    chance = random.Random(5)
    safe: set[str] = set()
    for _ in range(kills):
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            with os.fdopen(writer, "w", buffering=1) as out:
                write_until_killed(file, out)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as said:
            assert said.readline() == "ready\n"
            time.sleep(chance.uniform(0.0, 0.15))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            safe |= {line.strip() for line in said if line.endswith("\n")}
        with contextlib.closing(MemoryStore.open(file)) as store:
            assert store.notice == ""
            there = {f"r {record.id}" for record in records.listed(store)}
            there |= {f"m {message.n}" for message in sessions.all_messages(store)}
            assert safe <= there
            assert store.damaged == 0
            found = {hit.record.id for hit in records.search(store, "note", 10_000)}
            assert found == {record.id for record in records.listed(store)}, "words and records are one change"
    assert len(safe) > kills


@pytest.mark.parametrize("point", ["message-kept", "message-acknowledged", "session-folded", "memory-forgotten"])
def test_a_kill_at_any_point_leaves_all_or_nothing(file: Path, store: MemoryStore, point: str) -> None:
    doomed = records.keep(store, note("goes"))
    for n in range(6):
        sessions.remember(store, "s", Passage("person", f"before {n} " * 5), budget=1000)
    before = {message.n for message in sessions.all_messages(store)}
    store.close()
    script = """
import sys
from pathlib import Path
from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.store import MemoryStore
store = MemoryStore.open(Path(sys.argv[1]))
sessions.remember(store, "s", sessions.Passage("person", "the last one"), budget=40)
records.forget(store, [sys.argv[2]])
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(file), doomed.id],
        env={**os.environ, "MAGRAY_FAIL": f"{point}:kill"}, check=False,
    )  # fmt: skip
    assert ran.returncode == -signal.SIGKILL, "the point is passed"
    again = MemoryStore.open(file)
    said = sessions.all_messages(again)
    assert before <= {message.n for message in said}
    texts = [message.text for message in sessions.transcript(again, "s")]
    assert ("the last one" in texts) == (point != "message-kept")
    summaries = {message.n for message in said if message.role == "summary"}
    assert {message.folded for message in said if message.folded} <= summaries
    assert [record.id for record in records.listed(again)] == [doomed.id]
    again.close()


def test_processes_that_write_at_once_lose_nothing(file: Path, store: MemoryStore) -> None:
    script = """
import sys
from pathlib import Path
from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.store import MemoryStore
store = MemoryStore.open(Path(sys.argv[1]))
for n in range(25):
    records.keep(store, MemoryRecord("", "note", f"{sys.argv[2]} {n}", "person", 0.0))
    sessions.remember(store, "s", sessions.Passage("person", f"{sys.argv[2]} {n} is said here"), budget=80)
"""
    children = [subprocess.Popen([sys.executable, "-c", script, str(file), name]) for name in "ab"]
    for n in range(25):
        records.keep(store, note(f"c {n}"))
    assert [child.wait(60) for child in children] == [0, 0]
    listed = records.listed(store)
    assert {record.text for record in listed} == {f"{name} {n}" for name in "abc" for n in range(25)}
    assert len({record.revision for record in listed}) == 75
    assert len(sessions.transcript(store, "s")) == 50
    live = [message for message in sessions.context(store, "s") if message.role == "summary"]
    assert len(live) <= 2, "two that fold at once leave at most one fold to be folded"


def test_a_full_disk_is_said_and_nothing_is_half_written(file: Path, store: MemoryStore) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from magray_core.errors import WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records
from magray_indexers.remembering.store import MemoryStore
store = MemoryStore.open(Path(sys.argv[1]))
limit = Path(sys.argv[1]).stat().st_size + 200_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
n = 0
try:
    while True:
        records.keep(store, MemoryRecord("", "note", f"{n} " + "word " * 5000, "person", 0.0))
        n += 1
except WorkspaceError as error:
    print(n, error.message)
"""
    ran = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True)
    n, _, message = ran.stdout.partition(" ")
    assert "the memory cannot be used" in message
    again = MemoryStore.open(file)
    assert again.notice == ""
    assert len(records.listed(again)) == int(n)
    records.keep(again, note("goes on"))
    again.close()


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "memory.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WorkspaceError, match="is a symbolic link"):
        MemoryStore.open(tmp_path / "memory.db")
    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_the_memory_is_private(file: Path, store: MemoryStore) -> None:
    records.keep(store, note("x"))
    for path in (file, Path(f"{file}-wal")):
        assert path.stat().st_mode & 0o077 == 0
