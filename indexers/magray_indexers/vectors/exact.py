"""Exact nearest neighbours over int8 rows: every row is looked at, so nothing is missed. Right up to 100,000 rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from magray_indexers.vectors.quantizing import normalized, quantized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows

_AGAIN = 4
"""Rounded scores pick this many times ``k``; the true cosine orders them."""
_FEW, _MANY = 64, 20_000


class ExactIndex:
    """Implements ``VectorIndex``. Thread-safe for searches; a change and a search may not overlap.

    ``ids`` ascend; ``rows`` is (n, dim) int8, possibly memory-mapped.
    """

    def __init__(self, dim: int, ids: NDArray[np.int64] | None = None, rows: NDArray[np.int8] | None = None) -> None:
        import numpy as np

        self.dim = dim
        self.ids = np.empty(0, np.int64) if ids is None else ids
        self.rows = np.empty((0, dim), np.int8) if rows is None else rows

    def __len__(self) -> int:
        """Rows that can be found."""
        return len(self.ids)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Insert or replace rows; of one id given twice the later counts. Raises ValueError for another dimension."""
        import numpy as np

        if vectors.ndim != 2 or vectors.shape != (len(ids), self.dim):
            raise ValueError(f"vectors are {vectors.shape}, not ({len(ids)}, {self.dim})")
        every = np.concatenate([np.asarray(ids, np.int64)[::-1], self.ids])
        rows = np.concatenate([quantized(vectors)[::-1], self.rows])
        self.ids, first = np.unique(every, return_index=True)
        self.rows = rows[first]

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget rows; unknown ids are ignored."""
        import numpy as np

        stay = ~np.isin(self.ids, ids)
        self.ids, self.rows = self.ids[stay], self.rows[stay]

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, ties by id, among the ids that ``keep`` admits."""
        import numpy as np

        if vector.shape != (self.dim,):
            raise ValueError(f"the vector has {vector.shape} numbers, not {self.dim}")
        ids, rows = self.ids, self.rows
        if keep is not None and len(ids):
            admitted = np.flatnonzero(keep(ids))
            ids, rows = ids[admitted], rows[admitted]
        if k < 1 or not len(ids) or not np.any(vector):
            return []
        likely = np.arange(len(ids))
        if len(ids) > max(_FEW, _AGAIN * k):
            likely = _nearest(rows, quantized(vector[None, :])[0], _AGAIN * k)
        cosines = normalized(rows[likely]) @ vector
        order = np.lexsort((ids[likely], -cosines))[:k]
        return [(int(ids[likely[i]]), float(cosines[i])) for i in order]

    def cosines(self, vector: NDArray[np.float32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """The cosine with each of these ids, in their order; NaN for an id that is not here."""
        import numpy as np

        result = np.full(len(ids), np.nan, np.float32)
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
            known = self.ids[places] == ids
            result[known] = normalized(self.rows[places[known]]) @ vector
        return result


def _nearest(rows: NDArray[np.int8], query: NDArray[np.int8], k: int) -> NDArray[np.intp]:
    """Places of the ``k`` rows with the largest cosine of rounded numbers, in any order; two threads for many rows."""
    import numpy as np
    from usearch.index import MetricKind, search  # type: ignore[attr-defined]

    threads = 2 if len(rows) >= _MANY else 1
    found = search(np.ascontiguousarray(rows), query, k, MetricKind.Cos, exact=True, threads=threads)
    return np.asarray(found.keys, np.intp)
