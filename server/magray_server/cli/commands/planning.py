"""``magray plan`` and ``magray show``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from magray_core.plans import Place, Plan, Task
from magray_server.cli.opening import open_plans, open_root, open_workspace
from magray_server.cli.places import parse_pointed, parse_selected, path_from_root
from magray_server.cli.plan_text import say_new_plan
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore
    from magray_orchestration.workspace import Workspace

PATIENT_S = 120.0
"""A plan must not miss a mention, so it waits for the index."""


def plan(call: Invocation) -> int:
    """Make a plan, change nothing."""
    check_usage(call)
    root = open_root(call)
    with open_workspace(call, root, quick_s=PATIENT_S) as workspace, open_plans(call, root) as store:
        made = make(call, workspace, store)
        call.out.answer(lambda: view_of(made, store), lambda: say_new_plan(call.out, made))
    return DONE


def show(call: Invocation) -> int:
    """The plan document, or its unified diff."""
    from magray_orchestration.plans.diff import plan_diff
    from magray_orchestration.plans.document import render
    from magray_orchestration.usecases.plans import find_plan

    with open_plans(call, open_root(call)) as store:
        found = find_plan(store, call.args.plan)
        if call.args.diff:
            call.out.answer(lambda: view_of(found, store), lambda: call.out.say_diff(plan_diff(store, found)))
        else:
            call.out.answer(lambda: view_of(found, store), lambda: call.out.say(render(found, store).rstrip("\n")))
    return DONE


def make(call: Invocation, workspace: Workspace, store: PlanStore) -> Plan:
    """The plan for the goal on the command line, stored."""
    from magray_orchestration.usecases.plans import make_plan

    task = Task(" ".join(call.args.goal), _place(call, workspace, workspace.root))
    with call.out.progress() as bar:
        return make_plan(workspace, store, task, progress=bar)


def check_usage(call: Invocation) -> None:
    """Raise UsageError for a place in another form, before anything slow is done."""
    if call.args.select is not None:
        parse_selected(call.args.select)
    if call.args.at is not None:
        parse_pointed(call.args.at)


def view_of(found: Plan, store: PlanStore) -> dict[str, object]:
    """The plan as JSON, each step with its diff."""
    from magray_orchestration.plans.diff import step_diff
    from magray_server.views import plan_view

    return plan_view(found, partial(step_diff, store, found)).for_cli()


def _place(call: Invocation, workspace: Workspace, root: Path) -> Place | None:
    if call.args.select is None and call.args.at is None:
        return None
    from magray_orchestration.usecases.places import place_at, place_selected

    if call.args.select is not None:
        selected = parse_selected(call.args.select)
        return place_selected(workspace, path_from_root(selected.path, root), selected.first, selected.last)
    pointed = parse_pointed(call.args.at)
    return place_at(workspace, path_from_root(pointed.path, root), pointed.line, pointed.column)
