"""The files of a module that gets another name: one file, or a package with everything in its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from magray_core.documents import content_hash
from magray_core.errors import RefactoringRefused
from magray_core.plans import EditFile, FileChange, RenameFile
from magray_core.spans import TextEdit
from magray_orchestration.refactoring.python.target import Target
from magray_orchestration.workspace import Workspace, read_bytes

_MAX_FILES = 2000


def module_changes(
    workspace: Workspace, target: Target, new: str, edits: tuple[FileChange, ...]
) -> tuple[FileChange, ...]:
    """The edits with the module's own files moved. Raises RefactoringRefused where a file is in the way."""
    moves = dict(module_moves(workspace, target.path, new))
    return joined_moves(workspace, moves, edits)


def module_moves(workspace: Workspace, path: str, new: str) -> Iterator[tuple[str, str]]:
    """(path, new path) of every file of the module; ``new`` is its last name."""
    folder, _, name = path.rpartition("/")
    if name not in ("__init__.py", "__init__.pyi"):
        for suffix in (".py", ".pyi"):
            old = f"{path.rpartition('.')[0]}{suffix}"
            if workspace.exists(old):
                yield old, f"{folder}/{new}{suffix}" if folder else f"{new}{suffix}"
        return
    parent = folder.rpartition("/")[0]
    base = f"{parent}/{new}" if parent else new
    if not folder:
        raise RefactoringRefused("the workspace's own folder is not a package that can be renamed")
    for inner in _files(workspace, folder):
        yield inner, base + inner[len(folder) :]


def moves_into(workspace: Workspace, path: str, folder: str) -> Iterator[tuple[str, str]]:
    """(path, new path) of every file of the module when it goes into another package's folder."""
    old_folder, _, name = path.rpartition("/")
    if name in ("__init__.py", "__init__.pyi"):
        if f"{folder}/".startswith(f"{old_folder}/"):
            raise RefactoringRefused(f"{old_folder} cannot be moved into itself")
        base = f"{folder}/{old_folder.rpartition('/')[2]}"
        yield from ((inner, base + inner[len(old_folder) :]) for inner in _files(workspace, old_folder))
        return
    for suffix in (".py", ".pyi"):
        old = f"{path.rpartition('.')[0]}{suffix}"
        if workspace.exists(old):
            yield old, f"{folder}/{old.rpartition('/')[2]}"


def joined_moves(workspace: Workspace, moves: dict[str, str], edits: tuple[FileChange, ...]) -> tuple[FileChange, ...]:
    """The edits, those of moved files made on the way."""
    for old, new in moves.items():
        if workspace.exists(new):
            raise RefactoringRefused(f"{new} exists already, so {old} cannot take its place")
    own: dict[str, tuple[TextEdit, ...]] = {}
    changes: list[FileChange] = []
    for change in edits:
        if isinstance(change, EditFile) and change.path in moves:
            own[change.path] = change.edits
        else:
            changes.append(change)
    for old, new in moves.items():
        open_one = workspace.documents.get(old)
        before = open_one.content_hash if open_one else content_hash(read_bytes(workspace.root, old))
        changes.append(RenameFile(old, new, before, own.get(old, ()), open_one.version if open_one else None))
    return tuple(sorted(changes, key=lambda change: change.path))


def _files(workspace: Workspace, folder: str) -> list[str]:
    found: list[str] = []
    for base, folders, names in os.walk(workspace.root / folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        links = [name for name in (*folders, *names) if Path(base, name).is_symlink()]
        if links:
            raise RefactoringRefused(f"{folder} holds a symbolic link ({links[0]}), so it is not moved")
        inner = os.path.relpath(base, workspace.root).replace(os.sep, "/")
        found += [f"{inner}/{name}" for name in sorted(names)]
        if len(found) > _MAX_FILES:
            raise RefactoringRefused(f"{folder} holds more than {_MAX_FILES} files")
    return found
