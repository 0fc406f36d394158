"""From a task to an ``Intent``: what is read from the words, completed by the cursor and checked in the workspace.

Slots by kind; a slot that was not said is absent:

- rename: ``old`` (as in the code, dotted where that was said; a path for files and modules), ``new`` (one name; that
  of a Python file without its ending), ``target`` (function, class, method, module, file, ...), ``path`` (where it is)
- move: ``old``, ``target``, ``destination`` (a module or path as the person wrote it), ``path``, ``create`` ("yes"
  when a new module was asked for)
- organize_imports: ``path`` (a file or folder; absent means the whole workspace), ``only`` ("unused")
- replace: ``pattern``, ``replacement``, ``language``, ``path`` (a file, folder or glob), ``mode`` ("text")
- search, explain: ``query``; for explain also ``path`` and ``line`` when the cursor was meant

``at`` is "cursor" when ``old`` was taken from where the person pointed.
"""

from __future__ import annotations

from magray_core.errors import GoalNotUnderstood
from magray_core.plans import Intent, IntentKind, Task
from magray_orchestration.intents.grammar import Reading, read, too_long
from magray_orchestration.intents.naming import checked_new_name, other_folder
from magray_orchestration.intents.pointing import pointed_name
from magray_orchestration.intents.replacing import replace_intent
from magray_orchestration.intents.suggesting import ambiguous, hint_for, not_understood, phrase
from magray_orchestration.intents.symbols import only_path, thing_meant
from magray_orchestration.workspace import Workspace


def analyze(task: Task, workspace: Workspace) -> Intent:
    """The goal understood. Raises GoalNotUnderstood with the nearest goals that would be; it never guesses."""
    if too_long(task.goal):
        raise GoalNotUnderstood(
            "the goal is too long to be understood as a sentence", hint="say one thing at a time; put code in backticks"
        )
    readings = read(task.goal)
    if not readings:
        raise not_understood(task, workspace)
    best = readings[0]
    rivals = [one for one in readings[1:] if one.confidence == best.confidence and one.kind == best.kind]
    if best.doubt or (rivals and best.kind is IntentKind.REPLACE):
        raise ambiguous(readings, task.goal)
    match best.kind:
        case IntentKind.RENAME:
            return _rename(best, task, workspace)
        case IntentKind.MOVE:
            return _move(best, task, workspace)
        case IntentKind.ORGANIZE_IMPORTS:
            return _organize(best, task, workspace)
        case IntentKind.REPLACE:
            return replace_intent(best, task, workspace)
        case _:
            return _look(best, task, workspace)


def _rename(reading: Reading, task: Task, workspace: Workspace) -> Intent:
    slots = thing_meant(reading, task, workspace)
    said = reading.slots["new"]
    if slots.get("target") in ("file", "module") and other_folder(slots["old"], said):
        return Intent(IntentKind.MOVE, {**slots, "destination": said}, reading.confidence)
    slots["new"] = checked_new_name(reading, slots)
    return Intent(IntentKind.RENAME, slots, reading.confidence)


def _move(reading: Reading, task: Task, workspace: Workspace) -> Intent:
    slots = thing_meant(reading, task, workspace)
    destination = reading.slots["dest"].strip().replace("\\", "/")
    if reading.slots.get("dest_kind") == "class":
        suggestions = (phrase(reading.lexicon, "move", old=slots["old"]),)
        raise GoalNotUnderstood(
            f"{slots['old']} cannot be moved into a class, only into a module",
            suggestions=suggestions,
            hint=hint_for(suggestions),
        )
    slots["destination"] = destination
    if "fresh" in reading.slots:
        slots["create"] = "yes"
    return Intent(IntentKind.MOVE, slots, reading.confidence)


def _organize(reading: Reading, task: Task, workspace: Workspace) -> Intent:
    slots = {name: reading.slots[name] for name in ("only",) if name in reading.slots}
    if "path" in reading.slots:
        slots["path"] = only_path(
            reading.slots["path"], workspace, lambda path: phrase(reading.lexicon, "organize_path", path=path)
        )
    elif task.place is not None and "everywhere" not in reading.slots:
        slots["path"] = task.place.path
    return Intent(IntentKind.ORGANIZE_IMPORTS, slots, reading.confidence)


def _look(reading: Reading, task: Task, workspace: Workspace) -> Intent:
    query = reading.slots["query"]
    if query.lower() not in _POINTERS:
        return Intent(reading.kind, {"query": query}, reading.confidence)
    pointed = pointed_name(workspace, task.place) if task.place is not None else None
    if pointed is None:
        raise not_understood(task, workspace)
    line = workspace.read(pointed.path).lines().line_of(pointed.span.start) + 1
    slots = {"query": pointed.name, "path": pointed.path, "line": str(line), "at": "cursor"}
    return Intent(reading.kind, slots, reading.confidence)


_POINTERS = frozenset(
    (
        "this", "it", "that", "this function", "this class", "this method", "this code", "here", "это", "этот код",
        "эту функцию", "эта функция", "этот класс", "этот метод", "его", "её", "ее", "здесь",
    )
)  # fmt: skip
