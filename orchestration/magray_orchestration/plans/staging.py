"""What an application would do to the files, and whether it may: computed and checked, nothing written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from magray_core.errors import ContentChanged, PlanState, ToolDenied, WorkspaceError
from magray_core.plans import Plan
from magray_core.tools import Capability, Decision, ToolInput, ToolSpec, Verdict
from magray_orchestration.plans.differences import difference
from magray_orchestration.plans.states import (
    Pair,
    Placed,
    PlanTexts,
    SteppedEdit,
    Subject,
    accepted_pairs,
    edits_between,
    pairs_of,
    place,
    state,
)
from magray_orchestration.plans.statuses import Standing
from magray_orchestration.plans.store import current_bytes
from magray_orchestration.plans.transitions import Action, Transition
from magray_orchestration.policy import decide
from magray_orchestration.workspace import Workspace

_TOOL = ToolSpec(
    name="plan.apply",
    title="Apply a plan",
    description="Writes the files of a plan that the person has seen.",
    arguments={},
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One subject on its way from a place (None: nowhere) to another."""

    subject: Subject
    old: Placed | None
    new: Placed | None


def wanted(plan: Plan, standing: Standing, action: Action, steps: frozenset[int] | None) -> frozenset[Pair]:
    """The pairs that are to be applied afterwards. Raises PlanState, with the reason, if nothing would change."""
    unknown = sorted((steps or frozenset()) - {step.id for step in plan.steps})
    if unknown:
        count = len(plan.steps)
        raise PlanState(f"plan {plan.id} has no step {unknown[0]}", hint=f"its steps are 1 to {count}")
    chosen = pairs_of(plan, steps=steps)
    match action:
        case "apply":
            becomes = standing.applied | accepted_pairs(plan, steps=steps)
        case "undo":
            becomes = standing.applied - chosen
        case "redo":
            becomes = standing.applied | (standing.undone & chosen)
    if becomes == standing.applied:
        raise _nothing_to_do(plan, standing, action, chosen)
    _check_dependencies(plan, becomes)
    return becomes


def moves(texts: PlanTexts, was: frozenset[Pair], becomes: frozenset[Pair]) -> tuple[Move, ...]:
    """The texts that change between two states, in an order in which an editor can do it one by one."""
    state(texts, becomes)  # refuses two texts at one location
    changed = (was | becomes) - (was & becomes)
    found = []
    for subject in texts.subjects:
        if any((step, change.path) in changed for step, change in texts.changes[subject]):
            move = Move(subject, place(texts, subject, was), place(texts, subject, becomes))
            if move.old != move.new:
                found.append(move)
    return tuple(_in_order(found))


def check_files(workspace: Workspace, planned: Iterable[Move], unsaved: frozenset[str] = frozenset()) -> None:
    """Raise ContentChanged, with a line per file, unless every file is what the plan has made of it so far."""
    planned = tuple(planned)
    vacated = {move.old.path for move in planned if move.old is not None and _leaves(move)}
    differences = []
    for move in planned:
        if move.old is not None and move.old.path in unsaved:
            differences.append(f"{move.old.path}: changed in your editor but not saved there yet")
        elif move.old is not None:
            differences.append(_difference(workspace, move.old.path, move.old.content))
        if move.new is not None and (move.old is None or _leaves(move)) and move.new.path not in vacated:
            differences.append(_difference(workspace, move.new.path, None))
    differences = [line for line in differences if line]
    if differences:
        n = len(differences)
        raise ContentChanged(
            f"{'a file has' if n == 1 else f'{n} files have'} changed since; nothing was written",
            differences=tuple(differences),
            hint="plan again, or bring the files back to what the plan knows",
        )


def transitions(
    workspace: Workspace, plan: Plan, texts: PlanTexts, was: frozenset[Pair], becomes: frozenset[Pair]
) -> tuple[Transition, ...]:
    """What happens to each file, for an editor or the writer."""
    changed = (was | becomes) - (was & becomes)
    found = []
    for move in moves(texts, was, becomes):
        pairs = [pair for pair in changed if pair[1] == move.subject.path]
        edits = edits_between(texts, move.subject, was, becomes) if move.old and move.new else ()
        found.append(_transition(workspace, plan, move, pairs, edits))
    return tuple(found)


def decisions_on(files: Iterable[Transition]) -> tuple[Decision, ...]:
    """Policy's decision on every file. Raises ToolDenied if it forbids one."""
    found = []
    for item in files:
        decision = decide(ToolInput(_TOOL.name), _TOOL, tuple(dict.fromkeys((item.path, item.target))))
        if decision.verdict is Verdict.DENY:
            raise ToolDenied(f"policy forbids this: {decision.reason}", hint="leave the file out of the plan")
        found.append(decision)
    return tuple(found)


def present_bytes(workspace: Workspace, path: str) -> bytes | None:
    """The bytes of the open document or file, None if there is nothing. Raises WorkspaceError for a link or folder."""
    if not workspace.exists(path):
        return None
    return current_bytes(workspace, path)


def _nothing_to_do(plan: Plan, standing: Standing, action: Action, chosen: frozenset[Pair]) -> PlanState:
    if action == "apply":
        if chosen <= standing.applied:
            return PlanState(f"plan {plan.id} is applied already", hint=f"take it back with: magray undo {plan.id}")
        if standing.applied & chosen:
            return PlanState(f"nothing more of plan {plan.id} is ticked", hint="tick a step or file first")
        return PlanState(f"nothing of plan {plan.id} is ticked", hint="tick a step or file first")
    if action == "undo":
        return PlanState(f"plan {plan.id} is not applied, so there is nothing to undo")
    return PlanState(f"nothing of plan {plan.id} was undone, so there is nothing to redo")


def _check_dependencies(plan: Plan, becomes: frozenset[Pair]) -> None:
    present = {step for step, _ in becomes}
    for step in plan.steps:
        lacking = [other for other in step.depends_on if step.id in present and other not in present]
        if lacking:
            raise PlanState(
                f"step {step.id} of plan {plan.id} needs step {lacking[0]}",
                hint=f"take both or neither: --steps {lacking[0]},{step.id}",
            )


def _leaves(move: Move) -> bool:
    return move.old is not None and (move.new is None or move.new.path != move.old.path)


def _in_order(planned: list[Move]) -> list[Move]:
    """Edits, then moves whose target is free by then, then creations, then deletions."""
    edits = [move for move in planned if move.old and move.new and not _leaves(move)]
    renames = [move for move in planned if move.old and move.new and _leaves(move)]
    ordered: list[Move] = []
    while renames:
        occupied = {move.old.path for move in renames if move.old}
        free = [move for move in renames if move.new and move.new.path not in occupied] or renames[:1]
        ordered += free
        renames = [move for move in renames if move not in free]
    deletions = [move for move in planned if move.new is None]
    taken = {move.old.path for move in deletions if move.old}
    targets = {move.new.path for move in planned if move.new}
    early = [move for move in deletions if taken & targets and move.old and move.old.path in targets]
    creations = [move for move in planned if move.old is None]
    return [*early, *edits, *ordered, *creations, *(move for move in deletions if move not in early)]


def _difference(workspace: Workspace, path: str, expected: bytes | None) -> str:
    try:
        return difference(path, expected, present_bytes(workspace, path))
    except WorkspaceError as error:
        return f"{path}: {error.message.removeprefix(f'cannot read {path}: ')}"


def _transition(
    workspace: Workspace, plan: Plan, move: Move, pairs: list[Pair], edits: tuple[SteppedEdit, ...]
) -> Transition:
    steps = tuple(sorted({step for step, _ in pairs}))
    touched = [step for step in plan.steps if step.id in steps]
    somewhere = move.old or move.new
    assert somewhere is not None
    path = somewhere.path
    document = workspace.documents.get(path)
    return Transition(
        path=path,
        new_path=move.new.path if move.old and move.new and _leaves(move) else None,
        before=None if move.old is None else move.old.content,
        after=None if move.new is None else move.new.content,
        edits=tuple(item.edit for item in edits),
        base_version=None if document is None else document.version,
        step_ids=steps,
        title="; ".join(step.title for step in touched),
        needs_confirmation=any(step.needs_confirmation for step in touched),
        edit_steps=tuple(item.step for item in edits),
    )
