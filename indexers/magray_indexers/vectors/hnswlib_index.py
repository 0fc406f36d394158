"""The other HNSW: hnswlib (the extra ``hnswlib``), float32 in memory, which asks ``keep`` while it searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_core.errors import IndexingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows

_M, _EF_CONSTRUCTION, _EF = 16, 128, 128
_FIRST_ROWS = 1_024


class HnswlibIndex:
    """Implements ``VectorIndex``. It keeps removed rows until ids are used again, and cannot be memory-mapped."""

    def __init__(self, dim: int) -> None:
        try:
            import hnswlib
        except ImportError as error:
            raise IndexingError("hnswlib is not installed", hint="pip install 'magray[hnswlib]'") from error

        self.dim = dim
        self._ids: set[int] = set()
        self._index: Any = hnswlib.Index(space="cosine", dim=dim)
        self._index.init_index(_FIRST_ROWS, ef_construction=_EF_CONSTRUCTION, M=_M, allow_replace_deleted=True)
        self._index.set_ef(_EF)
        self._index.set_num_threads(1)

    def __len__(self) -> int:
        """Rows that can be found."""
        return len(self._ids)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Insert or replace rows; of one id given twice the later counts. Raises ValueError for another dimension."""
        import numpy as np

        if vectors.ndim != 2 or vectors.shape != (len(ids), self.dim):
            raise ValueError(f"vectors are {vectors.shape}, not ({len(ids)}, {self.dim})")
        if not len(ids):
            return
        self.remove(ids)
        last = len(ids) - 1 - np.unique(np.asarray(ids)[::-1], return_index=True)[1]
        needed = self._index.get_current_count() + len(last)
        if needed > self._index.get_max_elements():
            self._index.resize_index(max(needed, 2 * self._index.get_max_elements()))
        self._index.add_items(vectors[last], np.asarray(ids)[last], replace_deleted=True)
        self._ids |= {int(number) for number in np.asarray(ids)[last]}

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget rows; unknown ids are ignored."""
        for number in {int(number) for number in ids} & self._ids:
            self._index.mark_deleted(number)
            self._ids.discard(number)

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, ties by id, among the ids that ``keep`` admits."""
        import numpy as np

        if vector.shape != (self.dim,):
            raise ValueError(f"the vector has {vector.shape} numbers, not {self.dim}")
        admitted = self._ids
        if keep is not None and admitted:
            every = np.fromiter(admitted, np.int64, len(admitted))
            admitted = {int(number) for number in every[keep(every)]}
        k = min(k, len(admitted))
        if k < 1 or not np.any(vector):
            return []
        labels, distances = self._query(vector[None, :], k, admitted)
        order = np.lexsort((labels[0], distances[0]))
        return [(int(labels[0][i]), 1.0 - float(distances[0][i])) for i in order]

    def _query(self, vector: NDArray[np.float32], k: int, admitted: set[int]) -> Any:
        """hnswlib refuses to answer with fewer than ``k``: it then looks wider, at last at everything."""
        effort = max(_EF, k)
        while True:
            self._index.set_ef(effort)
            try:
                return self._index.knn_query(vector, k, filter=admitted.__contains__)
            except RuntimeError:
                if effort >= self._index.get_current_count():
                    raise
                effort = min(8 * effort, self._index.get_current_count())
