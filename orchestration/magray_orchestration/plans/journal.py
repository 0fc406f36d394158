"""The journal of applications: written first, then the files, then the record; so nothing stays half done.

    staged -> writing -> committed -> done
                 └-> rolled back

``writing`` is rolled back by whoever next takes the workspace's lock, ``committed`` is tidied up. What a file is
decides what is done with it, never what was meant to have happened; so recovery may itself be interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from magray_configs.paths import WorkspacePaths
from magray_core.documents import content_hash
from magray_core.errors import ContentChanged, PlanState, WorkspaceError
from magray_core.failpoints import failpoint
from magray_orchestration.plans.states import Pair
from magray_orchestration.plans.statuses import Standing
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Action
from magray_orchestration.plans.writer import DEFAULT_MODE, FileWrite, Tree

_LOCK_TIMEOUT_S = 15.0
_LASTING = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT})


@dataclass(frozen=True, slots=True)
class Entry:
    """One application in the journal: from the pairs that were applied to those that are to be."""

    id: int
    plan_id: str
    action: Action
    digest: str
    was: frozenset[Pair]
    becomes: frozenset[Pair]
    status: str
    created: float


@contextlib.contextmanager
def workspace_lock(paths: WorkspacePaths) -> Iterator[None]:
    """Keep every other applier of the workspace out, of this process and others. The system frees it on any death."""
    file = paths.memory / "apply.lock"
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkspaceError(f"cannot lock the workspace: {error.strerror}", hint="check .magray/memory") from error
    try:
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PlanState(
                        "another Magray is applying a plan here", hint="try again when it is done"
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def open_entry(store: PlanStore, entry: Entry) -> int:
    """Write a staged application down; its id."""
    with store.transaction() as db:
        row = (
            entry.plan_id,
            entry.action,
            entry.digest,
            _pack(entry.was),
            _pack(entry.becomes),
            "staged",
            entry.created,
        )
        cursor = db.execute(
            "INSERT INTO journal (plan, action, digest, was, becomes, status, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def load_entry(store: PlanStore, entry_id: int) -> Entry:
    """The entry. Raises PlanState if there is none."""
    rows = store.rows(f"SELECT {_COLUMNS} FROM journal WHERE id = ?", entry_id)
    if not rows:
        raise PlanState("the journal does not know this application", hint="stage it again")
    return _entry(rows[0])


def entries(store: PlanStore, *statuses: str) -> tuple[Entry, ...]:
    """The entries in one of these statuses, the newest first."""
    marks = ", ".join("?" * len(statuses))
    rows = store.rows(f"SELECT {_COLUMNS} FROM journal WHERE status IN ({marks}) ORDER BY id DESC", *statuses)
    return tuple(map(_entry, rows))


def close_entry(store: PlanStore, entry_id: int, status: str, message: str = "") -> None:
    """Record how an application ended."""
    with store.transaction() as db:
        db.execute("UPDATE journal SET status = ?, message = ? WHERE id = ?", (status, message, entry_id))


Contents = Mapping[str, tuple[bytes | None, bytes | None, int]]
"""(before, after, mode) by path; None is absence."""


def begin(store: PlanStore, entry: Entry, contents: Contents, tree: Tree) -> tuple[FileWrite, ...]:
    """Write down, with both contents, what is about to happen to each location; from now on a crash is rolled back."""
    folders = {
        folder for path, (_, after, _) in contents.items() if after is not None for folder in tree.missing_folders(path)
    }
    writes: list[FileWrite] = []
    with store.transaction() as db:
        # Creations and edits come first, so that a moved file is never nowhere.
        for n, path in enumerate(sorted(contents, key=lambda path: (contents[path][1] is None, path))):
            before, after, mode = contents[path]
            was = None if before is None else store.keep(before)
            row = (entry.id, n, path, was, None if after is None else store.keep(after), mode)
            db.execute("INSERT INTO journal_files (journal, n, path, before, after, mode) VALUES (?,?,?,?,?,?)", row)
            writes.append(_write(row))
        for folder in folders:
            db.execute("INSERT INTO journal_folders (journal, path) VALUES (?, ?)", (entry.id, folder))
        db.execute("UPDATE journal SET status = 'writing' WHERE id = ?", (entry.id,))
    return tuple(writes)


def carry_out(store: PlanStore, entry: Entry, writes: Iterable[FileWrite], tree: Tree) -> None:
    """Make the folders, prepare every file, then publish them all. Raises with some files published."""
    writes = tuple(writes)
    failpoint("apply.journal")
    for folder in folders_of(store, entry.id):
        tree.make_folder(folder)
    for write in writes:
        if write.after is not None:
            tree.prepare(write, store.blob(write.after))
    failpoint("apply.prepared")
    for write in writes:
        tree.publish(write)
    for folder in {write.path.rpartition("/")[0]: write.path for write in writes}.values():
        tree.flush(folder)


def commit(store: PlanStore, entry: Entry, standing: Standing) -> None:
    """The files are as they should be: record it, durably and at once."""
    failpoint("apply.record")
    with store.transaction():
        store.set_standing(entry.plan_id, standing)
        close_entry(store, entry.id, "committed")
    failpoint("apply.recorded")


def tidy(store: PlanStore, entry: Entry, tree: Tree) -> tuple[str, ...]:
    """Remove what a committed application left beside the files; sentences about texts that were saved meanwhile."""
    notes = []
    for write in files_of(store, entry.id):
        failpoint("apply.tidy")
        try:
            left = tree.read(write.scratch)
            if left is not None and content_hash(left) not in (write.before, write.after):
                notes.append(_kept(store, entry, write, left))
            tree.discard(write.scratch)
        except WorkspaceError as error:
            if not _lasting(error):
                raise
    remove_folders(store, entry, tree)
    close_entry(store, entry.id, "done")
    return tuple(notes)


def remove_folders(store: PlanStore, entry: Entry, tree: Tree) -> None:
    """After an undo: remove the folders that the plan had made, where they are empty."""
    if entry.action == "undo":
        for folder in sorted(_plan_folders(store, entry.plan_id), reverse=True):
            tree.remove_folder(folder)


def roll_back(store: PlanStore, entry: Entry, tree: Tree) -> tuple[str, ...]:
    """Give every location its earlier bytes again; a sentence for each one that somebody has changed since."""
    conflicts = []
    for write in reversed(files_of(store, entry.id)):
        failpoint("rollback.file")
        try:
            conflict = _retract(store, entry, write, tree)
            tree.discard(write.scratch)
        except WorkspaceError as error:
            if not _lasting(error):
                raise  # the next start tries again
            original = b"" if write.before is None else store.blob(write.before)
            conflict = f"{error.message}; {_kept(store, entry, write, original)}"
        if conflict:
            conflicts.append(conflict)
    for folder in sorted(folders_of(store, entry.id), reverse=True):
        tree.remove_folder(folder)
    failpoint("rollback.record")
    close_entry(store, entry.id, "rolled back", "; ".join(conflicts))
    return tuple(conflicts)


def files_of(store: PlanStore, entry_id: int) -> tuple[FileWrite, ...]:
    """What an entry does to each location, in order."""
    query = "SELECT journal, n, path, before, after, mode FROM journal_files WHERE journal = ? ORDER BY n"
    return tuple(_write(row) for row in store.rows(query, entry_id))


def folders_of(store: PlanStore, entry_id: int) -> tuple[str, ...]:
    """The folders that an entry makes, outer ones first."""
    return tuple(
        path for (path,) in store.rows("SELECT path FROM journal_folders WHERE journal = ? ORDER BY path", entry_id)
    )


def _retract(store: PlanStore, entry: Entry, write: FileWrite, tree: Tree) -> str:
    """Undo one file of an interrupted application, whatever of it had happened; a sentence if it cannot be.

    A scratch file that holds neither text is what the person had saved when names were exchanged: it goes back.
    """
    now, aside = tree.digest(write.path), tree.digest(write.scratch)
    if now == write.before or (aside == write.after is not None and not _published_by_link(write, now, tree)):
        return ""
    if now == write.after:
        with contextlib.suppress(ContentChanged):  # saved by the person at this very moment: theirs stays
            if write.after is None:
                if aside is not None and tree.put_back(write):
                    return ""
            elif write.before is None:
                tree.discard(write.scratch)
                tree.withdraw(write)
                return ""
            else:
                back = replace(write, before=write.after, after=write.before)
                if aside is None:
                    back = replace(back, scratch=f"{write.scratch}.back")
                    tree.discard(back.scratch)
                    tree.prepare(back, store.blob(write.before))
                tree.publish(replace(back, after=aside or write.before))
                tree.discard(back.scratch)
                return ""
    left = tree.read(write.scratch)
    if left is not None and content_hash(left) != write.after:
        return _kept(store, entry, write, left)
    return f"{write.path} was changed meanwhile and is left as it is"


def _write(row: tuple[int, int, str, str | None, str | None, int]) -> FileWrite:
    """The scratch name follows from the entry and is never read from the database, which may come from a stranger."""
    entry_id, n, path, before, after, mode = row
    scratch = PurePosixPath(path).with_name(f".magray-{entry_id}-{n}.tmp").as_posix()
    return FileWrite(path, before, after, mode if mode == DEFAULT_MODE else mode & 0o777, scratch)


def _published_by_link(write: FileWrite, now: str | None, tree: Tree) -> bool:
    return write.before is None and now == write.after and tree.same_file(write)


def _kept(store: PlanStore, entry: Entry, write: FileWrite, data: bytes) -> str:
    """Put bytes where the person finds them; the sentence that says so."""
    folder = store.paths.base / "recover" / str(entry.id)
    name = write.path.replace("/", "__")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(data)
            os.fsync(file.fileno())
    except OSError as error:
        raise WorkspaceError(f"cannot keep a copy of {write.path}: {error.strerror}") from error
    kept = Path(".magray", "recover", str(entry.id), name).as_posix()
    return f"{write.path} was changed meanwhile and is left as it is; the other text is in {kept}"


def _lasting(error: WorkspaceError) -> bool:
    """Whether trying again later would not help: a link or folder stands there now, or rights were taken away."""
    cause = error.__cause__
    return not isinstance(cause, OSError) or cause.errno in _LASTING


def _plan_folders(store: PlanStore, plan_id: str) -> set[str]:
    rows = store.rows("SELECT path FROM journal_folders JOIN journal ON journal = journal.id WHERE plan = ?", plan_id)
    return {path for (path,) in rows}


_COLUMNS = "id, plan, action, digest, was, becomes, status, created"


def _entry(row: tuple[int, str, Action, str, str, str, str, float]) -> Entry:
    entry_id, plan_id, action, digest, was, becomes, status, created = row
    return Entry(entry_id, plan_id, action, digest, _unpack(was), _unpack(becomes), status, created)


def _pack(pairs: Iterable[Pair]) -> str:
    return json.dumps(sorted(pairs))


def _unpack(text: str) -> frozenset[Pair]:
    return frozenset((step, path) for step, path in json.loads(text))
