"""The shared index as a ``DocStore``: every call is one transaction, so its answer is of one state.

Between two calls a repository may be published anew; whoever needs both from one state asks again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from magray_core.cancel import CancelToken
from magray_core.contracts import Embedder, EmbedderFor
from magray_core.documents import Document
from magray_core.memory import (
    EVERYWHERE,
    Freshness,
    Marker,
    Occurrence,
    ParsedFile,
    SearchResult,
    SearchScope,
    Symbol,
)
from magray_indexers.corpus import symbol_of
from magray_indexers.fuzzy import fuzzy_rank
from magray_indexers.postgres.connection import SharedDatabase
from magray_indexers.postgres.schema import read_model
from magray_indexers.postgres.selection import Repository, Selection, select
from magray_indexers.postgres.vector_index import PostgresVectorIndex
from magray_indexers.postgres.view import SharedVectors, SharedView
from magray_indexers.privacy.scanning import MASKED
from magray_indexers.store import id_range

if TYPE_CHECKING:
    from magray_indexers.postgres.connection import Cursor

T = TypeVar("T")
_MAX_FUZZY_NAMES = 20_000


class PostgresDocStore:
    """Implements ``DocStore`` over some repositories of the shared index, all where none is named. Thread-safe.

    Where exactly one is named paths are those of its workspace, otherwise ``repository/path``. Every method raises as
    ``SharedDatabase.read`` does, and IndexingError for a repository that is not there.
    """

    def __init__(
        self, database: SharedDatabase, repositories: Sequence[str] = (), *, embedder_for: EmbedderFor | None = None
    ) -> None:
        self._database = database
        self._names = tuple(repositories)
        self._embedder_for = lru_cache(maxsize=1)(embedder_for or _nobody)
        self._embed_query = lru_cache(maxsize=64)(self._embedded)

    def close(self) -> None:
        """Let go of the connection."""
        self._database.close()

    def repositories(self) -> tuple[Repository, ...]:
        """What this store searches, ordered by name."""
        return self._database.read(lambda cursor: select(cursor, self._names).chosen)

    def search(
        self, query: str, k: int, *, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
    ) -> SearchResult:
        """Hits in scope, best first; see ``magray_indexers.searching``. Globs are matched within each repository."""
        from magray_indexers.searching import search

        def found(view: SharedView, selection: Selection) -> SearchResult:
            unsaved = [
                document for document in overlay
                if (row := _file(view, selection, document.path)) is None or row[2] != document.content_hash
            ]  # fmt: skip
            return search(view, query, k, unsaved, scope)

        return self._read(found, with_vectors=True)

    def file(self, path: str) -> ParsedFile | None:
        """What the index knows of a file, or None."""

        def found(view: SharedView, selection: Selection) -> ParsedFile | None:
            row = _file(view, selection, path)
            if row is None:
                return None
            number, language, _, problems = row
            first, last = id_range(number)
            markers = view.rows(
                "SELECT line, word, text FROM magray.markers WHERE id BETWEEN %(first)s AND %(last)s"
                " AND word <> %(masked)s ORDER BY id",
                {"first": first, "last": last, "masked": MASKED},
            )
            return ParsedFile(
                path, language, tuple(view.chunks(first, last)), tuple(_symbols(view, number)),
                tuple(Marker(*one) for one in markers), problems,
            )  # fmt: skip

        return self._read(found)

    def text(self, path: str) -> str | None:
        """The text that was indexed under the path, or None."""

        def found(view: SharedView, selection: Selection) -> str | None:
            row = _file(view, selection, path)
            return None if row is None else _text(view, row[0])

        return self._read(found)

    def content_hash(self, path: str) -> str | None:
        """sha256 (hex) of the bytes that were indexed under the path, or None."""

        def found(view: SharedView, selection: Selection) -> str | None:
            row = _file(view, selection, path)
            return None if row is None else str(row[2])

        return self._read(found)

    def paths(self) -> Iterable[tuple[str, str]]:
        """(path, language) of every indexed file, ordered by path."""

        def found(view: SharedView, selection: Selection) -> list[tuple[str, str]]:
            rows = view.rows(
                "SELECT repository, path, language FROM magray.files WHERE repository = ANY(%(all)s)",
                {"all": [one.number for one in selection.chosen]},
            )
            return sorted((selection.path(repository, path), language) for repository, path, language in rows)

        return self._read(found)

    def symbols_named(self, name: str, *, limit: int = 200) -> list[tuple[str, Symbol]]:
        """(path, symbol) of the definitions with exactly this name; a dotted name matches qualified names by suffix."""
        return self._read(lambda view, _: _named(view, name)[:limit])

    def find_symbols(self, query: str, *, limit: int = 100) -> list[tuple[str, Symbol]]:
        """Definitions whose name has the query's characters in order, best first, as ``IndexReader.find_symbols``."""
        parent, _, wanted = query.strip().rpartition(".")
        if not wanted:
            return []
        pattern = "%" + "%".join(re.sub(r"([%_\\])", r"\\\1", char) for char in wanted) + "%"

        def found(view: SharedView, selection: Selection) -> list[tuple[str, Symbol]]:
            names = view.rows(
                f"SELECT DISTINCT name FROM magray.symbols WHERE name ILIKE %(like)s LIMIT {_MAX_FUZZY_NAMES}",
                {"like": pattern},
            )
            hits: list[tuple[str, Symbol]] = []
            for _, name in sorted((fuzzy_rank(name, wanted), name) for (name,) in names):
                some = _named(view, name)[:limit]
                hits += [pair for pair in some if parent.lower() in pair[1].qualified_name.lower()] if parent else some
                if len(hits) >= limit:
                    break
            return hits[:limit]

        return self._read(found)

    def occurrences(
        self, name: str, *, overlay: Sequence[Document] = (), cancel: CancelToken | None = None
    ) -> list[Occurrence]:
        """Every whole-word mention of the name, of every kind, ordered by path and offset."""
        from magray_indexers.occurrences import occurrences_in
        from magray_indexers.parsing import parse
        from magray_indexers.privacy.redaction import redacted_quickly

        cancel = cancel or CancelToken()
        open_paths = {document.path for document in overlay}

        def found(view: SharedView, selection: Selection) -> list[Occurrence]:
            hits: list[Occurrence] = []
            for path in _mentioning(view, name):
                cancel.check()
                if path not in open_paths:
                    hits += _occurrences_in(view, selection, path, name)
            return hits

        hits = self._read(found)
        for document in overlay:
            cancel.check()
            if name.rpartition(".")[2] in document.text:
                text = redacted_quickly(document.text, path=document.path)
                parsed = parse(document.path, text)
                hits += occurrences_in(document.path, text, parsed.language, name, parsed.symbols)
        return sorted(hits, key=lambda occurrence: (occurrence.path, occurrence.span.start))

    def mentioning(self, name: str) -> list[str]:
        """Paths of the files that may mention the name, ordered: every one that does and perhaps some that do not."""
        return self._read(lambda view, _: _mentioning(view, name))

    def occurrences_in(self, path: str, name: str) -> list[Occurrence]:
        """The mentions of a name in one file as it was indexed."""
        return self._read(lambda view, selection: _occurrences_in(view, selection, path, name))

    def freshness(self) -> Freshness:
        """How current the chosen repositories are."""
        return self._read(lambda view, _: view.freshness())

    def _read(self, work: Callable[[SharedView, Selection], T], *, with_vectors: bool = False) -> T:
        def done(cursor: Cursor) -> T:
            selection = select(cursor, self._names)
            vectors = self._vectors(cursor, selection) if with_vectors else None
            return work(SharedView(cursor, selection, vectors), selection)

        return self._database.read(done)

    def _vectors(self, cursor: Cursor, selection: Selection) -> SharedVectors | None:
        """The vectors, where this machine has the model that made them; without it search goes by words alone."""
        model = read_model(cursor)
        embedder = self._embedder_for(model.id) if model is not None else None
        if model is None or embedder is None or embedder.model.dim != model.dim:
            return None
        index = PostgresVectorIndex(cursor, model.dim, selection.numbers)
        return SharedVectors(index, embedder, lambda text: self._embed_query(model.id, text))

    def _embedded(self, model: str, text: str) -> Any:
        embedder = self._embedder_for(model)
        assert embedder is not None
        return embedder.embed_query(text)


def _nobody(model: str) -> Embedder | None:
    return None


def _file(view: SharedView, selection: Selection, path: str) -> tuple[int, str, str, int] | None:
    """(id, language, hash, problems) of a file by what it is called."""
    place = selection.place(path)
    if place is None or "\x00" in path:
        return None
    sql = "SELECT id, language, hash, problems FROM magray.files WHERE repository = %(number)s AND path = %(path)s"
    rows = view.rows(sql, {"number": place[0], "path": place[1]})
    return (rows[0][0], rows[0][1], rows[0][2], rows[0][3]) if rows else None


def _text(view: SharedView, number: int) -> str:
    return "".join(chunk.text for chunk in view.chunks(*id_range(number)))


def _symbols(view: SharedView, number: int) -> list[Symbol]:
    first, last = id_range(number)
    sql = "SELECT * FROM magray.symbols WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id"
    return [symbol_of(row) for row in view.rows(sql, {"first": first, "last": last})]


def _named(view: SharedView, name: str) -> list[tuple[str, Symbol]]:
    last = name.rpartition(".")[2]
    found = view.named([last], 1 << 31)
    if last != name:
        found = [
            (file, symbol) for file, symbol in found
            if symbol.qualified_name == name or symbol.qualified_name.endswith(f".{name}")
        ]  # fmt: skip
    files = view.files({file for file, _ in found})
    return sorted(
        ((files[file].path, symbol) for file, symbol in found), key=lambda pair: (pair[0], pair[1].span.start)
    )


def _mentioning(view: SharedView, name: str) -> list[str]:
    from magray_indexers.tokens import code_tokens

    tokens = code_tokens(name.rpartition(".")[2])[:1]
    return sorted(entry.path for entry in view.files(view.files_with(tokens)).values()) if tokens else []


def _occurrences_in(view: SharedView, selection: Selection, path: str, name: str) -> list[Occurrence]:
    from magray_indexers.occurrences import occurrences_in

    row = _file(view, selection, path)
    text = _text(view, row[0]) if row is not None else ""
    if row is None or name.rpartition(".")[2] not in text:
        return []
    return occurrences_in(path, text, row[1], name, _symbols(view, row[0]))
