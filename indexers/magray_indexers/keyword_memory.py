"""The keyword index of an encrypted memory: in the memory of the process that searches, made from the encrypted rows.

Tantivy cannot write encrypted files, so it writes none. The first reader of a process makes the whole index; later
ones bring in what changed since and look at the result as it was when they were opened.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from magray_indexers.keyword import KeywordIndex, KeywordWriter
from magray_indexers.writing import tokens_of

_STALE_SHARE = 20
_LARGE_CHUNKS = 20_000

_STANDING = """
SELECT id, hash, (SELECT sum(sum) FROM embedded WHERE embedded.id BETWEEN files.id << 17 AND (files.id + 1 << 17) - 1)
FROM files
"""
"""Files with what tells whether their words are still the same: contents, and what masking left of them."""


class KeywordsInMemory:
    """The keyword index of one memory in this process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writer: KeywordWriter | None = None
        self._held: dict[int, tuple[str, int | None]] = {}
        self._stale = 0

    def at(self, db: sqlite3.Connection, n_chunks: int) -> KeywordIndex:
        """The index of the files as the connection's snapshot has them. Raises sqlite3.Error."""
        now = {number: (content_hash, words) for number, content_hash, words in db.execute(_STANDING)}
        with self._lock:
            changed = [number for number, standing in now.items() if self._held.get(number) != standing]
            gone = self._held.keys() - now.keys()
            stale = self._stale + len(gone) + len(changed)
            if self._writer is None or stale * _STALE_SHARE > len(now):
                # Deleted chunks still count in Tantivy's statistics: past a share all is made anew.
                self._writer, self._held, self._stale = KeywordWriter(None, large=n_chunks > _LARGE_CHUNKS), {}, 0
                changed, gone = list(now), set()
            for number in [*gone, *(number for number in changed if number in self._held)]:
                self._writer.delete_file(number)
                self._stale += 1
            for number in sorted(changed):
                self._writer.add_file(number, tokens_of(db, number))
            self._writer.commit()
            self._held = now
            return self._writer.index()


_of_folder: dict[Path, KeywordsInMemory] = {}
_lock = threading.Lock()


def keywords_of(folder: Path) -> KeywordsInMemory:
    """What this process holds for the memory of this keyword folder."""
    with _lock:
        return _of_folder.setdefault(folder, KeywordsInMemory())
