"""The shared index as ranking sees it (``ranking.view.SearchView``): one transaction of a reader."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from magray_core.contracts import Embedder
from magray_core.memory import Chunk, Freshness, SearchScope, Symbol
from magray_indexers.corpus import chunk_of, symbol_of
from magray_indexers.keyword import FIELDS, FieldStatistics
from magray_indexers.postgres.lexemes import frequencies, of_repository
from magray_indexers.postgres.selection import Selection
from magray_indexers.postgres.vector_index import PostgresVectorIndex
from magray_indexers.ranking.scope import admitted_by
from magray_indexers.ranking.view import FileEntry
from magray_indexers.store import CHUNK_BITS, id_range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows
    from magray_indexers.postgres.connection import Cursor

_K1, _B = 1.2, 0.75
_MASK = (1 << CHUNK_BITS) - 1
_IN_FILE = f"BETWEEN s.id >> {CHUNK_BITS} << {CHUNK_BITS} AND s.id | {_MASK}"
_CHUNKS_BEFORE = f"magray.chunks c WHERE c.id {_IN_FILE} AND c.start_at <= s.name_start"
_CHUNK_OF_NAME = f"(SELECT c.id FROM {_CHUNKS_BEFORE} ORDER BY c.id DESC LIMIT 1)"
_IN_REPOSITORIES = (
    f"AND EXISTS (SELECT FROM magray.files f WHERE f.id = s.id >> {CHUNK_BITS} AND f.repository = ANY(%(r)s))"
)


@dataclass(frozen=True, slots=True)
class SharedVectors:
    """Implements ``ranking.view.VectorView`` within one transaction."""

    index: PostgresVectorIndex
    embedder: Embedder
    embed_query: Callable[[str], NDArray[np.float32]]

    @property
    def quick(self) -> bool:
        """Whether texts can be embedded while somebody waits."""
        return self.embedder.model.quick

    @property
    def trust(self) -> float:
        """What similarity weighs against words where names of files tell nothing."""
        return self.embedder.model.trust

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts that the index does not hold: open documents."""
        return self.embedder.embed(texts)

    def search(self, vector: NDArray[np.float32], k: int, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (chunk id, cosine) pairs, best first, among the chunks that ``keep`` admits."""
        return self.index.search(vector, k, keep=keep)

    def cosines(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine with each of these chunks that has a vector."""
        return self.index.cosines(vector, ids) if ids else {}


class SharedView:
    """Answers what ranking asks, from the transaction of one cursor. One thread at a time."""

    def __init__(self, cursor: Cursor, selection: Selection, vectors: SharedVectors | None) -> None:
        self._cursor, self._selection = cursor, selection
        self.vectors = vectors
        self._counts: dict[str, dict[str, list[tuple[int, int]]]] = {field: {} for field in FIELDS}
        self._asked: set[str] = set()
        self._chunks_at: dict[tuple[int, int], int | None] = {}
        numbers = selection.numbers
        any_of_them = " | ".join(f"'{of_repository(number)}'" for number in numbers or ())
        self._here = "" if numbers is None else f" & ({any_of_them})"

    def rows(self, sql: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """The rows of one statement. ``%(r)s`` are the numbers of the repositories that are asked."""
        self._cursor.execute(sql.encode(), {"r": self._selection.numbers, **values})
        return self._cursor.fetchall()

    def best(
        self,
        field: str,
        tokens: Sequence[str],
        limit: int,
        weights: Mapping[str, float] | None = None,
        among: frozenset[int] | None = None,
    ) -> list[tuple[int, float]]:
        """As ``ranking.view.SearchView.best``: BM25 as Tantivy computes it."""
        statistics = self.statistics(field, tokens)
        n_chunks = statistics.n_chunks
        lexemes: list[str] = []
        shares: list[float] = []
        often: list[int] = []
        for token in dict.fromkeys(tokens):
            n = statistics.doc_freq[token]
            weight = (weights or {}).get(token, 1.0)
            for frequency, _ in self._counts[field].get(token, ()):
                lexemes.append(f"'{FIELDS.index(field)}{token} {frequency}'{self._here}")
                shares.append(weight * _idf(n_chunks, n) * (_K1 + 1) * frequency)
                often.append(frequency)
        if not lexemes or limit < 1:
            return []
        short, long = _K1 * (1 - _B), _K1 * _B / (self._selection.mean_length(field) or 1.0)
        narrowed = f"WHERE w.chunk >> {CHUNK_BITS} = ANY(%(among)s)" if among is not None else ""
        # OFFSET 0 keeps the planner from trading the full-text index for one scan of the table for each lexeme.
        found = self.rows(
            f"SELECT w.chunk, sum(a.share / (a.often + {short!r}::float8 + {long!r}::float8 * w.length)) AS score"
            " FROM unnest(%(lexemes)s::text[], %(shares)s::float8[], %(often)s::float8[]) AS a(lexeme, share, often)"
            f" CROSS JOIN LATERAL (SELECT w.chunk, w.{field} AS length FROM magray.words w"
            " WHERE w.lexemes @@ a.lexeme::tsquery OFFSET 0) AS w"
            f" {narrowed} GROUP BY w.chunk ORDER BY score DESC, w.chunk LIMIT {limit:d}",
            {"lexemes": lexemes, "shares": shares, "often": often, "among": sorted(among or ())},
        )
        return [(int(chunk), float(score)) for chunk, score in found]

    def files_in(self, scope: SearchScope) -> frozenset[int] | None:
        """Ids of the files that the scope admits; None for all. Globs are matched within each repository."""
        admits = admitted_by(scope)
        if admits is None:
            return None
        narrowed = "WHERE repository = ANY(%(r)s)" if self._selection.numbers is not None else ""
        rows = self.rows(f"SELECT id, path, language FROM magray.files {narrowed}", {})
        return frozenset(number for number, path, language in rows if admits(path, language))

    def statistics(self, field: str, tokens: Iterable[str]) -> FieldStatistics:
        """The chosen repositories as BM25 sees them, with the document frequency of each token; 0 for unknown ones."""
        tokens = list(tokens)
        self._look_up(tokens)
        known = self._counts[field]
        doc_freq = {token: sum(n for _, n in known.get(token, ())) for token in tokens}
        return FieldStatistics(self._selection.n_chunks, self._selection.mean_length(field), doc_freq)

    def files(self, numbers: Iterable[int]) -> dict[int, FileEntry]:
        """The files with these ids; unknown ids are left out."""
        rows = self.rows(
            "SELECT id, repository, path, language, n_chars, changed, problems FROM magray.files"
            " WHERE id = ANY(%(ids)s)",
            {"ids": list(numbers)},
        )
        return {
            number: FileEntry(self._selection.path(repository, path), *rest) for number, repository, path, *rest in rows
        }

    def affinity(self, near: Sequence[str], paths: Iterable[str]) -> dict[str, float]:
        """Nothing: a team's index knows nobody's open files, and holds no graph."""
        return {}

    def chunk(self, chunk_id: int) -> Chunk | None:
        """A chunk with its text, or None if there is none with this id."""
        rows = self.chunks(chunk_id, chunk_id)
        return rows[0] if rows else None

    def chunks(self, first: int, last: int) -> list[Chunk]:
        """The chunks of a range of ids, in order."""
        rows = self.rows(
            "SELECT * FROM magray.chunks WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id",
            {"first": first, "last": last},
        )
        return [chunk_of((*row[:-1], bytes(row[-1]).decode("utf-8", "surrogatepass"))) for row in rows]

    def chunk_at(self, file: int, offset: int) -> int | None:
        """The id of the file's chunk that holds the offset (code points), or None."""
        if (file, offset) not in self._chunks_at:
            first, last = id_range(file)
            rows = self.rows(
                "SELECT id FROM magray.chunks WHERE id BETWEEN %(first)s AND %(last)s AND start_at <= %(offset)s"
                " ORDER BY id DESC LIMIT 1",
                {"first": first, "last": last, "offset": offset},
            )
            self._chunks_at[file, offset] = rows[0][0] if rows else None
        return self._chunks_at[file, offset]

    def named(self, names: Sequence[str], limit: int) -> list[tuple[int, Symbol]]:
        """(file id, symbol) of the definitions with exactly one of these names, ordered by file id and place."""
        narrowed = _IN_REPOSITORIES if self._selection.numbers is not None else ""
        return self._symbols(
            f"s.name = ANY(%(names)s) {narrowed} ORDER BY s.id LIMIT {limit:d}", {"names": list(names)}
        )

    def named_in(self, files: Iterable[int], names: Sequence[str]) -> list[tuple[int, Symbol]]:
        """The same in these files alone, without a limit."""
        where = f"s.name = ANY(%(names)s) AND s.id >> {CHUNK_BITS} = ANY(%(files)s) ORDER BY s.id"
        return self._symbols(where, {"names": list(names), "files": list(files)})

    def freshness(self) -> Freshness:
        """How current the chosen repositories are."""
        return self._selection.freshness()

    def files_with(self, tokens: Sequence[str]) -> list[int]:
        """Ids of the files that have a chunk whose body has every token."""
        body = FIELDS.index("body")
        query = " & ".join(f"'{body}{token} ':*" for token in dict.fromkeys(tokens)) + self._here
        sql = f"SELECT DISTINCT chunk >> {CHUNK_BITS} FROM magray.words WHERE lexemes @@ %(query)s::tsquery"
        return [number for (number,) in self.rows(sql, {"query": query})] if tokens else []

    def _symbols(self, where: str, values: Mapping[str, object]) -> list[tuple[int, Symbol]]:
        """Definitions, remembering which chunk holds the name of each: ranking asks for that next."""
        found = []
        for *row, chunk in self.rows(f"SELECT s.*, {_CHUNK_OF_NAME} FROM magray.symbols s WHERE {where}", values):
            symbol, file = symbol_of(row), row[0] >> CHUNK_BITS
            self._chunks_at[file, symbol.name_span.start] = chunk
            found.append((file, symbol))
        return found

    def _look_up(self, tokens: Iterable[str]) -> None:
        """Counts of these tokens in every field, once for each token."""
        new = sorted(set(tokens) - self._asked)
        if not new:
            return
        self._asked.update(new)
        narrowed = "AND v.repository = ANY(%(r)s)" if self._selection.numbers is not None else ""
        # "!" is the character after the space that ends a token.
        rows = self.rows(
            "SELECT v.lexeme, sum(v.n)::bigint FROM unnest(%(tokens)s::text[]) AS a(token)"
            f" CROSS JOIN generate_series(0, {len(FIELDS) - 1}) AS field CROSS JOIN LATERAL (SELECT lexeme, n"
            " FROM magray.vocabulary AS v WHERE v.lexeme > (field || a.token || ' ') COLLATE \"C\""
            f" AND v.lexeme < (field || a.token || '!') COLLATE \"C\" {narrowed} OFFSET 0) AS v GROUP BY v.lexeme",
            {"tokens": new},
        )
        for field in FIELDS:
            self._counts[field].update(frequencies(field, new, rows))


def _idf(n_chunks: int, n: int) -> float:
    return math.log(1 + (n_chunks - n + 0.5) / (n + 0.5))
