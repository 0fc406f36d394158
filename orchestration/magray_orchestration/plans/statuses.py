"""Where a plan and its steps stand, from what is applied, taken back and left out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from magray_core.plans import Plan, PlanStatus, StepStatus
from magray_orchestration.plans.states import Pair, accepted_pairs, pairs_of
from magray_orchestration.plans.transitions import Choices


@dataclass(frozen=True, slots=True)
class Standing:
    """Which pairs of a plan are applied, which were taken back (and may be redone), which were refused and why.

    ``pending`` pairs were changed in an editor's buffer: the disk may still show them the other way round.
    """

    applied: frozenset[Pair] = frozenset()
    undone: frozenset[Pair] = frozenset()
    refused: Mapping[Pair, str] = field(default_factory=dict)
    pending: frozenset[Pair] = frozenset()


def with_statuses(plan: Plan, standing: Standing) -> Plan:
    """The plan with the status of every step, and its own, as they stand."""
    steps = tuple(replace(step, status=_step_status(plan, step.id, standing)) for step in plan.steps)
    everything = pairs_of(plan)
    if everything and standing.applied >= everything:
        status = PlanStatus.APPLIED
    elif standing.applied:
        status = PlanStatus.PARTLY_APPLIED
    elif standing.undone:
        status = PlanStatus.UNDONE
    else:
        status = PlanStatus.PROPOSED
    return replace(plan, steps=steps, status=status)


def with_choices(plan: Plan, choices: Choices, standing: Standing) -> Plan:
    """The plan with the person's choices; unknown steps and files are ignored, applied ones keep theirs."""
    steps = []
    for step in plan.steps:
        changes = tuple(
            replace(change, accepted=choices.files.get((step.id, change.path), change.accepted))
            if (step.id, change.path) not in standing.applied
            else change
            for change in step.changes
        )
        applied = pairs_of(plan, steps=(step.id,)) <= standing.applied
        accepted = step.accepted if applied else choices.steps.get(step.id, step.accepted)
        steps.append(replace(step, changes=changes, accepted=accepted))
    return replace(plan, steps=tuple(steps))


def applied_steps(plan: Plan, standing: Standing) -> tuple[int, ...]:
    """The steps of which anything is applied."""
    return tuple(step.id for step in plan.steps if pairs_of(plan, steps=(step.id,)) & standing.applied)


def _step_status(plan: Plan, step_id: int, standing: Standing) -> StepStatus:
    pairs = pairs_of(plan, steps=(step_id,))
    if pairs & standing.applied:
        return StepStatus.APPLIED
    if pairs & standing.undone:
        return StepStatus.UNDONE
    if pairs & standing.refused.keys() or (standing.applied and not pairs & accepted_pairs(plan)):
        return StepStatus.REFUSED
    return StepStatus.PROPOSED
