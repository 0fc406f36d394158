"""Organize imports: ruff sorts (or drops what is unused), in one file, a folder or the whole workspace."""

from __future__ import annotations

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import RefactoringRefused
from magray_core.plans import EditFile, Grade, Intent, IntentKind, Place
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.proving.checks import Checks
from magray_orchestration.proving.imports import lost_imports
from magray_orchestration.proving.syntax import python_error
from magray_orchestration.proving.trial import Trial
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.engines.ruff_engine import fix, project_settings
from magray_orchestration.refactoring.python.menu import import_offers
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES, PythonSources
from magray_orchestration.refactoring.textdiff import edits_between
from magray_orchestration.workspace import Workspace

TOOL = ToolSpec(
    name="python.organize_imports",
    title="Organize Python imports",
    description="Sorts and groups imports as the project's own ruff settings say, or removes unused ones.",
    arguments={
        "type": "object",
        "properties": {"path": {"type": "string"}, "only": {"type": "string", "enum": ["", "sort", "unused"]}},
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)
_SORT, _UNUSED = "I", "F401"


class OrganizeImports:
    """Sorts imports through ruff."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Organizing imports."""
        return (IntentKind.ORGANIZE_IMPORTS,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Organize the imports of the file, where it has some."""
        return import_offers(workspace, place)

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Always for Python: no other engine organizes imports."""
        path = intent.slots.get("path", "")
        return "." not in path.rpartition("/")[2] or path.endswith(PYTHON_SUFFIXES)

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step over every file whose imports change."""
        unused = intent.slots.get("only") == "unused"
        where = intent.slots.get("path", "").strip("/") or (place.path if place is not None else "")
        sources = PythonSources(workspace)
        paths = [path for path in sources.paths if where in ("", ".") or path == where or path.startswith(f"{where}/")]
        if not paths:
            raise RefactoringRefused(f"there are no Python files in {where}" if where else "there are no Python files")
        progress.report(f"organizing the imports of {len(paths)} files", None)
        texts = {path: source.document.text for path in paths if (source := sources.get(path)) is not None}
        if len(paths) == 1:
            _refuse_broken(paths[0], texts.get(paths[0], ""))
        settings = project_settings(workspace, sources.paths)
        fixed = fix(texts, _UNUSED if unused else _SORT, settings, cancel)
        problems = _still_imported(sources, fixed) if unused else ()
        changes = tuple(
            EditFile(path, document.content_hash, edits_between(texts[path], fixed[path]), document.version)
            for path in sorted(fixed)
            if (document := workspace.read(path))
        )
        if not changes:
            raise RefactoringRefused(f"the imports {'in ' + where if where else 'here'} are in order already")
        what = "Remove unused imports" if unused else "Organize imports"
        return (
            StepDraft(
                title=f"{what} in {changes[0].path if len(changes) == 1 else f'{len(changes)} files'}",
                why=f"{len(changes)} of {len(paths)} files change, as the project's settings for ruff say",
                tool=TOOL.name,
                args={"path": where, "only": "unused" if unused else "sort"},
                changes=changes,
                engines=("ruff",),
                grade=Grade.SINGLE_ENGINE,
                problems=problems,
            ),
        )


def _refuse_broken(path: str, text: str) -> None:
    error = python_error(text)
    if error is not None:
        raise RefactoringRefused(
            f"{path} has a syntax error in line {error[0]}: {error[1]}", hint="correct it, then ask again"
        )


def _still_imported(sources: PythonSources, fixed: dict[str, str]) -> tuple[str, ...]:
    """An import that its own file does not use may be what another file imports from there: such files are left."""
    before = {path: source.document.text for path in sources.paths if (source := sources.get(path)) is not None}
    kept: list[str] = []
    checks = Checks()
    while lost := lost_imports(Trial(before, {**before, **fixed}), checks):
        culprits = {message.partition(" from ")[2].partition(",")[0] for message in lost} & fixed.keys()
        if not culprits:
            break
        kept += [f"{path} is left as it is: other files import from it what it does not use" for path in culprits]
        for path in culprits:
            del fixed[path]
    return tuple(kept)
