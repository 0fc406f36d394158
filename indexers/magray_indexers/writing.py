"""One writing session on the index: rows in SQLite, the keyword index beside it, published together.

What readers see changes in one place only: the commit of the transaction that holds the new generation's row.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import IndexCorrupt, IndexingError
from magray_core.failpoints import failpoint
from magray_indexers import generations, store
from magray_indexers.connecting import is_sealed
from magray_indexers.keyword import ChunkTokens, KeywordWriter, chunk_tokens
from magray_indexers.locking import Suspicion, cleared, mark_suspect, suspicion
from magray_indexers.media.reading import plain_text
from magray_indexers.store import FileRows, Generation, KnownFile
from magray_indexers.walk import SkippedPath

_LARGE = 2_000
_STALE_SHARE = 20
_ALWAYS_COMPACT = 2_000


@contextlib.contextmanager
def opened_store(paths: WorkspacePaths) -> Iterator[sqlite3.Connection]:
    """The store, made if missing; a damaged one is moved aside first and made anew. Needs the writer's lock.

    SQLite's and the disk's errors leave as the person's words. Raises IndexFormatTooNew and leaves that store alone.
    """
    db = _open_or_replace(paths.index_db, suspicion(paths.memory))
    try:
        cleared(paths.memory)
        yield db
    except sqlite3.Error as error:
        met = store.translated(error)
        if isinstance(met, IndexCorrupt):
            mark_suspect(paths.memory)
        raise met from error
    except OSError as error:
        raise IndexingError(
            f"the index cannot be written: {error.strerror or error}",
            hint="check the free space and the permissions of .magray",
        ) from error
    finally:
        with contextlib.suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
        db.close()


def set_aside(path: Path) -> None:
    """Move a damaged store out of the way, with what belongs to it; only the newest such wreck is kept."""
    wreck = path.with_name(f"{path.name}.damaged")
    generations.remove(wreck)
    with contextlib.suppress(FileNotFoundError):
        path.rename(wreck)
    for suffix in ("-wal", "-shm"):
        generations.remove(path.with_name(path.name + suffix))


def _open_or_replace(path: Path, suspected: Suspicion) -> sqlite3.Connection:
    try:
        if path.is_dir():
            raise IndexCorrupt("the index is a folder")
        db = store.open_for_writing(path)
        try:
            if suspected is Suspicion.UNCLEAN:
                store.check_pages(db)
            if suspected is Suspicion.DAMAGED:
                store.check_rows(db)
            store.read_generation(db)
            return db
        except sqlite3.DatabaseError as error:
            db.close()
            raise store.translated(error) from error
        except BaseException:
            db.close()
            raise
    except IndexCorrupt:
        set_aside(path)
        return store.open_for_writing(path)


class _Nothing:
    """The writer where readers make the keyword index in their memory: nothing of it reaches the disk."""

    def add_file(self, number: int, tokens: Sequence[ChunkTokens]) -> None:
        pass

    def delete_file(self, number: int) -> None:
        pass

    def commit(self) -> None:
        pass

    def close(self) -> None:
        pass


class Session:
    """Replaces and removes files, then publishes. Use with the writer's lock held; one session per lock.

    A session that ends without ``publish`` changes nothing.
    """

    def __init__(self, db: sqlite3.Connection, keyword: Path, *, large: bool) -> None:
        self._db = db
        self._keyword = keyword
        self._large = large
        self._in_memory = is_sealed(keyword.parent)
        self.generation = store.read_generation(db)
        self._writer: KeywordWriter | _Nothing | None = None
        self._ids: dict[str, int] = {}
        self._owners: dict[int, str] = {}

    def known(self) -> dict[str, KnownFile]:
        """Every indexed file; also loads what ``put`` needs to keep ids unique."""
        known = store.known_files(self._db)
        self._ids = {path: file.id for path, file in known.items()}
        self._owners = {number: path for path, number in self._ids.items()}
        return known

    def put(self, rows: FileRows) -> None:
        """Add a file or replace what is known of it."""
        writer = self._begin()
        number = self._ids.get(rows.path)
        if number is not None:
            store.delete_file(self._db, number)
            writer.delete_file(number)
        else:
            number = self._new_id(rows.path)
        store.insert_file(self._db, number, rows)
        writer.add_file(number, rows.tokens)

    def remove(self, path: str) -> int:
        """Forget a file; how many were forgotten, 0 or 1."""
        number = self._ids.pop(path, None)
        if number is None:
            return 0
        del self._owners[number]
        writer = self._begin()
        store.delete_file(self._db, number)
        writer.delete_file(number)
        return 1

    def touch(self, path: str, stat: str) -> None:
        """Remember a new stat key of an unchanged file."""
        self._transact()
        store.touch_file(self._db, self._ids[path], stat)

    def skipped(self) -> dict[str, SkippedPath]:
        """Every path that was left out."""
        return store.read_skipped(self._db)

    def replace_skipped(self, now: Mapping[str, SkippedPath]) -> None:
        """Make these the paths that were left out."""
        self._transact()
        store.write_skipped(self._db, store.read_skipped(self._db), now)

    def is_settled(self) -> bool:
        """Whether the generation that readers see is complete, sound, and holds every saved file."""
        generation = self.generation
        if not generation.complete or self._db.execute("SELECT 1 FROM pending LIMIT 1").fetchone():
            return False
        try:
            generations.verify(self._keyword, generation.keyword, generation.manifest)
        except IndexCorrupt:
            return False
        return generation.keyword != ""

    def publish(self, head: str, *, complete: bool) -> Generation:
        """Make everything so far what readers see."""
        writer = self._begin()
        writer.commit()
        failpoint("after-keyword-commit")
        if complete and not self._in_memory and self._should_compact():
            self._rebuild_keyword()
            self._begin().commit()
        number = self.generation.number + 1
        name = generations.generation_name(number)
        manifest = {} if self._in_memory else generations.publish(self._keyword, name, self.generation.manifest)
        failpoint("after-publish")
        self._db.execute("DELETE FROM pending")
        previous = self.generation.keyword
        self._flip(Generation(number, name, manifest, head, time.time(), complete, *store.counts(self._db)))
        generations.prune(self._keyword, {name, previous})
        return self.generation

    def refresh(self, head: str) -> Generation:
        """Nothing changed: only the time and commit of the generation are new."""
        self._transact()
        self._flip(replace(self.generation, head=head, finished=time.time(), complete=True))
        return self.generation

    def close(self) -> None:
        """Let go of the keyword index's writer."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            generations.remove(self._keyword / generations.WORK)

    def _flip(self, generation: Generation) -> None:
        store.write_generation(self._db, generation)
        failpoint("before-flip")
        self._db.execute("COMMIT")
        failpoint("after-flip")
        self.generation = generation

    def _transact(self) -> None:
        if not self._db.in_transaction:
            # FULL: a generation that was told to anyone survives a power cut.
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("BEGIN IMMEDIATE")

    def _begin(self) -> KeywordWriter | _Nothing:
        self._transact()
        if self._writer is None and self._in_memory:
            self._writer = _Nothing()
        if self._writer is None:
            generation = self.generation
            try:
                work = generations.start_work(self._keyword, generation.keyword, generation.manifest)
                self._writer = KeywordWriter(work, large=self._large)
            except IndexCorrupt:
                self._rebuild_keyword()
                return self._begin()
            self._catch_up(self._writer)
        return self._writer

    def _catch_up(self, writer: KeywordWriter) -> None:
        """Bring in the files that were saved since the keyword index was written (or all, if there is none)."""
        if self.generation.keyword:
            pending = {number for (number,) in self._db.execute("SELECT file FROM pending")}
        else:
            pending = {number for (number,) in self._db.execute("SELECT id FROM files")}
        for number in sorted(pending):
            writer.delete_file(number)
            writer.add_file(number, tokens_of(self._db, number))

    def _rebuild_keyword(self) -> None:
        """Write the keyword index again from the rows."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        work = generations.start_work(self._keyword, "", {})
        self._writer = KeywordWriter(work, large=self._large)
        for (number,) in self._db.execute("SELECT id FROM files ORDER BY id").fetchall():
            failpoint("rebuilding")
            self._writer.add_file(number, tokens_of(self._db, number))

    def _should_compact(self) -> bool:
        """Deleted chunks still count in Tantivy's statistics: past a share they are cleared out."""
        deleted, total = generations.deleted_share(self._keyword)
        return deleted > 0 and (total <= _ALWAYS_COMPACT or deleted * _STALE_SHARE > total)

    def _new_id(self, path: str) -> int:
        salt = 0
        while (number := store.file_id(path, salt)) in self._owners:
            salt += 1
        self._owners[number] = path
        self._ids[path] = number
        return number


def tokens_of(db: sqlite3.Connection, number: int) -> list[ChunkTokens]:
    """A stored file's tokens, computed again; none if the file is gone."""
    row = db.execute("SELECT path, language FROM files WHERE id = ?", (number,)).fetchone()
    if row is None:
        return []
    span = store.id_range(number)
    rows = db.execute("SELECT start, end, text FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", span)
    chunks = [(start, end, plain_text(row[1], text)) for start, end, text in rows]
    symbols = db.execute(
        "SELECT name_start, qualified_name, doc FROM symbols WHERE id BETWEEN ? AND ?", span
    ).fetchall()
    return chunk_tokens(row[0], chunks, symbols)
