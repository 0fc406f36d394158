"""``magray/plan`` and its family but for applying: make, get, list, preview, choose, retry, cancel."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.documents import decode
from magray_core.plans import Place, Plan, Task
from magray_orchestration.plans.applying import approval
from magray_orchestration.plans.choices import parse_choices
from magray_orchestration.plans.diff import plan_diff, step_diff
from magray_orchestration.plans.states import PlanTexts, Subject, place
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Choices
from magray_orchestration.usecases.plans import find_plan, make_plan
from magray_server.params import CancelPlanning, ChooseParams, Nothing, PlanParams, PlanRef, PreviewParams
from magray_server.places import place_of, with_locations
from magray_server.pools import Pool
from magray_server.progress import Silent, WorkDone
from magray_server.session import Session
from magray_server.snapshot import Snapshot
from magray_server.views import plan_view


async def make(session: Session, params: PlanParams, cancel: CancelToken) -> Any:
    """The person said what should change."""
    snapshot = await session.indexed_snapshot(cancel)

    def place() -> Place | None:
        return place_of(snapshot, params.text_document, params.range, params.position)

    return await plan_goal(session, snapshot, Goal(params.goal, place), Run(cancel, params.work_done_token))


@dataclass(frozen=True, slots=True)
class Run:
    """One planning: its cancel token, and the progress token that the client gave, if it did."""

    cancel: CancelToken
    token: int | str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and where the person points; ``place`` may read files, so it is called on a worker."""

    words: str
    place: Callable[[], Place | None] = lambda: None


async def plan_goal(session: Session, snapshot: Snapshot, goal: Goal, run: Run) -> Any:
    """Plan on a worker under a progress that can be cancelled; the stored plan's view."""
    title = f"Magray: {goal.words}"
    if run.token is None:
        shown: WorkDone | None = await session.progresses.create(title, run.cancel)
    else:
        shown = session.progresses.begin(run.token, title, run.cancel)
    session.plannings[goal.words] = run.cancel

    def work() -> dict[str, Any]:
        progress = shown or Silent()
        task = Task(goal.words, goal.place())
        plan = make_plan(snapshot.workspace(), snapshot.store(), task, progress=progress, cancel=run.cancel)
        return view_of(snapshot, plan)

    ending = "stopped"
    try:
        view = await asyncio.wrap_future(session.workers.submit(Pool.PLANNING, work))
        ending = str(view["summary"])
    finally:
        session.plannings.pop(goal.words, None)
        if shown is not None:
            session.progresses.end(shown, ending)
    tell_changed(session, view)
    return view


async def retry(session: Session, params: PlanRef, cancel: CancelToken) -> Any:
    """The files changed since the plan was made, so the same goal is planned again, without its place."""
    snapshot = await session.indexed_snapshot(cancel)
    plan = await asyncio.wrap_future(
        session.workers.submit(Pool.QUICK, functools.partial(find_plan, snapshot.store(), params.plan))
    )
    return await plan_goal(session, snapshot, Goal(plan.goal), Run(cancel))


def cancel_planning(session: Session, params: CancelPlanning) -> dict[str, int]:
    """The person does not want to wait any more."""
    wanted = [token for goal, token in session.plannings.items() if params.goal in (None, goal)]
    for token in wanted:
        token.cancel()
    return {"cancelled": len(wanted)}


def get(snapshot: Snapshot, params: PlanRef, _cancel: CancelToken) -> Any:
    """A shim wants to show a plan."""
    return view_of(snapshot, find_plan(snapshot.store(), params.plan))


def list_plans(snapshot: Snapshot, _params: Nothing, cancel: CancelToken) -> Any:
    """A shim wants to show which plans there are, newest first."""
    briefs = []
    for plan in snapshot.store().list():
        cancel.check()
        brief = {"id": plan.id, "goal": plan.goal, "status": plan.status.value, "summary": plan.summary}
        briefs.append({**brief, "created": plan.created, "uri": document_uri(snapshot, plan.id)})
    return {"plans": briefs}


def preview(snapshot: Snapshot, params: PreviewParams, cancel: CancelToken) -> Any:
    """A shim wants every file before and after. Refused files are shown too, marked as such."""
    store = snapshot.store()
    plan = find_plan(store, params.plan)
    return {
        "plan": plan.id,
        "digest": approval(store, plan.id),
        "document": document_uri(snapshot, plan.id),
        "diff": plan_diff(store, plan),
        "files": list(_previewed(snapshot, plan, store.texts(plan), params.steps, cancel)),
    }


async def choose(session: Session, params: ChooseParams, _cancel: CancelToken) -> Any:
    """The person ticked steps or files."""
    snapshot = session.snapshot()
    choices = Choices(
        steps={choice.step: choice.accepted for choice in params.steps},
        files={(choice.step, choice.path): choice.accepted for choice in params.files},
    )

    def work() -> dict[str, Any]:
        store = snapshot.store()
        return view_of(snapshot, store.choose(find_plan(store, params.plan).id, choices))

    view = await asyncio.wrap_future(session.workers.submit(Pool.FILES, work))
    tell_changed(session, view)
    return view


def view_of(snapshot: Snapshot, plan: Plan) -> dict[str, Any]:
    """The plan as custom requests answer it: as on the command line, with URIs and locations."""
    view = plan_view(plan, functools.partial(step_diff, snapshot.store(), plan)).for_lsp()
    located: dict[str, Any] = with_locations(view, snapshot)
    located["uri"] = document_uri(snapshot, plan.id)
    return located


def document_uri(snapshot: Snapshot, plan_id: str) -> str:
    """The URI of a plan's document."""
    root = snapshot.workspace().root
    return snapshot.uri_of(snapshot.store().document_path(plan_id).relative_to(root).as_posix())


def tell_changed(session: Session, view: dict[str, Any]) -> None:
    """Tell the client that a plan is different now, so that it reloads what it shows of it."""
    params = {"plan": view["id"], "status": view["status"], "uri": view["uri"]}
    session.client.tell("magray/plan/changed", params)
    if session.profile.can("workspace.codeLens.refreshSupport"):
        session.client.workspace_code_lens_refresh(None)


def take_ticks(snapshot: Snapshot, plan_id: str) -> Plan:
    """The plan with what the person ticked in its open document, saved or not; on a worker."""
    store = snapshot.store()
    plan = store.get(plan_id)
    document = snapshot.texts.get(document_uri(snapshot, plan.id))
    return plan if document is None else choose_from_text(store, plan, document.text)


def choose_from_text(store: PlanStore, plan: Plan, text: str) -> Plan:
    """The plan with the ticks of its document's text; nothing is written where they say nothing new."""
    choices = parse_choices(text)
    steps = {step.id: step.accepted for step in plan.steps}
    files = {(step.id, change.path): change.accepted for step in plan.steps for change in step.changes}
    changed = Choices(
        steps={key: value for key, value in choices.steps.items() if steps.get(key, value) != value},
        files={key: value for key, value in choices.files.items() if files.get(key, value) != value},
    )
    return store.choose(plan.id, changed) if changed.steps or changed.files else plan


def _previewed(
    snapshot: Snapshot, plan: Plan, texts: PlanTexts, steps: list[int] | None, cancel: CancelToken
) -> Iterator[dict[str, Any]]:
    """Each file as the accepted steps would leave it; a file that only refused steps touch, as those would."""
    shown = set(steps) if steps is not None else {step.id for step in plan.steps if step.accepted}
    accepted = {
        (step.id, change.path) for step in plan.steps for change in step.changes if step.accepted and change.accepted
    }
    for subject in texts.subjects:
        cancel.check()
        touching = [(step, change.path) for step, change in texts.changes[subject]]
        chosen = [pair for pair in touching if pair[0] in shown]
        if not chosen and steps is not None:
            continue
        touching = chosen or touching
        before, after = place(texts, subject, frozenset()), place(texts, subject, frozenset(touching))
        path, new_path = _paths(subject, before.path if before else None, after.path if after else None)
        yield {
            "path": path,
            "newPath": new_path,
            "uri": snapshot.uri_of(path),
            "newUri": snapshot.uri_of(new_path) if new_path else None,
            "before": None if before is None else _text(before.content),
            "after": None if after is None else _text(after.content),
            "steps": sorted({step for step, _ in touching}),
            "accepted": any(pair in accepted for pair in touching),
        }


def _paths(subject: Subject, before: str | None, after: str | None) -> tuple[str, str | None]:
    path = before or after or subject.path
    return path, after if after is not None and after != path else None


def _text(content: bytes) -> str:
    decoded = decode(content)
    return "" if decoded is None else decoded[0]
