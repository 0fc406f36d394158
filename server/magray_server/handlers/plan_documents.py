"""Plan documents in the editor: code lenses, ticks, drafts, and texts behind ``magray:`` URIs."""

from __future__ import annotations

import asyncio
import functools
import re
import secrets
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.errors import PlanNotFound, WorkspaceError
from magray_core.plans import Place, Plan, PlanStatus, Step, StepStatus
from magray_orchestration.plans.choices import Landmark, landmarks
from magray_orchestration.plans.diff import plan_diff
from magray_orchestration.plans.document import render
from magray_orchestration.usecases.places import place_at
from magray_orchestration.usecases.plans import find_plan
from magray_server.handlers.memory import explanation_at
from magray_server.handlers.plans import Goal, Run, choose_from_text, plan_goal, tell_changed, view_of
from magray_server.handlers.showing import show_document
from magray_server.params import MakeDraft, PlanParams
from magray_server.places import place_of
from magray_server.pools import Pool
from magray_server.session import Session
from magray_server.snapshot import Snapshot

_PLANS = PurePosixPath(".magray/artifacts/plans")
_GOAL = re.compile(r"^Goal:[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_AT = re.compile(r"^At: `(.+):(\d+):(\d+)`[ \t]*$", re.MULTILINE)
_UNAPPLIED = {PlanStatus.PROPOSED, PlanStatus.UNDONE, PlanStatus.FAILED, PlanStatus.PARTLY_APPLIED}
_APPLIED = {PlanStatus.APPLIED, PlanStatus.PARTLY_APPLIED}


def plan_id_of(snapshot: Snapshot, uri: str) -> str:
    """The id of the plan whose document this is, "" for every other document."""
    path = snapshot.roots.path_of(uri) if snapshot.roots else None
    pure = PurePosixPath(path or "")
    return pure.name.removesuffix(".plan.md") if pure.parent == _PLANS and pure.name.endswith(".plan.md") else ""


def code_lens(snapshot: Snapshot, params: types.CodeLensParams, _cancel: CancelToken) -> list[types.CodeLens] | None:
    """The editor shows a document; only plans and drafts have lenses."""
    uri = params.text_document.uri
    document = snapshot.texts.get(uri)
    if document is None or snapshot.plans is None:
        return None
    if _is_draft(snapshot, uri):
        goal = _GOAL.search(document.text)
        line = 0 if goal is None else document.lines().line_of(goal.start())
        return [_lens(line, "Make this plan", "magray.plan.make", uri)]
    plan_id = plan_id_of(snapshot, uri)
    if not plan_id:
        return None
    try:
        plan = snapshot.plans.get(plan_id)
    except PlanNotFound:
        return None
    return [lens for mark in landmarks(document.text) for lens in _lenses(plan, mark)]


async def ticked(session: Session, uri: str) -> None:
    """A plan document was saved: take its ticks."""
    snapshot = session.snapshot()
    plan_id = plan_id_of(snapshot, uri)
    document = snapshot.texts.get(uri)
    if not plan_id or document is None or snapshot.plans is None:
        return
    text = document.text

    def work() -> dict[str, Any] | None:
        store = snapshot.store()
        plan = store.get(plan_id)
        chosen = choose_from_text(store, plan, text)
        return None if chosen == plan else view_of(snapshot, chosen)

    view = await asyncio.wrap_future(session.workers.submit(Pool.FILES, work))
    if view is not None:
        tell_changed(session, view)


async def draft(session: Session, params: PlanParams, _cancel: CancelToken) -> Any:
    """An action lacks a word of the person: a document to complete, for clients that cannot ask."""
    snapshot = session.snapshot()

    def work() -> str:
        place = place_of(snapshot, params.text_document, params.range, params.position)
        text = f"# New plan\n\nComplete the goal, then use the code lens above it.\n\nGoal: {params.goal}\n"
        if place is not None:
            lines = snapshot.workspace().read(place.path).lines()
            line = lines.line_of(place.span.start)
            column = place.span.start - lines.line_start(line)
            text += f"\nAt: `{place.path}:{line + 1}:{column + 1}`\n"
        file = snapshot.store().paths.plans / f"{secrets.token_hex(4)}.draft.md"
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise WorkspaceError(f"cannot write the draft: {error.strerror}") from error
        return snapshot.uri_of((_PLANS / file.name).as_posix())

    uri = await asyncio.wrap_future(session.workers.submit(Pool.FILES, work))
    await show_document(session, uri)
    return {"uri": uri}


async def make_draft(session: Session, params: MakeDraft, cancel: CancelToken) -> Any:
    """The person completed a draft's goal."""
    document = session.document(params.uri)
    if document is None:
        raise WorkspaceError("the draft is not open", hint="open it, complete the goal, and try again")
    goal, at = _GOAL.search(document.text), _AT.search(document.text)
    if goal is None or not goal.group(1):
        raise WorkspaceError("the draft has no goal", hint="write it after Goal:")
    snapshot = await session.indexed_snapshot(cancel)

    def place() -> Place | None:
        return place_at(snapshot.workspace(), at.group(1), int(at.group(2)), int(at.group(3))) if at else None

    view = await plan_goal(session, snapshot, Goal(goal.group(1), place), Run(cancel))
    await show_document(session, view["uri"])
    return view


def text_document_content(
    snapshot: Snapshot, params: types.TextDocumentContentParams, _cancel: CancelToken
) -> types.TextDocumentContentResult:
    """The editor opens a ``magray:`` document: an explanation, a plan or its diff."""
    parts = urlsplit(params.uri)
    kind, _, rest = unquote(parts.path, errors="surrogateescape").strip("/").partition("/")
    if kind == "explain":
        query = parse_qs(parts.query)
        try:
            line, column = int(query["line"][0]), int(query["column"][0])
        except (KeyError, ValueError) as error:
            raise WorkspaceError("the link names no place") from error
        return types.TextDocumentContentResult(explanation_at(snapshot, rest, line, column).markdown)
    if kind in ("plan", "diff"):
        plan = find_plan(snapshot.store(), rest)
        text = plan_diff(snapshot.store(), plan) if kind == "diff" else render(plan, snapshot.store())
        return types.TextDocumentContentResult(text)
    raise WorkspaceError("there is no such document", hint="it may come from another version of Magray")


def _is_draft(snapshot: Snapshot, uri: str) -> bool:
    path = PurePosixPath((snapshot.roots.path_of(uri) if snapshot.roots else None) or "")
    return path.parent == _PLANS and path.name.endswith(".draft.md")


def _lenses(plan: Plan, mark: Landmark) -> list[types.CodeLens]:
    lens = functools.partial(_lens, mark.line)
    if mark.kind == "plan":
        found = [lens("Preview", "magray.plan.preview", plan.id)]
        if plan.status in _UNAPPLIED:
            found.append(lens("Apply", "magray.apply", {"plan": plan.id, "approved": True}))
        if plan.status in _APPLIED:
            found.append(lens("Undo", "magray.undo", {"plan": plan.id}))
        if any(step.status is StepStatus.UNDONE for step in plan.steps):
            found.append(lens("Redo", "magray.redo", {"plan": plan.id}))
        return found
    step = plan.step(mark.step_id) if mark.kind == "step" and mark.step_id is not None else None
    return [] if step is None else _step_lenses(plan, step, lens)


def _step_lenses(plan: Plan, step: Step, lens: functools.partial[types.CodeLens]) -> list[types.CodeLens]:
    found = [lens("Preview", "magray.plan.preview", plan.id, step.id)]
    if step.status in (StepStatus.APPLIED, StepStatus.APPLYING):
        return [*found, lens("Undo", "magray.undo", {"plan": plan.id, "step": step.id})]
    choice = {"plan": plan.id, "step": step.id, "accepted": not step.accepted}
    found.append(lens("Skip" if step.accepted else "Accept", "magray.plan.choose", choice))
    if step.accepted:
        found.append(lens("Apply this step", "magray.apply", {"plan": plan.id, "steps": [step.id], "approved": True}))
    return found


def _lens(line: int, title: str, command: str, *arguments: Any) -> types.CodeLens:
    where = types.Range(types.Position(line, 0), types.Position(line, 0))
    return types.CodeLens(where, types.Command(title, command, arguments=list(arguments)))
