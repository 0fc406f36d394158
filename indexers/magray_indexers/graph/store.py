"""The graph on disk: one SQLite file, derived from the index and git, that may be deleted at any time.

Rows belong to the file they were read from and go with it. What is read whole (the links between files) carries a
checksum; the rest are ids, lines and hashes of names, which damage can make wrong but not harmful: whoever reads them
looks up what they stand for.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable
from magray_core.memory import Symbol
from magray_indexers.connecting import connect
from magray_indexers.derived import Format, is_made, make, settle
from magray_indexers.graph.edges import FileFacts, name_key, tail_key
from magray_indexers.graph.imports import ImportSpec
from magray_indexers.graph.lexing import word_set
from magray_indexers.store import CHUNK_BITS, id_range

FORMAT_VERSION = 1
APPLICATION_ID = 0x4D475247

_SCHEMA = """
CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, language TEXT NOT NULL,
    is_test INTEGER NOT NULL, module TEXT NOT NULL, stem TEXT NOT NULL, folder TEXT NOT NULL,
    stale INTEGER NOT NULL);
CREATE INDEX files_by_stem ON files (stem);
CREATE INDEX files_by_module ON files (module);
CREATE INDEX files_by_folder ON files (folder);
CREATE INDEX files_stale ON files (id) WHERE stale;
CREATE TABLE symbols (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, name TEXT NOT NULL, qualified TEXT NOT NULL,
    parent INTEGER NOT NULL, tail INTEGER NOT NULL, kind TEXT NOT NULL, line INTEGER NOT NULL,
    end_line INTEGER NOT NULL);
CREATE INDEX symbols_by_key ON symbols (key);
CREATE TABLE refs (file INTEGER NOT NULL, scope INTEGER NOT NULL, kind INTEGER NOT NULL, name INTEGER NOT NULL,
    receiver INTEGER NOT NULL, hint INTEGER NOT NULL, count INTEGER NOT NULL, line INTEGER NOT NULL,
    PRIMARY KEY (file, scope, kind, name, receiver)) WITHOUT ROWID;
CREATE INDEX refs_by_name ON refs (name);
CREATE TABLE imports (file INTEGER NOT NULL, spec TEXT NOT NULL, up INTEGER NOT NULL, style TEXT NOT NULL,
    line INTEGER NOT NULL, stem TEXT NOT NULL, PRIMARY KEY (file, spec, up)) WITHOUT ROWID;
CREATE INDEX imports_by_stem ON imports (stem);
CREATE TABLE terms (file INTEGER NOT NULL, stem TEXT NOT NULL, word TEXT NOT NULL, weight REAL NOT NULL,
    PRIMARY KEY (file, stem)) WITHOUT ROWID;
CREATE INDEX terms_by_stem ON terms (stem);
CREATE TABLE links (file INTEGER PRIMARY KEY, changed INTEGER NOT NULL, rows BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE INDEX links_by_change ON links (changed);
CREATE TABLE history (file INTEGER PRIMARY KEY, rows BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE decisions (sha TEXT NOT NULL, file INTEGER NOT NULL, made INTEGER NOT NULL,
    PRIMARY KEY (file, sha)) WITHOUT ROWID;
CREATE INDEX decisions_by_sha ON decisions (sha);
CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, index_generation INTEGER
    NOT NULL, complete INTEGER NOT NULL, head TEXT NOT NULL, unclean INTEGER NOT NULL, history INTEGER NOT NULL);
INSERT INTO state VALUES (1, 0, 0, 0, '', 0, 0);
"""
_OWNED = ("refs", "imports", "terms", "links", "history", "decisions")
_GATHERERS = word_set(
    "__init__.py __init__.pyi index.js index.ts index.tsx index.jsx index.mjs index.vue mod.rs lib.rs main.rs init.lua"
)
_SUSPECT = "graph.suspect"
_FORMAT = Format("graph", APPLICATION_ID, FORMAT_VERSION, _SCHEMA)
_BUSY_MS = 200


@dataclass(frozen=True, slots=True)
class State:
    """Where the graph stands. ``generation`` counts changes of the links, ``history`` changes of what git said.

    ``index_generation`` and ``head`` are what the last finished update saw; not ``complete``: work is left.
    """

    generation: int
    index_generation: int
    complete: bool
    head: str
    history: int


def graph_path(root: Path) -> Path:
    """Where the workspace's graph is kept."""
    return WorkspacePaths(root).memory / "graph.db"


def delete_graph(root: Path) -> None:
    """Remove the graph with everything that was read into it; the next update makes it anew. Never raises."""
    path = graph_path(root)
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()


@contextlib.contextmanager
def writing(root: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may write; a missing, damaged, foreign or older graph is made anew.

    Raises IndexUnavailable while another process writes, IndexFormatTooNew, IndexingError if the disk refuses.
    """
    path = graph_path(root)
    suspect = path.with_name(_SUSPECT)
    if suspect.exists():
        _remove_wreck(path)
        suspect.unlink(missing_ok=True)
    try:
        db = _open_for_writing(path)
    except (sqlite3.DatabaseError, IndexCorrupt) as error:
        if not _means_damage(error):
            raise translated(error) from error
        _remove_wreck(path)
        try:
            db = _open_for_writing(path)
        except sqlite3.Error as again:
            raise translated(again) from again
    try:
        yield db
    except (sqlite3.Error, IndexCorrupt) as error:
        if _means_damage(error):
            mark_suspect(root)
        raise translated(error) from error
    finally:
        with contextlib.suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        db.close()


def mark_suspect(root: Path) -> None:
    """Damage was met: the next writer makes the graph anew."""
    with contextlib.suppress(OSError):
        graph_path(root).with_name(_SUSPECT).touch(mode=0o600)


def is_suspect(root: Path) -> bool:
    """Whether damage was met in the graph."""
    return graph_path(root).with_name(_SUSPECT).exists()


def open_for_reading(root: Path) -> sqlite3.Connection:
    """A read-only connection, usable from several threads under one lock.

    Raises IndexUnavailable if there is no graph yet, IndexCorrupt, IndexFormatTooNew.
    """
    path = graph_path(root)
    if not path.is_file():
        raise IndexUnavailable("the graph is not made yet", hint="it is made in the background after the index")
    db: sqlite3.Connection | None = None
    try:
        db = connect(path, read_only=True)
        settle(db, busy_ms=_BUSY_MS)
        if not is_made(db, _FORMAT):
            raise IndexUnavailable("the graph is being made", hint="try again in a moment")
        return db
    except sqlite3.Error as error:
        if db is not None:
            db.close()
        raise translated(error) from error
    except BaseException:
        if db is not None:
            db.close()
        raise


def translated(error: Exception) -> IndexingError:
    """The error in the person's words. Damage is IndexCorrupt, a lock IndexUnavailable."""
    if isinstance(error, IndexingError):
        return error
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return IndexUnavailable("another process is making the graph", hint="try again in a moment")
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return IndexingError(f"the graph cannot be written ({error})", hint="check .magray and the free space")
    return IndexCorrupt(f"the graph is damaged ({error})", hint="it is made again in the background")


def read_state(db: sqlite3.Connection) -> State:
    """Where the graph stands. Raises IndexCorrupt."""
    row = db.execute("SELECT generation, index_generation, complete, head, history FROM state").fetchone()
    if row is None or not all(isinstance(value, int) for value in (row[0], row[1], row[2], row[4])):
        raise IndexCorrupt("the graph is damaged", hint="it is made again in the background")
    return State(row[0], row[1], bool(row[2]), str(row[3]), row[4])


def pack(rows: bytes) -> tuple[bytes, int]:
    """Bytes for a row with their checksum."""
    return rows, zlib.crc32(rows)


def unpacked(rows: object, checksum: object) -> bytes:
    """The bytes of a row. Raises IndexCorrupt unless they fit their checksum."""
    if not isinstance(rows, bytes) or zlib.crc32(rows) != checksum:
        raise IndexCorrupt("a row of the graph does not match its checksum", hint="it is made again in the background")
    return rows


def delete_file(db: sqlite3.Connection, number: int) -> None:
    """Forget everything that was read from a file."""
    db.execute("DELETE FROM files WHERE id = ?", (number,))
    db.execute("DELETE FROM symbols WHERE id BETWEEN ? AND ?", id_range(number))
    for table in _OWNED:
        db.execute(f"DELETE FROM {table} WHERE file = ?", (number,))


def replace_facts(db: sqlite3.Connection, number: int, content_hash: str, facts: FileFacts) -> None:
    """Make these the facts of a file, its links still to be made; what git said of it stays."""
    module, stem = module_of(facts.path)
    folder = facts.path.rpartition("/")[0]
    is_known = db.execute("SELECT 1 FROM files WHERE id = ?", (number,)).fetchone()
    row = (number, facts.path, content_hash, facts.language, facts.is_test, module, stem, folder.rpartition("/")[2])
    db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)", row)
    if is_known:
        db.execute("DELETE FROM symbols WHERE id BETWEEN ? AND ?", id_range(number))
        for table in ("refs", "imports", "terms"):
            db.execute(f"DELETE FROM {table} WHERE file = ?", (number,))
    first = number << CHUNK_BITS
    same = _as_one(facts.symbols)
    db.executemany(
        "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (first + i, name_key(one.name), one.name, one.qualified_name, *_owner(one.parent), one.kind.value,
             one.start_line, one.end_line)
            for i, one in enumerate(facts.symbols)
            if same[i] == i
        ),
    )  # fmt: skip
    db.executemany(
        "INSERT OR IGNORE INTO refs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        sorted(
            (number, same.get(ref.scope, ref.scope), ref.kind, ref.name, ref.receiver, ref.hint, ref.count, ref.line)
            for ref in facts.refs
        ),
    )
    db.executemany(
        "INSERT OR IGNORE INTO imports VALUES (?, ?, ?, ?, ?, ?)",
        ((number, one.spec, one.up, one.style, one.line, spec_stem(one)) for one in facts.imports),
    )
    db.executemany("INSERT OR IGNORE INTO terms VALUES (?, ?, ?, ?)", ((number, *term) for term in facts.terms))


def module_of(path: str) -> tuple[str, str]:
    """A path as imports name it, without extension, and the last word of that in lower case.

    A file that speaks for its folder (``__init__.py``, ``index.ts``, ``mod.rs``) is named as the folder.
    """
    folder, _, name = path.rpartition("/")
    base = name.removesuffix(".d.ts").rpartition(".")[0] if "." in name[1:] and not name.endswith(".d.ts") else name
    base = base.removesuffix(".d.ts")
    module = folder if name in _GATHERERS and folder else f"{folder}/{base}" if folder else base
    return module, module.rpartition("/")[2].lower()


def spec_stem(spec: ImportSpec) -> str:
    """The last word of what an import names, as files are looked up by it."""
    last = spec.spec.rpartition("/")[2]
    if spec.style == "file" or last.endswith((".js", ".ts", ".vue", ".svelte", ".mjs", ".jsx", ".tsx")):
        return module_of(spec.spec)[1]
    return last.lower()


def _as_one(symbols: Sequence[Symbol]) -> dict[int, int]:
    """For each definition the longest of its name and kind in the file: overloads are one node."""
    longest: dict[tuple[str, str], int] = {}
    for at, one in enumerate(symbols):
        key = (one.qualified_name, one.kind.value)
        known = longest.setdefault(key, at)
        if one.span.end - one.span.start > symbols[known].span.end - symbols[known].span.start:
            longest[key] = at
    return {at: longest[one.qualified_name, one.kind.value] for at, one in enumerate(symbols)}


def _owner(parent: str) -> tuple[int, int]:
    """The keys of the class or module around a definition: of its name and of that name's last part."""
    name = parent.rpartition(".")[2]
    return (name_key(name), tail_key(name)) if name else (0, 0)


def _open_for_writing(path: Path) -> sqlite3.Connection:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise IndexCorrupt("the graph is not a file")
    db = connect(path, timeout_s=0.2)
    try:
        settle(db, busy_ms=_BUSY_MS)
        if not is_made(db, _FORMAT):
            # Generations of a graph made anew are not those of the one before it.
            make(db, path, _FORMAT, then=f"UPDATE state SET generation = {time.time_ns() // 1_000_000}")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA secure_delete=ON")
        db.execute("PRAGMA cache_size=-32768")
        row = db.execute("SELECT unclean FROM state").fetchone()
        if row is None or (row[0] and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"):
            raise IndexCorrupt("the graph is damaged")
        return db
    except BaseException:
        db.close()
        raise


def _means_damage(error: Exception) -> bool:
    return isinstance(translated(error), IndexCorrupt)


def _remove_wreck(path: Path) -> None:
    """A derived store is not worth keeping when it is damaged. A folder in its place is moved aside."""
    if path.is_dir() and not path.is_symlink():
        with contextlib.suppress(OSError):
            path.rename(path.with_name("graph.db.damaged"))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()
