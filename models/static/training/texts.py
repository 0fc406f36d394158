"""Reads the files inside a source archive, whatever its kind, one decoded text at a time."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MAX_BYTES = 400_000
LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".go": "go", ".rs": "rust", ".java": "java", ".kt": "kotlin",
    ".scala": "scala", ".swift": "swift", ".cs": "csharp", ".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp",
    ".hpp": "cpp", ".rb": "ruby", ".php": "php", ".lua": "lua", ".hs": "haskell", ".ex": "elixir",
    ".exs": "elixir", ".zig": "zig", ".sh": "bash", ".bash": "bash", ".sql": "sql",
}  # fmt: skip
DOCUMENTS = {".md", ".rst", ".markdown"}
CATALOGUES = {".po", ".json", ".ini", ".yml", ".yaml"}
_SKIPPED = (
    "/node_modules/",
    "/vendor/",
    "/third_party/",
    "/dist/",
    "/_vendor/",
    ".min.js",
    "/bundle",
    "_pb2",
    "/migrations/",
)


def files(archive: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every readable source, document or catalogue file; others and huge ones are left out."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if wanted(entry.filename, entry.file_size):
                    yield entry.filename, zipped.read(entry).decode("utf-8", "replace")
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            if member.isfile() and wanted(member.name, member.size):
                stream = packed.extractfile(member)
                if stream is not None:
                    yield member.name, stream.read().decode("utf-8", "replace")


def wanted(name: str, size: int) -> bool:
    """Whether a file of this name and size in bytes is read."""
    suffix = PurePosixPath(name).suffix.lower()
    if any(part in "/" + name for part in _SKIPPED):
        return False
    if suffix == ".po" or ("/ru/" in name and suffix == ".json"):  # catalogues are long and worth it
        return True
    return size <= MAX_BYTES and (suffix in LANGUAGES or suffix in DOCUMENTS or suffix in CATALOGUES)
