"""What git knows, read through libgit2: nothing of the repository's configuration is ever run.

Every function answers "nothing" outside a repository and for one that cannot be read.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magray_indexers.ignore import read_ignore_file
from magray_indexers.privacy.redaction import redacted_quickly

_BUDGET_S = 0.05


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as people speak of it: full id, author's name, seconds since 1970, first line of the message."""

    sha: str
    author: str
    when: int
    summary: str


@dataclass(frozen=True, slots=True)
class Excludes:
    """Ignore patterns from outside the work tree, weakest first, and where the root lies in its repository.

    ``prefix`` leads from ``top`` (the work tree) to the root, with a trailing ``/``, or is "".
    """

    top: Path
    prefix: str = ""
    lines: tuple[list[str], ...] = field(default=())


def head(root: Path) -> str:
    """The commit that HEAD points to, in hex; "" where there is none."""
    repository = repository_at(root)
    try:
        return "" if repository is None or repository.head_is_unborn else str(repository.head.target)
    except Exception:  # noqa: BLE001 - libgit2 raises its own and plain errors for a damaged repository
        return ""


def branch(root: Path) -> str:
    """The short name of the checked-out branch; "" when detached or outside git."""
    repository = repository_at(root)
    try:
        if repository is None or repository.head_is_detached:
            return ""
        return str(repository.lookup_reference("HEAD").target).removeprefix("refs/heads/")
    except Exception:  # noqa: BLE001
        return ""


def ignores_case(root: Path) -> bool:
    """Whether the repository says that names differing only in case are one file."""
    repository = repository_at(root)
    try:
        return repository is not None and bool(repository.config.get_bool("core.ignorecase"))
    except Exception:  # noqa: BLE001 - also KeyError: not set
        return False


def excludes(root: Path) -> Excludes:
    """``core.excludesFile`` and ``info/exclude``; the user's global file counts outside repositories too."""
    repository = repository_at(root)
    global_lines = read_ignore_file(_global_excludes(repository))
    if repository is None or repository.workdir is None:
        return Excludes(root, lines=(global_lines,))
    top = Path(os.path.realpath(repository.workdir))
    try:
        inside = Path(os.path.realpath(root)).relative_to(top)
    except ValueError:
        return Excludes(root, lines=(global_lines,))
    prefix = "" if inside == Path() else f"{inside.as_posix()}/"
    return Excludes(top, prefix, (global_lines, read_ignore_file(_common_folder(repository) / "info" / "exclude")))


def commits_touching(root: Path, path: str, start_line: int = 0, end_line: int = 0, limit: int = 3) -> list[Commit]:
    """The newest commits that changed the lines (from 1, inclusive; 0, 0: the whole file), newest first.

    Follows the lines back through the first-parent history, not through renames. Stops after 50 ms with what was
    found until then.
    """
    repository = repository_at(root)
    if repository is None or repository.workdir is None:
        return []
    try:
        inside = Path(os.path.realpath(root / path)).relative_to(os.path.realpath(repository.workdir)).as_posix()
        return _history(repository, inside, (start_line, end_line), limit, time.monotonic() + _BUDGET_S)
    except Exception:  # noqa: BLE001 - a damaged repository costs the history, nothing else
        return []


def repository_at(root: Path) -> Any:
    """libgit2's repository at or above a folder, or None. Never raises; what is done with it may raise anything."""
    import pygit2

    try:
        # Reading runs nothing of the repository, so whom its files belong to does not matter (containers, mounts).
        pygit2.option(pygit2.enums.Option.SET_OWNER_VALIDATION, 0)
        # This looks upwards too. Not discover_repository: where it finds nothing it takes a reference to None that it
        # does not own, and a server asked often enough would abort (pygit2 1.21.0).
        return pygit2.Repository(str(root))
    except Exception:  # noqa: BLE001
        return None


def _global_excludes(repository: Any) -> Path:
    import pygit2

    for config in (lambda: repository.config, pygit2.Config.get_global_config, pygit2.Config.get_xdg_config):
        try:
            return Path(str(config()["core.excludesfile"])).expanduser()
        except Exception:  # noqa: BLE001 - not set, or no such file
            continue
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "git" / "ignore"


def _common_folder(repository: Any) -> Path:
    """The folder that linked work trees share."""
    folder = Path(repository.path)
    try:
        return (folder / (folder / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except OSError:
        return folder


def _history(repository: Any, path: str, lines: tuple[int, int], limit: int, deadline: float) -> list[Commit]:
    """Walk first parents; where the file's blob differs, ask the diff whether it touches the lines and move them."""
    found: list[Commit] = []
    if repository.head_is_unborn:
        return found
    commit = repository.head.peel()
    blob = _blob_id(commit, path)
    start, end = lines
    while blob is not None and len(found) < limit and time.monotonic() < deadline:
        parent = commit.parents[0] if commit.parents else None
        older = _blob_id(parent, path) if parent is not None else None
        if older != blob:
            touched = True
            if older is not None and end:
                touched, start, end = _follow(repository, older, blob, start, end)
            if touched:
                summary = redacted_quickly((commit.message or "").strip().split("\n", 1)[0])
                found.append(Commit(str(commit.id), commit.author.name, commit.commit_time, summary))
            if end and end < start:
                break
        if parent is None:
            break
        commit, blob = parent, older
    return found


def _blob_id(commit: Any, path: str) -> Any:
    try:
        return commit.tree[path].id
    except KeyError:
        return None


def _follow(repository: Any, older: Any, newer: Any, start: int, end: int) -> tuple[bool, int, int]:
    """Whether the change touches lines ``start..end`` of the newer text, and where those lines were before it."""
    touched = False
    old_start, old_end = start, end
    for hunk in repository[older].diff(repository[newer], context_lines=0).hunks:
        last = hunk.new_start + max(hunk.new_lines, 1) - 1
        grown = hunk.new_lines - hunk.old_lines
        if last < start:
            old_start, old_end = old_start - grown, old_end - grown
        elif hunk.new_start <= end:
            touched = True
            old_end = max(old_start - 1, old_end - grown)
    return touched, max(1, old_start), old_end
