"""Nearest neighbours in PostgreSQL by pgvector: exact over few rows, HNSW over many. See ``schema.settle_model``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from magray_indexers.postgres.schema import LARGE
from magray_indexers.vectors.quantizing import quantized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows
    from magray_indexers.postgres.connection import Cursor

_WIDER = 4
_FETCHED = 500
_SCANNED = 20_000
# A row of zeros has no direction: its distance is not a number, its cosine counts as 0.
_EXACT = "ORDER BY coalesce(nullif(embedding <=> %(q)s::halfvec, 'NaN'), 1), chunk"
_BY_INDEX = "ORDER BY embedding <=> %(q)s::halfvec"
_COSINE = "1 - coalesce(nullif(embedding::vector <=> %(v)s::vector, 'NaN'), 1)"


class PostgresVectorIndex:
    """Implements ``VectorIndex`` within one transaction: a reader's or a publisher's.

    ``repositories`` are the numbers of those that are searched, None for all; rows are added to the first. The
    connection must know pgvector's types (``SharedDatabase.with_vectors``).
    """

    def __init__(self, cursor: Cursor, dim: int, repositories: Sequence[int] | None) -> None:
        self.dim = dim
        self._cursor = cursor
        self._repositories = None if repositories is None else list(repositories)
        self._where = "" if repositories is None else "WHERE repository = ANY(%(r)s)"

    def __len__(self) -> int:
        """Rows that can be found."""
        self._cursor.execute(f"SELECT count(*) FROM magray.vectors {self._where}".encode(), {"r": self._repositories})
        row = self._cursor.fetchone()
        return int(row[0]) if row else 0

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Insert or replace rows; of one id given twice the later counts. Raises ValueError for another dimension."""
        import numpy as np

        if vectors.ndim != 2 or vectors.shape != (len(ids), self.dim):
            raise ValueError(f"vectors are {vectors.shape}, not ({len(ids)}, {self.dim})")
        last = len(ids) - 1 - np.unique(np.asarray(ids)[::-1], return_index=True)[1]
        self.remove(np.asarray(ids)[last])
        rows = quantized(vectors[last])
        self.put((int(ids[i]), b"", row) for i, row in zip(last, rows, strict=True))

    def put(self, rows: Iterable[tuple[int, bytes, NDArray[np.int8]]]) -> int:
        """Add (id, key, row) that are not there yet; how many. ``key`` names what was embedded: ``vectors.keys``."""
        import numpy as np
        from pgvector import HalfVector

        assert self._repositories
        repository, count = self._repositories[0], 0
        copying = "COPY magray.vectors (chunk, repository, key, embedding) FROM STDIN (FORMAT BINARY)"
        with self._cursor.copy(copying) as copy:
            copy.set_types(["int8", "int4", "bytea", "halfvec"])
            for number, key, row in rows:
                copy.write_row((number, repository, key, HalfVector(row.astype(np.float16))))
                count += 1
        return count

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget rows; unknown ids are ignored."""
        self._cursor.execute("DELETE FROM magray.vectors WHERE chunk = ANY(%s)", ([int(number) for number in ids],))

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, ties by id, among the ids that ``keep`` admits.

        The database orders by rounded numbers; the nearest are ordered again by the true cosine.
        """
        import numpy as np

        if vector.shape != (self.dim,):
            raise ValueError(f"the vector has {vector.shape} numbers, not {self.dim}")
        if k < 1 or not np.any(vector):
            return []
        likely = None
        if self._has_hnsw():
            likely = self._nearest(vector, _WIDER * k, keep, by_index=True)
        if likely is None or len(likely) < k:
            likely = self._nearest(vector, _WIDER * k, keep, by_index=False)
        cosines = self.cosines(vector, likely)
        return sorted(cosines.items(), key=lambda hit: (-hit[1], hit[0]))[:k]

    def cosines(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine with each of these that is here."""
        sql = f"SELECT chunk, {_COSINE} FROM magray.vectors WHERE chunk = ANY(%(ids)s)"
        self._cursor.execute(sql.encode(), {"v": _literal(vector), "ids": list(ids)})
        return {int(number): float(cosine) for number, cosine in self._cursor.fetchall()}

    def make_hnsw(self, least: int = LARGE) -> None:
        """Make the HNSW index where there are so many rows and none yet: later rows are added to it by the server."""
        self._cursor.execute("SELECT count(*) FROM magray.vectors")
        row = self._cursor.fetchone()
        if row and row[0] >= least and not self._has_hnsw():
            self._cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
            self._cursor.execute(
                "CREATE INDEX vectors_hnsw ON magray.vectors USING hnsw (embedding halfvec_cosine_ops)"
                " WITH (m = 16, ef_construction = 128)"
            )

    def _has_hnsw(self) -> bool:
        self._cursor.execute("SELECT to_regclass('magray.vectors_hnsw') IS NOT NULL")
        row = self._cursor.fetchone()
        return bool(row and row[0])

    def _nearest(self, vector: NDArray[np.float32], wanted: int, keep: KeepRows | None, *, by_index: bool) -> list[int]:
        """Ids of about the ``wanted`` nearest that are admitted, read until there are enough."""
        import numpy as np

        cursor = self._cursor
        order = _BY_INDEX if by_index else _EXACT
        if by_index:
            ef = min(1000, max(128, wanted))
            cursor.execute(
                f"SET LOCAL hnsw.ef_search = {ef:d}; SET LOCAL hnsw.iterative_scan = strict_order;"
                f" SET LOCAL hnsw.max_scan_tuples = {_SCANNED:d}".encode()
            )
        sql = f"SELECT chunk FROM magray.vectors {self._where} {order}"
        values = {"q": _literal(vector), "r": self._repositories}
        if keep is None:
            cursor.execute(f"{sql} LIMIT {wanted:d}".encode(), values)
            return [int(number) for (number,) in cursor.fetchall()]
        # What ``keep`` admits only it knows: rows are asked for, nearest first, until enough of them are admitted.
        cursor.execute(f"DECLARE nearest NO SCROLL CURSOR FOR {sql}".encode(), values)
        found: list[int] = []
        while len(found) < wanted:
            cursor.execute(f"FETCH {max(_FETCHED, wanted):d} FROM nearest".encode())
            some = np.array([number for (number,) in cursor.fetchall()], np.int64)
            if not len(some):
                break
            found += some[keep(some)].tolist()
        cursor.execute("CLOSE nearest")
        return found[:wanted]


def _literal(vector: NDArray[np.float32]) -> str:
    return "[" + ",".join(f"{number:.9g}" for number in vector.tolist()) + "]"
