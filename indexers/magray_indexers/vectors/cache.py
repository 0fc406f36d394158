"""The vectors themselves, by model and content: one SQLite file beside the index, so that nothing is embedded twice.

Switching branches, moving files, rebuilding or losing the index costs no embedding: what was embedded once is found
again by its content. A damaged file is set aside and made anew. Every row carries a checksum.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from magray_core.errors import IndexCorrupt, IndexFormatTooNew
from magray_indexers.connecting import connect
from magray_indexers.derived import Format, is_made, make, settle, transaction
from magray_indexers.store import translated
from magray_indexers.writing import set_aside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT_VERSION = 1
APPLICATION_ID = 0x4D475256
_SCHEMA = """
CREATE TABLE models (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dim INTEGER NOT NULL);
CREATE TABLE vectors (seq INTEGER PRIMARY KEY, model INTEGER NOT NULL, key BLOB NOT NULL, vector BLOB NOT NULL,
    sum INTEGER NOT NULL);
CREATE UNIQUE INDEX vectors_by_key ON vectors (model, key);
"""
_FORMAT = Format("vector cache", APPLICATION_ID, FORMAT_VERSION, _SCHEMA)
_BATCH = 500


class CacheCorrupt(IndexCorrupt):
    """The cache's file is damaged: it is set aside, and what it held is embedded again."""


class VectorCache:
    """Vectors of one workspace as int8 rows. One connection, one thread at a time.

    Every method raises CacheCorrupt for damage that SQLite notices, IndexingError for a full disk and the like.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def open(cls, file: Path) -> VectorCache:
        """The cache for writing, made where there is none; what cannot be read is set aside and made anew.

        Raises IndexFormatTooNew, IndexingError.
        """
        try:
            with _translated():
                return cls(_open_for_writing(file))
        except IndexCorrupt:
            set_aside(file)
            with _translated():
                return cls(_open_for_writing(file))

    @classmethod
    def open_for_reading(cls, file: Path) -> VectorCache | None:
        """The cache as a reader sees it, or None where there is no sound one."""
        if not file.is_file():
            return None
        try:
            db = connect(file, read_only=True)
        except sqlite3.Error:
            return None
        try:
            settle(db)
            if is_made(db, _FORMAT):
                return cls(db)
        except (sqlite3.Error, IndexCorrupt, IndexFormatTooNew):
            pass
        db.close()
        return None

    def close(self) -> None:
        """Let go of the file; idempotent."""
        self._db.close()

    def known(self, model: str) -> set[bytes]:
        """Keys that have a vector of this model."""
        with _translated():
            return {key for (key,) in self._db.execute(f"SELECT key FROM vectors WHERE model = {_MODEL}", (model,))}

    def unknown(self, model: str, keys: Iterable[bytes]) -> list[bytes]:
        """Those of the keys that have none, in their order: for a few keys."""
        keys = list(keys)
        known = self.fetch(model, keys)[0]
        return [key for key in keys if key not in known]

    def put(self, model: str, dim: int, keys: Sequence[bytes], rows: NDArray[np.int8]) -> None:
        """Keep rows (n_keys, dim), durably when this returns; keys that are there already stay as they are."""
        with _translated(), transaction(self._db):
            self._db.execute("INSERT OR IGNORE INTO models (id, dim) VALUES (?, ?)", (model, dim))
            (number,) = self._db.execute("SELECT number FROM models WHERE id = ?", (model,)).fetchone()
            self._db.executemany(
                "INSERT OR IGNORE INTO vectors (model, key, vector, sum) VALUES (?, ?, ?, ?)",
                ((number, key, blob := row.tobytes(), _sum(key, blob)) for key, row in zip(keys, rows, strict=True)),
            )

    def fetch(self, model: str, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], list[bytes]]:
        """Vectors by key as int8 bytes, and the keys whose row is damaged: those are as good as missing."""
        found: dict[bytes, bytes] = {}
        damaged: list[bytes] = []
        for i in range(0, len(keys), _BATCH):
            some = keys[i : i + _BATCH]
            sql = (
                f"SELECT key, vector, sum FROM vectors WHERE model = {_MODEL} AND key IN ({','.join('?' * len(some))})"
            )
            with _translated():
                rows = self._db.execute(sql, (model, *some)).fetchall()
            for key, vector, total in rows:
                if _sum(key, vector) == total:
                    found[key] = vector
                else:
                    damaged.append(key)
        return found, damaged

    def forget(self, keys: Iterable[bytes]) -> int:
        """Delete vectors of every model for these keys, overwriting their bytes; how many rows went."""
        with _translated(), transaction(self._db):
            before = self._db.total_changes
            self._db.executemany("DELETE FROM vectors WHERE key = ?", ((key,) for key in keys))
            return self._db.total_changes - before

    def compact(self) -> None:
        """Give back the room of what was forgotten and leave nothing of it in the write-ahead log."""
        with _translated():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def count(self) -> int:
        """Rows of all models."""
        with _translated():
            return int(self._db.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def prune(self, model: str, used: set[bytes], most: int) -> int:
        """Past ``most`` rows, delete those of other models and those not in use, oldest first; how many went."""
        over = self.count() - most
        if over <= 0:
            return 0
        with _translated(), transaction(self._db):
            rows = self._db.execute(f"SELECT seq, key, model = {_MODEL} FROM vectors ORDER BY seq", (model,))
            gone = [(seq,) for seq, key, current in rows if not (current and key in used)][:over]
            self._db.executemany("DELETE FROM vectors WHERE seq = ?", gone)
        return len(gone)


_MODEL = "(SELECT number FROM models WHERE id = ?)"


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """SQLite's errors as the person's, damage as CacheCorrupt."""
    try:
        yield
    except sqlite3.Error as error:
        met = translated(error)
        if isinstance(met, IndexCorrupt):
            raise CacheCorrupt("the vector cache is damaged", hint="it is made anew by itself") from error
        raise met from error


def _sum(key: bytes, vector: bytes) -> int:
    return zlib.crc32(vector, zlib.crc32(key))


def _open_for_writing(file: Path) -> sqlite3.Connection:
    if file.is_dir():
        raise IndexCorrupt("the vector cache is a folder")
    unclean = file.with_name(f"{file.name}-wal").exists()
    db = connect(file)
    try:
        settle(db)
        if not is_made(db, _FORMAT):
            make(db, file, _FORMAT)
        elif unclean and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise IndexCorrupt("the vector cache is damaged")
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            db.execute(f"PRAGMA {pragma}")
        return db
    except BaseException:
        db.close()
        raise
