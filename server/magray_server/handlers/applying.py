"""``magray/plan/apply``, ``undo``, ``redo``: staged, allowed, made by the editor, recorded as it happened."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, TypeVar

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.errors import ContentChanged, MagrayError, PlanState, ToolDenied
from magray_core.tools import Decision, Verdict
from magray_orchestration.plans.applying import abandon, approval, commit_on_disk, confirm_in_editor, stage
from magray_orchestration.plans.store import current_bytes
from magray_orchestration.plans.transitions import Action, Outcome, Staged, Transition
from magray_orchestration.policy.rules import PROTECTED_RULE
from magray_orchestration.usecases.plans import find_plan
from magray_server.edits import can_apply, workspace_edit
from magray_server.handlers.asking import Question, says_yes
from magray_server.handlers.plans import document_uri, take_ticks, tell_changed
from magray_server.params import ApplyParams, PlanRef, Transaction, UndoParams
from magray_server.pools import Pool
from magray_server.protocol.client import ClientGone
from magray_server.protocol.messages import ResponseError
from magray_server.session import Session
from magray_server.snapshot import Snapshot
from magray_server.views import outcome_view

log = logging.getLogger(__name__)

_SETTLE_S = 3.0
_QUIET_S = 0.4  # longer than editors gather keystrokes before they send them
_DONE = {"apply": "applied", "undo": "undone", "redo": "redone"}

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the person asked for. ``approved``: they have said yes, which covers everything but protected files."""

    reference: str
    action: Action
    steps: frozenset[int] | None = None
    approved: bool = True
    confirm: bool = False
    digest: str | None = None


async def apply(session: Session, params: ApplyParams, _cancel: CancelToken) -> Any:
    """The person applies what is ticked, or some steps."""
    steps = None if params.steps is None else frozenset(params.steps)
    wanted = _Wanted(params.plan, "apply", steps, params.approved or params.confirm, params.confirm, params.digest)
    return await _carry_out(session, wanted)


async def undo(session: Session, params: UndoParams, _cancel: CancelToken) -> Any:
    """The person takes a plan or one of its steps back."""
    steps = None if params.step is None else frozenset({params.step})
    return await _carry_out(session, _Wanted(params.plan, "undo", steps))


async def redo(session: Session, params: PlanRef, _cancel: CancelToken) -> Any:
    """The person wants what was taken back."""
    return await _carry_out(session, _Wanted(params.plan, "redo"))


async def applied(session: Session, params: Transaction, _cancel: CancelToken) -> Any:
    """The editor made a code action's edit and now says so: see what became of the files and record that."""
    if params.transaction not in session.staged:
        return None
    staged, was_open = session.staged.pop(params.transaction)
    return await _record(session, staged, believed=await _settled(session, staged, was_open))


async def _carry_out(session: Session, wanted: _Wanted) -> Any:
    """One change at a time, and each to its end whatever becomes of the request: the journal must say what happened."""
    if session.carrying is not None and not session.carrying.done():
        raise PlanState("another change is being applied", hint="answer the editor's question first")
    session.carrying = asyncio.create_task(_stage_and_apply(session, wanted))
    session.carrying.add_done_callback(_seen)
    return await asyncio.shield(session.carrying)


def _seen(task: asyncio.Task[Any]) -> None:
    """Take the failure of a change whose request was cancelled, so that it is logged once and in our words."""
    if not task.cancelled() and isinstance(error := task.exception(), MagrayError):
        log.info("the change was not made: %s", error.message)


async def _stage_and_apply(session: Session, wanted: _Wanted) -> Any:
    snapshot = session.snapshot()
    staged = await _on_worker(session, lambda: _stage(snapshot, wanted))
    if _questions(staged, wanted):
        await _approve(session, staged, wanted)
        snapshot, before = session.snapshot(), (staged.digest, staged.files)
        staged = await _on_worker(session, lambda: _stage(snapshot, wanted))
        if (staged.digest, staged.files) != before:
            await _abandon(session, staged)
            raise ContentChanged(
                "the plan or its files changed while you were asked", hint="nothing changed; apply again"
            )
    if not can_apply(session.profile, staged.files):
        return await _write(session, staged)
    plan = await _on_worker(session, lambda: snapshot.store().get(staged.plan_id))
    edit = workspace_edit(snapshot, plan, staged, confirm=wanted.confirm)
    believed = await _ask_editor(session, types.ApplyWorkspaceEditParams(edit, label=_label(staged, plan.goal)))
    if believed:
        believed = await _settled(session, staged, frozenset(snapshot.documents))
    return await _record(session, staged, believed=believed)


def _stage(snapshot: Snapshot, wanted: _Wanted) -> Staged:
    store = snapshot.store()
    plan = find_plan(store, wanted.reference)
    if wanted.action == "apply":
        take_ticks(snapshot, plan.id)
    if wanted.digest is not None and approval(store, plan.id) != wanted.digest:
        raise PlanState(f"plan {plan.id} is not what was shown any more", hint="look at it again, then apply")
    return stage(snapshot.workspace(), store, plan.id, action=wanted.action, steps=wanted.steps)


def _questions(staged: Staged, wanted: _Wanted) -> list[Decision]:
    """The decisions that the person has to be asked about."""
    asking = [decision for decision in staged.decisions if decision.verdict is not Verdict.ALLOW]
    return [one for one in asking if one.rule == PROTECTED_RULE] if wanted.approved else asking


async def _approve(session: Session, staged: Staged, wanted: _Wanted) -> None:
    """Raises ToolDenied if the person says no or cannot be asked. The staged entry is closed either way."""
    n_files = len(staged.files)
    yes = staged.action.capitalize()
    title = f"{yes} plan {staged.plan_id} to {n_files} file{'' if n_files == 1 else 's'}?"
    reasons = "\n".join(dict.fromkeys(decision.reason for decision in _questions(staged, wanted)))
    try:
        agreed = await says_yes(session, Question(title, reasons, yes, staged.plan_id))
    finally:
        await _abandon(session, staged)
    if not agreed:
        raise ToolDenied(f"the plan was not {_DONE[staged.action]}", hint="nothing has changed")


async def _abandon(session: Session, staged: Staged) -> None:
    snapshot = session.snapshot()
    await _on_worker(session, lambda: abandon(snapshot.store(), staged))


async def _ask_editor(session: Session, params: types.ApplyWorkspaceEditParams) -> bool:
    """The editor's own answer; False if it gave none in time: what happened is then read from the files."""
    try:
        answer = await session.client.ask("workspace/applyEdit", params, timeout_s=session.patience_s)
    except (ClientGone, ResponseError) as error:
        log.warning("%s", error)
        return False
    if not answer.applied and answer.failure_reason:
        log.info("the editor did not apply the edit: %s", answer.failure_reason)
    return bool(answer.applied)


async def _settled(session: Session, staged: Staged, was_open: frozenset[str]) -> bool:
    """Wait until the editor's changes have arrived here; whether files that show no change may have one.

    An editor's answer may be quicker than its didChange. And it may keep changes in buffers that it never opens here;
    but where it has opened one closed file for its edit, a file of that kind which it has not opened was left out.
    """
    deadline = time.monotonic() + _SETTLE_S
    while True:
        snapshot = session.snapshot()
        unseen = await _on_worker(session, lambda: [file for file in staged.files if not _arrived(snapshot, file)])  # noqa: B023
        if not unseen or time.monotonic() > deadline:
            break
        if not await session.wait_for_change(_QUIET_S) and not any(
            file.target in snapshot.documents for file in unseen
        ):
            break
    missing = {file.target for file in unseen}
    opened = {
        PurePosixPath(file.target).suffix
        for file in staged.files
        if file.target in snapshot.documents and file.target not in was_open | missing
    }
    return not all(PurePosixPath(path).suffix in opened for path in missing)


def _arrived(snapshot: Snapshot, file: Transition) -> bool:
    """Whether the open document, else the file on disk, is as the edit makes it."""
    try:
        if file.after is None:
            return not snapshot.workspace().exists(file.path)
        return current_bytes(snapshot.workspace(), file.target) == file.after
    except MagrayError:
        return False


async def _write(session: Session, staged: Staged) -> Any:
    """For clients that cannot apply edits: the journaled writer, unless it would write under unsaved changes."""
    snapshot = session.snapshot()

    def work() -> Outcome:
        workspace, store = snapshot.workspace(), snapshot.store()
        dirty = [file.path for file in staged.files if _is_dirty(snapshot, file.path)]
        if dirty:
            abandon(store, staged)
            raise ToolDenied(f"{dirty[0]} has unsaved changes", hint="save it, then apply again")
        outcome = commit_on_disk(workspace, store, staged)
        opened = [file.path for file in staged.files if file.path in snapshot.documents]
        note = (f"written on disk; reload {', '.join(opened)} in the editor",) if opened else ()
        return replace(outcome, notes=outcome.notes + note)

    outcome = await _on_worker(session, work)
    if session.indexing is not None:
        session.indexing.files_changed(path for file in staged.files for path in (file.path, file.target))
    return _answer(session, outcome)


def _is_dirty(snapshot: Snapshot, path: str) -> bool:
    document = snapshot.documents.get(path)
    if document is None:
        return False
    try:
        return snapshot.workspace().read_from_disk(path).text != document.text
    except MagrayError:
        return True


async def _record(session: Session, staged: Staged, *, believed: bool) -> Any:
    snapshot = session.snapshot()
    outcome = await _on_worker(
        session, lambda: confirm_in_editor(snapshot.workspace(), snapshot.store(), staged, applied=believed)
    )
    if session.indexing is not None:
        session.indexing.files_changed(outcome.files_written)
    return _answer(session, outcome)


def _answer(session: Session, outcome: Outcome) -> dict[str, Any]:
    snapshot = session.snapshot()
    view = outcome_view(outcome).for_lsp()
    view["notes"] = list(outcome.notes)
    view["pending"] = [snapshot.uri_of(path) for path in outcome.pending]
    session.unsaved |= dict.fromkeys(outcome.pending, outcome.plan.id)
    uri = document_uri(snapshot, outcome.plan.id)
    tell_changed(session, {"id": outcome.plan.id, "status": outcome.plan.status.value, "uri": uri})
    return view


def _label(staged: Staged, goal: str) -> str:
    return goal if staged.action == "apply" else f"{staged.action} {goal}"


async def _on_worker(session: Session, work: Callable[[], _Result]) -> _Result:
    """On the thread that writes; not given up when the request is cancelled, so that the journal stays right."""
    return await asyncio.shield(asyncio.wrap_future(session.workers.submit(Pool.FILES, work)))
