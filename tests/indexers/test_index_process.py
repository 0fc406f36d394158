"""The server's index process: results, progress, cancelling, a child that dies, and its end."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest
from magray_testkit.memories import source

from magray_configs.paths import WorkspacePaths
from magray_core.cancel import Cancelled
from magray_core.errors import IndexFormatTooNew, WorkspaceError
from magray_core.memory import IndexReport
from magray_indexers import store
from magray_indexers.process import IndexProcess
from magray_indexers.reader import IndexReader

SLOW = 600


def tree(root: Path, files: int) -> None:
    for number in range(files):
        (root / f"m{number}.py").write_text(source(random.Random(number)) * 20)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[IndexProcess]:
    process = IndexProcess(tmp_path)
    process.start()
    yield process
    process.close()


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if any("magray_indexers" in word for word in child.cmdline())
    ]


def started_child() -> psutil.Process:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in children():
            if "magray_indexers.serving" in child.cmdline():
                return child
    raise AssertionError("no child was started")


def test_a_build_reports_progress_and_its_result(process: IndexProcess, tmp_path: Path) -> None:
    tree(tmp_path, 40)
    told: list[tuple[str, float | None]] = []
    report = process.build("first look", lambda message, fraction: told.append((message, fraction))).result(60)
    assert (report.files, report.changed) == (40, 40)
    assert told[0][0] == "looking for files"
    assert told[-1] == ("finishing", 1.0)


def test_updates_that_wait_become_one(process: IndexProcess, tmp_path: Path) -> None:
    tree(tmp_path, SLOW)
    running = process.build("first look")
    (tmp_path / "a.py").write_text("a = 1\n")
    waiting = [process.update(["a.py"]), process.update(["b.py"])]
    assert waiting[0] is waiting[1]
    assert process.build("one") is process.build("two")
    assert running.result(60).files >= SLOW
    assert waiting[0].result(60).files == SLOW + 1


def test_cancel_stops_within_half_a_second_and_the_next_build_works(process: IndexProcess, tmp_path: Path) -> None:
    tree(tmp_path, SLOW)
    begun: Future[None] = Future()
    running = process.build("first look", lambda _, fraction: fraction and not begun.done() and begun.set_result(None))
    begun.result(60)
    started = time.monotonic()
    process.cancel()
    with pytest.raises(Cancelled):
        running.result(5)
    assert time.monotonic() - started < 0.5
    assert process.build("again").result(60).files == SLOW


def test_a_build_goes_on_in_a_new_child_when_the_child_is_killed(process: IndexProcess, tmp_path: Path) -> None:
    tree(tmp_path, SLOW)
    running = process.build("first look")
    started_child().kill()
    assert running.result(60).files == SLOW
    IndexReader.open(tmp_path).close()


def test_errors_arrive_as_they_were_raised(process: IndexProcess, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not a path inside"):
        raise_from(process.update(["../x"]), process, tmp_path)
    db = store.open_for_writing(WorkspacePaths(tmp_path).index_db)
    db.execute(f"PRAGMA user_version={store.FORMAT_VERSION + 1}")
    db.close()
    with pytest.raises(IndexFormatTooNew) as raised:
        process.build("again").result(30)
    assert raised.value.found == store.FORMAT_VERSION + 1


def raise_from(update: Future[IndexReport], process: IndexProcess, root: Path) -> None:
    process.build("make one").result(30)
    update.result(30)


def test_close_ends_the_child_and_its_workers(tmp_path: Path) -> None:
    tree(tmp_path, SLOW)
    process = IndexProcess(tmp_path)
    process.start()
    running = process.build("first look")
    child = started_child()
    started = time.monotonic()
    process.close()
    assert time.monotonic() - started < 3
    assert isinstance(running.exception(5), Cancelled)
    _, alive = psutil.wait_procs([child], timeout=5)
    assert not alive
    assert children() == []


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    tree(tmp_path, SLOW)
    code = (
        "import sys, time; from pathlib import Path; from magray_indexers.process import IndexProcess\n"
        "p = IndexProcess(Path(sys.argv[1])); p.start(); p.build('x'); print('on', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    deadline = time.monotonic() + 20
    family: list[psutil.Process] = []
    while len(family) < 2 and time.monotonic() < deadline:
        family = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert family and not alive
