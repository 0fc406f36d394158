"""Where Magray keeps its files: the user's folder and each workspace's own. Creating a folder is explicit."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import WorkspaceError

_ROOT_MARKERS = (".magray", ".git", "pyproject.toml")
_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class WorkspacePaths:
    """The folders of one workspace under ``.magray``."""

    root: Path

    @property
    def base(self) -> Path:
        """``.magray``, which ignores itself for git.

        Where the workspace cannot be written to, a folder of the user's stands in for it.
        """
        own = self.root / ".magray"
        if os.access(own if own.is_dir() else self.root, os.W_OK):
            return own
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return user_folder() / "vec_index" / "workspaces" / name

    @property
    def memory(self) -> Path:
        """SQLite stores and the keyword index's generations."""
        return self.base / "memory"

    @property
    def index_db(self) -> Path:
        """The chunk store: derived from the files, may be deleted at any time."""
        return self.memory / "index.db"

    @property
    def state_db(self) -> Path:
        """Plans and journal: the person's own, never rebuilt."""
        return self.memory / "state.db"

    @property
    def memory_db(self) -> Path:
        """Notes, todos and conversations: the person's own, never rebuilt."""
        return self.memory / "memory.db"

    @property
    def keyword(self) -> Path:
        """Generations of the keyword index, one folder each."""
        return self.memory / "keyword"

    @property
    def vectors(self) -> Path:
        """The vector cache and the generations of the vector index."""
        return self.base / "vec_index"

    @property
    def vector_cache(self) -> Path:
        """Vectors by content: costs embedding again when deleted, nothing else."""
        return self.vectors / "vectors.db"

    @property
    def plans(self) -> Path:
        """Plan documents."""
        return self.base / "artifacts" / "plans"

    def create(self) -> None:
        """Make ``.magray`` and its folders, private and ignored by git. Raises WorkspaceError if that is impossible."""
        try:
            for folder in (self.base, self.memory, self.vectors, self.base / "artifacts", self.plans):
                if folder.is_symlink():  # a cloned repository may carry one that points anywhere
                    raise WorkspaceError(f"{folder} is a symbolic link", hint="replace it by a real folder")
                folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            ignore = self.base / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise WorkspaceError(
                f"cannot create {self.base.name} in the workspace: {error.strerror or error}",
                hint="make the folder writable, or choose another workspace with --root",
            ) from error


def user_folder() -> Path:
    """``~/.magray``, or ``$MAGRAY_HOME`` where it is set."""
    override = os.environ.get("MAGRAY_HOME")
    return Path(override) if override else Path.home() / ".magray"


def user_memory_db() -> Path:
    """What is remembered beyond one workspace: notes about no project, the list of projects."""
    return user_folder() / "memory" / "memory.db"


def find_root(start: Path) -> Path:
    """The nearest folder at or above ``start`` that has a workspace marker, else ``start`` itself."""
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return folder
    return start


def checked_root(folder: Path) -> Path:
    """The folder, absolute and resolved. Raises WorkspaceError if it is missing or is not a folder."""
    try:
        resolved = folder.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise WorkspaceError(f"there is no folder {folder}", hint="check the path given to --root") from error
    if not resolved.is_dir():
        raise WorkspaceError(f"{folder} is a file, not a folder", hint="give the folder that holds it")
    return resolved
