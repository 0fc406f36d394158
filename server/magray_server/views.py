"""The JSON answers, one model each: snake_case for the command line (``for_cli``), camelCase for LSP (``for_lsp``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from magray_core.memory import Freshness, IndexReport, SearchResult
from magray_core.plans import Intent, Plan, Proof, Residue, Risk, Step

if TYPE_CHECKING:
    from magray_orchestration.explain.facts import Explanation
    from magray_orchestration.plans.transitions import Outcome


class View(BaseModel):
    """A JSON answer. Field names are those of the command line; LSP gets them in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def for_cli(self) -> dict[str, Any]:
        """Plain values with snake_case keys."""
        return self.model_dump()

    def for_lsp(self) -> dict[str, Any]:
        """Plain values with camelCase keys. Keys of ``scores``, ``args`` and ``slots`` stay as they are."""
        return self.model_dump(by_alias=True)


class FreshnessView(View):
    """How current an answer is."""

    generation: int
    head: str
    head_now: str
    dirty: int
    age_s: float
    complete: bool


class HitView(View):
    """One search result; lines from 1, inclusive."""

    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float
    scores: dict[str, float]
    snippet: str
    also: list[str] = []
    """Places, as ``path:line``, with the same text but for details."""


class SearchView(View):
    """The answer of ``search``."""

    hits: list[HitView]
    took_ms: float
    freshness: FreshnessView


class IndexView(View):
    """The answer of ``index``; ``skipped`` counts paths by reason."""

    files: int
    chunks: int
    skipped: dict[str, int]
    seconds: float
    generation: int


class CitationView(View):
    """Where a fact comes from; lines from 1, inclusive."""

    path: str
    start_line: int
    end_line: int
    label: str


class ExplainView(View):
    """The answer of ``explain``."""

    markdown: str
    citations: list[CitationView]


class IntentView(View):
    """A goal as it was understood."""

    kind: str
    slots: dict[str, str]
    confidence: float
    by: str


class RiskView(View):
    """How risky a step is, and why."""

    level: str
    score: int
    reasons: list[str]


class ResidueView(View):
    """A mention that a step leaves as it is; line and column from 1."""

    path: str
    line: int
    column: int
    kind: str
    excerpt: str


class ProofView(View):
    """What trying a step showed."""

    parses: bool
    diagnostics_delta: int
    engines: list[str]
    residue: list[ResidueView]
    residue_counts: dict[str, int]
    grade: str
    problems: list[str]


class FileView(View):
    """One file of a step and whether its change is accepted."""

    path: str
    new_path: str | None
    kind: str
    edits: int
    accepted: bool


class StepView(View):
    """One step of a plan with its diff."""

    id: int
    title: str
    why: str
    tool: str
    args: dict[str, str]
    depends_on: list[int]
    group: int
    risk: RiskView
    permissions: list[str]
    proof: ProofView
    needs_confirmation: bool
    accepted: bool
    status: str
    files: list[FileView]
    diff: str


class PlanView(View):
    """The answer of ``plan`` and ``show``."""

    id: str
    goal: str
    intent: IntentView
    status: str
    steps: list[StepView]
    summary: str


class RefusalView(View):
    """A file of a step that was not changed, and why; ``path`` is "" when it is the whole step."""

    step: int
    path: str
    reason: str


class OutcomeView(View):
    """The answer of ``apply``, ``undo``, ``redo`` and ``do``."""

    plan: str
    status: str
    applied: list[int]
    refused: list[RefusalView]


def freshness_view(freshness: Freshness) -> FreshnessView:
    """How current an answer is."""
    return FreshnessView(
        generation=freshness.generation,
        head=freshness.head,
        head_now=freshness.head_now,
        dirty=freshness.dirty,
        age_s=round(freshness.age_s, 3),
        complete=freshness.complete,
    )


def search_view(result: SearchResult) -> SearchView:
    """Search results, best first."""
    hits = [
        HitView(
            path=hit.path, start_line=hit.start_line, end_line=hit.end_line, symbol=hit.symbol, kind=hit.kind,
            score=round(hit.score, 6), scores={name: round(part, 6) for name, part in hit.scores.items()},
            snippet=hit.snippet, also=list(hit.also),
        )
        for hit in result.hits
    ]  # fmt: skip
    return SearchView(hits=hits, took_ms=round(result.took_ms, 3), freshness=freshness_view(result.freshness))


def index_view(report: IndexReport) -> IndexView:
    """What a build did."""
    return IndexView(
        files=report.files,
        chunks=report.chunks,
        skipped={reason.value: count for reason, count in report.skipped.items()},
        seconds=round(report.seconds, 3),
        generation=report.generation,
    )


def explain_view(explanation: Explanation) -> ExplainView:
    """An explanation, whole."""
    citations = [
        CitationView(path=cited.path, start_line=cited.start_line, end_line=cited.end_line, label=cited.label)
        for cited in explanation.citations
    ]
    return ExplainView(markdown=explanation.markdown, citations=citations)


def plan_view(plan: Plan, step_diff: Callable[[Step], str]) -> PlanView:
    """A plan whole. ``step_diff`` gives a step's unified diff (``plans.diff.step_diff`` bound to its store)."""
    return PlanView(
        id=plan.id,
        goal=plan.goal,
        intent=_intent_view(plan.intent),
        status=plan.status.value,
        steps=[_step_view(step, step_diff(step)) for step in plan.steps],
        summary=plan.summary,
    )


def outcome_view(outcome: Outcome) -> OutcomeView:
    """What applying or taking back did."""
    refused = [RefusalView(step=refusal.step, path=refusal.path, reason=refusal.reason) for refusal in outcome.refused]
    return OutcomeView(
        plan=outcome.plan.id, status=outcome.status.value, applied=list(outcome.applied), refused=refused
    )


def _intent_view(intent: Intent) -> IntentView:
    return IntentView(kind=intent.kind.value, slots=dict(intent.slots), confidence=intent.confidence, by=intent.by)


def _step_view(step: Step, diff: str) -> StepView:
    return StepView(
        id=step.id,
        title=step.title,
        why=step.why,
        tool=step.tool,
        args=dict(step.args),
        depends_on=list(step.depends_on),
        group=step.group,
        risk=_risk_view(step.risk),
        permissions=list(step.permissions),
        proof=_proof_view(step.proof),
        needs_confirmation=step.needs_confirmation,
        accepted=step.accepted,
        status=step.status.value,
        files=_file_views(step),
        diff=diff,
    )


def _risk_view(risk: Risk) -> RiskView:
    return RiskView(level=risk.level.value, score=risk.score, reasons=list(risk.reasons))


def _proof_view(proof: Proof) -> ProofView:
    return ProofView(
        parses=proof.parses,
        diagnostics_delta=proof.diagnostics_delta,
        engines=list(proof.engines),
        residue=_residue_views(proof.residue),
        residue_counts={kind.value: count for kind, count in proof.left.items()},
        grade=proof.grade.value,
        problems=list(proof.problems),
    )


def _residue_views(residue: Sequence[Residue]) -> list[ResidueView]:
    return [
        ResidueView(path=left.path, line=left.line, column=left.column, kind=left.kind.value, excerpt=left.excerpt)
        for left in residue
    ]


def _file_views(step: Step) -> list[FileView]:
    views = []
    for change in step.changes:
        fields: Mapping[str, Any] = {"new_path": getattr(change, "new_path", None)}
        views.append(
            FileView(
                path=change.path, kind=change.kind, edits=len(getattr(change, "edits", ())),
                accepted=change.accepted, **fields,
            )
        )  # fmt: skip
    return views
