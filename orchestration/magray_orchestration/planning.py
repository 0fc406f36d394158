"""From a task to a plan: understood, computed, proved, weighed. Deterministic, and nothing is written anywhere."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import GoalNotUnderstood, RefactoringRefused, bug
from magray_core.plans import (
    CreateFile,
    DeleteFile,
    EditFile,
    FileChange,
    Intent,
    IntentKind,
    Place,
    Plan,
    Proof,
    RenameFile,
    Step,
    Task,
)
from magray_core.spans import TextEdit
from magray_orchestration.intents.analyzer import analyze
from magray_orchestration.intents.locating import matches
from magray_orchestration.intents.pointing import pointed_name
from magray_orchestration.refactoring.contract import Refactoring, StepDraft
from magray_orchestration.risk import assess
from magray_orchestration.workspace import Workspace

_POINTED_KINDS = (IntentKind.RENAME, IntentKind.MOVE)


class _Unwatched:
    """Progress that nobody looks at."""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Nothing."""


def make_plan(
    workspace: Workspace, task: Task, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> Plan:
    """The plan for a goal; it is not stored. The same task on the same files gives the same plan.

    Raises GoalNotUnderstood or RefactoringRefused with the reason, Cancelled when ``cancel`` is set.
    """
    progress, cancel = progress or _Unwatched(), cancel or CancelToken()
    progress.report("reading the goal", 0.0)
    intent = analyze(task, workspace)
    return plan_for(workspace, replace(task, place=_place_of(workspace, task, intent)), intent, progress, cancel)


def plan_for(workspace: Workspace, task: Task, intent: Intent, progress: Progress, cancel: CancelToken) -> Plan:
    """The plan for a goal that is already understood, by words or by a menu."""
    from magray_orchestration.proving import prove

    cancel.check()
    refactoring = choose(workspace, intent, task.place)
    progress.report(refactoring.tool.title.lower(), 0.1)
    drafts = tuple(
        draft
        for draft in refactoring.compute(workspace, intent, task.place, progress, cancel)
        if any(_changes_something(change) for change in draft.changes)
    )
    if not drafts:
        raise RefactoringRefused(f"nothing would change for “{task.goal}”")
    check_disjoint(drafts)
    cancel.check()
    progress.report("trying the change in a shadow copy", 0.7)
    proofs = prove(workspace, drafts, progress, cancel)
    cancel.check()
    steps = _steps(drafts, proofs, in_git=workspace.index.freshness().head != "")
    summary = summary_of(steps)  # counts every mention that is left, so it comes before their list is shortened
    listed = tuple(_with_residue_listed(step, workspace.settings.plans.max_residue) for step in steps)
    plan = Plan(plan_id(task.goal, drafts), task.goal, intent, listed, summary)
    progress.report("planned", 1.0)
    return plan


def choose(workspace: Workspace, intent: Intent, place: Place | None) -> Refactoring:
    """The refactoring that computes an intent. Raises GoalNotUnderstood or RefactoringRefused where none does."""
    from magray_orchestration.refactoring.registry import REFACTORINGS

    if intent.kind is IntentKind.SEARCH:
        raise _not_a_plan("search", "looks something up", intent)
    if intent.kind is IntentKind.EXPLAIN:
        raise _not_a_plan("explain", "asks for an explanation", intent)
    answering = [one for one in REFACTORINGS if intent.kind in one.intents]
    for refactoring in answering:
        if refactoring.fits(workspace, intent, place):
            return refactoring
    verb = intent.kind.value.replace("_", " ")
    raise RefactoringRefused(
        f"no refactoring can {verb} {intent.slots.get('old', '')}".rstrip(),
        hint="it works for what the index knows; `magray index` brings it up to date",
    )


def plan_id(goal: str, drafts: Iterable[StepDraft]) -> str:
    """Eight hex digits that the goal and the changes determine. Versions of open documents take no part."""
    changes = [[_canonical(change) for change in draft.changes] for draft in drafts]
    canonical = json.dumps([goal.strip(), changes], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:8]


def check_disjoint(drafts: Sequence[StepDraft]) -> None:
    """Report a bug if edits of one plan overlap, or if two steps do more to a file than edit it."""
    edits: dict[str, list[tuple[TextEdit, int]]] = {}
    owners: dict[str, set[int]] = {}
    structural: set[str] = set()
    for i, draft in enumerate(drafts):
        for change in draft.changes:
            owners.setdefault(change.path, set()).add(i)
            if isinstance(change, EditFile | RenameFile):
                edits.setdefault(change.path, []).extend((edit, i) for edit in change.edits)
            if not isinstance(change, EditFile):
                structural.add(change.path)
    for path in sorted(structural):
        if len(owners[path]) > 1:
            bug(f"{path} is created, moved or deleted by one step and changed by another")
    for path, found in sorted(edits.items()):
        ordered = sorted(found, key=lambda one: (one[0].span.start, one[0].span.end))
        for (before, first), (after, second) in pairwise(ordered):
            if before.span.overlaps(after.span) or (before.span == after.span and first != second):
                bug(f"edits of {path} overlap at {before.span} and {after.span}")


def summary_of(steps: Sequence[Step]) -> str:
    """One line: what the plan does, how far it reaches and how sure it is."""
    accepted = [step for step in steps if step.accepted]
    files = {change.path for step in accepted for change in step.changes}
    n_edits = sum(_n_edits(change) for step in accepted for change in step.changes)
    parts = [f"{_count(len(steps), 'step')}: {_count(n_edits, 'edit')} in {_count(len(files), 'file')}"]
    left_out = len(steps) - len(accepted)
    if left_out:
        parts.append(f"{_count(left_out, 'step')} not ticked")
    unproved = sum(step.needs_confirmation for step in accepted)
    parts.append(f"{_count(unproved, 'step')} to confirm" if unproved else "proved")
    n_residue = len({(one.path, one.line, one.column) for step in accepted for one in step.proof.residue})
    if n_residue:
        parts.append(f"{_count(n_residue, 'mention')} left as {'it is' if n_residue == 1 else 'they are'}")
    return ", ".join(parts)


def permissions_of(changes: Iterable[FileChange]) -> tuple[str, ...]:
    """What the person is asked to allow, in words: ``fs.write: 41 files``, ``fs.delete: 1 file``."""
    written: set[str] = set()
    deleted: set[str] = set()
    for change in changes:
        match change:
            case RenameFile():
                written.add(change.new_path)
                deleted.add(change.path)
            case DeleteFile():
                deleted.add(change.path)
            case _:
                written.add(change.path)
    asked = (("fs.write", written), ("fs.delete", deleted))
    return tuple(f"{right}: {_count(len(paths), 'file')}" for right, paths in asked if paths)


def _place_of(workspace: Workspace, task: Task, intent: Intent) -> Place | None:
    """Where the thing itself is: under the person's cursor, or the one definition in the path that was said.

    A cursor elsewhere, or on the word in a text that is not code, must not steer a rename.
    """
    if intent.kind not in _POINTED_KINDS:
        # "organize imports everywhere" means it, wherever the cursor is.
        return None if intent.kind is IntentKind.ORGANIZE_IMPORTS else task.place
    old, path = intent.slots.get("old", ""), intent.slots.get("path", "")
    if task.place is not None and _is_code(task.place.path) and matches(task.place.path, path):
        pointed = pointed_name(workspace, task.place, intent.slots.get("target", ""))
        if pointed is not None and pointed.name == re.split(r"\.|::|#", old)[-1]:
            return Place(pointed.path, pointed.span)
    if not path:
        return None
    found = [(one, symbol) for one, symbol in workspace.index.symbols_named(old) if matches(one, path)]
    return Place(found[0][0], found[0][1].name_span) if len(found) == 1 else None


def _is_code(path: str) -> bool:
    from magray_indexers.languages import LANGUAGES, language_of

    language = LANGUAGES.get(language_of(path))
    return language is not None and language.is_code


def _not_a_plan(command: str, does: str, intent: Intent) -> GoalNotUnderstood:
    query = intent.slots.get("query", "")
    return GoalNotUnderstood(
        f"the goal {does} and changes nothing, so there is nothing to plan", hint=f'use: magray {command} "{query}"'
    )


def _steps(drafts: Sequence[StepDraft], proofs: Sequence[Proof], *, in_git: bool) -> tuple[Step, ...]:
    groups: list[int] = []
    steps: list[Step] = []
    for i, (draft, proof) in enumerate(zip(drafts, proofs, strict=True)):
        groups.append(1 + max((groups[before - 1] for before in draft.depends_on if before <= i), default=0))
        steps.append(
            Step(
                id=i + 1,
                title=draft.title,
                why=draft.why,
                tool=draft.tool,
                args=draft.args,
                changes=draft.changes,
                proof=proof,
                risk=assess(draft, proof, in_git=in_git),
                permissions=permissions_of(draft.changes),
                depends_on=draft.depends_on,
                group=groups[i],
                accepted=draft.accepted,
                needs_confirmation=not proof.proved,
            )
        )
    return tuple(steps)


def _with_residue_listed(step: Step, limit: int) -> Step:
    """The step with at most ``limit`` of its left mentions listed and all of them counted."""
    proof = step.proof
    return replace(step, proof=replace(proof, residue=proof.residue[:limit], residue_counts=dict(proof.left)))


def _changes_something(change: FileChange) -> bool:
    return not isinstance(change, EditFile) or bool(change.edits)


def _canonical(change: FileChange) -> list[object]:
    edits = change.edits if isinstance(change, EditFile | RenameFile) else ()
    return [
        change.kind,
        change.path,
        change.new_path if isinstance(change, RenameFile) else "",
        "" if isinstance(change, CreateFile) else change.before_hash,
        change.content if isinstance(change, CreateFile) else "",
        [[edit.span.start, edit.span.end, edit.new_text] for edit in edits],
    ]


def _n_edits(change: FileChange) -> int:
    return len(change.edits) if isinstance(change, EditFile) else 1


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
