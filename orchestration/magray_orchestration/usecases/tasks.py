"""Todos: added by people, taken up from TODO and FIXME comments, done by either."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records
from magray_indexers.remembering.markers import Marked, Markers, read_markers
from magray_orchestration.anchors import anchored
from magray_orchestration.explain.resolving import enclosing, read
from magray_orchestration.memories import Memories
from magray_orchestration.usecases.memory import Draft, Kept, kept, note
from magray_orchestration.workspace import Workspace

GONE_TAG = "gone"
"""On a todo whose comment is no longer in the code."""

_NEVER = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import did: todos that are new, that moved to another file, whose comment is gone, that are as before."""

    new: int
    moved: int
    gone: int
    same: int


def add_task(workspace: Workspace, memories: Memories, draft: Draft) -> Kept:
    """Remember a todo. Raises WorkspaceError for an empty text or a date that is none."""
    return note(workspace, memories, replace(draft, kind="todo"))


def tasks(workspace: Workspace, memories: Memories, *, done_too: bool = False) -> list[Kept]:
    """The open todos, those that are due first, then the newest; with ``done_too`` the done ones at the end."""
    found = kept(workspace, memories, records.Wanted(("todo",), open_only=not done_too))
    return sorted(found, key=lambda task: (task.record.done is not None, task.record.due or _NEVER))


def overdue(record: MemoryRecord) -> bool:
    """Whether the todo should have been done before today."""
    return record.done is None and record.due != "" and record.due < datetime.date.today().isoformat()


def finish(workspace: Workspace, memories: Memories, reference: str) -> Kept:
    """Mark a todo as done; one that is done stays as it is. Raises WorkspaceError if there is none with that id."""
    holder, record = memories.get(reference, ("todo",))
    if record.done is None:
        record = records.keep(memories.holder(holder), replace(record, done=time.time()))
    return Kept(record, holder, anchored(workspace, record))


def take_markers(workspace: Workspace, memories: Memories) -> Taken:
    """Take up every TODO, FIXME, HACK and XXX comment of the index as a todo with its place.

    The same comment is taken once. One that is no longer there makes its todo done and tagged ``gone``; when it comes
    back the todo is open again. Raises IndexUnavailable, IndexCorrupt, WorkspaceError.
    """
    there = read_markers(workspace.root)
    store = memories.project
    known = records.by_key(store, "marker:")
    new = {marked.key: marked for marked in there.found if marked.key not in known}
    current = {marked.key for marked in there.found}
    missing = [record for key, record in known.items() if key not in current]
    moved = _moved(missing, new, there)
    fresh = {record.id for record, _ in moved}
    gone = [record for record in missing if record.id not in fresh and _is_gone(workspace, record, there)]
    changes = [_placed(workspace, _opened(record), marked) for record, marked in moved]
    changes += [replace(record, done=time.time(), tags=(*record.tags, GONE_TAG)) for record in gone]
    taken = [_todo(workspace, marked) for key, marked in new.items() if key not in {one.key for one in changes}]
    changes += [*taken, *_followed(workspace, there, known)]
    # Files are read before the memory is locked, so that nobody waits for them.
    with store.transaction():
        meanwhile = records.by_key(store, "marker:").keys() - known.keys()
        for record in changes:
            if record.key not in meanwhile:
                records.keep(store, record)
    return Taken(len(taken), len(moved), len(gone), len(current & known.keys()))


def _followed(workspace: Workspace, there: Markers, known: dict[str, MemoryRecord]) -> Iterator[MemoryRecord]:
    """The todos whose comment is on another line now, or came back."""
    for marked in there.found:
        record = known.get(marked.key)
        if record is None:
            continue
        now = _opened(record)
        if record.line != marked.marker.line:
            now = _placed(workspace, now, marked)
        if now != record:
            yield now


def _moved(missing: list[MemoryRecord], new: dict[str, Marked], there: Markers) -> list[tuple[MemoryRecord, Marked]]:
    """Todos whose file is gone, each with a new comment of the same words: the file was renamed."""
    left = list(new.values())
    pairs = []
    for record in missing:
        if record.path in there.paths:
            continue
        match = next(
            (one for one in left if _words(one) == record.text and f"import:{one.marker.word}" == record.source), None
        )
        if match is not None:
            left.remove(match)
            pairs.append((record, match))
    return pairs


def _is_gone(workspace: Workspace, record: MemoryRecord, there: Markers) -> bool:
    """Whether the comment is surely no longer there: its file was read again, or does not exist any more."""
    if GONE_TAG in record.tags or record.done is not None:
        return False
    return there.complete and (record.path in there.paths or not workspace.exists(record.path))


def _opened(record: MemoryRecord) -> MemoryRecord:
    if GONE_TAG not in record.tags:
        return record
    return replace(record, done=None, tags=tuple(tag for tag in record.tags if tag != GONE_TAG))


def _todo(workspace: Workspace, marked: Marked) -> MemoryRecord:
    word = marked.marker.word
    todo = MemoryRecord("", "todo", _words(marked), f"import:{word}", 0.0, tags=(word.lower(),), tainted=True)
    return _placed(workspace, todo, marked)


def _placed(workspace: Workspace, record: MemoryRecord, marked: Marked) -> MemoryRecord:
    """The todo with its comment's path, symbol, line and text as they are now."""
    line, symbol, text = marked.marker.line, "", ""
    if workspace.exists(marked.path):
        reading = read(workspace, marked.path)
        lines = reading.document.lines()
        if line <= lines.n_lines:
            span = lines.line_span(line - 1)
            text = reading.document.text[span.start : span.end].strip()[:200]
            around = enclosing(reading.parsed.symbols, span.start)
            symbol = around[0].qualified_name if around else ""
    return replace(record, path=marked.path, symbol=symbol, line=line, anchor=text, key=marked.key)


def _words(marked: Marked) -> str:
    """What the comment says, without the word that marks it."""
    word, text = marked.marker.word, marked.marker.text.strip()
    return re.sub(rf"^{re.escape(word)}\b[\s:.-]*", "", text, flags=re.IGNORECASE) or word
