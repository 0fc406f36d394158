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


_OUTCOME = "plan, status, applied, refused, notes, pending"
_STATUS = "state, message, files, fraction, freshness, embedding"
_RECORD = (
    "id, kind, name, text, source, holder, created, changed, tags, due, done, overdue, tainted, path, startLine,"
    " endLine, symbol, state, was"
)
_PLACED = "text, textDocument?, range?, position?, tags?, everywhere?"
_FORGET = "ids?, paths?, text?, since?, until?, approved?"
_GRAPH = "about?, textDocument?, position?, depth?, limit?, picture?, nonce?"
_RECOLLECT = "query, k?, sources?, paths?, languages?, kinds?, tags?, near?"
_RECORDS = "query?, kinds?, paths?, tags?"
_GOAL = "goal, textDocument?, range?, position?, workDoneToken?"

STANDARD: tuple[tuple[str, str], ...] = (
    ("textDocument/hover", "explains the name: signature, documentation, callers, history, TODOs, with links"),
    ("textDocument/codeAction", "offers refactorings that fit the place, and stored plans that touch the document"),
    ("codeAction/resolve", "computes and proves the plan of an action and answers with its edit"),
    ("textDocument/codeLens", "on plan documents: preview, apply, skip, accept, undo, redo"),
    ("workspace/symbol", "finds definitions in the index"),
    ("workspace/executeCommand", "the commands below"),
    ("workspace/textDocumentContent", "`magray:` documents: explanations, plans, diffs"),
    ("textDocument/didOpen", "open documents count instead of the files on disk, everywhere"),
    ("textDocument/didChange", "incremental; changes whose version is not a later one are dropped"),
    ("textDocument/didClose", "the file on disk counts again"),
    ("textDocument/didSave", "the file is indexed again, alone; a plan document's ticks are taken"),
    ("workspace/didChangeWatchedFiles", "files that others change are indexed again; registered dynamically"),
    ("workspace/didChangeConfiguration", "settings below `magray` count from then on"),
    ("window/workDoneProgress/cancel", "stops indexing or planning"),
    ("$/cancelRequest", "answers at once and stops the work"),
    ("$/setTrace", "`verbose` logs more"),
)
"""Standard methods that the server handles, but for the lifecycle."""

METHODS: tuple[Method, ...] = (
    Method("magray/search", "request", "server",
           "Search the workspace, or the part of it that `paths` (globs), `languages` and `kinds` admit.",
           "query, k?, paths?, languages?, kinds?", "hits, tookMs, freshness"),
    Method("magray/explain", "request", "server", "Explain the name at a position, with citations.",
           "textDocument, position", "markdown, citations"),
    Method("magray/plan", "request", "server",
           "Make a plan for a goal and store it; changes nothing. Shows progress and can be cancelled.",
           _GOAL, "the plan"),
    Method("magray/plan/get", "request", "server", "A stored plan.", "plan?", "the plan"),
    Method("magray/plan/list", "request", "server", "All stored plans, newest first.", "", "plans"),
    Method("magray/plan/preview", "request", "server", "Every file of a plan before and after, for a diff view.",
           "plan?, steps?", "plan, digest, document, diff, files"),
    Method("magray/plan/choose", "request", "server", "Accept or refuse steps and files of a plan.",
           "plan?, steps?, files?", "the plan"),
    Method("magray/plan/apply", "request", "server",
           "Apply a plan's accepted steps through `workspace/applyEdit`. `confirm` marks every edit for the editor's "
           "own preview; `approved` says that the person has said yes, so that only protected files are asked for; "
           "`digest` binds that yes to what the preview showed.",
           "plan?, steps?, confirm?, approved?, digest?", _OUTCOME),
    Method("magray/plan/undo", "request", "server", "Take an applied plan or one of its steps back.",
           "plan?, step?", _OUTCOME),
    Method("magray/plan/redo", "request", "server", "Apply again what was taken back.", "plan?", _OUTCOME),
    Method("magray/plan/cancel", "request", "server", "Stop the planning of a goal, or all planning.",
           "goal?", "cancelled"),
    Method("magray/plan/retry", "request", "server", "Plan a plan's goal again on the files as they are now.",
           "plan?", "the plan"),
    Method("magray/index/status", "request", "server", "What the index holds and whether it is being built.",
           "", _STATUS),
    Method("magray/index/pause", "request", "server",
           "Stop embedding in the background, or with `paused` false go on.", "paused?", _STATUS),
    Method("magray/memory/search", "request", "server",
           "Ask code, records and sessions at once; `facets` counts what each filter would leave, `context` names the "
           "files that pulled hits up, `notices` say what may be old. A hit names its `source` and says `why` it is "
           "there.",
           _RECOLLECT, "hits, facets, context, tookMs, freshness, notices"),
    Method("magray/memory/list", "request", "server",
           "Notes, links, recipes and todos with their places as they are now; `kinds` may ask for `project`s too.",
           _RECORDS, "records, notices"),
    Method("magray/memory/note", "request", "server",
           "Remember a note, link or recipe, about a place, a document, or nothing in particular.",
           f"{_PLACED}, kind?, name?", _RECORD),
    Method("magray/memory/forget", "request", "server",
           "Forget records by id (`session:<name>` for a session), or everything about files, a text or a time; asks "
           "unless `approved`. Every byte that is left is searched: `proof.hits` is empty when nothing remained.",
           _FORGET, "forgotten, files, plans, vectors, proof"),
    Method("magray/memory/graph", "request", "server",
           "What is around a file, a name, a note or the cursor; `picture` asks for `svg`, `html` or `text` too.",
           _GRAPH, "centre, nodes, edges, notes, picture?"),
    Method("magray/memory/sessions", "request", "server", "All sessions, or one with its summary and messages.",
           "session?", "sessions, messages?"),
    Method("magray/memory/export", "request", "server",
           "Write everything that is remembered of the workspace into a zip of JSON lines.",
           "uri?", "file, uri, counts, bytes"),
    Method("magray/tasks/list", "request", "server", "The open todos, those that are due first.", "all?", "tasks"),
    Method("magray/tasks/add", "request", "server", "Remember something to do; `due` is a date such as 2026-12-31.",
           f"{_PLACED}, due?", _RECORD),
    Method("magray/tasks/done", "request", "server", "Mark a todo as done.", "id", _RECORD),
    Method("magray/tasks/import", "request", "server",
           "Take up TODO and FIXME comments as todos, each once; what is no longer in the code is done.",
           "", "new, moved, gone, same"),
    Method("magray/models/list", "request", "server",
           "The models that Magray can use and which of them serves; `problems` go by names and sizes of files.",
           "", "models"),
    Method("magray/models/verify", "request", "server",
           "Read a model's files, or those of all that are installed, and compare them with what was installed.",
           "name?", "ok, models"),
    Method("magray/models/use", "request", "server",
           "Choose the model that finds code: written into the person's settings, and embedding goes on with it.",
           "name", "name, serves, file"),
    Method("magray/models/pull", "request", "server",
           "Bring a model through the person's pip, which is asked for unless `approved`. Shows progress and can be "
           "cancelled.", "name, approved?, workDoneToken?", "name, already, bytes"),
    Method("magray/doctor", "request", "server", "What works here, what does not, and why.",
           "", "ok, checks, client, failures"),
    Method("magray/plan/changed", "notification", "client", "A plan was made, chosen from, applied or taken back.",
           "plan, status, uri"),
    Method("magray/index/status", "notification", "client",
           "The index's state changed: `starting`, `indexing`, `ready`, `failed` or `off`.", _STATUS),
    Method("magray/client/approve", "request", "client", "Ask the person; `action` is one of `actions`, or null.",
           "title, message, actions, plan", "action"),
    Method("magray/client/lspRequest", "request", "client",
           "Ask the editor's other language servers, for `textDocument/rename`; `result` is their edit, or null.",
           "method, params, timeoutMs", "result, positionEncoding?"),
)  # fmt: skip

COMMANDS: tuple[Command, ...] = (
    Command("magray.index", "Index the workspace", "Bring the index up to date.", "full?"),
    Command("magray.search", "Search", "Search the workspace and show the hits.",
            "query, k?, paths?, languages?, kinds?"),
    Command("magray.explain", "Explain", "Show the whole explanation of the name at a position.",
            "textDocument, position"),
    Command("magray.plan", "Plan", "Make a plan for a goal and show it.", _GOAL),
    Command("magray.show", "Show plan", "Show a stored plan's document.", "plan?"),
    Command("magray.apply", "Apply", "Apply a plan or some of its steps.",
            "plan?, steps?, confirm?, approved?, digest?"),
    Command("magray.undo", "Undo", "Take a plan or one of its steps back.", "plan?, step?"),
    Command("magray.redo", "Redo", "Apply again what was taken back.", "plan?"),
    Command("magray.do", "Plan and apply", "Make a plan, ask, and apply it.", _GOAL),
    Command("magray.doctor", "Doctor", "Show what works here and what does not.", ""),
    Command("magray.memory.search", "Search memory", "Ask code, notes and sessions, and show the hits.", _RECOLLECT),
    Command("magray.memory.list", "Show memory", "Show what is remembered beside the code.", _RECORDS),
    Command("magray.memory.note", "Note", "Remember a note, link or recipe.", f"{_PLACED}, kind?, name?"),
    Command("magray.memory.forget", "Forget", "Forget records, or everything about files, a text or a time.", _FORGET),
    Command("magray.memory.graph", "Show graph", "Show what is around a file, a name or a note as a page.", _GRAPH),
    Command("magray.tasks.list", "Show todos", "Show the todos.", "all?"),
    Command("magray.tasks.add", "Add todo", "Remember something to do.", f"{_PLACED}, due?"),
    Command("magray.tasks.done", "Done", "Mark a todo as done.", "id"),
    Command("magray.tasks.import", "Import todos", "Take up TODO and FIXME comments as todos.", ""),
    Command("magray.plan.draft", "New plan", "Show a document whose goal is still to be completed.", _GOAL),
    Command("magray.plan.make", "Make this plan", "Make the plan whose goal stands in such a document.", "uri"),
    Command("magray.plan.preview", "Preview", "Show the diff of a plan or of one of its steps.", "plan?, step?"),
    Command("magray.plan.choose", "Accept or skip", "Accept or skip one step of a plan.", "plan?, step, accepted"),
    Command("magray.plan.applied", "Record what was applied",
            "Comes with a code action's edit, to be run after it: records what became of the files.", "transaction"),
)  # fmt: skip


def documented(name: str) -> str:
    """The first documentation line of a method or command. Raises KeyError for a name that is not in the tables."""
    docs = {method.name: method.doc for method in METHODS} | {command.name: command.doc for command in COMMANDS}
    return docs[name]
