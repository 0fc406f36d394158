"""The server's index process: a child that builds, updates and embeds, so that the server never waits for it.

One operation runs at a time. While it runs, further builds become one waiting build with all their causes, further
updates one waiting update with all their paths; embedding comes last and in slices, so that a save never waits long
for it. A child that dies is started again and the operation is tried once
more. The child ends when its parent does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled
from magray_core.contracts import Embedder
from magray_core.errors import IndexingError
from magray_core.memory import EmbeddingReport, IndexReport
from magray_indexers.connecting import memory_key
from magray_indexers.serving import END_S, Setup

log = logging.getLogger(__name__)

OnProgress = Callable[[str, float | None], None]
_RECYCLE_AFTER_FILES = 2_000
_TRIES = 2
_SLICE_S = 1.0


@dataclass(slots=True)
class _Operation:
    """Work that waits or runs, with everyone who asked for it. ``paths`` are an update's."""

    kind: Literal["build", "update", "enrich"]
    paths: set[str] = field(default_factory=set)
    full: bool = False
    cancelled: bool = False
    causes: list[str] = field(default_factory=list)
    listeners: list[OnProgress] = field(default_factory=list)
    future: Future[Any] = field(default_factory=Future)

    def request(self) -> tuple[str, Any]:
        """What the child is told."""
        return self.kind, {"build": self.full, "update": sorted(self.paths), "enrich": _SLICE_S}[self.kind]


class IndexProcess:
    """Handle of the child. Every method returns at once and may be called from any thread, except ``close``."""

    def __init__(
        self, root: Path, settings: IndexSettings | None = None, embedder: Callable[[], Embedder] | None = None
    ) -> None:
        """``embedder`` is called in the child: it must pickle by reference. Without one nothing is embedded."""
        self._setup = Setup(str(root), settings or IndexSettings(), embedder)
        self._name = root.name
        self._condition = threading.Condition()
        self._build: _Operation | None = None
        self._update: _Operation | None = None
        self._enrich: _Operation | None = None
        self._running: _Operation | None = None
        self._child: _Child | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="index process", daemon=True)

    def start(self) -> None:
        """Start working; operations asked for before wait for it."""
        self._thread.start()

    def build(self, cause: str, on_progress: OnProgress | None = None, *, full: bool = False) -> Future[IndexReport]:
        """Bring the whole index up to date. ``on_progress`` is called in a thread of this object.

        The future fails with Cancelled or a MagrayError; a build that waits already gets one more cause.
        """
        with self._condition:
            if self._build is None:
                self._build = _Operation("build")
            self._build.full = self._build.full or full
            self._build.causes.append(cause)
            if on_progress is not None:
                self._build.listeners.append(on_progress)
            return self._asked(self._build)

    def update(self, paths: Sequence[str]) -> Future[IndexReport]:
        """Bring single files up to date, before any build that waits."""
        with self._condition:
            if self._update is None:
                self._update = _Operation("update")
            self._update.paths |= set(paths)
            return self._asked(self._update)

    def enrich(self, on_progress: OnProgress | None = None) -> Future[EmbeddingReport]:
        """One slice of embedding, then of the graph, when nothing else waits; fails as ``build`` does."""
        with self._condition:
            if self._enrich is None:
                self._enrich = _Operation("enrich")
            if on_progress is not None:
                self._enrich.listeners.append(on_progress)
            return self._asked(self._enrich)

    def use(self, embedder: Callable[[], Embedder]) -> None:
        """Embed with another model from the next operation on."""
        with self._condition:
            self._setup = replace(self._setup, embedder=embedder)
            if self._child is not None:
                self._child.send(("use", embedder))

    def cancel(self) -> None:
        """Stop what runs and drop what waits; their futures fail with Cancelled."""
        with self._condition:
            waiting = [self._build, self._update, self._enrich]
            self._build = self._update = self._enrich = None
            if self._running is not None:
                self._running.cancelled = True
                if self._child is not None:
                    self._child.send("cancel")
        for operation in waiting:
            if operation is not None:
                operation.future.set_exception(Cancelled())

    def close(self) -> None:
        """Cancel everything and end the child; blocks for at most about two seconds. Idempotent."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self.cancel()
        if self._thread.ident is not None:
            self._thread.join(END_S)
        with self._condition:
            child, self._child = self._child, None
        if child is not None:
            child.kill()
        if self._thread.ident is not None:
            self._thread.join(END_S)

    def _asked(self, operation: _Operation) -> Future[Any]:
        if self._closed:
            raise IndexingError("indexing has ended")
        running = self._running
        if running is not None and running.kind == "enrich" and operation.kind != "enrich" and self._child is not None:
            self._child.send("cancel")  # what was embedded stays; the rest can wait
        self._condition.notify()
        return operation.future

    def _work(self) -> None:
        while True:
            with self._condition:
                while not (self._closed or self._build or self._update or self._enrich):
                    self._condition.wait()
                if self._closed:
                    break
                operation = self._next()
                self._running = operation
            try:
                report = self._run(operation)
            except BaseException as error:  # noqa: BLE001 - belongs to whoever waits for the future
                operation.future.set_exception(error)
            else:
                operation.future.set_result(report)
            finally:
                with self._condition:
                    self._running = None
        self._end_child()

    def _next(self) -> _Operation:
        """What comes next is no longer waiting: saved files before a build, embedding after all."""
        operation = self._update or self._build or self._enrich
        assert operation is not None
        match operation.kind:
            case "update":
                self._update = None
            case "build":
                self._build = None
            case "enrich":
                self._enrich = None
        return operation

    def _run(self, operation: _Operation) -> IndexReport | EmbeddingReport:
        if operation.causes:
            log.info("indexing %s because: %s", self._name, "; ".join(operation.causes))
        for _ in range(_TRIES):
            child = self._asked_child(operation, operation.request())
            try:
                while True:
                    kind, value = child.receive()
                    if kind == "progress":
                        for listener in operation.listeners:
                            listener(*value)
                    elif kind == "done":
                        if operation.kind != "enrich" and value.changed > _RECYCLE_AFTER_FILES:
                            self._end_child()  # gives the memory of a large build back
                        return value  # type: ignore[no-any-return]
                    elif kind == "cancelled":
                        raise Cancelled
                    else:
                        raise _as_error(value)
            except (EOFError, OSError):
                self._end_child()
                if self._closed:
                    raise Cancelled from None
                log.warning("the index process ended unexpectedly; it is started again")
        raise IndexingError("the index process keeps dying", hint="see the log for its last words")

    def _asked_child(self, operation: _Operation, request: object) -> _Child:
        """The child, started if need be, with the request sent; a cancel comes before or after, never between."""
        with self._condition:
            if self._closed or operation.cancelled:
                raise Cancelled
            if self._child is None:
                self._child = _Child(replace(self._setup, key=memory_key(Path(self._setup.root))))
            self._child.send(request)
            return self._child

    def _end_child(self) -> None:
        with self._condition:
            child, self._child = self._child, None
        if child is not None:
            child.close()


class _Child:
    """The process and the two ends of its pipes."""

    def __init__(self, setup: Setup) -> None:
        command = [sys.executable, "-P", "-m", "magray_indexers.serving"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)
        assert self._process.stdin and self._process.stdout
        self._out = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._in = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        self._sending = threading.Lock()
        self.send(setup)

    def send(self, message: object) -> None:
        """Hand something over; a dead child is noticed when its answer is awaited."""
        with self._sending, contextlib.suppress(OSError):
            self._out.send_bytes(pickle.dumps(message))

    def receive(self) -> tuple[str, Any]:
        """The next message. Raises EOFError or OSError if the child is gone."""
        message: tuple[str, Any] = pickle.loads(self._in.recv_bytes())
        return message

    def kill(self) -> None:
        """End it at once; idempotent. What it had published stays."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Let it end by itself for a moment, then kill it. Only the thread that receives may call this."""
        self._out.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._in.close()


def _as_error(parts: tuple[type[BaseException], dict[str, Any], str]) -> BaseException:
    kind, values, message = parts
    error = kind.__new__(kind, message)
    error.__dict__.update(values)
    error.args = (values["message"],)
    return error
