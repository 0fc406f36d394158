"""What a refactoring must offer so that goals, code actions and tools can all reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.plans import FileChange, Grade, Intent, IntentKind, Place, Residue
from magray_core.tools import ToolSpec
from magray_orchestration.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A step before it is proved. Its edits address the documents as ``workspace.read`` gives them.

    Edits of different drafts of one plan to one file must not overlap: any subset of the drafts can then be applied,
    in any order, and taken back again. ``problems`` says what the engine itself could not prove.
    """

    title: str
    why: str
    tool: str
    args: Mapping[str, str]
    changes: tuple[FileChange, ...]
    engines: tuple[str, ...]
    grade: Grade
    residue: tuple[Residue, ...] = ()
    problems: tuple[str, ...] = ()
    accepted: bool = True
    depends_on: tuple[int, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Offer:
    """A refactoring that fits a place, for the code action menu.

    ``kind`` is the LSP code action kind. ``goal`` is the goal that would be planned; "" when it needs words from the
    person first (a new name), which then complete ``goal_prefix``. ``disabled`` says why it cannot be done here.
    """

    title: str
    kind: str
    goal: str = ""
    goal_prefix: str = ""
    disabled: str = ""


class Refactoring(Protocol):
    """One kind of change. Stateless; every method may run on any worker thread."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool: name, arguments, permissions."""

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """The goals it answers."""

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """What the menu shows at a place; at most 10 ms, no engine is started."""

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether it, rather than another refactoring of the same intent, should compute this one."""

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """The steps, in order. Raises RefactoringRefused with the reason; polls ``cancel``.

        For renames and moves ``place`` is given only where it shows the thing itself: its span is the name.
        """
