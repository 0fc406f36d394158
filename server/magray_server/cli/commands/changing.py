"""``magray apply``, ``undo``, ``redo`` and ``do``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from magray_core.errors import ToolDenied
from magray_core.plans import Plan
from magray_core.tools import Decision, Verdict
from magray_server.cli.commands.planning import PATIENT_S, check_usage, make
from magray_server.cli.opening import open_plans, open_root, open_workspace, open_workspace_late
from magray_server.cli.parser import UsageError
from magray_server.cli.places import parse_steps
from magray_server.cli.plan_text import say_outcome, say_plan
from magray_server.cli.running import DONE, FAILED, Invocation

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore
    from magray_orchestration.plans.transitions import Outcome, Staged
    from magray_orchestration.usecases.plans import Action
    from magray_orchestration.workspace import Workspace

_FILES_SHOWN = 12


def apply(call: Invocation) -> int:
    """Apply a plan, whole or some of its steps."""
    return _change_stored(call, "apply", parse_steps(call.args.steps))


def undo(call: Invocation) -> int:
    """Take an applied plan or one step of it back."""
    if call.args.step is not None and call.args.step < 1:
        raise UsageError("--step counts from 1", "see magray undo --help")
    return _change_stored(call, "undo", None if call.args.step is None else frozenset({call.args.step}))


def redo(call: Invocation) -> int:
    """Apply again what was undone."""
    return _change_stored(call, "redo", None)


def do(call: Invocation) -> int:
    """Plan, show, ask and apply."""
    steps = parse_steps(call.args.steps)
    check_usage(call)
    root = open_root(call)
    with open_workspace(call, root, quick_s=PATIENT_S) as workspace, open_plans(call, root) as store:
        plan = make(call, workspace, store)
        say_plan(call.out, plan)
        call.out.say()
        return _change(call, workspace, store, plan, ("apply", steps))


def _change_stored(call: Invocation, action: Action, steps: frozenset[int] | None) -> int:
    from magray_orchestration.usecases.plans import find_plan

    root = open_root(call)
    with open_workspace_late(call, root) as workspace, open_plans(call, root) as store:
        plan = find_plan(store, call.args.plan)
        return _change(call, workspace, store, plan, (action, steps))


def _change(
    call: Invocation,
    workspace: Workspace,
    store: PlanStore,
    plan: Plan,
    what: tuple[Action, frozenset[int] | None],
) -> int:
    from magray_orchestration.usecases.plans import Change, change_on_disk
    from magray_server.views import outcome_view

    action, steps = what
    outcome = change_on_disk(
        workspace, store, Change(plan.id, action, steps), lambda staged, asking: _confirm(call, staged, asking)
    )
    call.out.answer(outcome_view(outcome).for_cli, lambda: say_outcome(call.out, outcome, undo_hint=action != "undo"))
    return FAILED if _nothing_done(outcome) else DONE


def _nothing_done(outcome: Outcome) -> bool:
    return bool(outcome.refused) and not outcome.files_written


def _confirm(call: Invocation, staged: Staged, asking: tuple[Decision, ...]) -> bool:
    denied = next((one for one in asking if one.verdict is Verdict.DENY), None)
    if denied is not None:
        raise ToolDenied(f"policy refuses: {denied.reason}", hint="choose other steps with --steps")
    if call.args.yes:
        return True
    if not call.out.can_ask or call.out.as_json:
        raise ToolDenied(
            f"changing {len(staged.files)} files needs a yes, and nobody can be asked here",
            hint="look at magray show --diff, then add --yes",
        )
    for change in staged.files[:_FILES_SHOWN]:
        call.out.note(f"  {change.path}" + (f" -> {change.new_path}" if change.new_path else ""))
    if len(staged.files) > _FILES_SHOWN:
        call.out.note(f"  … and {len(staged.files) - _FILES_SHOWN} more files")
    for reason in dict.fromkeys(one.reason for one in asking):
        call.out.note(f"  {reason}", "yellow")
    verb = {"apply": "Apply", "undo": "Undo", "redo": "Redo"}[staged.action]
    return call.out.ask(f"{verb} plan {staged.plan_id} in {len(staged.files)} files?")
