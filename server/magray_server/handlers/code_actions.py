"""``textDocument/codeAction`` and ``codeAction/resolve``: what can be done here, and the proved edit that does it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.errors import MagrayError, ToolDenied
from magray_core.plans import IntentKind, Place, Plan, PlanStatus, Task
from magray_core.spans import Span
from magray_core.tools import Verdict
from magray_orchestration.plans.applying import abandon, stage
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Staged
from magray_orchestration.policy.rules import PROTECTED_RULE
from magray_orchestration.refactoring.contract import Offer
from magray_orchestration.refactoring.registry import offers
from magray_orchestration.usecases.plans import make_plan
from magray_server.convert import Converter
from magray_server.edits import can_apply, workspace_edit
from magray_server.handlers.plans import take_ticks
from magray_server.pools import Pool
from magray_server.protocol.messages import ErrorCode, ResponseError
from magray_server.session import Session
from magray_server.snapshot import Snapshot

_MAX_PLANS = 3
_MAX_STAGED = 32
_PLAN_KINDS = {IntentKind.RENAME: "refactor.rename", IntentKind.MOVE: "refactor.move"}


def code_action(
    snapshot: Snapshot, params: types.CodeActionParams, cancel: CancelToken
) -> list[types.CodeAction] | None:
    """The person opened the menu, or the editor wants to know whether there is a light bulb."""
    path = snapshot.path_of(params.text_document.uri)
    if path is None or snapshot.index is None:
        return None
    workspace = snapshot.workspace()
    try:
        document = workspace.read(path)
        span = Converter(document.text, snapshot.encoding).to_span(params.range)
        found = offers(workspace, Place(path, span))
    except MagrayError:
        return None  # the document went away, or is no text
    cancel.check()
    actions = [_of_offer(snapshot, params, offer, span) for offer in found if _listed(snapshot, offer)]
    actions += _of_plans(snapshot, path)
    only = params.context.only
    wanted = [action for action in actions if only is None or any(_within(action.kind, kind) for kind in only)]
    return wanted or None


async def resolve(session: Session, action: types.CodeAction, cancel: CancelToken) -> types.CodeAction:
    """The person chose an action: compute the plan, store it, and answer with its edit."""
    data = action.data if isinstance(action.data, dict) else {}
    uri, version = data.get("uri"), data.get("version")
    if isinstance(uri, str) and session.version_of(uri) != version:
        raise ResponseError(ErrorCode.CONTENT_MODIFIED, "the document has changed since the menu was opened")
    snapshot = await session.indexed_snapshot(cancel)
    work = functools.partial(_plan_and_stage, snapshot, data, cancel)
    plan, staged = await asyncio.wrap_future(session.workers.submit(Pool.PLANNING, work))
    while len(session.staged) >= _MAX_STAGED:
        session.staged.pop(next(iter(session.staged)))  # the journal forgets it too, after an hour
    session.staged[staged.id] = (staged, frozenset(snapshot.documents))
    edit = workspace_edit(snapshot, plan, staged)
    command = types.Command("Record what was applied", "magray.plan.applied", arguments=[{"transaction": staged.id}])
    return types.CodeAction(title=action.title, kind=action.kind, edit=edit, command=command)


def _plan_and_stage(snapshot: Snapshot, data: dict[str, Any], cancel: CancelToken) -> tuple[Plan, Staged]:
    workspace, store = snapshot.workspace(), snapshot.store()
    if isinstance(data.get("plan"), str):
        plan = take_ticks(snapshot, data["plan"])
    else:
        path = snapshot.path_of(str(data.get("uri"))) or ""
        place = Place(path, Span(*data["span"])) if path and data.get("span") else None
        plan = make_plan(workspace, store, Task(str(data.get("goal", "")), place), cancel=cancel)
    staged = stage(workspace, store, plan.id, action="apply")
    refusal = _refusal(snapshot, plan, staged)
    if refusal is not None:
        abandon(store, staged)
        raise refusal
    return plan, staged


def _refusal(snapshot: Snapshot, plan: Plan, staged: Staged) -> ToolDenied | None:
    """Why the edit cannot be handed to the editor as it is, where the menu gives no chance to ask."""
    hint = f"apply plan {plan.id} from its document instead"
    protected = [
        file.path
        for file, decision in zip(staged.files, staged.decisions, strict=True)
        if decision.verdict is not Verdict.ALLOW and decision.rule == PROTECTED_RULE
    ]
    if protected and not snapshot.profile.can("workspace.workspaceEdit.changeAnnotationSupport"):
        return ToolDenied(f"this changes {protected[0]}, which needs to be asked for", hint=hint)
    if not can_apply(snapshot.profile, staged.files):
        return ToolDenied("the editor cannot create, move or delete files in an edit", hint=hint)
    return None


def _of_offer(snapshot: Snapshot, params: types.CodeActionParams, offer: Offer, span: Span) -> types.CodeAction:
    uri = params.text_document.uri
    action = types.CodeAction(title=offer.title, kind=_kind(offer.kind))
    where = {"textDocument": {"uri": uri}, "range": _json_range(params.range)}
    if offer.disabled:
        action.disabled = types.CodeActionDisabled(offer.disabled)
    elif not offer.goal:
        # Its words are missing: our shims ask for them, other clients get a document to complete.
        arguments = {"goal": offer.goal_prefix, **where}
        action.command = types.Command(offer.title, "magray.plan.draft", arguments=[arguments])
    elif _resolves(snapshot):
        document = snapshot.texts.get(uri)
        version = None if document is None else document.version
        action.data = {"uri": uri, "version": version, "goal": offer.goal, "span": [span.start, span.end]}
    else:
        action.command = types.Command(offer.title, "magray.do", arguments=[{"goal": offer.goal, **where}])
    return action


def _of_plans(snapshot: Snapshot, path: str) -> Iterator[types.CodeAction]:
    if snapshot.plans is None or not _resolves(snapshot):
        return
    for plan in proposed_plans(snapshot.plans):
        if path in {change.path for step in plan.steps for change in step.changes}:
            kind = _kind(_PLAN_KINDS.get(plan.intent.kind, "refactor.rewrite"))
            yield types.CodeAction(title=f"Apply plan: {plan.goal}", kind=kind, data={"plan": plan.id})


def proposed_plans(store: PlanStore) -> tuple[Plan, ...]:
    """The newest plans that wait for the person; read again only when the store has changed."""
    stamps = []
    for name in (store.paths.state_db, store.paths.state_db.with_name(store.paths.state_db.name + "-wal")):
        try:
            stat = name.stat()
            stamps += [stat.st_mtime_ns, stat.st_size]
        except OSError:
            stamps.append(0)
    return _proposed(store, tuple(stamps))


@functools.lru_cache(maxsize=2)
def _proposed(store: PlanStore, _stamp: tuple[int, ...]) -> tuple[Plan, ...]:
    waiting = [plan for plan in store.list() if plan.status in (PlanStatus.PROPOSED, PlanStatus.UNDONE)]
    return tuple(waiting[:_MAX_PLANS])


def _listed(snapshot: Snapshot, offer: Offer) -> bool:
    return not offer.disabled or snapshot.profile.can("textDocument.codeAction.disabledSupport")


def _resolves(snapshot: Snapshot) -> bool:
    properties = snapshot.profile.capability("textDocument.codeAction.resolveSupport.properties")
    return (
        isinstance(properties, list)
        and "edit" in properties
        and snapshot.profile.can("textDocument.codeAction.dataSupport")
    )


def _kind(kind: str) -> Any:
    try:
        return types.CodeActionKind(kind)
    except ValueError:
        return kind


def _within(kind: Any, wanted: Any) -> bool:
    name, group = str(getattr(kind, "value", kind)), str(getattr(wanted, "value", wanted))
    return not group or name == group or name.startswith(f"{group}.")


def _json_range(given: types.Range) -> dict[str, dict[str, int]]:
    return {
        "start": {"line": given.start.line, "character": given.start.character},
        "end": {"line": given.end.line, "character": given.end.character},
    }
