"""Starts programs: the only module of this package that does. Argument lists only, never a shell.

A program gets a small environment, a time limit and an output limit; it runs in its own process group, and the whole
group is killed when the limit passes or the work is cancelled. What to run is the caller's decision.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import ToolFailed

MAX_OUTPUT_BYTES = 64 * 1024 * 1024
_POLL_S = 0.02
_CHUNK_BYTES = 65536
# What a program may know of the person's session; everything else (tokens, PYTHONPATH, LD_PRELOAD) stays out.
_ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "MAGRAY_HOME",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended. ``code`` is its exit status, negative for a signal, None where it was killed for time."""

    code: int | None
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def timed_out(self) -> bool:
        """Whether the time limit ended it."""
        return self.code is None


def run(
    argv: Sequence[str],
    *,
    input: bytes = b"",  # noqa: A002 - named as subprocess names it
    timeout_s: float = 60.0,
    cwd: Path | None = None,
    cancel: CancelToken | None = None,
) -> Completed:
    """Run a program to its end and keep what it wrote. Blocks; ``cwd`` None is the root folder, never the person's.

    Raises ToolFailed if it cannot be started or writes more than ``MAX_OUTPUT_BYTES``, Cancelled within a moment of
    the token; in both cases, and at the time limit, nothing of its process group is left.
    """
    started = time.monotonic()
    process = _start(argv, cwd)
    outputs = (_Collected(process.stdout), _Collected(process.stderr))
    feeder = threading.Thread(target=_feed, args=(process.stdin, input), daemon=True)
    feeder.start()
    try:
        in_time = _wait(process, started + timeout_s, outputs, cancel)
    finally:
        _kill_group(process)
        for thread in (feeder, *(output.thread for output in outputs)):
            thread.join()
    if any(output.overflowed for output in outputs):
        raise ToolFailed(f"{Path(argv[0]).name} wrote more than {MAX_OUTPUT_BYTES >> 20} MiB and was stopped")
    stdout, stderr = (output.data() for output in outputs)
    return Completed(process.returncode if in_time else None, stdout, stderr, time.monotonic() - started)


def _start(argv: Sequence[str], cwd: Path | None) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or Path("/"),
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolFailed(f"cannot start {Path(argv[0]).name}: {error.strerror or error}") from error


def _wait(
    process: subprocess.Popen[bytes],
    deadline: float,
    outputs: tuple[_Collected, _Collected],
    cancel: CancelToken | None,
) -> bool:
    """Whether it ended by itself; False at the deadline or an overflow."""
    while True:
        try:
            process.wait(timeout=_POLL_S)
            return True
        except subprocess.TimeoutExpired:
            if cancel is not None and cancel.cancelled:
                raise Cancelled from None
            if time.monotonic() > deadline or any(output.overflowed for output in outputs):
                return False


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group; grandchildren may outlive the program itself and hold the pipes open."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left to kill
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    assert stream is not None
    with contextlib.suppress(BrokenPipeError):  # the program may end without reading all of it
        stream.write(data)
    with contextlib.suppress(BrokenPipeError):
        stream.close()


class _Collected:
    """A pipe being read by its own thread, up to the limit."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None
        self._stream = stream
        self._parts: list[bytes] = []
        self.overflowed = False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        size = 0
        with self._stream:
            while chunk := os.read(self._stream.fileno(), _CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_OUTPUT_BYTES:
                    self.overflowed = True
                    return
                self._parts.append(chunk)

    def data(self) -> bytes:
        return b"".join(self._parts)
