"""The texts of the touched files before and after a step. Pure values; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magray_core.errors import WorkspaceError
from magray_core.plans import CreateFile, DeleteFile, EditFile, FileChange, RenameFile
from magray_core.spans import TextEdit, apply_edits
from magray_orchestration.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trial:
    """What the touched files hold before and after, by path. ``problems`` says what could not even be tried."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    problems: tuple[str, ...] = ()


def try_changes(workspace: Workspace, changes: Iterable[FileChange]) -> Trial:
    """Make the changes to copies of the texts, joined where several changes name one file."""
    before: dict[str, str] = {}
    edits: dict[str, list[TextEdit]] = {}
    moved: dict[str, str] = {}
    created: dict[str, str] = {}
    deleted: set[str] = set()
    problems: list[str] = []
    for change in changes:
        match change:
            case CreateFile():
                created[change.path] = change.content
                if workspace.exists(change.path):
                    problems.append(f"{change.path} exists already")
                continue
            case RenameFile():
                moved[change.path] = change.new_path
                if workspace.exists(change.new_path):
                    problems.append(f"{change.new_path} exists already")
            case DeleteFile():
                deleted.add(change.path)
            case EditFile():
                pass
        problems += _read(workspace, change, before)
        if isinstance(change, EditFile | RenameFile):
            edits.setdefault(change.path, []).extend(change.edits)
    after = dict(created)
    for path, text in before.items():
        if path in deleted:
            continue
        try:
            after[moved.get(path, path)] = apply_edits(text, edits.get(path, ()))
        except ValueError:
            problems.append(f"the edits of {path} overlap")
            after[moved.get(path, path)] = text
    return Trial(before, after, tuple(dict.fromkeys(problems)))


def _read(workspace: Workspace, change: EditFile | RenameFile | DeleteFile, texts: dict[str, str]) -> list[str]:
    try:
        document = workspace.read(change.path)
    except WorkspaceError as error:
        return [error.message]
    texts[change.path] = document.text
    version_moved = not isinstance(change, DeleteFile) and change.base_version != document.version
    if document.content_hash != change.before_hash or version_moved:
        return [f"{change.path} changed while the plan was computed"]
    return []
