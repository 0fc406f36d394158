"""The index process's own side: requests in on stdin, one at a time, answers and progress out on stdout."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.contracts import Embedder, Progress
from magray_core.errors import IndexingError, MagrayError
from magray_core.memory import EmbeddingReport
from magray_indexers.connecting import hold
from magray_indexers.privacy.keys import DataKey

log = logging.getLogger(__name__)

END_S = 2.0
"""How long the process may take to end once its parent is gone."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the child needs to know before its first operation."""

    root: str
    settings: IndexSettings
    embedder: Callable[[], Embedder] | None
    key: DataKey | None = None
    """What opens an encrypted memory: it comes by the pipe, never by arguments, environment or files."""


class _Reporter:
    """Progress as messages to the parent."""

    def __init__(self, sink: Connection) -> None:
        self._sink = sink

    def report(self, message: str, fraction: float | None = None) -> None:
        self._sink.send_bytes(pickle.dumps(("progress", (message, fraction))))


class Served:
    """The child's side: one thread reads requests, the main thread does them."""

    def __init__(self) -> None:
        self._source, self._sink = Connection(os.dup(0), writable=False), Connection(os.dup(1), readable=False)
        os.dup2(2, 1)  # a stray print must not get between the messages
        setup: Setup = pickle.loads(self._source.recv_bytes())
        if setup.key is not None:
            hold(setup.key)
        self._root, self._settings, self._load_embedder = Path(setup.root), setup.settings, setup.embedder
        self._condition = threading.Condition()
        self._request: tuple[tuple[str, Any], CancelToken] | None = None
        self._cancel = CancelToken()
        self._ended = False

    def run(self) -> None:
        with contextlib.suppress(OSError):
            os.nice(5)  # the editor's answers come first
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            with self._condition:
                while self._request is None and not self._ended:
                    self._condition.wait()
                if self._request is None:
                    return
                (request, cancel), self._request = self._request, None
            try:
                self._sink.send_bytes(pickle.dumps(self._answer(request, cancel)))
            except OSError:
                return

    def _answer(self, request: tuple[str, Any], cancel: CancelToken) -> tuple[str, Any]:
        from magray_indexers import building

        try:
            if request[0] == "update":
                return "done", building.update(self._root, request[1], self._settings, cancel=cancel)
            progress = _Reporter(self._sink)
            if request[0] == "enrich":
                return "done", self._enrich(request[1], progress, cancel)
            full = bool(request[1])
            return "done", building.build(self._root, self._settings, progress=progress, cancel=cancel, full=full)
        except Cancelled:
            return "cancelled", None
        except OSError:
            if self._ended:
                return "cancelled", None
            raise
        except Exception as error:
            if not isinstance(error, MagrayError):
                log.exception("indexing failed because of a bug")
            return "failed", _as_parts(error)

    def _enrich(self, budget_s: float, progress: Progress, cancel: CancelToken) -> EmbeddingReport:
        """Vectors first: they are asked for by every search. What the graph lacks counts as remaining too."""
        from magray_indexers.graph.building import update_graph
        from magray_indexers.vectors.embedding import embed

        report = EmbeddingReport(0, 0, 0)
        if self._load_embedder is not None:
            report = embed(self._root, self._load_embedder(), budget_s=budget_s, progress=progress, cancel=cancel)
        if report.remaining:
            return report
        graph = update_graph(self._root, cancel=cancel, budget_s=budget_s)
        return replace(report, unlinked=graph.remaining)

    def _listen(self) -> None:
        try:
            while True:
                message = pickle.loads(self._source.recv_bytes())
                with self._condition:
                    if message == "cancel":
                        self._cancel.cancel()
                    elif message[0] == "use":
                        self._load_embedder = message[1]
                    else:
                        self._cancel = CancelToken()
                        self._request = (message, self._cancel)
                        self._condition.notify()
        except (EOFError, OSError):
            with self._condition:
                self._ended = True
                self._cancel.cancel()
                self._condition.notify()
            # The parent is gone: whatever the main thread does, it has this long to do it.
            threading.Timer(END_S, os._exit, (1,)).start()


def _as_parts(error: BaseException) -> tuple[type[BaseException], dict[str, Any], str]:
    """An error as something that pickles: constructors of the tree take different arguments."""
    if isinstance(error, MagrayError):
        return type(error), error.__dict__, error.message
    return (
        IndexingError,
        {"message": "indexing failed because of a bug", "hint": f"{type(error).__name__}: {error}"},
        "",
    )


if __name__ == "__main__":
    # Run the importable module: under this name its classes would be others than the parent's.
    from magray_indexers.serving import Served as Importable

    Importable().run()
