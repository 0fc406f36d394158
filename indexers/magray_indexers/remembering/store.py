"""The memory's database: who may write what into it. Every text is cleaned of secrets before it comes here."""

from __future__ import annotations

import re
import secrets
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from magray_core.errors import WorkspaceError
from magray_indexers.durable import DurableStore, is_damage, open_durable
from magray_indexers.privacy.keeping import kept
from magray_indexers.remembering.schema import SCHEMA

Clock = Callable[[], float]
"""Seconds since 1970; may jump, so nothing is ordered by it."""

Clean = Callable[[str], str]
"""A text without what must not be stored, of the same length."""

MAX_TEXT = 100_000
"""Code points of a record's text."""

_ID_BYTES = 4
_ERROR, _CONSTRAINT = sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class MemoryStore(DurableStore):
    """A memory, the workspace's or the user's. Use ``open``."""

    def __init__(self, connection: sqlite3.Connection, notice: str = "") -> None:
        super().__init__(connection, SCHEMA, notice)
        # A text that is no UTF-8 any more must not hide the others: its checksum tells.
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        self.clock: Clock = time.time
        self._clean: Clean = _cleaned
        self.damaged = 0
        """Rows whose checksum did not fit when they were last read: they are kept, and shown to nobody."""

    @classmethod
    def open(cls, file: Path, *, clock: Clock = time.time, clean: Clean | None = None) -> MemoryStore:
        """The memory in a file, made where there is none; its folder exists. ``clean`` replaces the default rules.

        Raises IndexFormatTooNew if a newer Magray wrote it, WorkspaceError where it cannot be used.
        """
        store = cls(*open_durable(file, SCHEMA))
        store.clock = clock
        store._clean = clean or _cleaned
        return store

    def cleaned(self, text: str) -> str:
        """The text as it may be stored: no secrets, no control characters but tab and line feed, no lone surrogates."""
        return self._clean(fit(text))

    def next_revision(self) -> int:
        """A number higher than every one before, also when the clock went back. Call inside a transaction."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO meta VALUES ('revision', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1",
            )
            return int(db.execute("SELECT value FROM meta WHERE key = 'revision'").fetchone()[0])

    def new_id(self, table: str) -> str:
        """Eight hexadecimal digits that no row of the table has. Call inside a transaction."""
        while True:
            made = secrets.token_hex(_ID_BYTES)
            # Only digits and an "e" would read as a number where people paste it.
            if not made.replace("e", "").isdigit() and not self.rows(f"SELECT 1 FROM {table} WHERE id = ?", made):
                return made


def words_are_damaged(error: WorkspaceError) -> bool:
    """Whether the failure may come from a full-text index, which is derived and can be made again."""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    # A damaged index also fails as an unknown table or by writing what it believes to be new.
    return isinstance(cause, sqlite3.Error) and (is_damage(cause) or code in (_ERROR, _CONSTRAINT))


def fit(text: str) -> str:
    """The text with LF line ends, without control characters but tab and line feed, lone surrogates replaced."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text)).strip()


def checked_text(text: str, what: str) -> str:
    """The text fit to be stored. Raises WorkspaceError if there is nothing left of it or it is too long."""
    fitted = fit(text)
    if not fitted:
        raise WorkspaceError(f"the {what} is empty", hint="say what should be remembered")
    if len(fitted) > MAX_TEXT:
        raise WorkspaceError(
            f"the {what} has {len(fitted):,} characters, {MAX_TEXT:,} are kept",
            hint="keep it in a file and remember where that is",
        )
    return fitted


def row_sum(values: Iterable[Any]) -> int:
    """The checksum of a row's values: SQLite does not notice a flipped bit inside one."""
    return zlib.crc32(repr(tuple(values)).encode("utf-8", "surrogatepass"))


def _cleaned(text: str) -> str:
    return kept(text).text
