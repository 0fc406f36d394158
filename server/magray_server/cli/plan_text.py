"""A plan and its outcome in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from magray_core.plans import Plan, Proof, Step
from magray_server.cli.terminal import Terminal

if TYPE_CHECKING:
    from magray_orchestration.plans.transitions import Outcome

_FILES_SHOWN = 6
_RESIDUE_SHOWN = 5
_PROBLEMS_SHOWN = 3
_RISK_STYLE = {"low": "green", "medium": "yellow", "high": "red"}


def say_plan(out: Terminal, plan: Plan) -> None:
    """Summary first, then the steps, the risky and unproved ones with their reasons."""
    out.say_parts(
        out.styled(f"Plan {plan.id}", "bold"), out.styled(f"  {plan.goal}", "cyan"), f"  ({plan.status.value})"
    )
    out.say(plan.summary)
    for step in plan.steps:
        out.say()
        _say_step(out, step)


def say_new_plan(out: Terminal, plan: Plan) -> None:
    """The plan and how to go on from it."""
    say_plan(out, plan)
    out.say()
    out.say("Nothing has changed yet. Go on with:", "dim")
    out.say(f"  magray show {plan.id} --diff")
    some = ",".join(str(step.id) for step in plan.steps[:2]) if len(plan.steps) > 1 else ""
    out.say(f"  magray apply {plan.id}" + (f"        (or only some: --steps {some})" if some else ""))


def say_outcome(out: Terminal, outcome: Outcome, *, undo_hint: bool) -> None:
    """What was done and what was not."""
    ids = ", ".join(str(step) for step in outcome.applied)
    steps = f" (step {ids})" if len(outcome.applied) == 1 else f" (steps {ids})" if ids else ""
    out.say(
        f"Plan {outcome.plan.id} is {outcome.status.value}{steps}, {_files(len(outcome.files_written))} written", "bold"
    )
    for refusal in outcome.refused:
        where = f" {refusal.path}" if refusal.path else ""
        out.say(f"  left out: step {refusal.step}{where}: {refusal.reason}", "yellow")
    for note in outcome.notes:
        out.say(f"  {note}", "yellow")
    if undo_hint:
        out.say(f"Take it back with: magray undo {outcome.plan.id}", "dim")


def _say_step(out: Terminal, step: Step) -> None:
    box = "[x]" if step.accepted else "[ ]"
    out.say_parts(
        f"{box} {step.id}  ", out.styled(step.title, "bold"), "  ",
        out.styled(f"{step.risk.level.value} risk", _RISK_STYLE[step.risk.level.value]),
        out.styled(f" · {step.proof.grade.value} · {', '.join(step.proof.engines) or 'no engine'}", "dim"),
    )  # fmt: skip
    out.say(f"       {step.why}")
    for change in step.changes[:_FILES_SHOWN]:
        edits = len(getattr(change, "edits", ()))
        target = f" -> {change.new_path}" if change.kind == "rename" else ""
        count = f"{edits} {'edit' if edits == 1 else 'edits'}" if edits else change.kind
        out.say(f"       {change.path}{target}  {count}", "dim")
    if len(step.changes) > _FILES_SHOWN:
        out.say(f"       … and {len(step.changes) - _FILES_SHOWN} more files", "dim")
    problems = step.proof.problems if step.needs_confirmation else ()
    for problem in problems[:_PROBLEMS_SHOWN]:
        out.say(f"       needs your confirmation: {problem}", "yellow")
    if len(problems) > _PROBLEMS_SHOWN:
        out.say(f"       … and {len(problems) - _PROBLEMS_SHOWN} more such reasons", "yellow")
    _say_residue(out, step.proof)


def _say_residue(out: Terminal, proof: Proof) -> None:
    if not proof.n_left:
        return
    kinds = ", ".join(f"{count} in {kind.value}" for kind, count in proof.left.items())
    mentions = "1 mention as it is" if proof.n_left == 1 else f"{proof.n_left} mentions as they are"
    out.say(f"       leaves {mentions}: {kinds}")
    shown = proof.residue[:_RESIDUE_SHOWN]
    for left in shown:
        out.say(f"         {left.path}:{left.line}:{left.column}  {left.excerpt.strip()[:100]}", "dim")
    if proof.n_left > len(shown):
        out.say(f"         … and {proof.n_left - len(shown)} more", "dim")


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
