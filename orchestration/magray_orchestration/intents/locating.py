"""From the words for a file, folder or module to paths of the workspace."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from magray_core.errors import WorkspaceError
from magray_orchestration.workspace import Workspace, checked_path

_MODULE = re.compile(r"[^\W\d]\w*(?:(?:\.|::)[^\W\d]\w*)*")


def all_paths(workspace: Workspace) -> tuple[str, ...]:
    """Every indexed path and open document, ordered."""
    return tuple(sorted({path for path, _ in workspace.index.paths()} | set(workspace.documents)))


def find_paths(workspace: Workspace, words: str) -> tuple[str, ...]:
    """The paths that the words may mean, none if nothing fits.

    Tried in order, the first that fits wins: the exact file or folder, a pattern with ``*``, the end of a path, a
    dotted module. A folder is given as itself, without a trailing slash.
    """
    wanted = words.strip().replace("\\", "/")
    while wanted.startswith("./"):
        wanted = wanted[2:]
    wanted = wanted.rstrip("/")
    try:
        wanted = checked_path(wanted)
    except WorkspaceError:
        return ()
    if wanted == ".":
        return (".",)
    paths = all_paths(workspace)
    if any(char in wanted for char in "*?["):
        return (wanted,) if any(matches(path, wanted) for path in paths) else ()
    folders = {path.rsplit("/", i)[0] for path in paths for i in range(1, path.count("/") + 1)}
    known = {*paths, *folders}
    if wanted in known or workspace.exists(wanted):
        return (wanted,)
    by_end = tuple(sorted(path for path in known if path.endswith("/" + wanted)))
    if by_end:
        return by_end
    if not _MODULE.fullmatch(wanted):
        return ()
    as_path = re.sub(r"\.|::", "/", wanted)
    module = re.compile(rf"(?:^|/){re.escape(as_path)}(?:/__init__)?\.\w+$")
    return tuple(path for path in paths if module.search(path))


def matches(path: str, scope: str) -> bool:
    """Whether a path lies in a scope: "" or "." (everything), a file, a folder, or a pattern with ``*``."""
    if scope in ("", ".") or path == scope or path.startswith(scope.rstrip("/") + "/"):
        return True
    if not any(char in scope for char in "*?["):
        return False
    return (
        fnmatchcase(path, scope)
        or fnmatchcase(path, "*/" + scope)
        or ("/" not in scope and fnmatchcase(path.rpartition("/")[2], scope))
    )
