"""Making plans and carrying them out on disk. In an editor the last step is the editor's: see ``plans.applying``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import PlanNotFound, ToolDenied
from magray_core.plans import Plan, Task
from magray_core.tools import Decision, Verdict
from magray_orchestration.workspace import Workspace

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore
    from magray_orchestration.plans.transitions import Outcome, Staged

Action = Literal["apply", "undo", "redo"]
LAST = "last"


@dataclass(frozen=True, slots=True)
class Change:
    """What to do with a plan; ``steps`` None means those whose boxes are checked (apply) or all that apply (else)."""

    plan_id: str
    action: Action
    steps: frozenset[int] | None = None


Confirm = Callable[["Staged", tuple[Decision, ...]], bool]
"""Shown what is about to change and every decision that asks; whether the person says yes."""


def make_plan(
    workspace: Workspace,
    store: PlanStore,
    task: Task,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Plan:
    """A proved plan for the goal, stored. Changes no file of the person's. Raises PlanError, Cancelled."""
    from magray_orchestration.planning import make_plan as compute

    return store.save(compute(workspace, task, progress=progress, cancel=cancel), workspace)


def find_plan(store: PlanStore, reference: str | None) -> Plan:
    """The plan with that id or unique beginning of one; None or ``last`` is the newest. Raises PlanNotFound."""
    if reference and reference != LAST:
        return store.get(reference)
    newest = store.list()[:1]
    if not newest:
        raise PlanNotFound("there is no plan yet", hint='make one: magray plan "rename old_name to new_name"')
    return newest[0]


def change_on_disk(workspace: Workspace, store: PlanStore, change: Change, confirm: Confirm) -> Outcome:
    """Apply, undo or redo through the journaled writer, after ``confirm`` where policy asks.

    Raises ToolDenied if policy or the person says no, ContentChanged or PlanState if it cannot be done; then nothing
    has changed.
    """
    from magray_orchestration.plans.applying import abandon, commit_on_disk, stage

    staged = stage(workspace, store, change.plan_id, action=change.action, steps=change.steps)
    try:
        asking = tuple(one for one in staged.decisions if one.verdict is not Verdict.ALLOW)
        if asking and not confirm(staged, asking):
            raise ToolDenied(f"the plan was not {_DONE[change.action]}", hint="nothing has changed")
    except BaseException:
        abandon(store, staged)
        raise
    return commit_on_disk(workspace, store, staged)


_DONE = {"apply": "applied", "undo": "undone", "redo": "redone"}
