"""Notes of the time when they were kept beside the plans: carried over once, none lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records
from magray_indexers.remembering.store import MAX_TEXT, MemoryStore

Row = tuple[str, str, str, str, float, str, str, str]
"""id, kind, text, source, created, path, symbol, tags as JSON."""


def carry_notes(store: MemoryStore, rows: Iterable[Row]) -> int:
    """Take the notes up, all of them or none; those that are there already stay as they are. How many are new."""
    n = 0
    with store.transaction():
        for id_, kind, text, source, created, path, symbol, tags in sorted(rows, key=lambda row: row[4]):
            if store.rows("SELECT 1 FROM records WHERE id = ?", id_):
                continue
            # Nothing may be refused here, so an empty text gets a word and tags become fit.
            words = tuple("-".join(str(tag).split())[:60] for tag in json.loads(tags))
            tidy = (text[:MAX_TEXT].strip() or "-", source, created, path, symbol, tuple(filter(None, words))[:30])
            records.keep(store, MemoryRecord(id_, kind if kind in records.KINDS else "note", *tidy))
            n += 1
    return n


def notes_of(db: sqlite3.Connection) -> list[Row]:
    """The notes in a plan store of format 1."""
    return db.execute("SELECT id, kind, text, source, created, path, symbol, tags FROM notes").fetchall()
