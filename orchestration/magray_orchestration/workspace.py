"""A workspace as the use-cases see it: a frozen view of files, open documents, index and stores."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import Settings
from magray_core.contracts import DocStore, EditorHost, Reranker
from magray_core.documents import Document, document_from_bytes
from magray_core.errors import WorkspaceError


@dataclass(frozen=True, slots=True)
class Workspace:
    """One consistent view, made for one request.

    ``documents`` are the open ones by path; they override the disk everywhere. ``editor`` is None outside an editor.
    ``reranker`` loads the model that takes a second look at searches, None where there is none or it is turned off.
    """

    root: Path
    index: DocStore
    documents: Mapping[str, Document] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    editor: EditorHost | None = None
    reranker: Callable[[], Reranker | None] | None = None

    @property
    def paths(self) -> WorkspacePaths:
        """Where this workspace's own files are."""
        return WorkspacePaths(self.root)

    @property
    def overlay(self) -> tuple[Document, ...]:
        """The open documents, for searches."""
        return tuple(self.documents.values())

    def read(self, path: str) -> Document:
        """The open document, else the file on disk. Raises WorkspaceError if there is none or it is not text."""
        document = self.documents.get(path)
        if document is not None:
            return document
        return self.read_from_disk(path)

    def read_from_disk(self, path: str) -> Document:
        """The file on disk, whatever is open. Raises WorkspaceError as ``read`` does."""
        document = document_from_bytes(path, read_bytes(self.root, path))
        if document is None:
            raise WorkspaceError(f"{path} is not a text file")
        return document

    def exists(self, path: str) -> bool:
        """Whether the path is an open document or exists on disk."""
        return path in self.documents or os.path.lexists(self.root / checked_path(path))


def checked_path(path: str) -> str:
    """The path in canonical relative form. Raises WorkspaceError if it could leave the workspace."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or "\\" in path or pure.is_absolute() or ".." in pure.parts or pure.parts[:1] == ("~",):
        raise WorkspaceError(f"{path!r} is not a path inside the workspace")
    return pure.as_posix()


def read_bytes(root: Path, path: str) -> bytes:
    """The bytes of a regular file beneath the root, never through a symbolic link.

    Raises WorkspaceError if the path leaves the workspace, is missing, unreadable or no regular file.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *parents, name = PurePosixPath(checked_path(path)).parts
        for parent in parents:
            inner = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        reason = "is a symbolic link" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
        raise WorkspaceError(f"cannot read {path}: {reason}") from error
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise WorkspaceError(f"{path} is not a regular file")
        return file.read()
