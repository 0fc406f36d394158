"""Programs end: by themselves, at their limit, or at once when nobody wants them any more."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import ToolFailed
from magray_orchestration import processes
from magray_orchestration.refactoring.engines.asking import EngineTimeout, ask

FORK_AND_WAIT = (
    "import os, sys, time\n"
    "os.fork()\n"
    "print(os.getpid(), flush=True)\n"
    "open(sys.argv[1] + str(os.getpid()), 'w').close()\n"
    "time.sleep(60)\n"
)


def python(script: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-c", script, *arguments)


def _eventually_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 5
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.02)
    return True


def test_input_output_and_status_come_through() -> None:
    done = processes.run(python("import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.exit(3)"), input=b"abc")
    assert (done.code, done.stdout, done.timed_out) == (3, b"cba", False)


def test_the_persons_environment_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    done = processes.run(python("import os; print(sorted(os.environ))"))
    assert b"SECRET_TOKEN" not in done.stdout and b"PYTHONPATH" not in done.stdout and b"PATH" in done.stdout


@pytest.mark.parametrize("how", ["limit", "cancel"])
def test_the_whole_process_group_ends(how: str, tmp_path: Path) -> None:
    token = CancelToken()
    both = tmp_path / "pid"

    def cancel_when_both_run() -> None:
        deadline = time.monotonic() + 20
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        token.cancel()

    watcher = threading.Thread(target=cancel_when_both_run)
    started = time.monotonic()
    if how == "cancel":
        watcher.start()
        with pytest.raises(Cancelled):
            processes.run(python(FORK_AND_WAIT, str(both)), cancel=token, timeout_s=60)
        watcher.join()
    else:
        assert processes.run(python(FORK_AND_WAIT, str(both)), timeout_s=3).timed_out
    assert time.monotonic() - started < 30
    assert _eventually_gone([int(path.name.removeprefix("pid")) for path in tmp_path.iterdir()])


def test_a_flood_is_stopped() -> None:
    with pytest.raises(ToolFailed, match="wrote more than 64 MiB"):
        processes.run(python("import sys\nwhile True: sys.stdout.write('x' * 65536)"), timeout_s=60)


def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(ToolFailed, match="cannot start no-such-program"):
        processes.run(("/no-such-folder/no-such-program",))


def test_an_engine_that_takes_too_long_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    request = {"kind": "occurrences", "path": "a.py", "offset": 0, "in_hierarchy": True, "search": [], "roots": [""]}
    with pytest.raises(EngineTimeout):
        ask("rope", request, tree=tmp_path, timeout_s=0.01, cancel=CancelToken())


def test_an_engine_is_cancelled_within_half_a_second(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n" + "x\n" * 20000)
    request = {"kind": "occurrences", "path": "a.py", "offset": 0, "in_hierarchy": True, "search": ["a.py"] * 50,
               "roots": [""]}  # fmt: skip
    token = CancelToken(deadline_s=1.0)
    started = time.monotonic()
    with pytest.raises(Cancelled):
        ask("rope", request, tree=tmp_path, timeout_s=60, cancel=token)
    assert time.monotonic() - started < 1.5 + 0.5 * (os.getloadavg()[0] > (os.cpu_count() or 1))


def test_an_engine_never_runs_what_it_reads(tmp_path: Path) -> None:
    trap = "open('ran', 'w').write('x')\n"
    for name in ("a.py", "rope.py", "jedi.py", "sitecustomize.py", "magray_orchestration.py", "json.py"):
        (tmp_path / name).write_text(f"{trap}def old(): ...\nimport json\n")
    (tmp_path / ".ropeproject").mkdir()
    (tmp_path / ".ropeproject" / "config.py").write_text(trap)
    offset = (tmp_path / "a.py").read_text().index("old")
    request = {"kind": "occurrences", "path": "a.py", "offset": offset, "in_hierarchy": True, "search": ["a.py"],
               "roots": [""]}  # fmt: skip
    answer = ask("rope", request, tree=tmp_path, timeout_s=60, cancel=CancelToken())
    assert [found[:2] for found in answer["occurrences"]] == [["a.py", offset]]
    places = {"places": [["a.py", 2, 4], ["a.py", 3, 8]], "roots": [""], "time_s": 30}
    assert ask("jedi", places, tree=tmp_path, timeout_s=60, cancel=CancelToken())["leads"][0] == [["a.py", 2, 4]]
    assert not (tmp_path / "ran").exists()
