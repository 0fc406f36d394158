"""The plan store's database: its tables, their migrations, and what is done with one that cannot be read.

The database is the person's own (plans, journal, notes): it is never rebuilt and never deleted. What cannot be read
is moved aside under a name that says so. It may come with a cloned repository, so nothing in it has authority.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from magray_core.errors import IndexFormatTooNew, WorkspaceError

APPLICATION_ID = 0x4D414752  # "MAGR"

# 1  plans, blobs, marks, journal, notes
FORMAT_VERSION = 1

_MIGRATIONS = (
    """
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
    """,
)
_CHECK_WHOLE_BYTES = 16_000_000


def open_database(file: Path) -> tuple[sqlite3.Connection, str]:
    """A connection to the database, made or migrated as needed, and a sentence if a damaged one was moved aside.

    Raises IndexFormatTooNew for a newer format, WorkspaceError where the folder cannot be written.
    """
    try:
        return _connect(file), ""
    except sqlite3.Error as error:
        if not is_damage(error):
            raise store_error(error) from error
    aside = _move_aside(file)
    try:
        connection = _connect(file)
    except sqlite3.Error as error:
        raise store_error(error) from error
    return connection, f"the plan store was damaged and is kept as {aside}; earlier plans cannot be undone from here"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file's contents, not its surroundings, are wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, _Damaged) or (code is not None and code & 0xFF in (_CORRUPT, _NOT_A_DATABASE))


def store_error(error: sqlite3.Error) -> WorkspaceError:
    """The failure in words for the person."""
    if is_damage(error):
        hint = "it is set aside when Magray next starts"
    elif getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        hint = "free some disk space and try again"
    else:
        hint = "check that .magray can be written and that the disk is not full"
    return WorkspaceError(f"the plan store cannot be used: {error}", hint=hint)


_CORRUPT = sqlite3.SQLITE_CORRUPT
_NOT_A_DATABASE = sqlite3.SQLITE_NOTADB


class _Damaged(sqlite3.DatabaseError):
    """The database can be opened but is not what it should be."""


def _connect(file: Path) -> sqlite3.Connection:
    unclean = Path(f"{file}-wal").exists()
    with contextlib.suppress(OSError):  # SQLite says it better
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    connection = sqlite3.connect(file, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute("PRAGMA busy_timeout = 5000")
        _prepare(connection, file, check=unclean or file.stat().st_size < _CHECK_WHOLE_BYTES)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, file: Path, *, check: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables or version or application):
        raise _Damaged("it is not a plan store")
    if version > FORMAT_VERSION:
        raise IndexFormatTooNew(version, FORMAT_VERSION, what="plan store")
    if check and tables:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _Damaged(f"a check found: {verdict}")
    connection.execute("PRAGMA journal_mode = WAL")
    if version < FORMAT_VERSION:
        _migrate(connection, file)


def _migrate(connection: sqlite3.Connection, file: Path) -> None:
    """Bring the schema up to date in one transaction, after a copy of what was there."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version:
        with contextlib.closing(sqlite3.connect(f"{file}.format-{version}")) as copy:
            connection.backup(copy)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        for script in _MIGRATIONS[version:]:
            for statement in script.split(";"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _move_aside(file: Path) -> str:
    """Rename the database and its companions; the new name, relative to the folder."""
    name = f"{file.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    n = 0
    while os.path.lexists(file.with_name(name + (f"-{n}" if n else ""))):
        n += 1
    name += f"-{n}" if n else ""
    try:
        file.rename(file.with_name(name))
        for suffix in ("-wal", "-shm"):
            companion = Path(f"{file}{suffix}")
            if companion.exists():
                companion.rename(f"{file.with_name(name)}{suffix}")
    except OSError as error:
        raise WorkspaceError(
            f"the plan store is damaged and cannot be set aside: {error.strerror}",
            hint="move .magray/memory/state.db away",
        ) from error
    return name
