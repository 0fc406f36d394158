"""Reading the index: one consistent generation, shared by any number of threads; implements ``DocStore``."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from magray_configs.paths import WorkspacePaths
from magray_core.cancel import CancelToken
from magray_core.contracts import EmbedderFor
from magray_core.documents import Document
from magray_core.errors import IndexCorrupt, IndexUnavailable
from magray_core.memory import EVERYWHERE, Freshness, Marker, Occurrence, ParsedFile, SearchResult, SearchScope, Symbol
from magray_indexers import generations, git, store
from magray_indexers.connecting import is_sealed
from magray_indexers.corpus import Corpus, Rows, chunk_of, symbol_of
from magray_indexers.fuzzy import fuzzy_rank
from magray_indexers.graph.affinity import file_graphs
from magray_indexers.keyword import KeywordIndex
from magray_indexers.keyword_memory import keywords_of
from magray_indexers.media.reading import LANGUAGES as MEDIA
from magray_indexers.privacy.scanning import MASKED
from magray_indexers.store import CHUNK_BITS, id_range
from magray_indexers.vectors.publishing import VectorGeneration, read_vector_generation
from magray_indexers.vectors.searched import ChunkVectors

_OPEN_TRIES = 5
_MAX_FUZZY_NAMES = 20_000


class IndexReader:
    """The index as it was when this reader was opened, however long it lives. Close it when a newer one took over."""

    def __init__(
        self, root: Path, db: sqlite3.Connection, generation: store.Generation, keyword: KeywordIndex,
        embedder_for: EmbedderFor | None,
    ) -> None:  # fmt: skip
        self._root = root
        self._rows = Rows(db, WorkspacePaths(root).memory)
        self.generation = generation
        self.vector_generation = _vector_generation(db)
        embedder = embedder_for(self.vector_generation.model) if embedder_for and self.vector_generation.model else None
        paths = WorkspacePaths(root)
        vectors = ChunkVectors.open(paths.vectors, paths.vector_cache, self.vector_generation, embedder, self._rows)
        self.corpus = Corpus(self._rows, keyword, self.freshness, vectors, file_graphs(root))
        """What ``searching.search`` takes as its view."""
        self._newest: sqlite3.Connection | None = None
        self._newest_lock = threading.Lock()
        self._changed: set[str] = set()

    @classmethod
    def open(cls, root: Path, *, embedder_for: EmbedderFor | None = None) -> IndexReader:
        """The newest generation. Files of derived indexes are hashed before native code sees them.

        ``embedder_for`` gives the embedder of a model by its id, for questions; without it search goes by words alone.
        Readers of one process share what they have in common, so that opening after a save takes a millisecond.
        Raises IndexUnavailable if there is no index, IndexCorrupt if it is damaged (``building.build`` repairs it),
        IndexFormatTooNew.
        """
        paths = WorkspacePaths(root)
        for last in range(_OPEN_TRIES - 1, -1, -1):
            db = store.open_for_reading(paths.index_db)
            try:
                db.execute("BEGIN")
                generation = store.read_generation(db)
                if not generation.keyword:
                    raise IndexUnavailable("the first index is not finished yet", hint="try again in a moment")
                return cls(root, db, generation, _keyword_index(paths.keyword, generation, db), embedder_for)
            except IndexCorrupt:
                # A writer that published twice since the first look has deleted the generation: look again.
                newest = store.read_generation(_again(db))
                db.close()
                if not last or newest.number == generation.number:
                    raise
            except sqlite3.Error as error:
                db.close()
                raise store.translated(error) from error
            except BaseException:
                db.close()
                raise
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Let go of the snapshot; idempotent. No other call may be under way."""
        self._rows.close()
        self.corpus.vectors = None
        with self._newest_lock:
            if self._newest is not None:
                self._newest.close()
                self._newest = None

    def current(self) -> bool:
        """Whether this is still the newest generation. Cheap: for every request."""
        try:
            with self._newest_lock:
                if self._newest is None:
                    self._newest = store.open_for_reading(WorkspacePaths(self._root).index_db)
                row = self._newest.execute("SELECT number FROM generation").fetchone()
                vectors = self._newest.execute("SELECT folder FROM vector_generation").fetchone()
        except (sqlite3.Error, IndexUnavailable, IndexCorrupt):
            return True
        same = (vectors[0] if vectors else "") == self.vector_generation.folder
        return row is None or (row[0] == self.generation.number and same)

    def other_commit(self) -> bool:
        """Whether another commit is checked out than when the index was last looked over."""
        return git.head(self._root) != self.generation.head

    def search(
        self, query: str, k: int, *, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
    ) -> SearchResult:
        """Hits in scope, best first; see ``magray_indexers.searching``."""
        from magray_indexers.searching import search

        unsaved = [document for document in overlay if document.content_hash != self.content_hash(document.path)]
        return search(self.corpus, query, k, unsaved, scope)

    def file(self, path: str) -> ParsedFile | None:
        """What the index knows of a file, or None."""
        rows = self._rows
        with rows.lock:
            found = rows.whole("SELECT * FROM files WHERE path = ?", (path,))
            if not found:
                return None
            span = id_range(found[0][0])
            chunks = rows.whole("SELECT * FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", span)
            symbols = rows.whole("SELECT * FROM symbols WHERE id BETWEEN ? AND ? ORDER BY id", span)
            markers = rows.whole("SELECT * FROM markers WHERE id BETWEEN ? AND ? ORDER BY id", span)
            markers = [row for row in markers if row[2] != MASKED]
        return ParsedFile(
            path, found[0][4], tuple(map(chunk_of, chunks)), tuple(map(symbol_of, symbols)),
            tuple(Marker(*row[1:]) for row in markers), found[0][5],
        )  # fmt: skip

    def text(self, path: str) -> str | None:
        """The text that was indexed under the path, or None."""
        with self._rows.lock:
            found = self._rows.plain("SELECT id FROM files WHERE path = ?", (path,))
            return self._text(found[0][0]) if found else None

    def content_hash(self, path: str) -> str | None:
        """sha256 (hex) of the bytes that were indexed under the path, or None."""
        found = self._rows.plain("SELECT hash FROM files WHERE path = ?", (path,))
        return found[0][0] if found else None

    def paths(self) -> Iterable[tuple[str, str]]:
        """(path, language) of every indexed file, ordered by path."""
        return [
            (path, language) for path, language in self._rows.plain("SELECT path, language FROM files ORDER BY path")
        ]

    def symbols_named(self, name: str, *, limit: int = 200) -> list[tuple[str, Symbol]]:
        """(path, symbol) of the definitions with exactly this name; a dotted name matches qualified names by suffix."""
        last = name.rpartition(".")[2]
        rows = self._rows.whole("SELECT * FROM symbols WHERE name = ? ORDER BY id", (last,))
        if last != name:
            rows = [row for row in rows if row[2] == name or row[2].endswith(f".{name}")]
        return self._with_paths(rows)[:limit]

    def find_symbols(self, query: str, *, limit: int = 100) -> list[tuple[str, Symbol]]:
        """Definitions whose name has the query's characters in order, best first; a dotted query names a parent too.

        Best are equal names, then those that begin with the query, that have it at the start of a part or as the
        initials of their parts, anywhere, scattered.
        """
        parent, _, wanted = query.strip().rpartition(".")
        if not wanted:
            return []
        pattern = "%" + "%".join(re.sub(r"([%_\\])", r"\\\1", char) for char in wanted) + "%"
        names = self._rows.plain(
            "SELECT DISTINCT name FROM symbols WHERE name LIKE ? ESCAPE '\\' LIMIT ?", (pattern, _MAX_FUZZY_NAMES)
        )
        found: list[tuple[str, Symbol]] = []
        for _, name in sorted((fuzzy_rank(name, wanted), name) for (name,) in names):
            some = self.symbols_named(name, limit=limit)
            found += [pair for pair in some if parent.lower() in pair[1].qualified_name.lower()] if parent else some
            if len(found) >= limit:
                break
        return found[:limit]

    def occurrences(
        self, name: str, *, overlay: Sequence[Document] = (), cancel: CancelToken | None = None
    ) -> list[Occurrence]:
        """Every whole-word mention of the name in the workspace, of every kind, ordered by path and offset."""
        from magray_indexers.occurrences import occurrences_in
        from magray_indexers.parsing import parse
        from magray_indexers.privacy.redaction import redacted_quickly

        cancel = cancel or CancelToken()
        open_paths = {document.path for document in overlay}
        found: list[Occurrence] = []
        for path in self.mentioning(name):
            cancel.check()
            if path not in open_paths:
                found += self.occurrences_in(path, name)
        for document in overlay:
            cancel.check()
            if name.rpartition(".")[2] in document.text:
                text = redacted_quickly(document.text, path=document.path)
                parsed = parse(document.path, text)
                found += occurrences_in(document.path, text, parsed.language, name, parsed.symbols)
        return sorted(found, key=lambda occurrence: (occurrence.path, occurrence.span.start))

    def mentioning(self, name: str) -> list[str]:
        """Paths of the files that may mention the name, ordered: every one that does and perhaps some that do not."""
        from magray_indexers.tokens import code_tokens

        tokens = code_tokens(name.rpartition(".")[2])[:1]
        entries = self.corpus.files(self.corpus.files_with(tokens) if tokens else ())
        return sorted(entry.path for entry in entries.values() if entry.language not in MEDIA)

    def occurrences_in(self, path: str, name: str) -> list[Occurrence]:
        """The mentions of a name in one file as it was indexed."""
        from magray_indexers.occurrences import occurrences_in

        with self._rows.lock:
            rows = self._rows.plain("SELECT id, language FROM files WHERE path = ?", (path,))
            text = self._text(rows[0][0]) if rows else ""
            if name.rpartition(".")[2] not in text:
                return []
            found = self._rows.whole("SELECT * FROM symbols WHERE id BETWEEN ? AND ? ORDER BY id", id_range(rows[0][0]))
        return occurrences_in(path, text, rows[0][1], name, [symbol_of(row) for row in found])

    def freshness(self) -> Freshness:
        """How current the generation is; ``dirty`` counts what ``note_changed`` was told."""
        generation = self.generation
        return Freshness(
            generation.number, generation.head, git.head(self._root), len(self._changed),
            max(0.0, time.time() - generation.finished), generation.complete,
        )  # fmt: skip

    def note_changed(self, paths: Iterable[str]) -> None:
        """Files known to have changed since; ``freshness`` counts them."""
        self._changed |= set(paths)

    def _text(self, number: int) -> str:
        chunks = self._rows.whole("SELECT * FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", id_range(number))
        return "".join(row[7] for row in chunks)

    def _with_paths(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, Symbol]]:
        files = self.corpus.files({row[0] >> CHUNK_BITS for row in rows})
        found = [(files[row[0] >> CHUNK_BITS].path, symbol_of(row)) for row in rows]
        return sorted(found, key=lambda pair: (pair[0], pair[1].span.start))


def _vector_generation(db: sqlite3.Connection) -> VectorGeneration:
    """What is published, or nothing where the row is damaged: words go on answering, the next writer mends it."""
    try:
        return read_vector_generation(db)
    except IndexCorrupt:
        return VectorGeneration()


_open_indexes: WeakValueDictionary[tuple[object, ...], KeywordIndex] = WeakValueDictionary()


def _keyword_index(folder: Path, generation: store.Generation, db: sqlite3.Connection) -> KeywordIndex:
    """The generation's keyword index, verified and opened unless a living reader of this process has it."""
    key = (folder, generation.keyword, *sorted(generation.manifest.items()))
    index = _open_indexes.get(key)
    if index is None:
        if is_sealed(folder.parent):
            index = keywords_of(folder).at(db, generation.n_chunks)
        else:
            generations.verify(folder, generation.keyword, generation.manifest)
            index = KeywordIndex.open(folder / generation.keyword)
        _open_indexes[key] = index
    return index


def _again(db: sqlite3.Connection) -> sqlite3.Connection:
    """The same connection, looking at the newest state."""
    db.execute("ROLLBACK")
    return db
