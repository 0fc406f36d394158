"""The replace goals: which code, by which code, and where."""

from __future__ import annotations

import re

from magray_core.errors import GoalNotUnderstood, RefactoringRefused
from magray_core.plans import Intent, IntentKind, Task
from magray_orchestration.intents.grammar import Reading
from magray_orchestration.intents.pointing import selected_code
from magray_orchestration.intents.suggesting import ambiguous, hint_for, phrase
from magray_orchestration.intents.symbols import only_path
from magray_orchestration.workspace import Workspace

_CODE = re.compile(r"[$(){}\[\]=+*/%&|^~<>\"';:@!.]")
_POINTERS = frozenset(
    (
        "this",
        "it",
        "that",
        "the selection",
        "selection",
        "the selected code",
        "selected code",
        "это",
        "выделенное",
        "выделенный код",
    )
)
_NO_CODE = frozenset(
    ("nothing", "something", "anything", "it", "them", "ничего", "ничем", "ничто", "что-то", "что-нибудь", "пустоту")
)


def replace_intent(reading: Reading, task: Task, workspace: Workspace) -> Intent:
    """The replacement. Raises GoalNotUnderstood where words stand for code that was not quoted."""
    slots = dict(reading.slots)
    if "pattern" not in reading.quoted and slots["pattern"].lower() in _POINTERS:
        selected = selected_code(workspace, task.place) if task.place is not None else ""
        if not selected:
            suggestions = (phrase(reading.lexicon, "replace", old="print($A)", new=slots["replacement"]),)
            raise GoalNotUnderstood(
                "nothing is selected that could be replaced", suggestions=suggestions, hint=hint_for(suggestions)
            )
        slots["pattern"] = selected
    elif _is_prose(reading, "pattern") or _is_prose(reading, "replacement"):
        raise ambiguous((reading,), task.goal)
    if "replacement" not in reading.quoted and slots["replacement"].lower() in _NO_CODE:
        raise GoalNotUnderstood(
            f"“{slots['replacement']}” is no code to replace {slots['pattern']} with",
            hint="put the new code in backticks",
        )
    if slots["pattern"] == slots["replacement"]:
        raise RefactoringRefused("the pattern and its replacement are the same")
    if "path" in slots:
        slots["path"] = only_path(
            slots["path"],
            workspace,
            lambda path: (
                f"{phrase(reading.lexicon, 'replace', old=slots['pattern'], new=slots['replacement'])} in {path}"
            ),
        )
    return Intent(IntentKind.REPLACE, slots, reading.confidence)


def _is_prose(reading: Reading, slot: str) -> bool:
    """Whether several words stand there with nothing that only code has, and without quotes."""
    text = reading.slots[slot]
    return (
        slot not in reading.quoted
        and reading.slots.get("mode") != "text"
        and re.search(r"\s", text) is not None
        and _CODE.search(text) is None
    )
