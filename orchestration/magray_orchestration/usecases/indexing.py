"""Bringing the index up to date for someone who waits: the command line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.contracts import DocStore, Progress
from magray_core.documents import Document
from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable, WorkspaceError
from magray_core.memory import Freshness, IndexReport, Occurrence, ParsedFile, SearchResult, Symbol
from magray_indexers.reader import IndexReader


def refresh(
    root: Path, settings: IndexSettings, *, progress: Progress | None, cancel: CancelToken | None, full: bool = False
) -> IndexReport:
    """Index the workspace; only what changed unless ``full``. Raises IndexingError, WorkspaceError, Cancelled."""
    from magray_indexers.building import build

    return build(root, settings, progress=progress, cancel=cancel, full=full)


def open_index(
    root: Path, settings: IndexSettings, *, progress: Progress | None, quick_s: float, stale: Callable[[str], None]
) -> IndexReader:
    """A reader of the workspace's index, as fresh as ``quick_s`` seconds allow.

    Where there is no usable index it is built whole, however long that takes. Where there is one, changed files are
    taken up unless that needs more than ``quick_s`` or cannot be written: then ``stale`` is told why, and answers come
    from what is there.
    """
    try:
        reader = IndexReader.open(root)
    except (IndexUnavailable, IndexCorrupt) as problem:
        refresh(root, settings, progress=progress, cancel=None, full=isinstance(problem, IndexCorrupt))
        return IndexReader.open(root)
    try:
        changed = refresh(root, settings, progress=progress, cancel=CancelToken(deadline_s=quick_s)).changed
    except Cancelled:
        stale("bringing the index up to date takes longer; answers come from the older one meanwhile")
        return reader
    except (IndexingError, WorkspaceError) as error:
        stale(f"the index could not be brought up to date: {error.message}")
        return reader
    if not changed and reader.current():
        return reader
    reader.close()
    return IndexReader.open(root)


class LateIndex:
    """An index that is opened when it is first asked: applying and undoing work without one. Thread-safe."""

    def __init__(self, open_reader: Callable[[], IndexReader]) -> None:
        self._open = open_reader
        self._opened: IndexReader | None = None
        self._lock = threading.Lock()

    def _index(self) -> DocStore:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def close(self) -> None:
        """Let go of the index if it was opened."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def search(self, query: str, k: int, *, overlay: Sequence[Document] = ()) -> SearchResult:
        """As ``DocStore.search``."""
        return self._index().search(query, k, overlay=overlay)

    def file(self, path: str) -> ParsedFile | None:
        """As ``DocStore.file``."""
        return self._index().file(path)

    def paths(self) -> Iterable[tuple[str, str]]:
        """As ``DocStore.paths``."""
        return self._index().paths()

    def symbols_named(self, name: str, *, limit: int = 200) -> list[tuple[str, Symbol]]:
        """As ``DocStore.symbols_named``."""
        return self._index().symbols_named(name, limit=limit)

    def find_symbols(self, query: str, *, limit: int = 100) -> list[tuple[str, Symbol]]:
        """As ``DocStore.find_symbols``."""
        return self._index().find_symbols(query, limit=limit)

    def occurrences(
        self, name: str, *, overlay: Sequence[Document] = (), cancel: CancelToken | None = None
    ) -> list[Occurrence]:
        """As ``DocStore.occurrences``."""
        return self._index().occurrences(name, overlay=overlay, cancel=cancel)

    def mentioning(self, name: str) -> list[str]:
        """As ``DocStore.mentioning``."""
        return self._index().mentioning(name)

    def occurrences_in(self, path: str, name: str) -> list[Occurrence]:
        """As ``DocStore.occurrences_in``."""
        return self._index().occurrences_in(path, name)

    def freshness(self) -> Freshness:
        """As ``DocStore.freshness``."""
        return self._index().freshness()
