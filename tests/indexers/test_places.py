"""Workspaces that cannot be written to, and writers that meet."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_indexers.building import build
from magray_indexers.reader import IndexReader

BUILD = (
    "import sys; from pathlib import Path; from magray_indexers.building import build;"
    "from magray_configs.settings import IndexSettings; from magray_indexers.reader import IndexReader;"
    "from magray_configs.paths import WorkspacePaths\n"
    "root = Path(sys.argv[1]); build(root, IndexSettings()); reader = IndexReader.open(root)\n"
    "print(WorkspacePaths(root).base, [path for path, _ in reader.paths()])"
)


AS_SOMEBODY_ELSE = (
    "import os, sys; from pathlib import Path; from magray_indexers.building import build;"
    "from magray_configs.settings import IndexSettings\n"
    "build(Path(sys.argv[2]), IndexSettings())  # imports all there is to import\n"
    "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)  # root may write everything\n"
    "os.environ['MAGRAY_HOME'] = sys.argv[3]\n"
) + BUILD


def test_a_workspace_that_cannot_be_written_is_indexed_in_the_users_folder(tmp_path: Path) -> None:
    root, warm, home = (tmp_path / name for name in ("root", "warm", "home"))
    for folder in (root, warm, home):
        folder.mkdir()
        (folder / "a.py").write_text("x = 1\n")
    root.chmod(0o555)
    home.chmod(0o777)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-", "test_")):
            folder.chmod(0o755)  # pytest's are private to this user
    command = [sys.executable, "-c", AS_SOMEBODY_ELSE, str(root), str(warm), str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    root.chmod(0o755)
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.startswith(str(home))
    assert done.stdout.strip().endswith("['a.py']")
    assert not (root / ".magray").exists()


def test_the_users_folder_keeps_workspaces_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    missing = [WorkspacePaths(tmp_path / name).base for name in ("a", "b")]
    assert missing[0] != missing[1]
    assert all(base.is_relative_to(tmp_path / "home") for base in missing)


def stuck_writer(root: Path) -> subprocess.Popen[bytes]:
    """A writer that holds the lock for seconds, once it holds it."""
    environment = {**os.environ, "MAGRAY_FAIL": "before-flip:delay"}
    process = subprocess.Popen([sys.executable, "-c", BUILD, str(root)], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    marker = WorkspacePaths(root).memory / "index.busy"
    while not (marker.exists() and marker.read_text().strip() == str(process.pid)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def test_a_dead_writers_lock_is_taken_over_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    process = stuck_writer(tmp_path)
    process.kill()
    process.wait()
    started = time.monotonic()
    assert build(tmp_path, IndexSettings()).files == 1
    assert time.monotonic() - started < 5


def test_a_second_writer_waits_says_so_and_can_be_cancelled(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    process = stuck_writer(tmp_path)
    told: list[str] = []

    class Teller:
        def report(self, message: str, fraction: float | None = None) -> None:
            told.append(message)

    with pytest.raises(Cancelled):
        build(tmp_path, IndexSettings(), progress=Teller(), cancel=CancelToken(deadline_s=0.5))
    assert told[0] == f"waiting for another Magray (process {process.pid})"
    assert build(tmp_path, IndexSettings()).generation >= 1
    process.wait(20)


def test_a_second_process_reads_while_the_first_writes(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    build(tmp_path, IndexSettings())
    (tmp_path / "b.py").write_text("x = 1\n")
    process = stuck_writer(tmp_path)
    reader = IndexReader.open(tmp_path)
    assert [path for path, _ in reader.paths()] == ["a.py"]
    process.wait(20)
    assert not reader.current()
    reader.close()
