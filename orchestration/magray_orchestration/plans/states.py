"""Where every text of a plan is and what it holds, as a pure function of the steps that are applied.

A plan's edits all address the original texts. What is on disk is therefore a function of the set of applied
(step, path) pairs and nothing else: applying adds pairs, undoing takes pairs away, in any order, and taking all of
them away gives the original bytes. Knows no disk, store or editor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magray_core.documents import TextFormat, decode, encode
from magray_core.errors import PlanError
from magray_core.plans import CreateFile, DeleteFile, EditFile, FileChange, Plan, RenameFile
from magray_core.spans import Span, TextEdit, apply_edits

Pair = tuple[int, str]
"""A step's id and the path that one of its changes names: the grain at which plans are applied."""

Originals = Mapping[str, bytes]
"""The bytes of every touched path that existed when the plan was made."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """One text that a plan touches, named by its path in the original tree.

    A plan may move ``a.py`` away and create a new ``a.py``: these are two subjects with one path.
    """

    path: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A text at a location."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OwnedEdit:
    """An edit of the original text and the steps that want it; ``key`` tells it from the subject's other edits."""

    edit: TextEdit
    steps: tuple[int, ...]
    key: tuple[int, int] | TextEdit


@dataclass(frozen=True, slots=True)
class SteppedEdit:
    """An edit from one state of a text to another, and the step it belongs to."""

    edit: TextEdit
    step: int


@dataclass(frozen=True, slots=True)
class PlanTexts:
    """A plan's changes, grouped by the text that they are about, beside the original bytes."""

    originals: Originals
    changes: Mapping[Subject, tuple[tuple[int, FileChange], ...]]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every text that the plan touches, ordered by path."""
        return tuple(sorted(self.changes))


def texts_of(plan: Plan, originals: Originals) -> PlanTexts:
    """The plan's texts. An edit of a path that did not exist edits what the plan creates there."""
    changes: dict[Subject, list[tuple[int, FileChange]]] = {}
    for step in plan.steps:
        for change in step.changes:
            created = isinstance(change, CreateFile) or change.path not in originals
            changes.setdefault(Subject(change.path, created), []).append((step.id, change))
    return PlanTexts(originals, {subject: tuple(found) for subject, found in changes.items()})


def pairs_of(plan: Plan, *, steps: Iterable[int] | None = None) -> frozenset[Pair]:
    """Every pair of the plan, or of some of its steps, whatever the person has chosen."""
    wanted = None if steps is None else set(steps)
    return frozenset(
        (step.id, change.path) for step in plan.steps if wanted is None or step.id in wanted for change in step.changes
    )


def accepted_pairs(plan: Plan, *, steps: Iterable[int] | None = None) -> frozenset[Pair]:
    """The pairs that the person's choices admit. Steps that are named count as accepted; their files' choices hold."""
    wanted = None if steps is None else set(steps)
    return frozenset(
        (step.id, change.path)
        for step in plan.steps
        if (step.accepted if wanted is None else step.id in wanted)
        for change in step.changes
        if change.accepted
    )


def place(texts: PlanTexts, subject: Subject, applied: frozenset[Pair]) -> Placed | None:
    """Where the subject is and its bytes when exactly these pairs are applied; None where it does not exist.

    Raises PlanError if the file's encoding lacks a character of the new text, ValueError if edits overlap.
    """
    changes = _applied(texts, subject, applied)
    if any(isinstance(change, DeleteFile) for _, change in changes):
        return None
    base = _base(texts, subject, applied)
    if base is None:
        return None
    location = next((change.new_path for _, change in changes if isinstance(change, RenameFile)), subject.path)
    edits = [owned.edit for owned in edits_of(texts, subject, applied)]
    return Placed(location, base if not edits else _edited(subject.path, base, edits))


def state(texts: PlanTexts, applied: frozenset[Pair]) -> dict[str, bytes]:
    """The bytes of every location that the plan touches when these pairs are applied; absent ones are not listed.

    Raises PlanError if two texts would be at one location, and as ``place`` does.
    """
    tree: dict[str, bytes] = {}
    for subject in texts.subjects:
        placed = place(texts, subject, applied)
        if placed is None:
            continue
        if placed.path in tree:
            raise PlanError(
                f"two changes of the plan would both write {placed.path}", hint="leave one of the steps out"
            )
        tree[placed.path] = placed.content
    return tree


def edits_of(texts: PlanTexts, subject: Subject, applied: frozenset[Pair]) -> tuple[OwnedEdit, ...]:
    """The edits that the applied pairs make to the subject's original text, in its order, with the steps they serve.

    The same replacement wanted by several steps is one edit; insertions are kept, each for its step.
    """
    owned: dict[tuple[int, int] | TextEdit, tuple[TextEdit, list[int]]] = {}
    numbers: dict[int, int] = {}
    for step_id, change in _applied(texts, subject, applied):
        for edit in change.edits if isinstance(change, EditFile | RenameFile) else ():
            numbers[step_id] = numbers.get(step_id, 0) + 1
            insertion = edit.span.start == edit.span.end
            key = (step_id, numbers[step_id]) if insertion else edit
            owned.setdefault(key, (edit, []))[1].append(step_id)
    found = [OwnedEdit(edit, tuple(steps), key) for key, (edit, steps) in owned.items()]
    return tuple(sorted(found, key=_order))


def edits_between(
    texts: PlanTexts, subject: Subject, before: frozenset[Pair], after: frozenset[Pair]
) -> tuple[SteppedEdit, ...]:
    """The edits that lead from the subject's text in one state to its text in another; spans address the former.

    Empty where the subject is not a text.
    """
    base = _base(texts, subject, before | after)
    decoded = None if base is None else decode(base)
    if decoded is None:
        return ()
    original, _ = decoded
    old = {item.key: item for item in edits_of(texts, subject, before)}
    new = {item.key: item for item in edits_of(texts, subject, after)}
    found: list[SteppedEdit] = []
    shift = 0
    for key, item in sorted((old | new).items(), key=lambda pair: (*_order(pair[1]), pair[1].steps)):
        span, text = item.edit.span, item.edit.new_text
        start = span.start + shift
        if key in old and key not in new:
            taken_back = TextEdit(Span(start, start + len(text)), original[span.start : span.end])
            found.append(SteppedEdit(taken_back, item.steps[0]))
        elif key not in old:
            found.append(SteppedEdit(TextEdit(Span(start, span.end + shift), text), item.steps[0]))
        if key in old:
            shift += len(text) - (span.end - span.start)
    return tuple(found)


def problems_of(texts: PlanTexts) -> tuple[str, ...]:
    """Why the plan cannot be carried out: edits that overlap or reach past the end, texts that cannot be encoded."""
    found: list[str] = []
    everything = frozenset((step, change.path) for changes in texts.changes.values() for step, change in changes)
    for subject, owned in sorted(texts.changes.items()):
        moved = {change.new_path for _, change in owned if isinstance(change, RenameFile)}
        if len(moved) > 1:
            found.append(f"{subject.path} is moved to {' and to '.join(sorted(moved))}")
        if sum(isinstance(change, CreateFile) for _, change in owned) > 1:
            found.append(f"{subject.path} is created twice")
        deleting = {(step, change.path) for step, change in owned if isinstance(change, DeleteFile)}
        try:
            place(texts, subject, everything - deleting)
        except PlanError as error:
            found.append(error.message)
        except ValueError:
            found.append(f"edits of {subject.path} overlap or reach past its end")
    with contextlib.suppress(ValueError):  # overlaps were said above, by their file
        try:
            state(texts, everything)
        except PlanError as error:
            found.append(error.message)
    return tuple(dict.fromkeys(found))


def _applied(texts: PlanTexts, subject: Subject, applied: frozenset[Pair]) -> list[tuple[int, FileChange]]:
    return [(step, change) for step, change in texts.changes[subject] if (step, change.path) in applied]


def _base(texts: PlanTexts, subject: Subject, applied: frozenset[Pair]) -> bytes | None:
    """The subject's bytes before any edit."""
    if not subject.created:
        return texts.originals.get(subject.path)
    for _, change in _applied(texts, subject, applied):
        if isinstance(change, CreateFile):
            return _encoded(subject.path, change.content, TextFormat())
    return None


def _order(item: OwnedEdit) -> tuple[int, int]:
    return (item.edit.span.start, item.edit.span.end)


def _edited(path: str, base: bytes, edits: list[TextEdit]) -> bytes:
    decoded = decode(base)
    if decoded is None:
        raise PlanError(f"{path} is not a text file, so it cannot be edited")
    text, fmt = decoded
    return _encoded(path, apply_edits(text, edits), fmt)


def _encoded(path: str, text: str, fmt: TextFormat) -> bytes:
    try:
        return encode(text, fmt)
    except UnicodeEncodeError as error:
        lacking = error.object[error.start : error.start + 1]
        raise PlanError(
            f"{path} is stored as {fmt.encoding}, which has no {lacking!r}",
            hint="save the file as UTF-8 first, or leave it out of the plan",
        ) from error
