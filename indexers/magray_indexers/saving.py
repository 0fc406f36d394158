"""The short way of writing: a few files change in the rows alone, in one transaction.

The keyword index is left as it is; the files are marked as pending, and readers score their few chunks themselves
(``corpus``) until the next build takes them in. So a save costs one SQLite commit and no native index.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace

from magray_core.failpoints import failpoint
from magray_indexers import store
from magray_indexers.store import FileRows, Generation, KnownFile
from magray_indexers.walk import SkippedPath


class SaveSession:
    """Changes single files. Use with the writer's lock held; ends without ``publish``: nothing changed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.generation: Generation = store.read_generation(db)
        self._changed = False
        self._n_files, self._n_chunks = self.generation.n_files, self.generation.n_chunks

    def usable(self) -> bool:
        """Whether there is a finished index to add to."""
        return self.generation.keyword != ""

    def known_below(self, path: str) -> dict[str, KnownFile]:
        """The indexed file of this path and those below it."""
        rows = self._db.execute(
            "SELECT path, id, hash, stat, n_chunks FROM files WHERE path = ? OR (path > ? AND path < ?)",
            (path, f"{path}/", f"{path}0"),  # "0" follows "/"
        )
        return {row[0]: KnownFile(*row[1:]) for row in rows}

    def put(self, rows: FileRows) -> None:
        """Add a file or replace what is known of it."""
        self._begin()
        number = self._id_for(rows.path)
        self._forget(number)
        store.insert_file(self._db, number, rows)
        self._n_files, self._n_chunks = self._n_files + 1, self._n_chunks + len(rows.chunks)

    def remove(self, path: str) -> int:
        """Forget a file; how many were forgotten, 0 or 1."""
        number = self._id(path)
        if number is None:
            return 0
        self._begin()
        self._forget(number)
        return 1

    def touch(self, path: str, stat: str) -> None:
        """Remember a new stat key of an unchanged file."""
        number = self._id(path)
        if number is not None:
            self._begin()
            store.touch_file(self._db, number, stat)

    def skipped(self) -> dict[str, SkippedPath]:
        """Every path that was left out."""
        return store.read_skipped(self._db)

    def replace_skipped_below(self, path: str, skipped: Iterable[SkippedPath]) -> None:
        """Make these the paths that were left out at and below the path."""
        below = store.read_skipped(self._db, path)
        now = {entry.path: entry for entry in skipped}
        if below != now:
            self._begin()
            store.write_skipped(self._db, below, now)

    def n_pending(self) -> int:
        """Files that the keyword index does not hold as they are now."""
        count: int = self._db.execute("SELECT count(*) FROM pending").fetchone()[0]
        return count

    def publish(self) -> None:
        """Commit; readers see a new generation if any file changed."""
        if self._changed:
            number = self.generation.number + 1
            self.generation = replace(
                self.generation, number=number, finished=time.time(), n_files=self._n_files, n_chunks=self._n_chunks
            )
            store.write_generation(self._db, self.generation)
        failpoint("before-save")
        if self._db.in_transaction:
            self._db.execute("COMMIT")
        failpoint("after-save")

    def _begin(self) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")

    def _forget(self, number: int) -> None:
        self._changed = True
        row = self._db.execute("SELECT n_chunks FROM files WHERE id = ?", (number,)).fetchone()
        if row is not None:
            self._n_files, self._n_chunks = self._n_files - 1, self._n_chunks - row[0]
            store.delete_file(self._db, number)
        self._db.execute("INSERT OR IGNORE INTO pending VALUES (?)", (number,))

    def _id(self, path: str) -> int | None:
        row = self._db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        return None if row is None else int(row[0])

    def _id_for(self, path: str) -> int:
        known = self._id(path)
        if known is not None:
            return known
        salt = 0
        while self._db.execute("SELECT 1 FROM files WHERE id = ?", (store.file_id(path, salt),)).fetchone():
            salt += 1
        return store.file_id(path, salt)
