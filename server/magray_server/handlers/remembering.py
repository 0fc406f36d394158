"""``magray/memory/*``: what is remembered beside the code, for an editor's navigator."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.errors import ToolDenied, WorkspaceError
from magray_core.memory import SearchScope
from magray_indexers.privacy.forgetting import Forgettable
from magray_indexers.remembering import records
from magray_indexers.remembering import sessions as stored
from magray_orchestration.anchors import Pointed, point_at
from magray_orchestration.memories import Memories
from magray_orchestration.usecases.memory import (
    Draft,
    central_path,
    forget_records,
    kept,
    memories_of,
    wish_of,
)
from magray_orchestration.usecases.memory import note as remember_note
from magray_orchestration.usecases.recollecting import Question as Sought
from magray_orchestration.usecases.recollecting import Recollection, recollect
from magray_orchestration.workspace import Workspace
from magray_server.handlers.asking import Question, says_yes
from magray_server.memory_params import (
    ExportParams,
    ForgetParams,
    GraphParams,
    NoteParams,
    PlacedParams,
    RecollectParams,
    RecordsParams,
    SessionsParams,
)
from magray_server.memory_views import (
    ForgottenView,
    RecordsView,
    SessionsView,
    found_view,
    graph_view,
    message_view,
    proof_view,
    record_view,
    record_views,
    session_view,
)
from magray_server.places import line_and_column, with_locations, workspace_path
from magray_server.pools import Pool
from magray_server.session import Session
from magray_server.snapshot import Snapshot
from magray_server.uris import file_path
from magray_server.views import freshness_view
from magray_server.why import what_is_old


@contextmanager
def remembered(snapshot: Snapshot) -> Iterator[tuple[Workspace, Memories]]:
    """The workspace and the memories, opened for one request. Raises WorkspaceError, IndexFormatTooNew."""
    workspace = snapshot.workspace()
    with memories_of(workspace) as memories:
        yield workspace, memories


def list_records(snapshot: Snapshot, params: RecordsParams, _cancel: CancelToken) -> Any:
    """A navigator lists or filters what is remembered."""
    for kind in params.kinds:
        if kind not in records.KINDS:
            raise WorkspaceError(f"{kind[:40]!r} is no kind of memory", hint=f"one of {', '.join(records.KINDS)}")
    with remembered(snapshot) as (workspace, memories):
        found = kept(workspace, memories, records.Wanted(params.kinds, params.paths, params.tags), params.query)
        answer = RecordsView(records=record_views(found)).for_lsp()
        return with_locations({**answer, "notices": list(memories.notices)}, snapshot)


def note(snapshot: Snapshot, params: NoteParams, _cancel: CancelToken) -> Any:
    """The person notes something, mostly at the cursor."""
    with remembered(snapshot) as (workspace, memories):
        at = pointed(snapshot, params)
        draft = Draft(params.text, params.kind, params.name, params.tags, "", at, params.everywhere)
        return with_locations(record_view(remember_note(workspace, memories, draft)).for_lsp(), snapshot)


def pointed(snapshot: Snapshot, params: PlacedParams) -> Pointed | None:
    """The place that the params point at: a document as a whole, or a line of it."""
    if params.text_document is None:
        return None
    path = workspace_path(snapshot, params.text_document.uri)
    position = params.range.start if params.range else params.position
    if position is None:
        return point_at(snapshot.workspace(), path)
    line, _ = line_and_column(snapshot, path, position.line, position.character)
    return point_at(snapshot.workspace(), path, line)


async def forget(session: Session, params: ForgetParams, cancel: CancelToken) -> Any:
    """The person wants something forgotten; they are asked, unless the client says that they have said yes."""
    snapshot = session.snapshot()
    wish = wish_of(params.paths, params.text, params.since, params.until)
    if (wish is None) != bool(params.ids):
        raise WorkspaceError("say what to forget: ids, or paths, a text or a time", hint="not both")
    shown = await _on_worker(session, Pool.QUICK, lambda: _shown(snapshot, params))
    if not params.approved and not await says_yes(session, Question("Forget this?", shown, "Forget")):
        raise ToolDenied("nothing was forgotten")
    view = await _on_worker(session, Pool.PLANNING, lambda: _forget(snapshot, params, wish, cancel))
    if wish is not None and session.indexing is not None:
        session.indexing.build("something was forgotten", full=False)
    return view


def export(snapshot: Snapshot, params: ExportParams, _cancel: CancelToken) -> Any:
    """The person takes their memory with them."""
    from magray_orchestration.usecases.privacy import export as write_archive

    paths = snapshot.workspace().paths
    if params.uri is None:
        paths.create()
        target = paths.base / "artifacts" / f"memory-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}.zip"
    else:
        target = Path(file_path(params.uri))
    done = write_archive(paths.root, target)
    return {"file": str(done.target), "uri": done.target.as_uri(), "counts": dict(done.counts), "bytes": done.bytes}


def graph(snapshot: Snapshot, params: GraphParams, _cancel: CancelToken) -> Any:
    """A navigator shows what is around a thing, as values and perhaps as a picture."""
    from magray_orchestration.usecases.graph import graph_around, render_html, render_svg, render_text

    with remembered(snapshot) as (workspace, memories):
        about = params.about.strip() or _about(snapshot, params) or central_path(workspace)
        notes = [one.record for one in kept(workspace, memories, records.Wanted(("note", "todo", "link")))]
        found = graph_around(workspace, about, depth=params.depth, limit=params.limit, records=notes)
    answer = graph_view(found).for_lsp()
    for node in answer["nodes"]:
        if node["path"]:
            line = max(1, node["line"])
            node |= {"startLine": line, "endLine": line}
    if params.picture == "svg":
        answer["picture"] = render_svg(found)
    if params.picture == "text":
        answer["picture"] = render_text(found)
    if params.picture == "html":
        answer["picture"] = render_html(found, nonce=params.nonce or secrets.token_hex(16))
    return with_locations(answer, snapshot)


def search(snapshot: Snapshot, params: RecollectParams, _cancel: CancelToken) -> Any:
    """A picker asks everything at once: code, notes and conversations, with filters."""
    near = tuple(path for uri in params.near if (path := snapshot.path_of(uri)) is not None)
    scope = SearchScope(params.paths, params.languages, params.kinds, near)
    with remembered(snapshot) as (workspace, memories):
        question = Sought(params.query, params.k, scope, params.tags, params.sources)
        result = recollect(workspace, memories, question)
    answer: dict[str, Any] = {
        "hits": [found_view(one).for_lsp() for one in result.found],
        "facets": _facets(result),
        "context": list(near or reversed(tuple(workspace.documents))),
        "tookMs": round(result.took_ms, 3),
        "freshness": freshness_view(result.freshness).for_lsp(),
        "notices": [*memories.notices, *what_is_old(result.freshness)],
    }
    return with_locations(answer, snapshot)


def sessions(snapshot: Snapshot, params: SessionsParams, _cancel: CancelToken) -> Any:
    """A navigator lists conversations, or shows one."""
    with remembered(snapshot) as (_, memories):
        known = stored.sessions(memories.project)
        chosen = [one for one in known if params.session in (None, one.id)]
        if params.session is not None and not chosen:
            raise WorkspaceError(f"there is no session {params.session[:40]!r}")
        answer = SessionsView(sessions=[session_view(one) for one in chosen]).for_lsp()
        if params.session is not None:
            said = stored.transcript(memories.project, params.session)
            summary = [one for one in stored.context(memories.project, params.session) if one.role == "summary"]
            answer["messages"] = [message_view(one).for_lsp() for one in (*summary, *said)]
        return answer


def _shown(snapshot: Snapshot, params: ForgetParams) -> str:
    """What is about to go, in words. Raises WorkspaceError for an unknown id."""
    if not params.ids:
        return "Everything that fits goes, with the undo of plans that touch these files."
    with remembered(snapshot) as (_, memories):
        named = [memories.get(id_)[1].text if not id_.startswith("session:") else id_ for id_ in params.ids]
    return "\n".join(" ".join(text.split())[:100] for text in named[:10])


def _forget(snapshot: Snapshot, params: ForgetParams, wish: Forgettable | None, cancel: CancelToken) -> Any:
    from magray_orchestration.usecases.privacy import forget as forget_everywhere

    if wish is None:
        with remembered(snapshot) as (workspace, memories):
            gone = forget_records(workspace, memories, params.ids)
        view = ForgottenView(forgotten=list(gone.ids), files=[], plans=[], vectors=0, proof=proof_view(gone.proof))
        return view.for_lsp()
    workspace = snapshot.workspace()
    done = forget_everywhere(workspace.root, wish, workspace.settings.index, cancel=cancel)
    return ForgottenView(
        forgotten=list(done.notes), files=list(done.files), plans=list(done.plans), vectors=done.vectors,
        proof=proof_view(done.proof),
    ).for_lsp()  # fmt: skip


def _about(snapshot: Snapshot, params: GraphParams) -> str:
    if params.text_document is None:
        return ""
    path = workspace_path(snapshot, params.text_document.uri)
    if params.position is None:
        return path
    line, _ = line_and_column(snapshot, path, params.position.line, params.position.character)
    return f"{path}:{line}"


def _facets(result: Recollection) -> dict[str, dict[str, int]]:
    """How many of the hits each filter would leave."""
    from magray_indexers.languages import language_of

    views = [found_view(one) for one in result.found]
    folders = (PurePosixPath(view.path).parts[0] for view in views if "/" in view.path)
    return {
        "sources": dict(Counter(view.source for view in views)),
        "kinds": dict(Counter(view.kind for view in views if view.kind)),
        "languages": dict(Counter(language_of(view.path) for view in views if view.source == "code")),
        "tags": dict(Counter(tag for view in views for tag in view.tags)),
        "paths": dict(Counter(f"{folder}/" for folder in folders)),
    }


async def _on_worker(session: Session, pool: Pool, work: Callable[[], Any]) -> Any:
    return await asyncio.wrap_future(session.workers.submit(pool, work))
