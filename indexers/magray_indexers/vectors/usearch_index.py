"""Approximate nearest neighbours for large workspaces: usearch's HNSW over float16, memory-mapped when published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_indexers.vectors.exact import ExactIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows

_CONNECTIVITY, _EXPANSION_ADD, _EXPANSION_SEARCH = 16, 128, 128
"""M, efConstruction and ef of Malkov & Yashunin, arXiv:1603.09320; recall@10 ≥ 0.95 is tested."""
_WIDER = 8


class UsearchIndex:
    """Implements ``VectorIndex``. usearch cannot filter while it searches: with ``keep`` the search widens."""

    def __init__(self, dim: int) -> None:
        from usearch.index import Index

        self.dim = dim
        self._index: Any = Index(
            ndim=dim, metric="cos", dtype="f16", connectivity=_CONNECTIVITY, expansion_add=_EXPANSION_ADD,
            expansion_search=_EXPANSION_SEARCH,
        )  # fmt: skip

    @classmethod
    def view(cls, dim: int, file: Path) -> UsearchIndex:
        """A saved index, memory-mapped and read-only. The caller has checked the file's hash."""
        index = cls(dim)
        index._index.view(str(file))
        return index

    @classmethod
    def load(cls, dim: int, file: Path) -> UsearchIndex:
        """A saved index in memory, to go on from. The caller has checked the file's hash."""
        index = cls(dim)
        index._index.load(str(file))
        return index

    def save(self, file: Path) -> None:
        """Write it whole; the caller sees to it that nobody reads the file meanwhile."""
        self._index.save(str(file))

    def __len__(self) -> int:
        """Rows that can be found."""
        return len(self._index)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Insert or replace rows; of one id given twice the later counts. Raises ValueError for another dimension."""
        import numpy as np

        if vectors.ndim != 2 or vectors.shape != (len(ids), self.dim):
            raise ValueError(f"vectors are {vectors.shape}, not ({len(ids)}, {self.dim})")
        if len(ids):
            last = len(ids) - 1 - np.unique(np.asarray(ids)[::-1], return_index=True)[1]
            self.remove(ids)
            self._index.add(np.asarray(ids)[last].astype(np.uint64), vectors[last], threads=1)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget rows; unknown ids are ignored."""
        import numpy as np

        known = [int(number) for number in np.unique(ids) if int(number) in self._index]
        if known:
            self._index.remove(np.asarray(known, np.uint64))

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, ties by id, among the ids that ``keep`` admits."""
        import numpy as np

        if vector.shape != (self.dim,):
            raise ValueError(f"the vector has {vector.shape} numbers, not {self.dim}")
        size = len(self)
        if k < 1 or not size or not np.any(vector):
            return []
        wanted = k if keep is None else _WIDER * k
        while True:
            found = self._index.search(vector, min(wanted, size))
            ids = np.asarray(found.keys, np.int64)
            cosines = 1.0 - np.asarray(found.distances, np.float32)
            if keep is not None and len(ids):
                admitted = np.flatnonzero(keep(ids))
                ids, cosines = ids[admitted], cosines[admitted]
            if len(ids) >= k or wanted >= size:
                order = np.lexsort((ids, -cosines))[:k]
                return [(int(ids[i]), float(cosines[i])) for i in order]
            wanted *= _WIDER


def grown(index: UsearchIndex, before: ExactIndex, now: ExactIndex) -> UsearchIndex:
    """The index of ``before`` turned into that of ``now``, touching only rows that differ."""
    import numpy as np

    from magray_indexers.vectors.quantizing import normalized

    gone = before.ids[~np.isin(before.ids, now.ids)]
    places = np.searchsorted(before.ids, now.ids)
    same = np.zeros(len(now.ids), bool)
    inside = places < len(before.ids)
    inside[inside] = before.ids[places[inside]] == now.ids[inside]
    same[inside] = (before.rows[places[inside]] == now.rows[inside]).all(axis=1)
    index.remove(gone)
    index.add(now.ids[~same], normalized(now.rows[~same]))
    return index
