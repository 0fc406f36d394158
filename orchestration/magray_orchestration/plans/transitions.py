"""The values that pass between staging, applying and the person: what would change, what did, what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from magray_core.plans import Plan, PlanStatus
from magray_core.spans import TextEdit
from magray_core.tools import Decision

Action = Literal["apply", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person ticked: by step, and by (step, path). What is missing stays as it was."""

    steps: Mapping[int, bool] = field(default_factory=dict)
    files: Mapping[tuple[int, str], bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transition:
    """One file on its way: from ``before`` at ``path`` to ``after`` at ``new_path`` (None: it stays where it is).

    ``before`` None means that the file is created, ``after`` None that it is deleted. ``edits`` lead from the text
    of ``before`` to that of ``after`` (in code points; none for creations and deletions), ``edit_steps`` has the
    step of each. ``base_version`` is the open document's version, None for a file that is not open.
    """

    path: str
    new_path: str | None
    before: bytes | None
    after: bytes | None
    edits: tuple[TextEdit, ...]
    base_version: int | None
    step_ids: tuple[int, ...]
    title: str
    needs_confirmation: bool = False
    edit_steps: tuple[int, ...] = ()

    @property
    def target(self) -> str:
        """Where the file is afterwards."""
        return self.new_path or self.path


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a plan that was left out, and why. ``path`` is "" for a whole step."""

    step: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staged:
    """An application that is ready: checked against the files, decided by policy, written to the journal.

    ``id`` is the journal's. ``digest`` is the sha256 (hex) of the plan and choices that were shown; what is applied
    must still have it. ``decisions`` are policy's, one per file, in the order of ``files``.
    """

    id: int
    plan_id: str
    action: Action
    files: tuple[Transition, ...]
    decisions: tuple[Decision, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an application came to. ``applied`` are the plan's steps that are applied now, whole or in part.

    ``pending`` are paths that the editor changed but has not saved: the file on disk is still as it was.
    ``notes`` are sentences for the person.
    """

    plan: Plan
    status: PlanStatus
    applied: tuple[int, ...]
    refused: tuple[Refusal, ...] = ()
    files_written: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
