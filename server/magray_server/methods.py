"""Every name that Magray adds to LSP, in one table: docs, shims and tests are compared with it. Imports nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Method(NamedTuple):
    """A custom request or notification. ``to`` is who receives it; ``params`` and ``result`` name their fields."""

    name: str
    kind: Literal["request", "notification"]
    to: Literal["server", "client"]
    doc: str
    params: str = ""
    result: str = ""


class Command(NamedTuple):
    """A command of ``workspace/executeCommand``; its one argument is an object with the fields in ``arguments``."""

    name: str
    title: str
    doc: str
    arguments: str = ""


METHODS: tuple[Method, ...] = (
    Method("magray/search", "request", "server", "Search the workspace.", "query, k", "hits, tookMs, freshness"),
    Method(
        "magray/explain", "request", "server", "Explain the name at a position, with citations.",
        "textDocument, position", "markdown, citations, uri",
    ),
    Method(
        "magray/plan", "request", "server",
        "Make a plan for a goal and store it; changes nothing. Takes workDoneToken and can be cancelled.",
        "goal, textDocument?, range?", "the plan",
    ),
    Method("magray/plan/get", "request", "server", "A stored plan.", "plan", "the plan"),
    Method("magray/plan/list", "request", "server", "All stored plans, newest first.", "", "plans"),
    Method(
        "magray/plan/preview", "request", "server", "Every file of a plan before and after, for a diff view.",
        "plan, steps?", "plan, document, diff, files",
    ),
    Method(
        "magray/plan/choose", "request", "server", "Accept or refuse steps and files of a plan.",
        "plan, steps?, files?", "the plan",
    ),
    Method(
        "magray/plan/apply", "request", "server", "Apply a plan's accepted steps through workspace/applyEdit.",
        "plan, steps?", "plan, status, applied, refused",
    ),
    Method("magray/plan/undo", "request", "server", "Take an applied plan or one of its steps back.", "plan, step?",
           "plan, status, applied, refused"),
    Method("magray/plan/redo", "request", "server", "Apply again what was taken back.", "plan",
           "plan, status, applied, refused"),
    Method("magray/plan/cancel", "request", "server", "Stop the planning that runs for a goal.", "goal?", "cancelled"),
    Method("magray/plan/retry", "request", "server", "Compute a plan's goal again on the files as they are now.",
           "plan", "the plan"),
    Method("magray/index/status", "request", "server", "What the index holds and whether it is being built.", "",
           "state, message, fraction, freshness"),
    Method("magray/doctor", "request", "server", "What works here, what does not, and why.", "", "the report"),
    Method("magray/plan/changed", "notification", "client", "A plan was made, chosen from, applied or taken back.",
           "plan, status, uri"),
    Method("magray/index/status", "notification", "client", "The index's state changed.",
           "state, message, fraction, freshness"),
    Method("magray/client/approve", "request", "client",
           "Ask the person for a permission; falls back to window/showMessageRequest.",
           "plan, title, reasons, choices", "choice"),
    Method("magray/client/lspRequest", "request", "client",
           "Ask the editor's other language servers, for textDocument/rename.", "method, params", "results"),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    Command("magray.index", "Index the workspace", "Bring the index up to date.", "full?"),
    Command("magray.search", "Search", "Search the workspace and show the hits.", "query, k?"),
    Command("magray.explain", "Explain", "Show the whole explanation of the name at a position.",
            "textDocument, position"),
    Command("magray.plan", "Plan", "Make a plan for a goal and show it.", "goal, textDocument?, range?"),
    Command("magray.plan.draft", "New plan", "Show a plan document whose goal is still to be completed.",
            "goal, textDocument?, range?"),
    Command("magray.plan.make", "Make this plan", "Make the plan whose goal stands in a draft document.", "uri"),
    Command("magray.plan.applied", "Plan was applied", "Sent after a code action's edit: records what was applied.",
            "transaction"),
    Command("magray.show", "Show plan", "Show a stored plan's document.", "plan"),
    Command("magray.plan.preview", "Preview", "Show the diff of a plan or of one step.", "plan, step?"),
    Command("magray.plan.choose", "Accept or skip", "Accept or skip one step of a plan.", "plan, step, accepted"),
    Command("magray.apply", "Apply", "Apply a plan or some of its steps.", "plan, steps?"),
    Command("magray.undo", "Undo", "Take a plan or one of its steps back.", "plan, step?"),
    Command("magray.redo", "Redo", "Apply again what was taken back.", "plan"),
    Command("magray.do", "Plan and apply", "Make a plan, ask, and apply it.", "goal, textDocument?, range?"),
    Command("magray.doctor", "Doctor", "Show what works here and what does not.", ""),
)  # fmt: skip


def documented(name: str) -> str:
    """The first documentation line of a method or command. Raises KeyError for a name that is not in the tables."""
    docs = {method.name: method.doc for method in METHODS} | {command.name: command.doc for command in COMMANDS}
    return docs[name]
