"""Databases that are the person's own: opened, checked, migrated; never rebuilt and never deleted.

What cannot be read is moved aside under a name that says so, a newer format is refused and left alone, and an older one
is migrated in one transaction after a copy was made. Such a file may come with a cloned repository, so nothing in it
has authority.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_core.errors import IndexFormatTooNew, WorkspaceError
from magray_core.failpoints import failpoint
from magray_indexers.connecting import connect

Migration = str | Callable[[sqlite3.Connection], None]
"""SQL statements, or a function that is called inside the transaction."""

_CHECK_WHOLE_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database is: its name in sentences, its application id, how each format comes from the one before.

    ``lost`` is what a person no longer has once a damaged file was set aside.
    """

    what: str
    application_id: int
    migrations: tuple[Migration, ...]
    lost: str

    @property
    def version(self) -> int:
        """The format that this version writes; formats count from 1."""
        return len(self.migrations)


class DurableStore:
    """One database. Safe for threads of one process and for several processes; a reader never sees half a change.

    ``notice`` is a sentence for the person if a damaged file was set aside.
    """

    def __init__(self, connection: sqlite3.Connection, schema: Schema, notice: str = "") -> None:
        self.notice = notice
        self._connection = connection
        self._schema = schema
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the database; idempotent."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A change, all of it or nothing, durable when this ends; nested uses join the outer one.

        Raises WorkspaceError where the database cannot be written.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise store_error(error, self._schema) from error
            except BaseException:
                self._roll_back()
                raise

    @property
    def in_transaction(self) -> bool:
        """Whether a change is under way, by whichever thread."""
        return self._connection.in_transaction

    def rows(self, query: str, *values: object) -> list[Any]:
        """What a query gives, whole. Raises WorkspaceError."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise store_error(error, self._schema) from error

    def compact(self) -> None:
        """Give back the room of what was deleted and leave no copy of it in the file or its log. Blocks."""
        with self._lock:
            try:
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.Error as error:
                raise store_error(error, self._schema) from error

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # a closed connection has nothing to roll back
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def open_durable(file: Path, schema: Schema) -> tuple[sqlite3.Connection, str]:
    """A connection to the database, made or migrated as needed, and a sentence if a damaged one was moved aside.

    Raises IndexFormatTooNew for a newer format, WorkspaceError where the file is a link or cannot be opened.
    """
    if file.is_symlink():
        raise WorkspaceError(f"{file.name} is a symbolic link", hint="move it away")
    try:
        return _connect(file, schema), ""
    except UnicodeDecodeError:
        pass  # a message of SQLite's that quotes what it found
    except sqlite3.Error as error:
        if not is_damage(error):
            raise store_error(error, schema) from error
    aside = _move_aside(file, schema)
    try:
        connection = _connect(file, schema)
    except sqlite3.Error as error:
        raise store_error(error, schema) from error
    return connection, f"the {schema.what} was damaged and is kept as {aside}; {schema.lost}"


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file's contents, not its surroundings, are wrong."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, _Damaged) or (
        code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    )


def store_error(error: sqlite3.Error, schema: Schema) -> WorkspaceError:
    """The failure in words for the person."""
    if is_damage(error):
        hint = "it is set aside when Magray next starts"
    elif getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        hint = "free some disk space and try again"
    else:
        hint = "check that .magray can be written and that the disk is not full"
    return WorkspaceError(f"the {schema.what} cannot be used: {error}", hint=hint)


class _Damaged(sqlite3.DatabaseError):
    """The database can be opened but is not what it should be."""


def _connect(file: Path, schema: Schema) -> sqlite3.Connection:
    unclean = Path(f"{file}-wal").exists()
    with contextlib.suppress(OSError):  # SQLite says it better
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    connection = connect(file)
    try:
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            "foreign_keys = ON",
            "secure_delete = ON",
            "synchronous = FULL",
            "fullfsync = ON",
            "busy_timeout = 5000",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _prepare(connection, file, schema, check=unclean or file.stat().st_size < _CHECK_WHOLE_BYTES)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, file: Path, schema: Schema, *, check: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != schema.application_id and (tables or version or application):
        raise _Damaged(f"it is not a {schema.what}")
    if version > schema.version:
        raise IndexFormatTooNew(version, schema.version, what=schema.what)
    if check and tables:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _Damaged(f"a check found: {verdict}")
    connection.execute("PRAGMA journal_mode = WAL")
    if version < schema.version:
        _migrate(connection, file, schema)
    if _definitions(connection) != _expected(schema):
        raise _Damaged("its tables are not the ones it should have")


def _expected(schema: Schema) -> set[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        _run(fresh, schema, 0)
        return _definitions(fresh)


def _definitions(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Name and SQL of everything in the schema, but for what SQLite's versions make each in their own way."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    virtual = tuple(f"{name}_" for name, sql in rows if sql.upper().startswith("CREATE VIRTUAL"))
    return {(name, sql) for name, sql in rows if not name.startswith(("sqlite_", *virtual))}


def _run(connection: sqlite3.Connection, schema: Schema, version: int) -> None:
    for migration in schema.migrations[version:]:
        if callable(migration):
            migration(connection)
            continue
        for statement in _statements(migration):
            connection.execute(statement)


def _migrate(connection: sqlite3.Connection, file: Path, schema: Schema) -> None:
    """Bring the schema up to date in one transaction, after a copy of what was there."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version:
        with contextlib.closing(connect(Path(f"{file}.format-{version}"))) as copy:
            connection.backup(copy)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _run(connection, schema, version)
        connection.execute(f"PRAGMA application_id = {schema.application_id}")
        connection.execute(f"PRAGMA user_version = {schema.version}")
        failpoint("migrated")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The script's statements; ``executescript`` would commit before the first one."""
    statement = ""
    for piece in script.split(";"):
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):
            if statement.strip() != ";":
                yield statement
            statement = ""


def _move_aside(file: Path, schema: Schema) -> str:
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
            f"the {schema.what} is damaged and cannot be set aside: {error.strerror}",
            hint=f"move {file.name} in the memory folder away",
        ) from error
    return name
