"""The index after kill -9 at every failpoint and at random times, and after a disk that is full."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from magray_testkit.memories import contents, rebuilt, source

from magray_configs.settings import IndexSettings
from magray_core.errors import IndexingError, IndexUnavailable
from magray_indexers.building import build
from magray_indexers.reader import IndexReader

CHILD = Path(__file__).with_name("crashing_child.py")
FAILPOINTS = ["after-keyword-commit", "after-link", "after-publish", "before-flip", "after-flip", "rebuilding"]
SAVE_FAILPOINTS = ["before-save", "after-save"]


def tree(root: Path, seed: int, files: int = 40) -> None:
    """With more than a few files parsing processes take part."""
    chance = random.Random(seed)
    (root / "pkg").mkdir(parents=True)
    for number in range(files):
        (root / "pkg" / f"m{number}.py").write_text(source(chance))


def child(root: Path, seed: int, steps: int = 400, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(CHILD), str(root), str(seed), str(steps)]
    paths = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )


CHECK = """
import sys
from pathlib import Path
from magray_indexers.reader import IndexReader
from magray_core.errors import IndexUnavailable
try:
    reader = IndexReader.open(Path(sys.argv[1]))
except IndexUnavailable:
    print(0)
    sys.exit()
for path, _ in reader.paths():
    file = reader.file(path)
    assert "".join(chunk.text for chunk in file.chunks) == reader.text(path)
    for symbol in file.symbols:
        assert symbol.name in reader.text(path), (path, symbol)
for field, word in [("body", "load"), ("path", "py"), ("definitions", "parse")]:
    for chunk, _ in reader.corpus.best(field, [word], 1000):
        found = reader.corpus.chunk(chunk)
        assert found is not None
        if field == "body":
            assert word in found.text.lower()
print(reader.generation.number)
"""


def generation_in_a_fresh_process(root: Path) -> int:
    """Opens the index, reads all of it and searches; 0 where there is none yet. Fails on anything wrong."""
    done = subprocess.run([sys.executable, "-c", CHECK, str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout)


def acknowledged(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    lines = [line for line in process.stdout.read().split(b"\n") if line]
    return int(lines[-1]) if lines else 0


def check_after_kill(root: Path, elsewhere: Path, safe: int) -> None:
    assert generation_in_a_fresh_process(root) >= safe
    build(root, IndexSettings())
    assert contents(root) == rebuilt(root, elsewhere)


@pytest.mark.parametrize("failpoint", FAILPOINTS + SAVE_FAILPOINTS)
@pytest.mark.parametrize("nth", [1, 3])
def test_killed_at_a_failpoint_the_index_is_the_acknowledged_one_or_later(
    tmp_path: Path, failpoint: str, nth: int
) -> None:
    root = tmp_path / "root"
    tree(root, nth, 10)
    process = child(root, nth, 60, MAGRAY_FAIL=f"{failpoint}#{nth}:kill")
    safe = acknowledged(process)
    assert process.wait(60) == -signal.SIGKILL, "the failpoint was reached"
    check_after_kill(root, tmp_path / "fresh", safe)


def killed_at_random(root: Path, seed: int, longest_s: float) -> int:
    """The generation that was acknowledged last before the kill."""
    chance = random.Random(seed)
    process = child(root, seed)
    timer = threading.Timer(chance.uniform(0.2, longest_s), process.kill)
    timer.start()
    safe = acknowledged(process)
    timer.join()
    process.wait(30)
    return safe


@pytest.mark.parametrize("seed", range(9))
def test_killed_at_a_random_time_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "root"
    tree(root, seed)
    check_after_kill(root, tmp_path / "fresh", killed_at_random(root, seed, 1.5))


@pytest.mark.soak
def test_two_hundred_random_kills_on_one_workspace_lose_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    tree(root, 1)
    safe = 0
    for seed in range(200):
        safe = max(safe, killed_at_random(root, seed, 2.0))
        found = generation_in_a_fresh_process(root)
        assert found >= safe, seed
        safe = found
    check_after_kill(root, tmp_path / "fresh", safe)


def test_parsing_processes_end_with_a_killed_build(tmp_path: Path) -> None:
    import psutil

    root = tmp_path / "root"
    for number in range(20):
        tree(root / str(number), number)
    process = child(root, 1)
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 20
    while not children and time.monotonic() < deadline:
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert gone and not alive


@pytest.mark.parametrize("failpoint", ["after-link", "after-publish", "before-flip"])
def test_a_full_disk_is_one_clear_error_and_loses_nothing(
    tmp_path: Path, failpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, 1)
    build(tmp_path, IndexSettings())
    before = contents(tmp_path)
    (tmp_path / "new.py").write_text("def load(): pass\n")
    monkeypatch.setenv("MAGRAY_FAIL", f"{failpoint}:enospc")
    with pytest.raises(IndexingError, match="No space left"):
        build(tmp_path, IndexSettings())
    monkeypatch.delenv("MAGRAY_FAIL")
    assert contents(tmp_path) == before
    assert build(tmp_path, IndexSettings()).changed == 1


@pytest.mark.parametrize("limit", [20_000, 60_000, 120_000, 200_000])
def test_writing_stops_at_a_file_size_limit_without_a_crash(tmp_path: Path, limit: int) -> None:
    root = tmp_path / "root"
    tree(root, 3, 10)
    code = (
        "import resource, sys; from pathlib import Path; from magray_indexers.building import build;"
        "from magray_configs.settings import IndexSettings; from magray_core.errors import MagrayError\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try: build(Path(sys.argv[1]), IndexSettings())\n"
        "except MagrayError as error: print(type(error).__name__, error, error.hint)\n"
        "else: print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    with contextlib.suppress(IndexUnavailable):
        IndexReader.open(root).close()
    build(root, IndexSettings())
    assert contents(root) == rebuilt(root, tmp_path / "fresh")
