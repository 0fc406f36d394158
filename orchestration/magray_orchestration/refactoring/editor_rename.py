"""Rename by the editor's own language servers, checked against what the index knows before it is believed."""

from __future__ import annotations

from collections.abc import Sequence

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import RefactoringRefused, WorkspaceError
from magray_core.memory import Occurrence
from magray_core.plans import EditFile, FileChange, Grade, Intent, IntentKind, Place, RenameFile, Residue, ResidueKind
from magray_core.spans import apply_edits
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.residue import leftovers
from magray_orchestration.refactoring.textual_rename import (
    CODE,
    TextualRename,
    collision,
    definitions,
    family_of,
    language_meant,
    last_part,
)
from magray_orchestration.workspace import Workspace, checked_path

TOOL = ToolSpec(
    name="editor.rename",
    title="Rename by the editor's language server",
    description="Asks the editor's other language servers for the rename and checks their answer.",
    arguments={
        "type": "object",
        "properties": {
            "old": {"type": "string", "minLength": 1},
            "new": {"type": "string", "minLength": 1},
            "path": {"type": "string"},
        },
        "required": ["old", "new"],
        "additionalProperties": False,
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE, Capability.UI),
    effects="writes",
)


class EditorRename:
    """Renames through ``workspace.editor``; by text where no server answers."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Renames."""
        return (IntentKind.RENAME,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Nothing of its own: the textual rename offers the same goal."""
        return ()

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether there is an editor to ask and the thing is not Python."""
        return workspace.editor is not None and TextualRename().fits(workspace, intent, place)

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step with what the editor's server proposes, if it answers and its answer holds."""
        old, new = last_part(intent.slots["old"]), intent.slots["new"]
        asked_at = place or _definition(workspace, intent)
        problems = collision(workspace, intent, place)
        progress.report("asking the editor's language servers", None)
        answer = None
        if workspace.editor is not None:
            timeout_s = workspace.settings.plans.editor_timeout_s
            answer = workspace.editor.rename(asked_at, new, timeout_s=timeout_s)
        cancel.check()
        if not answer:
            return TextualRename().compute(workspace, intent, place, progress, cancel)
        changes = tuple(sorted((_checked(workspace, change) for change in answer), key=lambda change: change.path))
        mentions = workspace.index.occurrences(old, overlay=workspace.overlay, cancel=cancel)
        residue = leftovers(mentions, changes)
        n_edits = sum(len(change.edits) for change in changes)
        agreed = _agrees(workspace, changes, mentions, language_meant(workspace, intent, place))
        return (
            StepDraft(
                title=f"Rename {old} to {new}",
                why=f"{n_edits} {'edit' if n_edits == 1 else 'edits'} in {len(changes)} "
                f"{'file' if len(changes) == 1 else 'files'}, proposed by the editor's language server",
                tool=TOOL.name,
                args={"old": old, "new": new},
                changes=changes,
                engines=("editor", "tree-sitter") if agreed else ("editor",),
                grade=Grade.AGREED if agreed else Grade.SINGLE_ENGINE,
                residue=residue,
                problems=problems + _disagreement(residue, agreed),
            ),
        )


def _definition(workspace: Workspace, intent: Intent) -> Place:
    found = definitions(workspace, intent, None)
    if not found:
        raise RefactoringRefused(
            f"it is not clear where {intent.slots['old']} is defined", hint="put the cursor on it and ask again"
        )
    if len({symbol.qualified_name for _, symbol in found}) > 1 or len(found) > 1:
        places = ", ".join(f"{path}:{symbol.start_line}" for path, symbol in found[:5])
        raise RefactoringRefused(
            f"{intent.slots['old']} is defined in several places: {places}",
            hint="put the cursor on the one you mean, or say in which file it is",
        )
    path, symbol = found[0]
    return Place(path, symbol.name_span)


def _checked(workspace: Workspace, change: FileChange) -> EditFile | RenameFile:
    """The change, once it is known to be about the very text that we see. Raises RefactoringRefused."""
    try:
        path = checked_path(change.path)
        if isinstance(change, RenameFile):
            checked_path(change.new_path)
        document = workspace.read(path)
    except WorkspaceError as error:
        raise RefactoringRefused(f"the editor's server would change something else: {error.message}") from error
    if not isinstance(change, EditFile | RenameFile):
        raise RefactoringRefused(f"the editor's server would {change.kind} {path} for a rename")
    if change.before_hash != document.content_hash or change.base_version not in (None, document.version):
        raise RefactoringRefused(
            f"the editor's server answered for another version of {path}", hint="save the file and ask again"
        )
    try:
        apply_edits(document.text, change.edits)
    except ValueError as error:
        raise RefactoringRefused(f"the editor's server gave edits of {path} that do not fit its text") from error
    return change


def _agrees(
    workspace: Workspace, changes: Sequence[EditFile | RenameFile], mentions: Sequence[Occurrence], language: str
) -> bool:
    """Whether the server changes exactly the mentions that the parser sees in code of that language."""
    from magray_indexers.languages import language_of

    known = dict(workspace.index.paths())
    family = family_of(language)
    seen = {
        (mention.path, mention.span)
        for mention in mentions
        if mention.kind in CODE and (known.get(mention.path) or language_of(mention.path)) in family
    }
    proposed = {(change.path, edit.span) for change in changes for edit in change.edits}
    return seen == proposed


def _disagreement(residue: Sequence[Residue], agreed: bool) -> tuple[str, ...]:
    n_code = sum(one.kind is ResidueKind.CODE for one in residue)
    if agreed or not n_code:
        return ()
    return (f"the server leaves {n_code} {'mention' if n_code == 1 else 'mentions'} of the name in code",)
