"""Making the graph in slices: files that changed are read, links that this touches are made again, git is asked.

Every slice ends soon and every batch in it is one transaction, so that a killed process leaves the old rows or the new
ones. Nothing here is waited for by a search.
"""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_configs.paths import WorkspacePaths
from magray_core.cancel import CancelToken
from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable
from magray_core.failpoints import failpoint
from magray_indexers import store as index_store
from magray_indexers.corpus import chunk_of, symbol_of
from magray_indexers.derived import transaction
from magray_indexers.graph import history, store
from magray_indexers.graph.edges import FileFacts, facts_of
from magray_indexers.graph.linking import COMMON_TERM, LINK_KINDS, Link, Linker
from magray_indexers.graph.model import GraphReport
from magray_indexers.locking import mark_suspect
from magray_indexers.store import checked, id_range

LINK_FORMAT = struct.Struct("<qBfi")
"""A link between files as stored: target, index of the kind in LINK_KINDS, weight, line."""
_BATCH_S = 0.15
_BATCH_FILES = 128
_TEST_NAMES = (
    "test_{}", "tests_{}", "test-{}", "{}_test", "{}_tests", "{}-test", "{}_spec", "{}-spec", "{}test", "{}tests",
    "{}spec", "{}.test", "{}.spec",
)  # fmt: skip


def update_graph(root: Path, *, cancel: CancelToken | None = None, budget_s: float = 0.5) -> GraphReport:
    """Do about ``budget_s`` seconds of the work that is left; call it again until the report is ``complete``.

    Nothing is done while the index is missing or incomplete, or (``busy``) while another process makes the graph or the
    index is damaged. A damaged graph is made anew. Blocks. Raises Cancelled, IndexingError if the disk refuses,
    IndexFormatTooNew if a newer Magray made the index or the graph.
    """
    cancel, started = cancel or CancelToken(), time.monotonic()
    memory = WorkspacePaths(root).memory
    index: sqlite3.Connection | None = None
    try:
        index = index_store.open_for_reading(WorkspacePaths(root).index_db)
        index.execute("BEGIN")
        generation = index_store.read_generation(index)
        if not generation.complete:
            return GraphReport(index_generation=generation.number)
        with store.writing(root) as db:
            return _Update(memory, db, index, cancel, started + budget_s).run(root, generation, started)
    except IndexUnavailable:
        return GraphReport(busy=index is not None)
    except (IndexCorrupt, sqlite3.Error) as error:
        if isinstance(error, IndexCorrupt) and store.is_suspect(root):
            return GraphReport(remaining=1)  # of the graph itself: the next slice begins anew
        mark_suspect(memory)
        return GraphReport(busy=True)
    finally:
        if index is not None:
            index.close()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What others see of a file: its definitions, what it imports and so hands on, its salient words."""

    exists: bool
    names: frozenset[tuple[int, str, int]]
    imports: frozenset[tuple[str, int]]
    terms: frozenset[str]


class _Update:
    """One slice of work."""

    def __init__(
        self, memory: Path, db: sqlite3.Connection, index: sqlite3.Connection, cancel: CancelToken, deadline: float
    ) -> None:
        self._memory, self._db, self._index = memory, db, index
        self._cancel, self._deadline = cancel, deadline
        self._state = store.read_state(db)
        self._read = self._linked = self._removed = 0

    def run(self, root: Path, generation: index_store.Generation, started: float) -> GraphReport:
        """Work until the deadline, at least one batch."""
        state = self._state
        left = 0
        if not state.complete or (state.index_generation, state.head) != (generation.number, generation.head):
            with transaction(self._db):
                self._db.execute("UPDATE state SET unclean = 1, complete = 0")
            left = self._take_over()
            if not left:
                left = self._link()
            if not left and (state.head != generation.head or not state.history):
                left = self._ask_git(root)
            with transaction(self._db):
                self._db.execute("UPDATE state SET unclean = 0")
                if not left:
                    self._db.execute(
                        "UPDATE state SET complete = 1, index_generation = ?, head = ?",
                        (generation.number, generation.head),
                    )
        return GraphReport(
            self._read, self._linked, self._removed, left, not left, generation.number, time.monotonic() - started
        )

    def _take_over(self) -> int:
        """Read what differs from the index; how many files are left."""
        indexed = {int(number): digest for number, digest in self._ask_index("SELECT id, hash FROM files")}
        known = dict(self._db.execute("SELECT id, hash FROM files"))
        gone = [number for number in known if number not in indexed]
        changed = sorted(number for number, digest in indexed.items() if known.get(number) != digest)
        if gone:
            with transaction(self._db):
                for number in gone:
                    self._forget(number)
            self._removed = len(gone)
        while changed and (not self._read or time.monotonic() < self._deadline):
            until = time.monotonic() + _BATCH_S
            with transaction(self._db):
                for _ in range(min(_BATCH_FILES, len(changed))):
                    self._cancel.check()
                    number = changed.pop()
                    self._put(number, str(indexed[number]))
                    if time.monotonic() > until:
                        break
                failpoint("graph-read")
        if changed:
            stale = self._db.execute("SELECT count(*) FROM files WHERE stale").fetchone()[0]
            return len(changed) + int(stale)
        return 0

    def _put(self, number: int, digest: str) -> None:
        facts = self._facts(number)
        if facts is None:
            return
        if self._state.index_generation:
            before = self._seen(number)
            store.replace_facts(self._db, number, digest, facts)
            self._touch(facts.path, before, self._seen(number))
        else:
            store.replace_facts(self._db, number, digest, facts)
        self._read += 1

    def _forget(self, number: int) -> None:
        row = self._db.execute("SELECT path FROM files WHERE id = ?", (number,)).fetchone()
        before = self._seen(number)
        store.delete_file(self._db, number)
        self._touch(str(row[0]), before, self._seen(number))
        self._db.execute("UPDATE state SET generation = generation + 1")

    def _seen(self, number: int) -> _Seen:
        """What other files' links depend on in this one."""
        ask = self._db.execute
        return _Seen(
            ask("SELECT 1 FROM files WHERE id = ?", (number,)).fetchone() is not None,
            frozenset(ask("SELECT key, kind, parent FROM symbols WHERE id BETWEEN ? AND ?", id_range(number))),
            frozenset(ask("SELECT spec, up FROM imports WHERE file = ?", (number,))),
            frozenset(stem for (stem,) in ask("SELECT stem FROM terms WHERE file = ?", (number,))),
        )

    def _touch(self, path: str, before: _Seen, after: _Seen) -> None:
        """Have the links made again that depend on what changed in a file; how words are shared may lag behind."""
        module, stem = store.module_of(path)
        mark = "UPDATE files SET stale = 1 WHERE "
        names = {key for key, _, _ in before.names ^ after.names}
        self._db.executemany(mark + "id IN (SELECT file FROM refs WHERE name = ?)", ((name,) for name in names))
        gathers = module == path.rpartition("/")[0]
        if before.exists != after.exists or (gathers and before.imports != after.imports):
            folder = path.rpartition("/")[0].rpartition("/")[2].lower()
            self._db.execute(mark + "id IN (SELECT file FROM imports WHERE stem IN (?, ?))", (stem, folder or "."))
        if before.exists != after.exists:
            named = [form.format(stem) for form in _TEST_NAMES]
            self._db.execute(mark + f"is_test AND stem IN ({','.join('?' * len(named))})", named)
        for term in before.terms ^ after.terms:
            self._db.execute(mark + "id IN (SELECT file FROM terms WHERE stem = ? LIMIT ?)", (term, COMMON_TERM + 1))

    def _facts(self, number: int) -> FileFacts | None:
        found = self._ask_index("SELECT path, language FROM files WHERE id = ?", (number,))
        if not found:
            return None
        span = id_range(number)
        chunks = self._ask_index("SELECT * FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", span)
        symbols = self._ask_index("SELECT * FROM symbols WHERE id BETWEEN ? AND ? ORDER BY id", span)
        try:
            text = "".join(chunk_of(checked(chunk)).text for chunk in chunks)
            return facts_of(
                str(found[0][0]), str(found[0][1]), text, [symbol_of(checked(symbol)) for symbol in symbols]
            )
        except IndexCorrupt as error:
            raise self._met(error) from error

    def _ask_index(self, sql: str, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._index.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._met(index_store.translated(error)) from error

    def _met(self, error: IndexingError) -> IndexingError:
        """Trouble of the index is not the graph's: the next build looks after it, and the graph waits."""
        if isinstance(error, IndexCorrupt):
            mark_suspect(self._memory)
        return IndexUnavailable(error.message, hint=error.hint)

    def _link(self) -> int:
        """Make the links of files that are stale; how many are left."""
        stale = [number for (number,) in self._db.execute("SELECT id FROM files WHERE stale ORDER BY path")]
        linker = Linker(self._db)
        stale.reverse()
        while stale and (not self._linked or time.monotonic() < self._deadline):
            until = time.monotonic() + _BATCH_S
            with transaction(self._db):
                self._db.execute("UPDATE state SET generation = generation + 1")
                change = self._db.execute("SELECT generation FROM state").fetchone()[0]
                for _ in range(min(_BATCH_FILES, len(stale))):
                    self._cancel.check()
                    number = stale.pop()
                    values = store.pack(packed(linker.links_of(number)))
                    self._db.execute("INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?)", (number, change, *values))
                    self._db.execute("UPDATE files SET stale = 0 WHERE id = ?", (number,))
                    self._linked += 1
                    if time.monotonic() > until:
                        break
                failpoint("graph-link")
        return len(stale)

    def _ask_git(self, root: Path) -> int:
        """Take up what changed together, if there is time for it in this slice or nothing else was done."""
        if time.monotonic() > self._deadline and (self._read or self._linked):
            return 1
        ids = {str(path): int(number) for number, path in self._db.execute("SELECT id, path FROM files")}
        past = history.read_history(root, frozenset(ids), self._cancel)
        with transaction(self._db):
            self._db.execute("DELETE FROM history")
            self._db.execute("DELETE FROM decisions")
            for path, others in past.changed_with.items():
                links = [Link(ids[other], history.KIND, weight, 0) for other, weight in others]
                self._db.execute("INSERT INTO history VALUES (?, ?, ?)", (ids[path], *store.pack(packed(links))))
            self._db.executemany(
                "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?)",
                ((one.sha, ids[path], one.when) for one in past.decisions for path in one.paths),
            )
            self._db.execute("UPDATE state SET history = history + 1")
            failpoint("graph-history")
        return 0


def packed(links: Iterable[Link]) -> bytes:
    """Links as they are stored."""
    return b"".join(
        LINK_FORMAT.pack(link.target, LINK_KINDS.index(link.kind), link.weight, link.line) for link in links
    )


def unpacked(rows: bytes) -> list[Link]:
    """The links that were packed."""
    return [
        Link(target, LINK_KINDS[kind], weight, line)
        for target, kind, weight, line in LINK_FORMAT.iter_unpack(rows)
        if kind < len(LINK_KINDS)
    ]
