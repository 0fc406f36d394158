"""``workspace/executeCommand``: each command does what the custom request does, and shows the result."""

from __future__ import annotations

import asyncio
from typing import Any

from magray_core.cancel import CancelToken
from magray_orchestration.plans.diff import plan_diff, step_diff
from magray_orchestration.plans.transitions import Choices
from magray_orchestration.usecases.plans import find_plan
from magray_server.handlers import applying, indexing, memory, plans
from magray_server.handlers.showing import show_document, show_text
from magray_server.params import (
    ApplyParams,
    ExplainParams,
    Nothing,
    PlanParams,
    PlanRef,
    SearchParams,
    SkipParams,
    StepParams,
)  # fmt: skip
from magray_server.pools import Pool
from magray_server.session import Session


async def search(session: Session, params: SearchParams, cancel: CancelToken) -> Any:
    """Search, and show the hits as a document with links."""
    snapshot = session.snapshot()
    view = await _on_worker(session, lambda: memory.search(snapshot, params, cancel))
    lines = [f"# Search: {params.query}", ""]
    for hit in view["hits"]:
        lines.append(
            f"- [{hit['path']}:{hit['startLine']}]({hit['location']['uri']}#L{hit['startLine']}) {hit['symbol']}"
        )
    await show_text(session, "search.md", "\n".join(lines if view["hits"] else [*lines, "Nothing was found."]) + "\n")
    return view


async def explain(session: Session, params: ExplainParams, cancel: CancelToken) -> Any:
    """Show the whole explanation as a document."""
    snapshot = session.snapshot()
    view = await _on_worker(session, lambda: memory.explain(snapshot, params, cancel))
    await show_text(session, "explain.md", view["markdown"])
    return view


async def plan(session: Session, params: PlanParams, cancel: CancelToken) -> Any:
    """Make a plan and show its document."""
    view = await plans.make(session, params, cancel)
    await show_document(session, view["uri"])
    return view


async def show(session: Session, params: PlanRef, _cancel: CancelToken) -> Any:
    """Show a plan's document."""
    snapshot = session.snapshot()
    view = await _on_worker(session, lambda: plans.get(snapshot, params, CancelToken()))
    await show_document(session, view["uri"])
    return view


async def preview(session: Session, params: StepParams, _cancel: CancelToken) -> Any:
    """Show the diff of a plan, or of one of its steps."""
    snapshot = session.snapshot()

    def work() -> tuple[str, str]:
        store = snapshot.store()
        found = find_plan(store, params.plan)
        step = found.step(params.step) if params.step is not None else None
        return found.id, plan_diff(store, found) if step is None else step_diff(store, found, step)

    plan_id, diff = await _on_worker(session, work)
    name = plan_id if params.step is None else f"{plan_id}-step-{params.step}"
    return {"uri": await show_text(session, f"{name}.diff", diff or "The plan changes nothing.\n")}


async def choose(session: Session, params: SkipParams, _cancel: CancelToken) -> Any:
    """Accept or skip one step."""
    snapshot = session.snapshot()
    choices = Choices(steps={params.step: params.accepted})

    def work() -> Any:
        store = snapshot.store()
        plan_id = plans.take_ticks(snapshot, find_plan(store, params.plan).id).id
        return plans.view_of(snapshot, store.choose(plan_id, choices))

    view = await _on_worker(session, work)
    plans.tell_changed(session, view)
    return view


async def do(session: Session, params: PlanParams, cancel: CancelToken) -> Any:
    """Make a plan, ask, and apply it."""
    view = await plans.make(session, params, cancel)
    return await applying.apply(session, ApplyParams(plan=view["id"]), cancel)


async def doctor(session: Session, _params: Nothing, _cancel: CancelToken) -> Any:
    """Show what works and what does not."""
    snapshot = session.snapshot()
    view = await _on_worker(session, lambda: indexing.doctor_view(snapshot))
    lines = ["# Magray doctor", ""]
    for check in view["checks"]:
        lines.append(
            f"- **{check['state']}** {check['name']}: {check['text']}"
            + (f" ({check['hint']})" if check["hint"] else "")
        )
    await show_text(session, "doctor.md", "\n".join(lines) + "\n")
    return view


async def _on_worker(session: Session, work: Any) -> Any:
    return await asyncio.wrap_future(session.workers.submit(Pool.QUICK, work))
