"""The truth about the index: one SQLite file of files, chunks, symbols and the generation that readers see.

Every row carries a checksum of itself, because SQLite does not notice a flipped bit inside a value.
Ids are made from paths and positions, never from the order of insertion: an index that grew and one built afresh agree.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable
from magray_core.memory import SkipReason
from magray_indexers.connecting import connect
from magray_indexers.derived import Format, is_made, make, settle
from magray_indexers.walk import SkippedPath

FORMAT_VERSION = 3
"""1: first. 2: the generation's row counts files and chunks. 3: what is embedded of each chunk, and its vectors."""
APPLICATION_ID = 0x4D475259
CHUNK_BITS = 17
"""A chunk's id is its file's id shifted by this, plus its index in the file; symbols alike."""
_ID_BITS = 46

_SCHEMA = """
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, stat TEXT NOT NULL,
    language TEXT NOT NULL, problems INTEGER NOT NULL, n_chunks INTEGER NOT NULL, n_chars INTEGER NOT NULL,
    sum INTEGER NOT NULL);
CREATE TABLE chunks (id INTEGER PRIMARY KEY, start INTEGER NOT NULL, end INTEGER NOT NULL, start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL, symbol TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE symbols (id INTEGER PRIMARY KEY, name TEXT NOT NULL, qualified_name TEXT NOT NULL, kind TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, name_start INTEGER NOT NULL, name_end INTEGER NOT NULL,
    start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, signature TEXT NOT NULL, doc TEXT NOT NULL,
    parent TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE INDEX symbols_by_name ON symbols (name);
CREATE TABLE markers (id INTEGER PRIMARY KEY, line INTEGER NOT NULL, word TEXT NOT NULL, text TEXT NOT NULL,
    sum INTEGER NOT NULL);
CREATE TABLE embedded (id INTEGER PRIMARY KEY, key BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE skipped (path TEXT PRIMARY KEY, reason TEXT NOT NULL, stat TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE pending (file INTEGER PRIMARY KEY);
CREATE TABLE generation (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, keyword TEXT NOT NULL,
    manifest TEXT NOT NULL, head TEXT NOT NULL, finished REAL NOT NULL, complete INTEGER NOT NULL,
    n_files INTEGER NOT NULL, n_chunks INTEGER NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE vector_pending (file INTEGER PRIMARY KEY);
CREATE TABLE vector_generation (one INTEGER PRIMARY KEY CHECK (one = 1), folder TEXT NOT NULL, manifest TEXT NOT NULL,
    model TEXT NOT NULL, dim INTEGER NOT NULL, n_vectors INTEGER NOT NULL, complete INTEGER NOT NULL,
    sum INTEGER NOT NULL);
"""

_FORMAT = Format("index", APPLICATION_ID, FORMAT_VERSION, _SCHEMA)
_COLUMNS = {"files": 9, "chunks": 9, "symbols": 14, "markers": 5, "embedded": 3}
_OF_A_FILE = ("chunks", "symbols", "markers", "embedded")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FileRows:
    """One parsed file as rows without ids: what a parsing process hands over.

    ``tokens`` are for the keyword index. ``keys`` name what is embedded of each chunk: see ``vectors.keys``.
    """

    path: str
    hash: str
    stat: str
    language: str
    problems: int
    n_chars: int
    chunks: list[Row]
    symbols: list[Row]
    markers: list[Row]
    tokens: list[tuple[str, ...]]
    keys: list[Row]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """What the store knows of a file, enough to see whether it changed."""

    id: int
    hash: str
    stat: str
    n_chunks: int


@dataclass(frozen=True, slots=True)
class Generation:
    """The state that readers see. ``manifest`` maps the files of the keyword index to (sha256, size)."""

    number: int = 0
    keyword: str = ""
    manifest: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    head: str = ""
    finished: float = 0.0
    complete: bool = False
    n_files: int = 0
    n_chunks: int = 0


def file_id(path: str, salt: int = 0) -> int:
    """46 bits of the path's hash; ``salt`` counts up in the rare case that another path has them."""
    digest = hashlib.blake2b(f"{salt}:{path}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _ID_BITS)


def id_range(number: int) -> tuple[int, int]:
    """The first and last id that a file's chunks, symbols and markers can have."""
    first = number << CHUNK_BITS
    return first, first + (1 << CHUNK_BITS) - 1


def row_sum(values: Iterable[Any]) -> int:
    """The checksum that the last column of a row holds."""
    return zlib.crc32(repr(tuple(values)).encode("utf-8", "surrogatepass"))


def checked(row: Row) -> Row:
    """The row without its checksum. Raises IndexCorrupt if it does not fit."""
    if row_sum(row[:-1]) != row[-1]:
        raise IndexCorrupt("a row of the index does not match its checksum", hint="run `magray index` to rebuild it")
    return row[:-1]


def open_for_writing(path: Path) -> sqlite3.Connection:
    """A connection that may write; makes the file if there is none. Transactions are explicit.

    Raises IndexCorrupt, IndexFormatTooNew, or IndexingError if the file cannot be opened.
    """
    try:
        db = connect(path)
    except sqlite3.Error as error:
        raise IndexingError(f"cannot open the index: {error}", hint="check the permissions of .magray") from error
    try:
        settle(db)
        if not is_made(db, _FORMAT):
            make(db, path, _FORMAT)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA cache_size=-65536")
        return db
    except sqlite3.DatabaseError as error:
        db.close()
        raise translated(error) from error
    except BaseException:
        db.close()
        raise


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection, usable from several threads under one lock.

    Raises IndexUnavailable if there is no index, IndexCorrupt, IndexFormatTooNew.
    """
    if not path.is_file():
        if path.exists():
            raise IndexCorrupt("the index is not a file", hint="run `magray index` to rebuild it")
        raise IndexUnavailable("there is no index yet", hint="run `magray index`")
    try:
        db = connect(path, read_only=True)
        try:
            settle(db)
            if not is_made(db, _FORMAT):
                raise IndexUnavailable("the index is being made", hint="try again in a moment")
            return db
        except BaseException:
            db.close()
            raise
    except sqlite3.Error as error:
        raise translated(error) from error


def translated(error: sqlite3.Error) -> IndexingError:
    """The error in the person's words: damage, a full disk, missing rights or a lock."""
    text = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL"):
        return IndexingError("the disk is full: the index was left as it was", hint="free some space and index again")
    if code.startswith("SQLITE_IOERR"):
        return IndexingError(f"the index cannot be read or written ({text})", hint="check the disk and its free space")
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return IndexingError("the index cannot be opened", hint="check the permissions of the .magray folder")
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return IndexUnavailable("another process is using the index", hint="try again in a moment")
    return IndexCorrupt(f"the index is damaged ({text})", hint="run `magray index` to rebuild it")


def read_generation(db: sqlite3.Connection) -> Generation:
    """The generation that a reader starting now sees; number 0 if nothing was ever finished."""
    row = db.execute("SELECT * FROM generation").fetchone()
    if row is None:
        return Generation()
    number, keyword, manifest, head, finished, complete, n_files, n_chunks = checked(row[1:])
    files = {name: (digest, size) for name, (digest, size) in json.loads(manifest).items()}
    return Generation(number, keyword, files, head, finished, bool(complete), n_files, n_chunks)


def write_generation(db: sqlite3.Connection, generation: Generation) -> None:
    """Make this the generation that readers see, when the transaction around it is committed."""
    values = (
        generation.number, generation.keyword, json.dumps(dict(generation.manifest), sort_keys=True),
        generation.head, generation.finished, int(generation.complete), generation.n_files, generation.n_chunks,
    )  # fmt: skip
    db.execute("INSERT OR REPLACE INTO generation VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*values, row_sum(values)))


def known_files(db: sqlite3.Connection) -> dict[str, KnownFile]:
    """Every indexed file by path."""
    rows = db.execute("SELECT path, id, hash, stat, n_chunks FROM files")
    return {path: KnownFile(*rest) for path, *rest in rows}


def insert_file(db: sqlite3.Connection, number: int, rows: FileRows) -> None:
    """Add a file that is not there; its old rows, if any, must have been deleted."""
    first = number << CHUNK_BITS
    values = (number, rows.path, rows.hash, rows.stat, rows.language, rows.problems, len(rows.chunks), rows.n_chars)
    db.execute(_insert("files"), (*values, row_sum(values)))
    for table, items in zip(_OF_A_FILE, (rows.chunks, rows.symbols, rows.markers, rows.keys), strict=True):
        if items:
            numbered = ((first + i, *item) for i, item in enumerate(items))
            db.executemany(_insert(table), ((*row, row_sum(row)) for row in numbered))
    db.execute("INSERT OR IGNORE INTO vector_pending VALUES (?)", (number,))


def delete_file(db: sqlite3.Connection, number: int) -> None:
    """Forget a file; unknown ids are ignored."""
    db.execute("DELETE FROM files WHERE id = ?", (number,))
    for table in _OF_A_FILE:
        db.execute(f"DELETE FROM {table} WHERE id BETWEEN ? AND ?", id_range(number))
    db.execute("INSERT OR IGNORE INTO vector_pending VALUES (?)", (number,))


def touch_file(db: sqlite3.Connection, number: int, stat: str) -> None:
    """Remember a new stat key for unchanged contents."""
    row = db.execute(
        "SELECT id, path, hash, language, problems, n_chunks, n_chars FROM files WHERE id = ?", (number,)
    ).fetchone()
    values = (*row[:3], stat, *row[3:])
    db.execute("UPDATE files SET stat = ?, sum = ? WHERE id = ?", (stat, row_sum(values), number))


def check_pages(db: sqlite3.Connection) -> None:
    """Raise IndexCorrupt or sqlite3.Error unless SQLite finds its pages in order."""
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise IndexCorrupt("the index is damaged", hint="run `magray index` to rebuild it")


def check_rows(db: sqlite3.Connection) -> None:
    """The same, and for every row that it is in its indexes and has its checksum. Reads everything."""
    if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        raise IndexCorrupt("the index is damaged", hint="run `magray index` to rebuild it")
    for table in _COLUMNS:
        for row in db.execute(f"SELECT * FROM {table}"):
            checked(row)


def read_skipped(db: sqlite3.Connection, below: str = "") -> dict[str, SkippedPath]:
    """Every path that was left out, or those at and below one."""
    if below:
        # "0" is the character after "/".
        sql, values = "WHERE path = ? OR (path > ? AND path < ?)", (below, f"{below}/", f"{below}0")
        rows = db.execute(f"SELECT path, reason, stat FROM skipped {sql}", values)
    else:
        rows = db.execute("SELECT path, reason, stat FROM skipped")
    return {path: SkippedPath(path, SkipReason(reason), stat) for path, reason, stat in rows}


def write_skipped(db: sqlite3.Connection, before: Mapping[str, SkippedPath], now: Mapping[str, SkippedPath]) -> None:
    """Turn the left-out paths from ``before`` into ``now``, writing only what differs."""
    db.executemany("DELETE FROM skipped WHERE path = ?", [(path,) for path in before.keys() - now.keys()])
    changed = [(path, one.reason.value, one.stat) for path, one in now.items() if before.get(path) != one]
    db.executemany("INSERT OR REPLACE INTO skipped VALUES (?, ?, ?)", changed)


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Files and chunks, counted: a look at every file's row."""
    files, chunks = db.execute("SELECT count(*), coalesce(sum(n_chunks), 0) FROM files").fetchone()
    return files, chunks


def _insert(table: str) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * _COLUMNS[table])})"
