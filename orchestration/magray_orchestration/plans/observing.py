"""What became of a plan's texts outside Magray's hands: in an editor's buffers and on the disk. Reads only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from magray_core.errors import WorkspaceError
from magray_orchestration.plans.differences import difference
from magray_orchestration.plans.staging import present_bytes
from magray_orchestration.plans.states import Pair, Placed, PlanTexts, Subject, place
from magray_orchestration.plans.statuses import Standing
from magray_orchestration.plans.transitions import Action
from magray_orchestration.workspace import Workspace

_MOST_STEPS = 8  # of one file whose every combination is looked for


class Application(Protocol):
    """From which applied pairs to which an application was to lead."""

    @property
    def was(self) -> frozenset[Pair]:
        """The pairs that were applied before."""

    @property
    def becomes(self) -> frozenset[Pair]:
        """The pairs that were to be applied after."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What of an application has happened.

    ``applied`` are the pairs, of those that were to change, that are applied now; ``refused`` those that did not
    change and why; ``changed`` the files that did, ``pending`` those of them that the disk does not show yet.
    """

    applied: frozenset[Pair]
    refused: Mapping[Pair, str]
    changed: tuple[str, ...]
    pending: tuple[str, ...]
    pending_pairs: frozenset[Pair]


def observe(workspace: Workspace, texts: PlanTexts, application: Application, *, believed: bool) -> Observed:
    """Look at every file of an application.

    ``believed``: where a file is not open and the disk shows an edit not made, the edit is in a buffer that only the
    editor knows of. An editor that says yes while not one of its open documents has changed is late (eglot announces
    changes only when it is idle): then that goes for open documents too.
    """
    applied: set[Pair] = set()
    refused: dict[Pair, str] = {}
    changed: set[str] = set()
    pending: dict[str, frozenset[Pair]] = {}
    looks = [
        (_Look(workspace, texts, subject, application.was - delta, delta), delta)
        for subject, delta in _changing(texts, application)
    ]
    found_first = [look.find(application.becomes & delta, application.was & delta) for look, delta in looks]
    late = believed and all(
        found == application.was & delta
        for (look, delta), found in zip(looks, found_first, strict=True)
        if look.is_open
    )
    for (look, delta), first in zip(looks, found_first, strict=True):
        old, new = application.was & delta, application.becomes & delta
        found = first
        hidden = believed and found != new and look.may_be_hidden(old, new, late=late)
        if hidden:
            found = new
        if found is None:
            refused |= dict.fromkeys(delta, look.account(old, new))
            applied |= old
            continue
        applied |= found
        refused |= {pair: "left out in the editor" for pair in delta if (pair in found) != (pair in new)}
        if found != old:
            name = look.name(found, old)
            changed.add(name)
            if hidden or not look.is_saved(found):
                pending[name] = frozenset(pair for pair in delta if (pair in found) != (pair in old))
    pairs = frozenset(itertools.chain.from_iterable(pending.values()))
    return Observed(frozenset(applied), refused, tuple(sorted(changed)), tuple(sorted(pending)), pairs)


def settled(
    workspace: Workspace, texts: PlanTexts, standing: Standing, action: Action
) -> tuple[Standing, frozenset[str]]:
    """Where the plan stands once pending files have been looked at again, and the files that are still not saved.

    A pending file that the disk shows unchanged, and that is not open, counts as unchanged for the same action again
    (the person may have thrown the buffer away) and as unsaved for the opposite one.
    """
    applied, pending, unsaved = standing.applied, set(standing.pending), set()
    for subject in texts.subjects:
        delta = frozenset(pair for pair in standing.pending if pair in _pairs(texts, subject))
        if not delta:
            continue
        look = _Look(workspace, texts, subject, standing.applied - delta, delta)
        recorded = standing.applied & delta
        opposite = delta - recorded
        found = look.find(recorded, opposite)
        if found == recorded and look.is_saved(recorded):
            pending -= delta
        elif found == opposite:
            if (action == "undo") == bool(recorded):
                unsaved.add(look.name(recorded, opposite))
            else:
                applied = (applied - delta) | opposite
                pending -= delta
    undone = (standing.undone | (standing.applied - applied)) - applied
    return replace(standing, applied=applied, undone=undone, pending=frozenset(pending)), frozenset(unsaved)


@dataclass(frozen=True, slots=True)
class _Look:
    """One subject under observation: what is applied of it besides the pairs in question."""

    workspace: Workspace
    texts: PlanTexts
    subject: Subject
    rest: frozenset[Pair]
    delta: frozenset[Pair]

    def find(self, *first: frozenset[Pair]) -> frozenset[Pair] | None:
        """Which of the pairs are applied, by what is there; None if that is no state of the plan."""
        candidates = list(dict.fromkeys([*first, *self._subsets()]))
        for candidate in candidates:
            placed = self._at(candidate)
            if placed is not None and self._present(placed.path) == placed.content:
                return candidate
        places = {placed.path for candidate in candidates if (placed := self._at(candidate))}
        if any(self._present(path) is not None for path in places):
            return None
        return next((candidate for candidate in candidates if self._at(candidate) is None), None)

    @property
    def is_open(self) -> bool:
        """Whether the editor has the text open under any of its names."""
        placed = (self._at(frozenset()), self._at(self.delta))
        return any(one is not None and one.path in self.workspace.documents for one in placed)

    def may_be_hidden(self, old: frozenset[Pair], new: frozenset[Pair], *, late: bool) -> bool:
        """Whether the text looks as it does while the change is in a buffer that was not announced, or not yet.

        Editors move, create and delete files on disk at once; only texts wait for being saved.
        """
        before, after = self._at(old), self._at(new)
        if after is None or (after.path in self.workspace.documents and not late):
            return False
        return self._present(after.path) == (b"" if before is None else before.content)

    def is_saved(self, found: frozenset[Pair]) -> bool:
        """Whether the disk, too, shows the state that was found."""
        placed = self._at(found)
        if placed is None or placed.path not in self.workspace.documents:
            return True
        return self._present(placed.path, on_disk=True) == placed.content

    def account(self, old: frozenset[Pair], new: frozenset[Pair]) -> str:
        """What is there instead of the text before or after."""
        placed = self._at(new) or self._at(old)
        if placed is None:
            return "it is neither as it was nor as planned"
        differs = difference(placed.path, placed.content, self._present(placed.path))
        return f"it is neither as it was nor as planned ({differs.removeprefix(f'{placed.path}: ')})"

    def name(self, found: frozenset[Pair], old: frozenset[Pair]) -> str:
        """The path by which the person knows the file."""
        placed = self._at(found) or self._at(old)
        return placed.path if placed else self.subject.path

    def _at(self, pairs: frozenset[Pair]) -> Placed | None:
        return place(self.texts, self.subject, self.rest | pairs)

    def _present(self, path: str, *, on_disk: bool = False) -> bytes | None:
        workspace = replace(self.workspace, documents={}) if on_disk else self.workspace
        try:
            return present_bytes(workspace, path)
        except WorkspaceError:
            return _UNREADABLE

    def _subsets(self) -> Iterator[frozenset[Pair]]:
        if len(self.delta) <= _MOST_STEPS:
            for size in range(len(self.delta) + 1):
                yield from map(frozenset, itertools.combinations(sorted(self.delta), size))


_UNREADABLE = b"\0 what is there cannot be read"


def _pairs(texts: PlanTexts, subject: Subject) -> frozenset[Pair]:
    return frozenset((step, change.path) for step, change in texts.changes[subject])


def _changing(texts: PlanTexts, application: Application) -> Iterator[tuple[Subject, frozenset[Pair]]]:
    changed = (application.was | application.becomes) - (application.was & application.becomes)
    for subject in texts.subjects:
        delta = changed & _pairs(texts, subject)
        if delta:
            yield subject, delta
