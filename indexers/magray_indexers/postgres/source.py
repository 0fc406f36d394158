"""What is published: one generation of a workspace's own index, with the vectors that its cache holds."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_configs.paths import WorkspacePaths
from magray_core.contracts import EmbeddingModel
from magray_core.errors import IndexUnavailable
from magray_indexers import store
from magray_indexers.corpus import Rows, written_at
from magray_indexers.store import CHUNK_BITS
from magray_indexers.vectors.cache import VectorCache
from magray_indexers.vectors.publishing import read_vector_generation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Source:
    """One snapshot of the workspace's own index."""

    rows: Rows
    cache_file: Path
    generation: store.Generation
    model: EmbeddingModel | None

    def files(self) -> dict[str, tuple[int, bytes, float]]:
        """(id, fingerprint, time of the last write) by path.

        The fingerprint covers every row of the file, so that it changes with them: when a newer version cuts or masks
        a file otherwise, its bytes are as they were.
        """
        digests: dict[int, Any] = {}
        paths: dict[str, tuple[int, float]] = {}
        for number, path, content, stat in self.rows.plain("SELECT id, path, hash, stat FROM files"):
            paths[path] = number, written_at(stat)
            digests[number] = hashlib.blake2b(content.encode(), digest_size=16)
        for table in ("chunks", "symbols", "markers"):
            sums: dict[int, list[int]] = defaultdict(list)
            for number, total in self.rows.plain(f"SELECT id, sum FROM {table} ORDER BY id"):
                sums[number >> CHUNK_BITS].append(total)
            for number, totals in sums.items():
                digests[number].update(f"{table}{totals}".encode())
        return {path: (number, digests[number].digest(), written) for path, (number, written) in paths.items()}

    def keys(self) -> dict[int, bytes]:
        """What names the vector of each chunk, by chunk id."""
        return dict(self.rows.whole("SELECT * FROM embedded"))

    def vectors(self, model: EmbeddingModel, keys: Sequence[bytes]) -> dict[bytes, NDArray[np.int8]]:
        """(dim,) int8 of those keys that have a sound one."""
        import numpy as np

        cache = VectorCache.open_for_reading(self.cache_file)
        if cache is None:
            return {}
        try:
            found, _ = cache.fetch(model.id, keys)
        finally:
            cache.close()
        return {key: np.frombuffer(row, np.int8) for key, row in found.items() if len(row) == model.dim}


@contextlib.contextmanager
def opened_source(paths: WorkspacePaths) -> Iterator[Source]:
    """The workspace's newest complete generation. Raises IndexUnavailable, IndexCorrupt, IndexFormatTooNew."""
    db = store.open_for_reading(paths.index_db)
    rows = Rows(db, paths.memory)
    try:
        db.execute("BEGIN")
        generation = store.read_generation(db)
        if not generation.complete:
            raise IndexUnavailable("the workspace's index is not complete", hint="run `magray index`, then publish")
        vectors = read_vector_generation(db)
        model = EmbeddingModel(vectors.model, vectors.dim) if vectors.model else None
        yield Source(rows, paths.vector_cache, generation, model)
    except sqlite3.Error as error:
        raise store.translated(error) from error
    finally:
        rows.close()
