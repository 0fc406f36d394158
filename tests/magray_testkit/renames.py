"""Refactorings computed on small marked workspaces, shown as what each file would hold."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.plans import Intent, IntentKind, Place
from magray_core.spans import Span
from magray_orchestration.proving.trial import try_changes
from magray_orchestration.refactoring.contract import Refactoring, StepDraft
from magray_orchestration.refactoring.python_rename import PythonRename
from magray_orchestration.workspace import Workspace
from magray_testkit.indexed import indexed


class Silent:
    """Progress that nobody watches."""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Say nothing."""


def files_of(marked: str) -> tuple[dict[str, str], Place | None]:
    """Files from ``#- path`` sections, and the place of ``$0`` if there is one."""
    files: dict[str, str] = {}
    place: Place | None = None
    for section in textwrap.dedent(marked).split("#- ")[1:]:
        path, _, text = section.partition("\n")
        path = path.strip()
        if "$0" in text:
            at = text.index("$0")
            text, place = text.replace("$0", ""), Place(path, Span(at, at))
        files[path] = text
    return files, place


def compute(
    workspace: Workspace, refactoring: Refactoring, intent: Intent, place: Place | None
) -> tuple[StepDraft, ...]:
    """The drafts, with nobody watching and no deadline."""
    return refactoring.compute(workspace, intent, place, Silent(), CancelToken())


def rename(
    root: Path, files: Mapping[str, str | bytes], slots: Mapping[str, str], place: Place | None = None
) -> Renamed:
    """Rename in a fresh workspace."""
    workspace = indexed(root, files)
    return Renamed(workspace, compute(workspace, PythonRename(), Intent(IntentKind.RENAME, dict(slots)), place))


class Renamed:
    """A computed rename."""

    def __init__(self, workspace: Workspace, drafts: tuple[StepDraft, ...]) -> None:
        self.workspace = workspace
        self.drafts = drafts

    def texts(self) -> dict[str, str]:
        """What the files that accepted steps touch would hold."""
        changes = [change for draft in self.drafts if draft.accepted for change in draft.changes]
        return dict(try_changes(self.workspace, changes).after)

    def step(self, part: str) -> StepDraft | None:
        """The step for one part of the rename."""
        return next((draft for draft in self.drafts if draft.args.get("part") == part), None)

    def residue(self) -> list[str]:
        """What the first step leaves, as ``path:line kind``."""
        return [f"{one.path}:{one.line} {one.kind.value}" for one in self.drafts[0].residue]
