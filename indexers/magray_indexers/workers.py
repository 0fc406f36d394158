"""Parsing processes: a few children that turn batches of paths into rows, restarted when a file breaks them.

Parent and child speak pickles over the child's stdin and stdout. Each child sees only its own pipes, so that it ends
when its parent dies, however that happens.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.cancel import CancelToken
from magray_core.memory import SkipReason
from magray_indexers.reading import Job, Outcome, read_and_parse
from magray_indexers.walk import SkippedPath

_BATCH_FILES = 32
_MAX_PROCESSES = 4
_FEW = 16
_FILE_TIMEOUT_S = 10.0
_BATCH_TIMEOUT_S = 60.0
_POLL_S = 0.1
_AHEAD = 2
"""Batches that a child has in hand, so that it need not wait for the parent."""


def read_all(root: Path, jobs: Sequence[Job], settings: IndexSettings, cancel: CancelToken) -> Iterator[Outcome]:
    """The outcome of every job, in any order. A few jobs are done here, many in processes. Raises Cancelled."""
    if len(jobs) <= _FEW:
        for job in jobs:
            cancel.check()
            yield read_and_parse(root, job, settings)
        return
    batches = [jobs[i : i + _BATCH_FILES] for i in range(0, len(jobs), _BATCH_FILES)]
    count = min(settings.workers or min(os.cpu_count() or 1, _MAX_PROCESSES), os.cpu_count() or 1, len(batches))
    pool = _Pool(_Setup(str(root), settings), batches, count)
    try:
        yield from pool.outcomes(cancel)
    finally:
        pool.close()


@dataclass(frozen=True, slots=True)
class _Setup:
    """What a child needs to know before its first batch."""

    root: str
    settings: IndexSettings


class _Child:
    """One process and the two ends of its pipes."""

    def __init__(self, setup: _Setup) -> None:
        command = [sys.executable, "-P", "-m", "magray_indexers.workers"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin and self._process.stdout
        self._out = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._in = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        self.send(setup)

    def send(self, value: object) -> None:
        """Hand something over. A dead child is noticed when its answer is awaited."""
        with contextlib.suppress(OSError):
            self._out.send_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))

    def receive(self, timeout_s: float) -> list[Outcome] | SkipReason:
        """The answer to the oldest batch in hand, or what went wrong."""
        try:
            if not self._in.poll(timeout_s):
                return SkipReason.PARSE_TIMEOUT
            answer: list[Outcome] = pickle.loads(self._in.recv_bytes())
        except (EOFError, OSError):
            return SkipReason.PARSE_FAILED
        return answer

    def kill(self) -> None:
        """End it at once; idempotent."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Kill it and let go of its pipes. Only the thread that uses the pipes may call this."""
        self.kill()
        self._in.close()
        self._out.close()


class _Pool:
    """As many threads as children; each feeds one child. Answers queue up to a bound, then children wait."""

    def __init__(self, setup: _Setup, batches: Sequence[Sequence[Job]], count: int) -> None:
        self._setup = setup
        self._batches = iter(batches)
        self._lock = threading.Lock()
        self._answers: queue.Queue[list[Outcome] | BaseException | None] = queue.Queue(maxsize=2 * count)
        self._closing = threading.Event()
        self._children: list[_Child] = []
        self._threads = [threading.Thread(target=self._feed, name="parsing", daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def outcomes(self, cancel: CancelToken) -> Iterator[Outcome]:
        running = len(self._threads)
        while running:
            cancel.check()
            try:
                answer = self._answers.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if answer is None:
                running -= 1
            elif isinstance(answer, BaseException):
                raise answer
            else:
                yield from answer

    def close(self) -> None:
        self._closing.set()
        with self._lock:
            for child in self._children:
                child.kill()
        for thread in self._threads:
            thread.join()

    def _feed(self) -> None:
        try:
            child = self._start()
            in_hand: list[Sequence[Job]] = []
            while not self._closing.is_set():
                while len(in_hand) < _AHEAD and (batch := self._next_batch()):
                    child.send(batch)
                    in_hand.append(batch)
                if not in_hand:
                    break
                answer = child.receive(_BATCH_TIMEOUT_S)
                if isinstance(answer, SkipReason) and not self._closing.is_set():
                    self._drop(child)
                    child = self._start()
                    self._one_by_one([job for batch in in_hand for job in batch])
                    in_hand.clear()
                elif not isinstance(answer, SkipReason):
                    in_hand.pop(0)
                    self._put(answer)
            self._drop(child)
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asked
            self._put(error)

    def _one_by_one(self, jobs: Sequence[Job]) -> None:
        """A child of its own for a batch that broke one: only the file at fault is left out."""
        child = self._start()
        for job in jobs:
            if self._closing.is_set():
                break
            child.send([job])
            answer = child.receive(_FILE_TIMEOUT_S)
            if isinstance(answer, SkipReason):
                self._drop(child)
                child = self._start()
                answer = [SkippedPath(job.path, answer)]
            self._put(answer)
        self._drop(child)

    def _start(self) -> _Child:
        child = _Child(self._setup)
        with self._lock:
            self._children.append(child)
        return child

    def _drop(self, child: _Child) -> None:
        with self._lock:
            self._children.remove(child)
            child.close()

    def _next_batch(self) -> Sequence[Job] | None:
        with self._lock:
            return next(self._batches, None)

    def _put(self, answer: list[Outcome] | BaseException | None) -> None:
        while not self._closing.is_set():
            try:
                self._answers.put(answer, timeout=_POLL_S)
                return
            except queue.Full:
                continue


def _serve() -> None:
    """The child: batches in, outcomes out, until the parent is gone."""
    source, sink = Connection(os.dup(0), writable=False), Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # a stray print must not get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal reaches the parent too, which ends us quietly
    with contextlib.suppress(OSError):
        os.nice(5)  # the editor's answers come first
    try:
        setup: _Setup = pickle.loads(source.recv_bytes())
        root = Path(setup.root)
        while True:
            batch: Sequence[Job] = pickle.loads(source.recv_bytes())
            answer = [read_and_parse(root, job, setup.settings) for job in batch]
            sink.send_bytes(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
    except (EOFError, BrokenPipeError):
        pass


if __name__ == "__main__":
    # Under this name classes would pickle as ``__main__.…``: run the importable module instead.
    from magray_indexers.workers import _serve as serve

    serve()
