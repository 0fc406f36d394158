"""The vector index that readers see: arrays by chunk id, derived from rows and cache, built aside, hashed, swapped.

A generation is a folder with ``ids.npy`` (n,) int64 ascending, ``rows.npy`` (n, dim) int8 and, above ``LARGE`` rows,
``hnsw.usearch``. One row of the store says which folder counts; it changes in the transaction that also forgets which
files are pending.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from magray_core.contracts import EmbeddingModel
from magray_core.errors import IndexCorrupt
from magray_core.failpoints import failpoint
from magray_indexers import generations
from magray_indexers.connecting import key_for
from magray_indexers.derived import transaction
from magray_indexers.privacy.keys import DataKey
from magray_indexers.privacy.sealing import Seal, read_sealed, write_sealed
from magray_indexers.store import checked, row_sum
from magray_indexers.vectors.cache import VectorCache
from magray_indexers.vectors.exact import ExactIndex
from magray_indexers.vectors.usearch_index import UsearchIndex, grown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows

LARGE = 100_000
"""Rows up to which every search looks at all of them: 4 ms for 256 numbers each."""
_IDS, _ROWS, _HNSW = "ids.npy", "rows.npy", "hnsw.usearch"
_WIDER = 4


@dataclass(frozen=True, slots=True)
class VectorGeneration:
    """What is published. ``complete`` says that every chunk had a vector then; ``folder`` is "" for nothing."""

    folder: str = ""
    manifest: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    model: str = ""
    dim: int = 0
    n_vectors: int = 0
    complete: bool = False


def read_vector_generation(db: sqlite3.Connection) -> VectorGeneration:
    """The vector generation that a reader starting now sees."""
    row = db.execute("SELECT * FROM vector_generation").fetchone()
    if row is None:
        return VectorGeneration()
    folder, manifest, model, dim, n_vectors, complete = checked(row[1:])
    files = {name: (digest, size) for name, (digest, size) in json.loads(manifest).items()}
    return VectorGeneration(folder, files, model, dim, n_vectors, bool(complete))


def publish(
    db: sqlite3.Connection, cache: VectorCache, folder: Path, model: EmbeddingModel, *, large: int = LARGE
) -> VectorGeneration:
    """Make the vectors that the cache has for the stored chunks what readers see. Needs the writer's lock.

    Raises IndexingError if the disk does not take them; then everything is as it was.
    """
    before = read_vector_generation(db)
    index, complete = _gathered(db, cache, model)
    name = generations.generation_name(_number(before.folder) + 1)
    target = folder / name
    generations.remove(target)
    target.mkdir(mode=0o700)
    key = key_for(folder)
    if key is not None:
        manifest = _written_sealed(target, index, key)
    else:
        manifest = _written(target, index, _grown(folder, before, model, index, large))
    failpoint("vectors-written")
    generation = VectorGeneration(name, manifest, model.id, model.dim, len(index), complete)
    with transaction(db):
        _write_vector_generation(db, generation)
        db.execute("DELETE FROM vector_pending")
        failpoint("before-vector-flip")
    generations.prune(folder, {name, before.folder})
    return generation


class PublishedVectors:
    """A published generation, shared by the readers of a process; memory-mapped where it is large. Thread-safe."""

    def __init__(self, exact: ExactIndex, hnsw: UsearchIndex | None) -> None:
        self._exact = exact
        self._hnsw = hnsw

    def __len__(self) -> int:
        """Vectors that can be found."""
        return len(self._exact)

    @property
    def ids(self) -> NDArray[np.int64]:
        """Chunk ids, ascending."""
        return self._exact.ids

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """As ``VectorIndex.search``: exact for small workspaces and for restricted searches, else by HNSW."""
        import numpy as np

        if self._hnsw is None or keep is not None:
            return self._exact.search(vector, k, keep=keep)
        likely = np.array([number for number, _ in self._hnsw.search(vector, _WIDER * k)], np.int64)
        cosines = self._exact.cosines(vector, likely)
        order = np.lexsort((likely, -cosines))[:k]
        return [(int(likely[i]), float(cosines[i])) for i in order]

    def cosines(self, vector: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The cosine with each of these chunks; NaN where there is no vector."""
        return self._exact.cosines(vector, ids)


_open_vectors: WeakValueDictionary[tuple[object, ...], PublishedVectors] = WeakValueDictionary()


def open_published(folder: Path, generation: VectorGeneration) -> PublishedVectors:
    """The generation's vectors, hashed before native code sees them. Raises IndexCorrupt."""
    key = (folder, generation.folder, *sorted(generation.manifest.items()))
    opened = _open_vectors.get(key)
    if opened is None:
        generations.verify(folder, generation.folder, generation.manifest)
        key_of_all = key_for(folder)
        if key_of_all is None:
            exact = _mapped(folder / generation.folder, generation.dim)
        else:
            exact = _unsealed(folder / generation.folder, generation.dim, key_of_all)
        file = folder / generation.folder / _HNSW
        hnsw = UsearchIndex.view(generation.dim, file) if _HNSW in generation.manifest else None
        opened = _open_vectors[key] = PublishedVectors(exact, hnsw)
    return opened


def _mapped(folder: Path, dim: int) -> ExactIndex:
    import numpy as np

    # A small index is read, so that nothing that happens to its files can reach a search; a large one is mapped.
    mode: Literal["r"] | None = "r" if (folder / _HNSW).exists() else None
    try:
        ids = np.load(folder / _IDS, mmap_mode=mode, allow_pickle=False)
        rows = np.load(folder / _ROWS, mmap_mode=mode, allow_pickle=False)
    except (ValueError, OSError) as error:
        raise IndexCorrupt("the vector index cannot be read", hint="run `magray index`") from error
    return _fitting(dim, ids, rows)


def _unsealed(folder: Path, dim: int, key: DataKey) -> ExactIndex:
    """The arrays of an encrypted memory: read whole, because a mapped file would have to be plain."""
    import numpy as np

    data = [read_sealed(folder / name, key, _seal(folder, name, key)) for name in (_IDS, _ROWS)]
    ids, rows = np.frombuffer(data[0], np.int64), np.frombuffer(data[1], np.int8)
    return _fitting(dim, ids, rows.reshape(-1, dim) if len(rows) % dim == 0 else rows)


def _written_sealed(target: Path, index: ExactIndex, key: DataKey) -> dict[str, tuple[str, int]]:
    """The arrays alone: every search of an encrypted memory is exact."""
    import numpy as np

    for name, array in ((_IDS, index.ids), (_ROWS, index.rows)):
        write_sealed(target / name, np.ascontiguousarray(array).tobytes(), key, _seal(target, name, key))
    generations.sync(target)
    generations.sync(target.parent)
    return {name: generations.described(target / name) for name in (_IDS, _ROWS)}


def _seal(folder: Path, name: str, key: DataKey) -> Seal:
    return Seal(key.id, f"vec_index/{name}", _number(folder.name))


def _fitting(dim: int, ids: NDArray[np.int64], rows: NDArray[np.int8]) -> ExactIndex:
    if rows.shape != (len(ids), dim):
        raise IndexCorrupt("the vector index has vectors of another dimension", hint="run `magray index`")
    return ExactIndex(dim, ids, rows)


def _gathered(db: sqlite3.Connection, cache: VectorCache, model: EmbeddingModel) -> tuple[ExactIndex, bool]:
    """Every stored chunk that has a vector, and whether that is all of them."""
    import numpy as np

    keys: dict[int, bytes] = dict(map(checked, db.execute("SELECT * FROM embedded")))
    vectors, damaged = cache.fetch(model.id, sorted(set(keys.values())))
    if damaged:
        cache.forget(damaged)  # they are embedded again
    width = model.dim
    ids = np.array(sorted(number for number, key in keys.items() if len(vectors.get(key, b"")) == width), np.int64)
    joined = b"".join(vectors[keys[int(number)]] for number in ids)
    rows = np.frombuffer(joined, np.int8).reshape(len(ids), width)
    return ExactIndex(width, ids, rows), len(ids) == len(keys)


def _grown(
    folder: Path, before: VectorGeneration, model: EmbeddingModel, index: ExactIndex, large: int
) -> UsearchIndex | None:
    """The HNSW of these rows, made from the one before where that is sound; None for few rows."""
    if len(index) <= large:
        return None
    if _HNSW in before.manifest and before.model == model.id:
        try:
            generations.verify(folder, before.folder, before.manifest)
            hnsw = UsearchIndex.load(model.dim, folder / before.folder / _HNSW)
            return grown(hnsw, _mapped(folder / before.folder, model.dim), index)
        except IndexCorrupt:
            pass  # made anew below
    return grown(UsearchIndex(model.dim), ExactIndex(model.dim), index)


def _written(target: Path, index: ExactIndex, hnsw: UsearchIndex | None) -> dict[str, tuple[str, int]]:
    import numpy as np

    np.save(target / _IDS, index.ids, allow_pickle=False)
    np.save(target / _ROWS, index.rows, allow_pickle=False)
    names = [_IDS, _ROWS]
    if hnsw is not None:
        hnsw.save(target / _HNSW)
        names.append(_HNSW)
    for name in names:
        (target / name).chmod(0o600)
        generations.sync(target / name)
    generations.sync(target)
    generations.sync(target.parent)
    return {name: generations.described(target / name) for name in names}


def _write_vector_generation(db: sqlite3.Connection, generation: VectorGeneration) -> None:
    values = (
        generation.folder, json.dumps(dict(generation.manifest), sort_keys=True), generation.model, generation.dim,
        generation.n_vectors, int(generation.complete),
    )  # fmt: skip
    row = (1, *values, row_sum(values))
    db.execute(f"INSERT OR REPLACE INTO vector_generation VALUES ({', '.join('?' * len(row))})", row)


def _number(folder: str) -> int:
    digits = folder.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0
