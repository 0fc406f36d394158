"""Which definition or file of the workspace a goal's words mean, checked against the index."""

from __future__ import annotations

import re
from collections.abc import Callable

from magray_core.errors import GoalNotUnderstood
from magray_core.memory import Symbol, SymbolKind
from magray_core.plans import IntentKind, Task
from magray_orchestration.intents.grammar import Reading
from magray_orchestration.intents.locating import find_paths, matches
from magray_orchestration.intents.pointing import KINDS_CALLED, pointed_name
from magray_orchestration.intents.suggesting import hint_for, not_understood, phrase, similar_names
from magray_orchestration.workspace import Workspace

Found = list[tuple[str, Symbol]]

_TARGETS = {
    SymbolKind.FUNCTION: "function", SymbolKind.METHOD: "method", SymbolKind.CONSTRUCTOR: "method",
    SymbolKind.CLASS: "class", SymbolKind.MODULE: "module",
}  # fmt: skip
_FILES = ("file", "module")


def thing_meant(reading: Reading, task: Task, workspace: Workspace) -> dict[str, str]:
    """The slots ``old``, ``target``, ``path`` and ``at`` of a rename or move. Raises GoalNotUnderstood."""
    target = reading.slots.get("target", "")
    if reading.points and not (reading.slots.get("bare") and task.place is None):
        return _from_cursor(reading, task, workspace, target)
    old = (reading.slots.get("old") or reading.slots.get("bare", "")).removesuffix("()")
    path = ""
    if "::" in old and ("/" in old or re.search(r"\.\w+::", old)):
        said_path, _, old = old.partition("::")
        path = only_path(said_path, workspace, lambda one: _again(reading, f"{one}::{old}"))
    if target in _FILES or _looks_like_file(old, workspace):
        return {"old": only_path(old, workspace, lambda one: _again(reading, one)), "target": target or "file"}
    within = reading.slots.get("within", "")
    if within:
        old, path = _within(reading, old, within, workspace)
    old, path, found = _defined(old, path, workspace)
    if not found and not path and not _mentioned(old, workspace):
        if find_paths(workspace, old) and ("." in old or reading.kind is IntentKind.MOVE):
            return {"old": only_path(old, workspace, lambda one: _again(reading, one)), "target": "module"}
        raise _unknown(reading, old, workspace)
    return _checked(reading, {"old": old, "target": target, "path": path}, found)


def only_path(words: str, workspace: Workspace, again: Callable[[str], str]) -> str:
    """The one path that the words mean. Raises GoalNotUnderstood, with ``again(path)`` as the ways to say it."""
    found = find_paths(workspace, words)
    if len(found) == 1:
        return found[0]
    suggestions = tuple(again(path) for path in found[:5])
    message = f"{words} may be any of {len(found)} files" if found else f"there is no file or folder {words} here"
    raise GoalNotUnderstood(message, suggestions=suggestions, hint=hint_for(suggestions))


def _from_cursor(reading: Reading, task: Task, workspace: Workspace, target: str) -> dict[str, str]:
    if target in _FILES and task.place is not None:
        return {"old": task.place.path, "target": target, "at": "cursor"}
    pointed = pointed_name(workspace, task.place, target) if task.place is not None else None
    if pointed is None:
        raise not_understood(task, workspace)
    found = workspace.index.symbols_named(pointed.name)
    here = [one for one in found if one[0] == pointed.path and one[1].name_span == pointed.span]
    return _checked(reading, {"old": pointed.name, "target": target, "at": "cursor"}, here or found)


def _looks_like_file(old: str, workspace: Workspace) -> bool:
    if "/" in old:
        return True
    return bool(re.search(r"\.\w+$", old)) and any(
        path.rpartition("/")[2] == old for path in find_paths(workspace, old)
    )


def _within(reading: Reading, old: str, within: str, workspace: Workspace) -> tuple[str, str]:
    """``old`` and ``path`` once "in WITHIN" is known to be a file, a folder or a class."""
    if workspace.index.symbols_named(f"{within}.{old}", limit=1):
        return f"{within}.{old}", ""
    paths = find_paths(workspace, within)
    if len(paths) > 1:
        defining = {path for path, _ in workspace.index.symbols_named(old)}
        paths = tuple(path for path in paths if any(matches(one, path) for one in defining)) or paths
    if len(paths) == 1:
        return old, paths[0]
    if paths:
        only_path(within, workspace, lambda one: f"{_again(reading, old)} in {one}")
    if workspace.index.symbols_named(within, limit=1):
        return (f"{within}.{old}", "") if _mentioned(old, workspace) else (old, "")
    suggestions = tuple(_again(reading, f"{name}.{old}") for name in similar_names(workspace, within))
    raise GoalNotUnderstood(
        f"there is no file, folder or class {within} here", suggestions=suggestions, hint=hint_for(suggestions)
    )


def _defined(old: str, path: str, workspace: Workspace) -> tuple[str, str, Found]:
    """The definitions of a name. ``click.core.Context`` is found as ``Context`` in the module ``click.core``.

    A dotted name that several files below its folder define stays whole: which one it is may stand in an import.
    """
    parts = re.split(r"\.|::|#", old)
    for i in range(len(parts)):
        name = ".".join(parts[i:])
        found = workspace.index.symbols_named(name)
        modules = find_paths(workspace, ".".join(parts[:i])) if i else ()
        if i:
            found = [(one, symbol) for one, symbol in found if any(matches(one, module) for module in modules)]
        if path:
            found = [(one, symbol) for one, symbol in found if matches(one, path)]
        if found:
            defining = {one for one, _ in found}
            if i and len(defining) > 1:
                return old, path, found
            return name, path or (defining.pop() if i else ""), found
    return old, path, []


def _mentioned(old: str, workspace: Workspace) -> bool:
    """Whether code mentions the name although no definition of it is known (a local variable, say)."""
    parts = re.split(r"\.|::|#", old)
    if len(parts) > 1 and not workspace.index.symbols_named(parts[-2], limit=1):
        return False
    return bool(workspace.index.occurrences(parts[-1], overlay=workspace.overlay))


def _unknown(reading: Reading, old: str, workspace: Workspace) -> GoalNotUnderstood:
    similar = similar_names(workspace, old)
    suggestions = tuple(_again(reading, name) for name in similar)
    question = f"; did you mean {similar[0]}?" if similar else ""
    return GoalNotUnderstood(
        f"nothing here is called {old}{question}", suggestions=suggestions, hint=hint_for(suggestions)
    )


def _checked(reading: Reading, slots: dict[str, str], found: Found) -> dict[str, str]:
    """The slots that hold something, the target as the index knows it where it was not said."""
    wanted = KINDS_CALLED.get(slots["target"])
    kinds = {symbol.kind for _, symbol in found}
    if wanted is not None and found and not kinds & wanted:
        actual = sorted(kind.value for kind in kinds)[0]
        suggestions = (_again(reading, slots["old"]),)
        raise GoalNotUnderstood(
            f"{slots['old']} is a {actual}, not a {slots['target']}",
            suggestions=suggestions,
            hint=hint_for(suggestions),
        )
    if not slots["target"] and len(kinds) == 1:
        slots["target"] = _TARGETS.get(next(iter(kinds)), "")
    return {name: value for name, value in slots.items() if value}


def _again(reading: Reading, old: str) -> str:
    """The same goal with another name for the thing."""
    if reading.kind is IntentKind.MOVE:
        return phrase(reading.lexicon, "move", old=old, dest=reading.slots["dest"])
    return phrase(reading.lexicon, "rename", old=old, new=reading.slots["new"])
