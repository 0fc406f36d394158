"""What the person asks, how it will be done and what would change: ``Task``, ``Intent``, ``Plan``, ``Step``.

Values are frozen; a changed plan is a new value. Paths are relative to the workspace root with ``/``.
``PLAN_FORMAT`` is the version of the stored form; it grows when a reader of the old form would be wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from magray_core.spans import Span, TextEdit

PLAN_FORMAT = 1


class IntentKind(str, Enum):
    """The class of a goal. Issue-specific kinds are added here and in the analyzer's lexicon together."""

    RENAME = "rename"
    MOVE = "move"
    ORGANIZE_IMPORTS = "organize_imports"
    REPLACE = "replace"
    SEARCH = "search"
    EXPLAIN = "explain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the person points: a cursor (empty span) or a selection in one document, in code points."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Task:
    """One request of the person: the goal in their words and where they pointed when they said it."""

    goal: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A goal understood: its class and slots (``old``, ``new``, ``target``, ``pattern`` ...).

    ``confidence`` is in 0..1. ``by`` says who understood it.
    """

    kind: IntentKind
    slots: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 1.0
    by: Literal["heuristics", "llm", "caller"] = "heuristics"


class RiskLevel(str, Enum):
    """How much confirmation a step needs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Risk:
    """A deterministic score in 0..100 with the reasons that made it."""

    level: RiskLevel
    score: int
    reasons: tuple[str, ...] = ()


class Grade(str, Enum):
    """How well a change is supported by the engines that proposed it."""

    AGREED = "agreed"
    SINGLE_ENGINE = "single engine"
    TEXTUAL_RESIDUE = "textual residue"


class ResidueKind(str, Enum):
    """What the leftover mention stands in."""

    CODE = "code"
    STRING = "string"
    COMMENT = "comment"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Residue:
    """A mention of the changed name that the step leaves as it is. ``line`` and ``column`` start at 1 (code points)."""

    path: str
    line: int
    column: int
    kind: ResidueKind
    excerpt: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What trying the step in the shadow copy showed.

    ``diagnostics_delta`` is problems after minus problems before, over the touched files.
    ``residue`` lists the first mentions that are left, up to a setting; ``residue_counts`` counts all, by kind.
    ``problems`` says in words what could not be proved; empty means that the step is proved.
    """

    parses: bool
    diagnostics_delta: int = 0
    engines: tuple[str, ...] = ()
    grade: Grade = Grade.SINGLE_ENGINE
    residue: tuple[Residue, ...] = ()
    problems: tuple[str, ...] = ()
    residue_counts: Mapping[ResidueKind, int] = field(default_factory=dict)

    @property
    def left(self) -> Mapping[ResidueKind, int]:
        """How many mentions are left, by kind, listed or not."""
        return self.residue_counts or Counter(one.kind for one in self.residue)

    @property
    def n_left(self) -> int:
        """How many mentions are left, listed or not."""
        return sum(self.left.values())

    @property
    def proved(self) -> bool:
        """Whether the step may be offered without asking for confirmation."""
        return self.parses and self.diagnostics_delta <= 0 and not self.problems


@dataclass(frozen=True, slots=True)
class EditFile:
    """Edits to a file or open document; refused as a whole unless the bytes hash to ``before_hash``.

    ``base_version`` is the open document's version that the edits were computed for, None for a file on disk.
    """

    path: str
    before_hash: str
    edits: tuple[TextEdit, ...]
    base_version: int | None = None
    accepted: bool = True
    kind: Literal["edit"] = "edit"


@dataclass(frozen=True, slots=True)
class CreateFile:
    """A new UTF-8 file; refused if the path exists."""

    path: str
    content: str
    accepted: bool = True
    kind: Literal["create"] = "create"


@dataclass(frozen=True, slots=True)
class RenameFile:
    """Move a file, with ``edits`` made to it on the way; refused if ``new_path`` exists."""

    path: str
    new_path: str
    before_hash: str
    edits: tuple[TextEdit, ...] = ()
    base_version: int | None = None
    accepted: bool = True
    kind: Literal["rename"] = "rename"


@dataclass(frozen=True, slots=True)
class DeleteFile:
    """Remove a file; its bytes stay in the journal so that undo brings them back."""

    path: str
    before_hash: str
    accepted: bool = True
    kind: Literal["delete"] = "delete"


FileChange = EditFile | CreateFile | RenameFile | DeleteFile


class StepStatus(str, Enum):
    """Where a step is in its life."""

    PROPOSED = "proposed"
    APPLYING = "applying"
    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"
    FAILED = "failed"


class PlanStatus(str, Enum):
    """Where a plan is in its life; ``PARTLY_APPLIED`` when some steps or files were left out."""

    PROPOSED = "proposed"
    APPLYING = "applying"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly applied"
    UNDONE = "undone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a plan. ``id`` counts from 1 and is what ``depends_on`` and ``--steps`` name.

    ``group`` numbers steps that may run side by side. ``accepted`` is the person's choice for the whole step; each
    file change has its own. ``needs_confirmation`` marks what the proof could not show.
    """

    id: int
    title: str
    why: str
    tool: str
    args: Mapping[str, str]
    changes: tuple[FileChange, ...]
    proof: Proof
    risk: Risk
    permissions: tuple[str, ...] = ()
    depends_on: tuple[int, ...] = ()
    group: int = 1
    accepted: bool = True
    needs_confirmation: bool = False
    status: StepStatus = StepStatus.PROPOSED


@dataclass(frozen=True, slots=True)
class Plan:
    """How a goal will be reached: ordered steps, each with its changes, proof and risk.

    ``created`` is seconds since the epoch and takes no part in ``id``: the same goal on the same files gives the
    same id.
    """

    id: str
    goal: str
    intent: Intent
    steps: tuple[Step, ...]
    summary: str
    status: PlanStatus = PlanStatus.PROPOSED
    created: float = 0.0

    def step(self, step_id: int) -> Step | None:
        """The step with that id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)


ActionPlan = Plan
"""The user's name for ``Plan``."""
