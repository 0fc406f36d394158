"""How SQLite files that are derived from the workspace are opened, stamped and made: index, vector cache, graph.

What they hold can be made again, so a file of another program or an older format is set aside, never migrated; what is
the person's own opens through ``durable``.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import IndexCorrupt, IndexFormatTooNew


@dataclass(frozen=True, slots=True)
class Format:
    """What a derived file is called, its stamp (``application_id``, ``user_version``) and its tables."""

    what: str
    application_id: int
    version: int
    schema: str


class transaction:  # noqa: N801 - reads as a statement
    """``with transaction(db):`` commits at the end, rolls back on any exception."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK" if kind else "COMMIT")


def settle(db: sqlite3.Connection, *, busy_ms: int = 5000) -> None:
    """Have SQLite distrust the file: no functions from the schema, no unchecked cells, no memory mapping."""
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", f"busy_timeout={busy_ms}"):
        db.execute(f"PRAGMA {pragma}")


def is_made(db: sqlite3.Connection, form: Format) -> bool:
    """Whether the file has its tables; False for an empty one.

    Raises IndexCorrupt for another program's file or an older format, IndexFormatTooNew.
    """
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if application == 0 and version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return False
    hint = "run `magray index` to rebuild it"
    if application != form.application_id:
        raise IndexCorrupt(f"the {form.what} belongs to another program", hint=hint)
    if version > form.version:
        raise IndexFormatTooNew(version, form.version, what=form.what)
    if version < form.version:
        # All of it comes from the files: making it again is simpler and safer than moving it from format to format.
        raise IndexCorrupt(f"the {form.what} was made by an older version", hint=hint)
    return True


def make(db: sqlite3.Connection, path: Path, form: Format, *, then: str = "") -> None:
    """Give an empty file its tables, all or none of them, and private rights; ``then`` is one more statement."""
    db.execute("PRAGMA journal_mode=WAL")
    path.chmod(0o600)
    with transaction(db):
        for statement in (*form.schema.split(";\n"), then):
            if statement.strip():
                db.execute(statement)
        db.execute(f"PRAGMA application_id={form.application_id}")
        db.execute(f"PRAGMA user_version={form.version}")
