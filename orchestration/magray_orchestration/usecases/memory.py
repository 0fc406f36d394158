"""Notes and what else is remembered beside the code: kept, listed, forgotten."""

from __future__ import annotations

import contextlib
import datetime
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.locking import writer_lock
from magray_indexers.privacy.forgetting import Forgettable, checked_wish
from magray_indexers.privacy.proof import Proof, prove
from magray_indexers.remembering import records, sessions
from magray_indexers.remembering.forgetting import scrub
from magray_orchestration.anchors import Anchor, Pointed, anchored
from magray_orchestration.memories import Holder, Memories, open_memories
from magray_orchestration.workspace import Workspace

NOTABLE = ("note", "link", "recipe")
"""Kinds that people write down; todos are added as tasks, projects note themselves."""

_LEAST_PROVED = 8
_LOCK_S = 10.0
_GRAPH_S = 5.0
_DAY_S = 86_400.0
_LAST_DAY = "9999-12-30"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record, whose memory holds it, and where it stands now."""

    record: MemoryRecord
    holder: Holder
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants remembered. ``everywhere`` keeps it for all projects."""

    text: str
    kind: str = "note"
    name: str = ""
    tags: tuple[str, ...] = ()
    due: str = ""
    at: Pointed | None = None
    everywhere: bool = False
    source: str = "person"


@dataclass(frozen=True, slots=True)
class Gone:
    """What was forgotten, and the proof: files of the memory in which a text of it still is."""

    ids: tuple[str, ...]
    proof: Proof


@contextlib.contextmanager
def memories_of(workspace: Workspace) -> Iterator[Memories]:
    """The memories of the workspace and of the user. Raises WorkspaceError, IndexFormatTooNew."""
    with open_memories(workspace.root, workspace.settings) as memories:
        yield memories


def note(workspace: Workspace, memories: Memories, draft: Draft) -> Kept:
    """Remember what the draft says. Raises WorkspaceError for an empty or endless text, a wrong kind, tag or date."""
    if draft.everywhere and draft.at is not None:
        raise WorkspaceError("a note for every project is about no place", hint="leave one of both out")
    if draft.kind == "recipe" and not draft.name.strip():
        raise WorkspaceError("a recipe needs a name", hint="give one with --name")
    at = draft.at or Pointed("")
    record = MemoryRecord(
        "", draft.kind, draft.text, draft.source, 0.0, at.path, at.symbol, draft.tags,
        name=draft.name, line=at.line, anchor=at.text, due=draft.due,
    )  # fmt: skip
    holder: Holder = "user" if draft.everywhere else "project"
    made = records.keep(memories.holder(holder), record)
    return Kept(made, holder, anchored(workspace, made))


def kept(
    workspace: Workspace, memories: Memories, wanted: records.Wanted = records.EVERYTHING, query: str = ""
) -> list[Kept]:
    """The records that fit, the last made first; with a query those that have its words, best first.

    The list of projects is left out unless it is asked for.
    """
    if not wanted.kinds:
        wanted = wanted._replace(kinds=tuple(kind for kind in records.KINDS if kind != "project"))
    found: list[tuple[float, Holder, MemoryRecord]] = []
    for holder, store in memories.stores():
        if query.strip():
            hits = records.search(store, query, len(records.KINDS) * 10_000, wanted)
            found += [(hit.score, holder, hit.record) for hit in hits]
        else:
            found += [(0.0, holder, record) for record in records.listed(store, wanted)]
    found.sort(key=lambda entry: -entry[0])
    return [Kept(record, holder, anchored(workspace, record)) for _, holder, record in found]


def wish_of(paths: Sequence[str], text: str, since: str, until: str) -> Forgettable | None:
    """What is to be forgotten, or None where nothing is said; days as 2026-12-31, both included.

    Raises WorkspaceError for a wish that fits nothing and for a day that is none.
    """
    if not (paths or text or since or until):
        return None
    first = _day(since) if since else (0.0 if until else None)
    # Without an end times after now are meant too: the clock may have been wrong when something was noted.
    last = _day(until) + _DAY_S - 1e-3 if until else (None if first is None else _day(_LAST_DAY))
    return checked_wish(Forgettable(tuple(paths), text, first, last))


def _day(text: str) -> float:
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise WorkspaceError(f"{text[:40]!r} is not a date", hint="write it as year-month-day: 2026-12-31") from error


def forget_records(workspace: Workspace, memories: Memories, references: Sequence[str]) -> Gone:
    """Forget records by id, and sessions by ``session:<name>``; then search the memory's own files for their texts.

    Raises WorkspaceError for an id that there is not; then nothing is forgotten.
    """
    doomed: dict[Holder, list[MemoryRecord]] = {"project": [], "user": []}
    talks = [reference.removeprefix("session:") for reference in references if reference.startswith("session:")]
    for reference in references:
        if not reference.startswith("session:"):
            holder, record = memories.get(reference)
            doomed[holder].append(record)
    known = {session.id for session in sessions.sessions(memories.project)}
    for talk in talks:
        if talk not in known:
            raise WorkspaceError(f"there is no session {talk[:40]!r}", hint="see magray memory sessions")
    texts = [record.text for some in doomed.values() for record in some]
    texts += [message.text for talk in talks for message in sessions.transcript(memories.project, talk)]
    gone: list[str] = []
    for holder, store in memories.stores():
        forgotten = records.forget(store, [record.id for record in doomed[holder]])
        talked = sessions.forget_sessions(store, talks) if holder == "project" else ()
        if forgotten or talked:
            scrub(store)
        gone += [*forgotten, *(f"session:{talk}" for talk in talked)]
    return Gone(tuple(gone), _proof(workspace, memories, texts))


def forget_project(workspace: Workspace) -> Proof:
    """Delete everything that is kept of the workspace, plans with their undo and the index too, and its place in the
    list of projects. The person's files stay. Blocks; the proof names what could not be deleted.

    Raises WorkspaceError, also while another process is indexing.
    """
    paths = workspace.paths
    with open_memories(workspace.root, workspace.settings) as memories:
        if memories.user is not None:
            key = f"project:{workspace.root}"
            known = records.by_key(memories.user, key)
            if records.forget(memories.user, [record.id for record in known.values() if record.key == key]):
                scrub(memories.user)
    try:
        with writer_lock(paths.memory, CancelToken(deadline_s=_LOCK_S)):
            _empty(paths.base)
    except Cancelled as error:
        raise WorkspaceError("another Magray is indexing this workspace", hint="stop it and try again") from error
    left = [path for path in paths.base.rglob("*") if path.is_file() and path.name != ".gitignore"]
    return Proof(len(left), 0, tuple((path.relative_to(paths.base).as_posix(), "not deleted") for path in left))


def _empty(folder: Path) -> None:
    """Delete what is in the folder; its ``.gitignore`` stays, and what cannot be deleted."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != ".gitignore":
            with contextlib.suppress(OSError):
                entry.unlink()


def central_path(workspace: Workspace) -> str:
    """The file with the most links. Raises WorkspaceError where nothing is linked."""
    from magray_indexers.graph.affinity import load_file_graph
    from magray_orchestration.usecases.graph import refresh_graph

    refresh_graph(workspace.root, within_s=_GRAPH_S)
    graph = load_file_graph(workspace.root)
    if not graph.paths:
        raise WorkspaceError("the graph is empty", hint="name a file: magray memory graph PATH")
    return graph.paths[int(graph.degrees.argmax())]


def _proof(workspace: Workspace, memories: Memories, texts: Iterable[str]) -> Proof:
    """The memory's files searched for the texts. What another record says too is no trace, and the index is derived."""
    left = {record.text for _, store in memories.stores() for record in records.listed(store)}
    sought = {text for text in texts if len(text) >= _LEAST_PROVED and not any(text in other for other in left)}
    proof = prove(workspace.paths.memory, sought)
    own = workspace.paths.memory_db.name
    return replace(proof, hits=tuple(hit for hit in proof.hits if hit[0].startswith(own)))
