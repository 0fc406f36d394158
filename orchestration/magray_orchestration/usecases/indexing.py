"""Bringing the index up to date for someone who waits: the command line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.contracts import DocStore, Embedder, EmbedderFor, Progress
from magray_core.documents import Document
from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable, ProviderError, WorkspaceError
from magray_core.memory import (
    EVERYWHERE,
    EmbeddingReport,
    Freshness,
    IndexReport,
    Occurrence,
    ParsedFile,
    SearchResult,
    SearchScope,
    Symbol,
)
from magray_indexers.reader import IndexReader

_SLICE_S = 5.0


@dataclass(frozen=True, slots=True)
class Embedding:
    """Who gives vectors to chunks and questions. ``now`` makes new ones; ``of_model`` serves older ones meanwhile."""

    now: Callable[[], Embedder]
    of_model: EmbedderFor


@dataclass(frozen=True, slots=True)
class Opening:
    """How an index is opened: of which workspace, by whom embedded, how long it may take, who is told."""

    root: Path
    settings: IndexSettings
    embedding: Embedding
    progress: Progress | None
    quick_s: float
    stale: Callable[[str], None]


def refresh(
    root: Path, settings: IndexSettings, *, progress: Progress | None, cancel: CancelToken | None, full: bool = False
) -> IndexReport:
    """Index the workspace; only what changed unless ``full``. Raises IndexingError, WorkspaceError, Cancelled."""
    from magray_indexers.building import build

    return build(root, settings, progress=progress, cancel=cancel, full=full)


def embed_all(
    root: Path, embedding: Embedding, *, progress: Progress | None, cancel: CancelToken | None
) -> EmbeddingReport:
    """Give every indexed chunk its vector, however long that takes; what is done stays when it is cancelled."""
    from magray_indexers.vectors.embedding import embed

    embedder, embedded = embedding.now(), 0
    while True:
        report = embed(root, embedder, budget_s=_SLICE_S, progress=progress, cancel=cancel)
        embedded += report.embedded
        if not report.remaining:
            return EmbeddingReport(embedded, 0, report.vectors)


def open_index(opening: Opening) -> IndexReader:
    """A reader of the workspace's index, as fresh as ``quick_s`` seconds allow.

    Where there is no usable index it is built whole, however long that takes. Where there is one, changed files are
    taken up unless that needs more than ``quick_s`` or cannot be written: then ``stale`` is told why, and answers come
    from what is there. Vectors are made on the way where the model is quick.
    """
    root, settings, progress = opening.root, opening.settings, opening.progress
    embedder_for = opening.embedding.of_model
    try:
        reader = IndexReader.open(root, embedder_for=embedder_for)
    except (IndexUnavailable, IndexCorrupt) as problem:
        refresh(root, settings, progress=progress, cancel=None, full=isinstance(problem, IndexCorrupt))
        _embed_quickly(opening, CancelToken())
        return IndexReader.open(root, embedder_for=embedder_for)
    cancel = CancelToken(deadline_s=opening.quick_s)
    try:
        refresh(root, settings, progress=progress, cancel=cancel)
        _embed_quickly(opening, cancel)
    except Cancelled:
        opening.stale("bringing the index up to date takes longer; answers come from the older one meanwhile")
        return reader
    except (IndexingError, WorkspaceError) as error:
        opening.stale(f"the index could not be brought up to date: {error.message}")
        return reader
    if reader.current():
        return reader
    reader.close()
    return IndexReader.open(root, embedder_for=embedder_for)


def _embed_quickly(opening: Opening, cancel: CancelToken) -> None:
    """Embed where that takes no time worth speaking of; slower models wait for ``magray index`` or the server."""
    try:
        if opening.embedding.now().model.quick:
            embed_all(opening.root, opening.embedding, progress=opening.progress, cancel=cancel)
    except ProviderError as error:
        opening.stale(f"search goes by words alone: {error.message}")


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

    def search(
        self, query: str, k: int, *, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
    ) -> SearchResult:
        """As ``DocStore.search``."""
        return self._index().search(query, k, overlay=overlay, scope=scope)

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
