"""A step's proof: its result parses, adds no diagnostics, and the names that files import from each other exist."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import ToolFailed
from magray_core.plans import FileChange, Proof
from magray_orchestration.proving.checks import Checks
from magray_orchestration.proving.diagnostics import Diagnostic
from magray_orchestration.proving.imports import lost_imports
from magray_orchestration.proving.syntax import broken_files
from magray_orchestration.proving.trial import Trial, try_changes
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.workspace import Workspace

_LISTED = 5


def prove(
    workspace: Workspace, drafts: Sequence[StepDraft], progress: Progress, cancel: CancelToken
) -> tuple[Proof, ...]:
    """One proof per draft, in order. A draft is tried on top of the drafts that it depends on. Polls ``cancel``."""
    proofs: list[Proof] = []
    checks = Checks()
    for i in range(len(drafts)):
        cancel.check()
        progress.report(f"proving step {i + 1} of {len(drafts)}", i / len(drafts))
        proofs.append(_prove(workspace, drafts, i, checks, cancel))
    return tuple(proofs)


def _prove(workspace: Workspace, drafts: Sequence[StepDraft], at: int, checks: Checks, cancel: CancelToken) -> Proof:
    draft = drafts[at]
    base = tuple(chain.from_iterable(drafts[i].changes for i in sorted(_needed(drafts, at))))
    trial = _trial(workspace, base, draft.changes)
    broken = broken_files(trial, checks)
    problems = [*draft.problems, *trial.problems]
    problems += [f"{path} would no longer parse: {reason}" for path, reason in broken.items()]
    cancel.check()
    try:
        before, after = (checks.diagnostics(texts, cancel) for texts in (trial.before, trial.after))
    except ToolFailed as error:
        return Proof(not broken, 0, draft.engines, draft.grade, draft.residue, (*problems, error.message))
    delta = len(after) - len(before)
    if delta > 0:
        problems += _listed("new problem", [str(found) for found in _added(before, after)])
    problems += _listed("import", lost_imports(trial, checks))
    unique = tuple(dict.fromkeys(problems))
    return Proof(not broken, delta, draft.engines, draft.grade, draft.residue, unique)


def _needed(drafts: Sequence[StepDraft], at: int) -> set[int]:
    """The places of the drafts that ``at`` depends on, by way of others too. ``depends_on`` counts from 1."""
    needed: set[int] = set()
    waiting = [step - 1 for step in drafts[at].depends_on]
    while waiting:
        step = waiting.pop()
        if step not in needed and 0 <= step < len(drafts) and step != at:
            needed.add(step)
            waiting += [other - 1 for other in drafts[step].depends_on]
    return needed


def _trial(workspace: Workspace, base: Sequence[FileChange], changes: Sequence[FileChange]) -> Trial:
    """Before: the base alone, over the files that the changes touch too. After: both."""
    whole = try_changes(workspace, (*base, *changes))
    if not base:
        return whole
    earlier = try_changes(workspace, base)
    return Trial({**whole.before, **earlier.after}, whole.after, whole.problems)


def _added(before: Sequence[Diagnostic], after: Sequence[Diagnostic]) -> list[Diagnostic]:
    left = [(found.path, found.code, found.message) for found in before]
    added: list[Diagnostic] = []
    for found in after:
        key = (found.path, found.code, found.message)
        if key in left:
            left.remove(key)
        else:
            added.append(found)
    return added


def _listed(what: str, found: Sequence[str]) -> list[str]:
    more = [f"and {len(found) - _LISTED} more of the kind: {what}"] if len(found) > _LISTED else []
    return [*found[:_LISTED], *more]
