"""Rename for Python: what engines propose, joined, with what is left named."""

from __future__ import annotations

import keyword
import re
from collections import defaultdict

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import RefactoringRefused
from magray_core.plans import EditFile, Grade, Intent, IntentKind, Place
from magray_core.spans import TextEdit
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.engines.asking import ask
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES, PythonSources, module_roots
from magray_orchestration.refactoring.residue import find_residue
from magray_orchestration.workspace import Workspace

_ENGINE_TIMEOUT_S = 120.0

TOOL = ToolSpec(
    name="python.rename",
    title="Rename a Python name",
    description="Renames a function, class, method, attribute, parameter, variable or module everywhere it is used.",
    arguments={
        "type": "object",
        "properties": {"old": {"type": "string"}, "new": {"type": "string"}},
        "required": ["new"],
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)


class PythonRename:
    """Renames through rope."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Renames."""
        return (IntentKind.RENAME,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Rename the name at the cursor."""
        if not place.path.endswith(PYTHON_SUFFIXES):
            return ()
        name = _word_at(workspace.read(place.path).text, place.span.start)
        if not name:
            return ()
        return (Offer(f"Rename {name}…", "refactor.rename", goal_prefix=f"rename {name} to "),)

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether the name is a Python one."""
        if place is not None:
            return place.path.endswith(PYTHON_SUFFIXES)
        old = intent.slots.get("old", "")
        return any(path.endswith(PYTHON_SUFFIXES) for path, _ in workspace.index.symbols_named(old))

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step: the definitions and references that rope is sure of."""
        new = intent.slots["new"]
        path, offset, name = _target(workspace, intent.slots.get("old", ""), place)
        if not new.isidentifier() or keyword.iskeyword(new):
            raise RefactoringRefused(f"{new!r} is not a name that Python accepts")
        if new == name:
            raise RefactoringRefused(f"{name} is already called that")
        progress.report("reading the Python files", None)
        sources = PythonSources(workspace)
        source = sources.get(path)
        if source is None:
            raise RefactoringRefused(f"{path} cannot be read")
        request = {
            "kind": "occurrences",
            "path": path,
            "offset": source.engine_offset(offset),
            "in_hierarchy": True,
            "search": sources.mentioning(name),
            "roots": module_roots(sources.paths),
        }
        progress.report("asking rope", None)
        with sources.shadow(cancel) as tree:
            answer = ask("rope", request, tree=tree, timeout_s=_ENGINE_TIMEOUT_S, cancel=cancel)
        edits: dict[str, set[TextEdit]] = defaultdict(set)
        for found_path, start, end, sure in answer["occurrences"]:
            found = sources.get(found_path)
            if sure and found is not None and found.engine_text[start:end] == name:
                edits[found_path].add(TextEdit(found.span(start, end), new))
        changes = tuple(_edit_file(workspace, path, edits[path]) for path in sorted(edits))
        if not changes:
            raise RefactoringRefused(f"rope finds no place where {name} could be renamed")
        n_edits = sum(len(change.edits) for change in changes)
        return (
            StepDraft(
                title=f"Rename {name} to {new}: definitions and references",
                why=f"{n_edits} places in {len(changes)} files",
                tool=TOOL.name,
                args={"old": name, "new": new, "part": "references"},
                changes=changes,
                engines=("rope",),
                grade=Grade.SINGLE_ENGINE,
                residue=find_residue(workspace, name, changes, cancel=cancel),
            ),
        )


def _edit_file(workspace: Workspace, path: str, edits: set[TextEdit]) -> EditFile:
    document = workspace.read(path)
    return EditFile(path, document.content_hash, tuple(sorted(edits)), document.version)


def _target(workspace: Workspace, old: str, place: Place | None) -> tuple[str, int, str]:
    if place is not None and not old:
        name = _word_at(workspace.read(place.path).text, place.span.start)
        return place.path, place.span.start, name
    found = [
        (path, symbol)
        for path, symbol in workspace.index.symbols_named(old)
        if path.endswith(PYTHON_SUFFIXES) and (place is None or path == place.path)
    ]
    if not found:
        raise RefactoringRefused(f"nothing in the workspace is called {old}")
    top_level = [(path, symbol) for path, symbol in found if not symbol.parent]
    found = top_level if len(top_level) == 1 else found
    if len(found) > 1:
        places = ", ".join(f"{path}:{symbol.start_line}" for path, symbol in found[:5])
        raise RefactoringRefused(f"{old} is defined in several places: {places}", hint="say which with --at PATH:LINE")
    path, symbol = found[0]
    return path, symbol.name_span.start, symbol.name


def _word_at(text: str, offset: int) -> str:
    for match in re.finditer(r"[^\W\d]\w*", text):
        if match.start() <= offset <= match.end():
            return match.group()
        if match.start() > offset:
            break
    return ""
