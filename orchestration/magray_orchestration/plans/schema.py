"""The plan store's tables and how each format comes from the one before; see ``magray_indexers.durable``."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from magray_indexers.durable import Schema
from magray_indexers.remembering.carrying import carry_notes, notes_of
from magray_indexers.remembering.store import MemoryStore

_FIRST = """
    CREATE TABLE blobs (hash TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE plans (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, format INTEGER NOT NULL, body TEXT NOT NULL
    );
    CREATE TABLE originals (
        plan TEXT NOT NULL, path TEXT NOT NULL, hash TEXT NOT NULL, mode INTEGER NOT NULL, PRIMARY KEY (plan, path)
    ) WITHOUT ROWID;
    CREATE TABLE marks (
        plan TEXT NOT NULL, step INTEGER NOT NULL, path TEXT NOT NULL,
        mark TEXT NOT NULL CHECK (mark IN ('applied', 'undone', 'refused')),
        pending INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (plan, step, path)
    ) WITHOUT ROWID;
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT NOT NULL, action TEXT NOT NULL, digest TEXT NOT NULL,
        was TEXT NOT NULL, becomes TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL,
        message TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE journal_files (
        journal INTEGER NOT NULL, n INTEGER NOT NULL, path TEXT NOT NULL, before TEXT, after TEXT,
        mode INTEGER NOT NULL, PRIMARY KEY (journal, n)
    ) WITHOUT ROWID;
    CREATE TABLE journal_folders (
        journal INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (journal, path)
    ) WITHOUT ROWID;
    CREATE INDEX journal_open ON journal (status) WHERE status IN ('staged', 'writing', 'committed');
    CREATE TABLE notes (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, source TEXT NOT NULL, created REAL NOT NULL,
        path TEXT NOT NULL, symbol TEXT NOT NULL, tags TEXT NOT NULL
    );
"""


def schema_beside(memory_db: Path) -> Schema:
    """The plan store's schema; notes of format 1 move into that memory before their table goes."""

    def carry(db: sqlite3.Connection) -> None:
        notes = notes_of(db)
        if notes:
            memory = MemoryStore.open(memory_db)
            try:
                carry_notes(memory, notes)
            finally:
                memory.close()
        db.execute("DROP TABLE notes")

    return Schema(
        what="plan store",
        application_id=0x4D414752,  # "MAGR"
        # 1  plans, blobs, marks, journal, notes
        # 2  notes are in the memory
        migrations=(_FIRST, carry),
        lost="earlier plans cannot be undone from here",
    )
