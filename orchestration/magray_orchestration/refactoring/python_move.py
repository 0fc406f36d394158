"""Move for Python: a function or class to another module, a module into a package; every import of it follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.documents import line_ending
from magray_core.errors import RefactoringRefused
from magray_core.plans import CreateFile, EditFile, FileChange, Grade, Intent, IntentKind, Place
from magray_core.spans import TextEdit, apply_edits
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.engines.asking import ask
from magray_orchestration.refactoring.engines.ruff_engine import fix, project_settings
from magray_orchestration.refactoring.python.destinations import module_destination, package_folder
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.menu import move_offers
from magray_orchestration.refactoring.python.module_files import joined_moves, moves_into
from magray_orchestration.refactoring.python.moving import Move
from magray_orchestration.refactoring.python.program import Program
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES, PythonSources
from magray_orchestration.refactoring.python.target import Target, find_target
from magray_orchestration.refactoring.residue import find_residue
from magray_orchestration.refactoring.textdiff import edits_between
from magray_orchestration.workspace import Workspace

TOOL = ToolSpec(
    name="python.move",
    title="Move Python code",
    description="Moves a function or class to another module, or a module into another package, with its imports.",
    arguments={
        "type": "object",
        "properties": {"old": {"type": "string"}, "destination": {"type": "string"}},
        "required": ["destination"],
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)
_ENGINE_TIMEOUT_S = 120.0


class PythonMove:
    """Moves what Python code defines."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Moves."""
        return (IntentKind.MOVE,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Move the function or class that the cursor's line defines."""
        return move_offers(workspace, place)

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether what moves is Python."""
        written = intent.slots.get("old", "")
        if written.endswith(PYTHON_SUFFIXES) or (place is not None and place.path.endswith(PYTHON_SUFFIXES)):
            return True
        name = written.rpartition(".")[2].removesuffix("()")
        found = workspace.index.occurrences(name, overlay=workspace.overlay) if name.isidentifier() else []
        in_python = any(one.path.endswith(PYTHON_SUFFIXES) for one in found)
        return in_python or any(path.startswith(f"{written}/") for path, _ in workspace.index.paths())

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step: the code, the imports it needs, and every import of it."""
        written = intent.slots.get("destination", "") or intent.slots.get("new", "")
        progress.report("reading the Python files", 0.0)
        inference = Inference(Program(PythonSources(workspace)))
        target = find_target(inference, intent, place)
        if target.kind == "module":
            return (_module_step(inference, target, written, cancel),)
        destination = module_destination(inference.program, target, written)
        progress.report(f"moving {target.label}", 0.3)
        move = Move(inference, target, destination)
        changes = _tidied(inference.program.sources, move.changes(cancel), target.path, cancel)
        there = inference.program.modules.name_of(destination.path)
        residue = find_residue(workspace, target.label, changes, cancel=cancel) if "." in target.label else ()
        return (
            StepDraft(
                title=f"Move {target.kind} {target.label} to {there}",
                why=f"{target.name} and the imports of it in {len(changes)} files",
                tool=TOOL.name,
                args={"old": target.label, "destination": destination.path},
                changes=changes,
                engines=("scopes", "ruff"),
                grade=Grade.SINGLE_ENGINE,
                residue=tuple(one for one in residue if f"{target.label}" in one.excerpt),
                problems=tuple(move.notes),
            ),
        )


def _tidied(
    sources: PythonSources, changes: Sequence[FileChange], moved_from: str, cancel: CancelToken
) -> tuple[FileChange, ...]:
    """The changes with imports sorted where they were in order, and without those that only the moved code used."""
    before = {one.path: sources.workspace.read(one.path).text for one in changes if isinstance(one, EditFile)}
    after = {one.path: apply_edits(before[one.path], one.edits) for one in changes if isinstance(one, EditFile)}
    after |= {one.path: one.content for one in changes if isinstance(one, CreateFile)}
    settings = project_settings(sources.workspace, (*sources.paths, *after))
    if not moved_from.endswith("__init__.py") and not fix({moved_from: before[moved_from]}, "F401", settings, cancel):
        after |= fix({moved_from: after[moved_from]}, "F401", settings, cancel)
    disordered = fix(before, "I", settings, cancel)
    after |= fix({path: text for path, text in after.items() if path not in disordered}, "I", settings, cancel)
    result: list[FileChange] = []
    for change in changes:
        if isinstance(change, CreateFile):
            result.append(CreateFile(change.path, after[change.path]))
        elif isinstance(change, EditFile):
            edits = edits_between(before[change.path], after[change.path])
            result.append(EditFile(change.path, change.before_hash, edits, change.base_version))
    return tuple(result)


def _module_step(inference: Inference, target: Target, written: str, cancel: CancelToken) -> StepDraft:
    """A module into another package, as rope computes it."""
    program = inference.program
    sources, workspace = program.sources, program.sources.workspace
    folder = package_folder(program, target, written)
    moves = dict(moves_into(workspace, target.path, folder))
    if any(old == new for old, new in moves.items()):
        raise RefactoringRefused(f"{target.label} is in {folder} already")
    request = {"kind": "move_module", "path": target.path, "folder": folder, "roots": list(program.modules.roots)}
    with sources.shadow(cancel) as tree:
        answer = ask("rope", request, tree=tree, timeout_s=_ENGINE_TIMEOUT_S, cancel=cancel)
    edits = _edits(sources, answer["files"])
    changes = joined_moves(workspace, moves, edits)
    return StepDraft(
        title=f"Move module {target.label} into {folder.replace('/', '.')}",
        why=f"{len(moves)} files move, the imports in {len(edits)} files follow",
        tool=TOOL.name,
        args={"old": target.label, "destination": folder},
        changes=changes,
        engines=("rope",),
        grade=Grade.SINGLE_ENGINE,
        residue=find_residue(workspace, target.name, changes, cancel=cancel),
        problems=("one engine alone follows the imports of a moved module; run the tests",),
    )


def _edits(sources: PythonSources, files: Mapping[str, str]) -> tuple[EditFile, ...]:
    changes: list[EditFile] = []
    for path, text in sorted(files.items()):
        source = sources.get(path)
        if source is None:
            continue
        end = line_ending(source.document.text)
        edits = tuple(
            TextEdit(source.span(one.span.start, one.span.end), one.new_text.replace("\n", end))
            for one in edits_between(source.engine_text, text)
        )
        changes.append(EditFile(path, source.document.content_hash, edits, source.document.version))
    return tuple(changes)
