"""Vectors as one reader sees them: what is published, and what was embedded of files that changed since."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from magray_core.contracts import Embedder
from magray_core.errors import IndexCorrupt, IndexingError
from magray_indexers.store import CHUNK_BITS, id_range
from magray_indexers.vectors.cache import VectorCache
from magray_indexers.vectors.exact import ExactIndex
from magray_indexers.vectors.publishing import PublishedVectors, VectorGeneration, open_published
from magray_indexers.vectors.quantizing import normalized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows

_MAX_FRESH_FILES = 256
_MAX_MASKED = 2_000


class KeyRows(Protocol):
    """The rows of the reader's snapshot (``corpus.Rows``)."""

    def plain(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows as they are."""

    def whole(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows with their checksums checked and cut off."""


class ChunkVectors:
    """Nearest chunks of one generation. Chunk ids as in ``ranking.view``. Thread-safe."""

    def __init__(self, published: PublishedVectors, embedder: Embedder, rows: KeyRows, cache_file: Path) -> None:
        self._published, self._embedder = published, embedder
        self._rows, self._cache_file = rows, cache_file
        self._pending = {number for (number,) in rows.plain("SELECT file FROM vector_pending")}
        self._lock = threading.Lock()
        self._fresh: ExactIndex | None = None
        self._masked: NDArray[np.int64] | None = None
        self.embed_query = lru_cache(maxsize=64)(embedder.embed_query)
        """(dim,) float32 of a question."""

    @classmethod
    def open(
        cls, folder: Path, cache_file: Path, generation: VectorGeneration, embedder: Embedder | None, rows: KeyRows
    ) -> ChunkVectors | None:
        """The vectors of a generation, or None where there are none that can be used: search goes on by words."""
        if embedder is None or not generation.folder or embedder.model.dim != generation.dim:
            return None
        try:
            return cls(open_published(folder, generation), embedder, rows, cache_file)
        except IndexCorrupt:
            return None  # the next slice of embedding publishes them again

    @property
    def model(self) -> str:
        """Whose vectors these are."""
        return self._embedder.model.id

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts that the index does not hold: open documents."""
        return self._embedder.embed(texts)

    @property
    def quick(self) -> bool:
        """Whether texts can be embedded while somebody waits."""
        return self._embedder.model.quick

    @property
    def trust(self) -> float:
        """What similarity weighs against words where names of files tell nothing."""
        return self._embedder.model.trust

    def search(self, vector: NDArray[np.float32], k: int, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (chunk id, cosine) pairs, best first, among the chunks that ``keep`` admits."""
        found = self._fresh_index().search(vector, k, keep=keep)
        stale = self._stale()
        wanted = k + min(len(stale), _MAX_MASKED)
        for number, cosine in self._published.search(vector, wanted, keep=keep):
            if number >> CHUNK_BITS not in self._pending:
                found.append((number, cosine))
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def cosines(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine with each of these chunks that has a vector."""
        import numpy as np

        found: dict[int, float] = {}
        settled = np.array([number for number in ids if number >> CHUNK_BITS not in self._pending], np.int64)
        fresh = np.array([number for number in ids if number >> CHUNK_BITS in self._pending], np.int64)
        for index, numbers in ((self._published, settled), (self._fresh_index(), fresh)):
            if len(numbers):
                values = index.cosines(vector, numbers)
                known = ~np.isnan(values)
                found |= dict(zip(numbers[known].tolist(), values[known].tolist(), strict=True))
        return found

    def _stale(self) -> NDArray[np.int64]:
        """Published ids whose files changed since."""
        import numpy as np

        with self._lock:
            if self._masked is None:
                files = self._published.ids >> CHUNK_BITS
                pending = np.fromiter(self._pending, np.int64, len(self._pending))
                self._masked = self._published.ids[np.isin(files, pending)] if len(pending) else pending
            return self._masked

    def _fresh_index(self) -> ExactIndex:
        """What is embedded already of the changed files; nothing while very many changed."""
        with self._lock:
            if self._fresh is None:
                self._fresh = self._load_fresh()
            return self._fresh

    def _load_fresh(self) -> ExactIndex:
        import numpy as np

        model = self._embedder.model
        index = ExactIndex(model.dim)
        if not self._pending or len(self._pending) > _MAX_FRESH_FILES:
            return index
        cache = VectorCache.open_for_reading(self._cache_file)
        if cache is None:
            return index
        try:
            sql = "SELECT * FROM embedded WHERE id BETWEEN ? AND ? ORDER BY id"
            keys = dict(row for number in sorted(self._pending) for row in self._rows.whole(sql, id_range(number)))
            vectors, _ = cache.fetch(model.id, list(keys.values()))
            ids = [number for number, key in keys.items() if len(vectors.get(key, b"")) == model.dim]
            rows = np.frombuffer(b"".join(vectors[keys[number]] for number in ids), np.int8)
            if ids:
                index.add(np.array(ids, np.int64), normalized(rows.reshape(len(ids), model.dim)))
        except (sqlite3.Error, IndexingError):
            return ExactIndex(model.dim)  # words still find them; the writer mends the cache
        finally:
            cache.close()
        return index
