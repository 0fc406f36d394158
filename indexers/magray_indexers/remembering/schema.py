"""The memory's tables and how each format comes from the one before. ``tests/remembering/fixtures`` has one of each."""

from __future__ import annotations

from magray_indexers.durable import Schema

RECORD_WORDS = (
    "CREATE VIRTUAL TABLE record_words USING"
    " fts5(words, about, tokenize = \"unicode61 remove_diacritics 0 tokenchars '_'\")"
)
MESSAGE_WORDS = (
    "CREATE VIRTUAL TABLE message_words USING fts5(words, tokenize = \"unicode61 remove_diacritics 0 tokenchars '_'\")"
)

_FIRST = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE records (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    text TEXT NOT NULL, source TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL, revision INTEGER NOT NULL,
    path TEXT NOT NULL, symbol TEXT NOT NULL, line INTEGER NOT NULL, anchor TEXT NOT NULL, tags TEXT NOT NULL,
    due TEXT NOT NULL, done REAL, tainted INTEGER NOT NULL, key TEXT NOT NULL, sum INTEGER NOT NULL
);
CREATE INDEX records_by_path ON records (path) WHERE path <> '';
CREATE UNIQUE INDEX records_by_key ON records (key) WHERE key <> '';
{RECORD_WORDS};
CREATE TABLE sessions (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, started REAL NOT NULL,
    changed REAL NOT NULL, revision INTEGER NOT NULL
);
CREATE TABLE messages (
    n INTEGER PRIMARY KEY AUTOINCREMENT, session INTEGER NOT NULL REFERENCES sessions (n) ON DELETE CASCADE,
    role TEXT NOT NULL, text TEXT NOT NULL, tokens INTEGER NOT NULL, source TEXT NOT NULL, tainted INTEGER NOT NULL,
    tool TEXT NOT NULL, arguments TEXT NOT NULL, created REAL NOT NULL, sum INTEGER NOT NULL,
    folded INTEGER REFERENCES messages (n) ON DELETE SET NULL
);
CREATE INDEX messages_by_session ON messages (session, n);
CREATE INDEX messages_by_fold ON messages (folded) WHERE folded IS NOT NULL;
{MESSAGE_WORDS};
"""

SCHEMA = Schema(
    what="memory",
    application_id=0x4D47524D,  # "MGRM"
    # 1  records, sessions, messages, their words
    migrations=(_FIRST,),
    lost="what was noted before can be read from there with SQLite's own tools",
)
