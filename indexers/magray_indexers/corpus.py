"""One generation as ranking sees it (``ranking.view.SearchView``): the keyword index and the rows it was made from.

Files saved since the keyword index was written are scored here with the same formula and the index's statistics, so
that a save is searchable at once and the ranking need not know about it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from magray_core.errors import IndexCorrupt, IndexingError
from magray_core.memory import Chunk, Freshness, SearchScope, Symbol, SymbolKind
from magray_core.spans import Span
from magray_indexers.graph.affinity import FileGraphs, affinity
from magray_indexers.keyword import FIELDS, FieldStatistics, FileCounters, KeywordIndex, bm25
from magray_indexers.locking import mark_suspect
from magray_indexers.ranking.scope import admitted_by
from magray_indexers.ranking.view import FileEntry
from magray_indexers.store import CHUNK_BITS, checked, id_range, translated
from magray_indexers.vectors.searched import ChunkVectors
from magray_indexers.writing import tokens_of

_SAMPLE_CHUNKS = 200
_BATCH = 500


class Rows:
    """Queries on one snapshot of the store; one connection, one lock, any number of threads."""

    def __init__(self, db: sqlite3.Connection, memory: Path) -> None:
        self._db = db
        self._memory = memory
        self.lock = threading.RLock()

    def plain(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows as they are. Raises IndexCorrupt."""
        try:
            with self.lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._met(error) from error

    def whole(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Whole rows of one table, their checksums checked and cut off.

        Raises IndexCorrupt, and sees to it that the next build looks at every row.
        """
        rows = self.plain(sql, values)
        try:
            return [checked(row) for row in rows]
        except IndexCorrupt:
            mark_suspect(self._memory)
            raise

    def among(self, sql: str, ids: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Whole rows for each of the ids; ``sql`` ends in ``IN``."""
        ordered = sorted(ids)
        found: list[tuple[Any, ...]] = []
        for i in range(0, len(ordered), _BATCH):
            some = ordered[i : i + _BATCH]
            found += self.whole(f"{sql} ({','.join('?' * len(some))})", some)
        return found

    def tokens_of(self, number: int) -> list[tuple[str, ...]]:
        """A file's tokens by chunk, in the order of ``FIELDS``."""
        try:
            with self.lock:
                return tokens_of(self._db, number)
        except sqlite3.Error as error:
            raise self._met(error) from error

    def _met(self, error: sqlite3.Error) -> IndexingError:
        met = translated(error)
        if isinstance(met, IndexCorrupt):
            mark_suspect(self._memory)
        return met

    def close(self) -> None:
        """End the snapshot."""
        with self.lock:
            self._db.close()


class Corpus:
    """The keyword index together with the files saved since it was written. Thread-safe."""

    def __init__(
        self,
        rows: Rows,
        keyword: KeywordIndex,
        freshness: Callable[[], Freshness],
        vectors: ChunkVectors | None,
        graphs: FileGraphs | None,
    ) -> None:
        self._rows, self._keyword, self._graphs = rows, keyword, graphs
        self.freshness = freshness
        self.vectors = vectors
        self._pending = {number for (number,) in rows.plain("SELECT file FROM pending")}
        self._fresh_counters: dict[int, dict[str, Counter[str]]] | None = None

    def best(
        self,
        field: str,
        tokens: Sequence[str],
        limit: int,
        weights: Mapping[str, float] | None = None,
        among: frozenset[int] | None = None,
    ) -> list[tuple[int, float]]:
        """As ``ranking.view.SearchView.best``."""
        if not self._pending:
            return self._keyword.best(field, tokens, limit, weights, among)
        statistics = self.statistics(field, tokens)
        hits = [
            (chunk, score)
            for chunk, counts in self._fresh().items()
            if (among is None or chunk >> CHUNK_BITS in among)
            and (score := _score(tokens, counts[field], statistics, weights)) > 0
        ]
        base = self._keyword.best(field, tokens, 2 * limit, weights, among)
        hits += [hit for hit in base if hit[0] >> CHUNK_BITS not in self._pending]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:limit]

    def files_in(self, scope: SearchScope) -> frozenset[int] | None:
        """Ids of the files that the scope admits; None for all."""
        admits = admitted_by(scope)
        if admits is None:
            return None
        rows = self._rows.plain("SELECT id, path, language FROM files")
        return frozenset(number for number, path, language in rows if admits(path, language))

    def statistics(self, field: str, tokens: Iterable[str]) -> FieldStatistics:
        """The corpus as ``keyword.bm25`` needs it, to score texts that are not in the index."""
        frequency = {token: self._keyword.doc_freq(field, token) for token in tokens}
        return FieldStatistics(self._keyword.n_chunks, self._lengths()[field], frequency)

    def files(self, numbers: Iterable[int]) -> dict[int, FileEntry]:
        """The files with these ids; unknown ids are left out."""
        rows = self._rows.among("SELECT * FROM files WHERE id IN", numbers)
        return {row[0]: FileEntry(row[1], row[4], row[7], written_at(row[3]), row[5]) for row in rows}

    def affinity(self, near: Sequence[str], paths: Iterable[str]) -> Mapping[str, float]:
        """How near each path is to the files in ``near``, 0 to 1; nothing while there is no graph."""
        graph = self._graphs.current() if self._graphs is not None and near else None
        return {} if graph is None else affinity(graph, near, paths)

    def chunk(self, chunk_id: int) -> Chunk | None:
        """A chunk with its text, or None if there is none with this id."""
        rows = self._rows.whole("SELECT * FROM chunks WHERE id = ?", (chunk_id,))
        return chunk_of(rows[0]) if rows else None

    def chunk_at(self, file: int, offset: int) -> int | None:
        """The id of the file's chunk that holds the offset (code points), or None."""
        first, last = id_range(file)
        rows = self._rows.plain(
            "SELECT id FROM chunks WHERE id BETWEEN ? AND ? AND start <= ? ORDER BY id DESC LIMIT 1",
            (first, last, offset),
        )
        return rows[0][0] if rows else None

    def named(self, names: Sequence[str], limit: int) -> list[tuple[int, Symbol]]:
        """(file id, symbol) of the definitions with exactly one of these names, ordered by file id and place."""
        sql = f"SELECT * FROM symbols WHERE name IN ({','.join('?' * len(names))}) ORDER BY id LIMIT ?"
        return [(row[0] >> CHUNK_BITS, symbol_of(row)) for row in self._rows.whole(sql, (*names, limit))]

    def named_in(self, files: Iterable[int], names: Sequence[str]) -> list[tuple[int, Symbol]]:
        """The same in these files alone, without a limit."""
        sql = f"SELECT * FROM symbols WHERE id BETWEEN ? AND ? AND name IN ({','.join('?' * len(names))}) ORDER BY id"
        return [
            (file, symbol_of(row)) for file in sorted(files) for row in self._rows.whole(sql, (*id_range(file), *names))
        ]

    def files_with(self, tokens: Sequence[str]) -> set[int]:
        """Ids of the files that may have every token in one chunk; files saved since are all in."""
        return self._keyword.files_with(tokens) | self._pending

    def _fresh(self) -> dict[int, dict[str, Counter[str]]]:
        with self._rows.lock:
            if self._fresh_counters is None:
                self._fresh_counters = {
                    id_range(number)[0] + i: fields
                    for number in self._pending
                    for i, fields in enumerate(self._counters(number))
                }
            return self._fresh_counters

    def _counters(self, number: int) -> FileCounters:
        """A file's token counts; remembered beyond this reader, because each save makes a new one."""
        found = self._rows.plain("SELECT hash FROM files WHERE id = ?", (number,))
        if not found:
            return ()
        known = self._keyword.counters
        key = (number, str(found[0][0]))
        if key not in known:
            known[key] = tuple(
                {name: Counter(text.split()) for name, text in zip(FIELDS, texts, strict=True)}
                for texts in self._rows.tokens_of(number)
            )
        return known[key]

    def _lengths(self) -> dict[str, float]:
        """Mean tokens by field over a sample: ids are hashes, so the first files are as good as any."""
        with self._rows.lock:
            means = self._keyword.mean_lengths
            if not means:
                totals: Counter[str] = Counter()
                count = 0
                for (number,) in self._rows.plain("SELECT id FROM files ORDER BY id LIMIT ?", (_SAMPLE_CHUNKS,)):
                    for texts in self._rows.tokens_of(number):
                        count += 1
                        for name, text in zip(FIELDS, texts, strict=True):
                            totals[name] += text.count(" ") + 1 if text else 0
                    if count >= _SAMPLE_CHUNKS:
                        break
                means.update({name: totals[name] / max(1, count) for name in FIELDS})
            return means


def chunk_of(row: Sequence[Any]) -> Chunk:
    """A chunk from its checked row."""
    number, start, end, start_line, end_line, symbol, kind, text = row
    index = number & ((1 << CHUNK_BITS) - 1)
    return Chunk(index, Span(start, end), start_line, end_line, text, symbol, SymbolKind(kind) if kind else None)


def symbol_of(row: Sequence[Any]) -> Symbol:
    """A symbol from its checked row."""
    _, name, qualified, kind, start, end, name_start, name_end, start_line, end_line, signature, doc, parent = row
    return Symbol(
        name, qualified, SymbolKind(kind), Span(start, end), Span(name_start, name_end), start_line, end_line,
        signature, doc, parent,
    )  # fmt: skip


def written_at(stat: str) -> float:
    """The time of the last write in a stat key (``walk.stat_key``), in seconds; 0 for a file that may still change."""
    parts = stat.split(".")
    return int(parts[1]) / 1e9 if len(parts) == 4 else 0.0


def _score(
    tokens: Sequence[str], counts: Counter[str], statistics: FieldStatistics, weights: Mapping[str, float] | None
) -> float:
    if weights is None:
        return bm25(tokens, counts, statistics)
    return sum(
        weights.get(token, 1.0) * bm25((token,), counts, statistics)
        for token in dict.fromkeys(tokens)
        if token in counts
    )
