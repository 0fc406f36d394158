"""Building and updating the index: what changed is read and parsed, what is gone is forgotten, all is published."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from magray_configs.paths import WorkspacePaths, checked_root
from magray_configs.settings import IndexSettings
from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexCorrupt, WorkspaceError
from magray_core.memory import IndexReport, SkipReason
from magray_indexers import git
from magray_indexers.ignore import IGNORE_FILES
from magray_indexers.locking import writer_lock
from magray_indexers.reading import Gone, Job, Outcome, Unchanged, read_and_parse
from magray_indexers.saving import SaveSession
from magray_indexers.store import FileRows, Generation, KnownFile
from magray_indexers.walk import SkippedPath, walk, walk_path
from magray_indexers.workers import read_all
from magray_indexers.writing import Session, opened_store

_JUDGED_BY_CONTENT = frozenset(
    {SkipReason.BINARY, SkipReason.MINIFIED, SkipReason.PARSE_FAILED, SkipReason.PARSE_TIMEOUT}
)
_FIRST_PUBLISH_S, _PUBLISH_GROWTH = 1.5, 3.0
_REPORT_EVERY_S = 0.2
_MANY, _MANY_PENDING = 64, 128


class _Silent:
    def report(self, message: str, fraction: float | None = None) -> None:
        """Nobody listens."""


@dataclass(slots=True)
class _Found:
    """What the walk brought, against what the store knows."""

    jobs: list[Job] = field(default_factory=list)
    skipped: dict[str, SkippedPath] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


def build(
    root: Path,
    settings: IndexSettings,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    full: bool = False,
) -> IndexReport:
    """Bring the index up to date with the files; ``full`` reads every file again.

    Readers see the old generation until a new one is published; long builds publish on the way. What was published
    stays when the build is cancelled or killed, and the next one goes on from there. Blocks; one writer at a time.
    Raises WorkspaceError, IndexFormatTooNew, IndexingError, Cancelled.
    """
    cancel, progress = cancel or CancelToken(), progress or _Silent()
    root = checked_root(root)
    paths = WorkspacePaths(root)
    paths.create()
    with writer_lock(paths.memory, cancel, progress):
        try:
            return _build(_Work(root, settings, progress, cancel), paths, full)
        except IndexCorrupt:
            # Met on the way: the store is now under suspicion, so the second try checks it and starts anew if need be.
            return _build(_Work(root, settings, progress, cancel), paths, full)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be indexed, and who is told and asked on the way."""

    root: Path
    settings: IndexSettings
    progress: Progress
    cancel: CancelToken


def _build(work: _Work, paths: WorkspacePaths, full: bool) -> IndexReport:
    with opened_store(paths) as db:
        session = Session(db, paths.keyword, large=True)
        try:
            return _Build(work, session).run(full)
        finally:
            session.close()


class _Build:
    """One build under way."""

    def __init__(self, work: _Work, session: Session) -> None:
        self._root, self._settings, self._session = work.root, work.settings, session
        self._progress, self._cancel = work.progress, work.cancel
        self._started = time.monotonic()
        self._head = git.head(work.root)
        self._changed = 0

    def run(self, full: bool) -> IndexReport:
        session = self._session
        self._progress.report("looking for files")
        known = session.known()
        found = self._walk(known, session.skipped(), full)
        removed = [path for path in known if path not in found.seen]
        for path in removed:
            session.remove(path)
        self._changed = len(removed)
        self._read(found)
        session.replace_skipped(found.skipped)
        if self._changed or not session.is_settled():
            self._progress.report("finishing", 1.0)
            self._cancel.check()
            session.publish(self._head, complete=True)
        else:
            session.refresh(self._head)
        return self._report(found.skipped)

    def _walk(self, known: Mapping[str, KnownFile], before: Mapping[str, SkippedPath], full: bool) -> _Found:
        found = _Found()
        for entry in walk(self._root, self._settings, cancel=self._cancel):
            if isinstance(entry, SkippedPath):
                found.skipped[entry.path] = entry
                continue
            old = known.get(entry.path)
            judged = before.get(entry.path)
            if old is not None and old.stat == entry.stat and not full:
                found.seen.add(entry.path)
            elif judged and judged.stat == entry.stat and judged.reason in _JUDGED_BY_CONTENT and not full:
                found.skipped[entry.path] = judged
            else:
                found.seen.add(entry.path)
                found.jobs.append(Job(entry.path, old.hash if old and not full else ""))
        return found

    def _read(self, found: _Found) -> None:
        total, last_report = len(found.jobs), 0.0
        next_publish_s = _FIRST_PUBLISH_S
        started: float | None = None  # by the first outcome: what starts slowly is no reason to publish little
        for done, outcome in enumerate(read_all(self._root, found.jobs, self._settings, self._cancel)):
            self._changed += take(self._session, outcome, found.skipped)
            now = time.monotonic()
            if now - last_report > _REPORT_EVERY_S:
                last_report = now
                self._progress.report(f"{done + 1} of {total} files", (done + 1) / total)
            started = started or now
            if now - started > next_publish_s:
                self._session.publish(self._head, complete=False)
                next_publish_s = (time.monotonic() - started) * _PUBLISH_GROWTH

    def _report(self, skipped: Mapping[str, SkippedPath]) -> IndexReport:
        return _report(self._session.generation, skipped, time.monotonic() - self._started, self._changed)


def update(
    root: Path, paths: Sequence[str], settings: IndexSettings, *, cancel: CancelToken | None = None
) -> IndexReport:
    """Bring single files or folders up to date: saved, created, deleted, renamed (give both names).

    Touches the rows of those files only; readers see the result when this returns. Does a whole ``build`` where that
    is needed: no index yet, a changed ignore file, very many files. Raises as ``build`` does.
    """
    cancel = cancel or CancelToken()
    root = checked_root(root)
    wanted = _outermost(paths)
    places = WorkspacePaths(root)
    if places.index_db.exists() and not any(path.rpartition("/")[2] in IGNORE_FILES for path in wanted):
        with contextlib.suppress(IndexCorrupt), writer_lock(places.memory, cancel), opened_store(places) as db:
            session = SaveSession(db)
            if session.usable():
                report = _update(_Work(root, settings, _Silent(), cancel), session, wanted)
                if report is not None:
                    return report
    return build(root, settings, cancel=cancel)


def _update(work: _Work, session: SaveSession, wanted: Sequence[str]) -> IndexReport | None:
    """None if it grew too large for this way."""
    started = time.monotonic()
    skipped: dict[str, SkippedPath] = {}
    changed = 0
    for path in wanted:
        known = session.known_below(path)
        seen: set[str] = set()
        for entry in walk_path(work.root, path, work.settings, cancel=work.cancel):
            if isinstance(entry, SkippedPath):
                skipped[entry.path] = entry
                continue
            if len(seen) >= _MANY:
                return None
            seen.add(entry.path)
            old = known.get(entry.path)
            job = Job(entry.path, old.hash if old else "")
            changed += take(session, read_and_parse(work.root, job, work.settings), skipped)
        for gone in known.keys() - seen:
            changed += session.remove(gone)
        session.replace_skipped_below(path, [entry for entry in skipped.values() if _is_at_or_below(entry.path, path)])
    if session.n_pending() > _MANY_PENDING:
        return None
    session.publish()
    return _report(session.generation, session.skipped(), time.monotonic() - started, changed)


def _report(generation: Generation, skipped: Mapping[str, SkippedPath], seconds: float, changed: int) -> IndexReport:
    reasons = Counter(entry.reason for entry in skipped.values())
    return IndexReport(generation.n_files, generation.n_chunks, reasons, seconds, generation.number, changed)


def _outermost(paths: Sequence[str]) -> list[str]:
    """Canonical relative paths without repetitions. Raises WorkspaceError for one that leaves the root."""
    clean = {path.rstrip("/") for path in paths}
    for path in clean:
        if not path or path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise WorkspaceError(f"{path!r} is not a path inside the workspace")
    return sorted(path for path in clean if not any(_is_at_or_below(path, other) for other in clean - {path}))


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def take(session: Session | SaveSession, outcome: Outcome, skipped: dict[str, SkippedPath]) -> int:
    """Bring one outcome into the session; 1 if what readers will see changed."""
    match outcome:
        case FileRows():
            session.put(outcome)
            return 1
        case Unchanged(path, stat):
            session.touch(path, stat)
            return 0
        case SkippedPath():
            skipped[outcome.path] = outcome
            return session.remove(outcome.path)
        case Gone(path):
            return session.remove(path)
