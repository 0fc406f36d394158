"""The plan document: Markdown that a person reads and ticks in any editor, and what their ticks say.

The document is a view. It is written anew whenever the plan changes; the person's choices are read back from it.
Everything that comes from the workspace is made visible and kept inside code spans or fences, so that no file can
forge a heading or a tick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import quote

from magray_core.display import one_line, visible
from magray_core.plans import (
    CreateFile,
    DeleteFile,
    FileChange,
    Plan,
    PlanStatus,
    RenameFile,
    Residue,
    RiskLevel,
    Step,
    StepStatus,
)
from magray_orchestration.plans.choices import Landmark, landmarks, parse_choices
from magray_orchestration.plans.diff import FileDiff, PlanSource, file_diffs
from magray_orchestration.plans.states import pairs_of
from magray_orchestration.plans.statuses import Standing
from magray_orchestration.plans.transitions import Choices

__all__ = ["Choices", "DocumentSource", "Landmark", "landmarks", "parse_choices", "render"]

_UP = "../../../"  # from .magray/artifacts/plans to the workspace root
_MAX_RESIDUE = 30
_BLANKS = re.compile(r"[ \t]{120,}(?=\S)")
_BACKTICKS = re.compile(r"`+")


class DocumentSource(PlanSource, Protocol):
    """What a document needs of the plan store."""

    def standing(self, plan_id: str) -> Standing:
        """What of the plan is applied, undone, refused and pending."""


def render(plan: Plan, store: DocumentSource) -> str:
    """The plan's document as it stands now, ending in a line end."""
    standing = store.standing(plan.id)
    diffs = {step.id: file_diffs(store, plan, pairs_of(plan, steps=(step.id,))) for step in plan.steps}
    lines = [f"# Plan {plan.id}: {_text(plan.goal, 200)}", "", *_top(plan, diffs), "", *_table(plan, diffs), ""]
    for step in plan.steps:
        lines += _step(plan, step, diffs[step.id], standing)
    return "\n".join(lines).rstrip("\n") + "\n"


def _top(plan: Plan, diffs: dict[int, tuple[FileDiff, ...]]) -> Iterator[str]:
    files = {item.path for items in diffs.values() for item in items}
    added = sum(item.added for items in diffs.values() for item in items)
    removed = sum(item.removed for items in diffs.values() for item in items)
    size = f"{_count(len(plan.steps), 'step')}, {_count(len(files), 'file')}, +{added} −{removed} lines"
    yield f"**Status: {plan.status.value}** · {size}"
    yield ""
    yield _how_to(plan)
    first = [f"step {step.id} ({why})" for step in plan.steps if (why := _warning(step))]
    if first:
        yield ""
        yield f"**Look first at** {', '.join(first)}."
    if plan.summary:
        yield ""
        yield _text(plan.summary, 2000)


def _warning(step: Step) -> str:
    words = ["high risk"] if step.risk.level is RiskLevel.HIGH else []
    return ", ".join([*words, "not proved"] if step.needs_confirmation else words)


def _how_to(plan: Plan) -> str:
    apply, undo = f"`magray apply {plan.id}`", f"`magray undo {plan.id}`"
    match plan.status:
        case PlanStatus.APPLIED | PlanStatus.APPLYING:
            return f"Take it back with the code lens above or {undo} (one step: `--step N`)."
        case PlanStatus.PARTLY_APPLIED:
            return f"Tick what you still want, save, and apply the rest with {apply}; take all of it back with {undo}."
        case PlanStatus.PROPOSED | PlanStatus.UNDONE | PlanStatus.FAILED:
            return f"Untick what you do not want, save, then apply with the code lens above or {apply}."


def _table(plan: Plan, diffs: dict[int, tuple[FileDiff, ...]]) -> Iterator[str]:
    yield "| step | what | files | risk | support | status |"
    yield "| ---: | --- | ---: | --- | --- | --- |"
    for step in plan.steps:
        cells = (
            str(step.id),
            _text(step.title, 80).replace("|", "\\|"),
            str(len(diffs[step.id])),
            f"{step.risk.level.value} ({step.risk.score})",
            step.proof.grade.value + (" – please check" if step.needs_confirmation else ""),
            "left out" if step.status is StepStatus.REFUSED else step.status.value,
        )
        yield f"| {' | '.join(cells)} |"


def _step(plan: Plan, step: Step, diffs: tuple[FileDiff, ...], standing: Standing) -> Iterator[str]:
    yield f"## Step {step.id}: {_text(step.title, 120)}"
    yield ""
    yield f"- {_box(step.accepted)} **Step {step.id}** – {_step_word(step)}"
    yield ""
    yield _text(step.why, 1000)
    yield ""
    yield from _facts(step)
    yield from _residue(step)
    by_path: dict[str, list[FileDiff]] = {}
    for item in diffs:
        by_path.setdefault(item.path, []).append(item)
    for change in step.changes:
        yield f"- {_box(change.accepted)} {_link(change.path)} – {_change_word(step, change, standing)}"
        yield ""
        for item in by_path.pop(change.path, []):
            yield from _fenced(item.text)
            yield ""


def _step_word(step: Step) -> str:
    word = {StepStatus.PROPOSED: "take this step", StepStatus.REFUSED: "left out"}.get(step.status, step.status.value)
    after = f" (needs step {', '.join(map(str, step.depends_on))})" if step.depends_on else ""
    return word + after


def _facts(step: Step) -> Iterator[str]:
    proof = step.proof
    engines = f" by {', '.join(_text(engine, 40) for engine in proof.engines)}" if proof.engines else ""
    yield f"- Support: {proof.grade.value}{engines}"
    checks = ["every touched file still parses" if proof.parses else "**a touched file no longer parses**"]
    delta = proof.diagnostics_delta
    checks.append("no new problems" if delta <= 0 else f"**{_count(delta, 'new problem')}**")
    yield f"- Proof: {', '.join(checks)}"
    for problem in proof.problems:
        yield f"- **Not proved:** {_text(problem, 300)}"
    reasons = "; ".join(_text(reason, 200) for reason in step.risk.reasons)
    yield f"- Risk: {step.risk.level.value} ({step.risk.score} of 100){': ' if reasons else ''}{reasons}"
    if step.permissions:
        yield f"- Permissions: {', '.join(_text(item, 60) for item in step.permissions)}"
    tool = " ".join(f"{name}={_text(value, 80)}" for name, value in step.args.items())
    yield f"- Tool: {_code(f'{step.tool} {tool}'.strip())}"
    yield ""


def _residue(step: Step) -> Iterator[str]:
    n_left = step.proof.n_left
    if not n_left:
        return
    kinds = ", ".join(f"{n} in {kind}" for kind, n in sorted((one.value, n) for one, n in step.proof.left.items()))
    yield f"Left as they are: {_count(n_left, 'mention')} ({kinds})"
    yield ""
    shown = step.proof.residue[:_MAX_RESIDUE]
    yield from (_mention(item) for item in shown)
    if n_left > len(shown):
        yield f"- … and {n_left - len(shown)} more: `magray show PLAN --json` lists them"
    yield ""


def _mention(item: Residue) -> str:
    link = f"[{_label(item.path)}:{item.line}]({_target(item.path)}#L{item.line})"
    return f"- {link} {item.kind.value}: {_code(one_line(item.excerpt))}"


def _change_word(step: Step, change: FileChange, standing: Standing) -> str:
    match change:
        case CreateFile():
            word = "new file"
        case DeleteFile():
            word = "deleted"
        case RenameFile():
            word = f"moved to {_code(change.new_path)}"
            word += f", {_count(len(change.edits), 'edit')}" if change.edits else ""
        case _:
            word = _count(len(change.edits), "edit")
    pair = (step.id, change.path)
    if pair in standing.refused:
        return f"{word}; left out: {_text(standing.refused[pair], 300)}"
    if pair in standing.pending:
        return f"{word}; changed in your editor – saved there?"
    if pair in standing.applied:
        return f"{word}; applied"
    return f"{word}; undone" if pair in standing.undone else word


def _fenced(diff: str) -> Iterator[str]:
    """The diff as a fenced block, nothing left out: what would hide or reorder is spelled out."""
    shown = _BLANKS.sub(lambda match: f"⟦{len(match.group())} blanks⟧", visible(diff)).rstrip("\n")
    longest = max((len(match.group()) for match in _BACKTICKS.finditer(shown)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}diff"
    yield from shown.split("\n")
    yield fence


def _box(ticked: bool) -> str:
    return "[x]" if ticked else "[ ]"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _text(text: str, limit: int) -> str:
    """Words of the person, an engine or a file: one visible line in which Markdown means nothing."""
    return re.sub(r"([\\`*\[\]<>])", r"\\\1", one_line(text, limit))


def _code(text: str) -> str:
    """A code span that holds the text whatever backticks are in it."""
    shown = " ".join(visible(text).split("\n"))
    longest = max((len(match.group()) for match in _BACKTICKS.finditer(shown)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _label(path: str) -> str:
    return re.sub(r"([\\`*\[\]<>])", r"\\\1", visible(path).replace("\n", "\\n"))


def _target(path: str) -> str:
    return _UP + quote(path.encode("utf-8", "surrogateescape"), safe="/-._~+,@=")


def _link(path: str) -> str:
    return f"[{_label(path)}]({_target(path)})"
