"""URIs and workspace paths, and nothing of LSP besides. A path is relative to the root, with ``/``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from magray_core.errors import WorkspaceError
from magray_orchestration.workspace import checked_path

_DRIVE = re.compile(r"^/?([A-Za-z]):")


def file_path(uri: str) -> str:
    """The absolute path of a ``file:`` URI (or of a path given as one), or "" for any other scheme."""
    if uri.startswith("/") or _DRIVE.match(uri):
        return os.path.normpath(uri)
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    if parts.scheme.lower() != "file" or "\0" in unquote(parts.path):
        return ""
    path = unquote(parts.path, errors="surrogateescape")
    if os.name == "nt":
        path = f"//{parts.netloc}{path}" if parts.netloc else _DRIVE.sub(r"\1:", path)
    return os.path.normpath(path) if path else ""


def file_uri(path: str | Path) -> str:
    """The ``file:`` URI of an absolute path."""
    text = str(path).replace(os.sep, "/")
    return "file://" + quote(text if text.startswith("/") else f"/{text}", safe="/:@!$&'()*+,;=~-._", errors="replace")


@dataclass(frozen=True, slots=True)
class RootUris:
    """Between URIs and paths of one workspace. ``given`` is the root as the client spells it, symlinks and all."""

    root: Path
    given: str

    def path_of(self, uri: str) -> str | None:
        """The path of a URI inside the workspace, or None for everything else."""
        absolute = file_path(uri)
        for base in (self.given, str(self.root)):
            if absolute.startswith(base.rstrip(os.sep) + os.sep):
                relative = os.path.relpath(absolute, base).replace(os.sep, "/")
                try:
                    return checked_path(relative)
                except WorkspaceError:
                    return None
        return None

    def uri_of(self, path: str) -> str:
        """The URI of a path, spelled the client's way."""
        return file_uri(os.path.join(self.given, *path.split("/")))
