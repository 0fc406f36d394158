"""Standard input and output as the wire: one thread reads, one writes, and stray prints cannot reach the client."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from magray_server.protocol.framing import FrameReader, frame
from magray_server.protocol.messages import ErrorCode, Invalid, Message, parse, render

log = logging.getLogger(__name__)

_CHUNK_BYTES = 64 * 1024
_MAX_UNHANDLED = 1_000  # messages read but not yet seen by the loop
_MAX_QUEUED_BYTES = 32 * 1024 * 1024  # beyond this the client is not reading any more
_DROP_PROGRESS_BYTES = 4 * 1024 * 1024


def claim_stdio() -> tuple[int, int]:
    """Descriptors of the wire (in, out). From now on file descriptor 1 is stderr: a stray print is only a log line."""
    wire_in, wire_out = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return wire_in, wire_out


class WireReader:
    """Reads messages in a daemon thread. ``deliver`` and ``at_end`` are called there and must pass on at once."""

    def __init__(self, descriptor: int, deliver: Callable[[Message], None], at_end: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._deliver = deliver
        self._at_end = at_end
        self._room = threading.Semaphore(_MAX_UNHANDLED)

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._run, name="wire-reader", daemon=True).start()

    def handled(self) -> None:
        """One delivered message has been looked at, so one more may be read."""
        self._room.release()

    def _run(self) -> None:
        frames = FrameReader()
        while True:
            try:
                chunk = os.read(self._descriptor, _CHUNK_BYTES)
            except OSError as error:
                log.warning("standard input cannot be read: %s", error)
                chunk = b""
            if not chunk:
                break
            for piece in frames.feed(chunk):
                reason = getattr(piece, "reason", None)
                if reason is not None:
                    log.warning("skipped %s", reason)
                    message: Message = Invalid(ErrorCode.PARSE_ERROR, f"skipped {reason}")
                else:
                    message = parse(getattr(piece, "data"))  # noqa: B009
                self._room.acquire()
                self._deliver(message)
        if frames.incomplete:
            log.warning("standard input ended inside a message")
        self._at_end()


class WireWriter:
    """Writes messages in a daemon thread, in order, from a bounded queue; safe to call from any thread.

    When the client stops reading, progress is dropped first; at the limit ``on_stuck`` is called once.
    """

    def __init__(self, descriptor: int, on_stuck: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._on_stuck = on_stuck
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._writing = False

    def start(self) -> None:
        """Begin to write."""
        threading.Thread(target=self._run, name="wire-writer", daemon=True).start()

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message; the JSON is made here, so what cannot be rendered raises here."""
        data = frame(render(message))
        with self._changed:
            if self._closed:
                return
            if self._queued_bytes > _DROP_PROGRESS_BYTES and message.get("method") == "$/progress":
                return
            self._queue.append(data)
            self._queued_bytes += len(data)
            stuck = self._queued_bytes > _MAX_QUEUED_BYTES
            if stuck:
                self._closed = True
            self._changed.notify_all()
        if stuck:
            self._on_stuck("the client does not read its answers")

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything queued is written; False if that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed or not (self._queue or self._writing), timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                data = b"".join(self._queue)
                self._queue.clear()
                self._writing = True
            problem = self._write_all(data)
            with self._changed:
                self._queued_bytes -= len(data)
                self._writing = False
                if problem:
                    self._closed = True
                self._changed.notify_all()
            if problem:
                self._on_stuck(problem)
                return

    def _write_all(self, data: bytes) -> str:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            return f"the client is gone: {error.strerror or error}"
        return ""
