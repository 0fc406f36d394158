"""What the code action menu offers at a place in Python: from the text alone, in a few milliseconds, no engine."""

from __future__ import annotations

import keyword
import re

from magray_core.errors import WorkspaceError
from magray_core.plans import Place
from magray_orchestration.refactoring.contract import Offer
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES
from magray_orchestration.workspace import Workspace

_WORD = re.compile(r"[^\W\d]\w*")
_DEFINITION = re.compile(r"^(async\s+def|def|class)\s+(\w+)")


def rename_offers(workspace: Workspace, place: Place) -> tuple[Offer, ...]:
    """Rename what stands at the cursor."""
    word = word_at(workspace, place)
    if not word:
        return ()
    disabled = ""
    if keyword.iskeyword(word):
        disabled = f"{word} is a keyword"
    elif word.startswith("__") and word.endswith("__"):
        disabled = f"Python itself looks for {word}"
    return (Offer(f"Rename {word}…", "refactor.rename", goal_prefix=f"rename {word} to ", disabled=disabled),)


def move_offers(workspace: Workspace, place: Place) -> tuple[Offer, ...]:
    """Move the function or class whose definition the cursor is on; nothing elsewhere."""
    line = _line_at(workspace, place)
    match = re.match(r"\s*(?:async\s+def|def|class)\s+(\w+)", line)
    if match is None:
        return ()
    name = match.group(1)
    what = "class" if line.lstrip().startswith("class") else "function"
    disabled = "" if _DEFINITION.match(line) else f"{name} is not at the top level of its module"
    return (Offer(f"Move {what} {name}…", "refactor.move", goal_prefix=f"move {what} {name} to ", disabled=disabled),)


def import_offers(workspace: Workspace, place: Place) -> tuple[Offer, ...]:
    """Organize the imports of a file that has some."""
    if not place.path.endswith(PYTHON_SUFFIXES):
        return ()
    try:
        text = workspace.read(place.path).text
    except WorkspaceError:
        return ()
    if not re.search(r"^\s*(?:import|from)\s", text, re.MULTILINE):
        return ()
    return (Offer("Organize imports", "source.organizeImports", goal=f"organize imports in {place.path}"),)


def word_at(workspace: Workspace, place: Place) -> str:
    """The identifier at the cursor in a Python document, or ""."""
    if not place.path.endswith(PYTHON_SUFFIXES):
        return ""
    try:
        text = workspace.read(place.path).text
    except WorkspaceError:
        return ""
    start, offset = max(0, place.span.start - 200), place.span.start
    around = text[start : offset + 200]
    return next((m.group() for m in _WORD.finditer(around) if m.start() + start <= offset <= m.end() + start), "")


def _line_at(workspace: Workspace, place: Place) -> str:
    if not place.path.endswith(PYTHON_SUFFIXES):
        return ""
    try:
        lines = workspace.read(place.path).lines()
    except WorkspaceError:
        return ""
    span = lines.line_span(lines.line_of(place.span.start))
    return lines.text[span.start : span.end]
