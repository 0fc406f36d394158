"""Workspaces with a real index, from marked text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.contracts import EditorHost
from magray_core.documents import Document, decode, open_document
from magray_core.plans import CreateFile, EditFile, FileChange, Place, RenameFile
from magray_core.spans import Span, apply_edits
from magray_indexers.building import build
from magray_indexers.reader import IndexReader
from magray_orchestration.workspace import Workspace


def indexed(root: Path, files: Mapping[str, str | bytes], *, editor: EditorHost | None = None) -> Workspace:
    """The files written under the root, indexed, with nothing open."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    build(root, IndexSettings(workers=1))
    return Workspace(root, IndexReader.open(root), editor=editor)


def opened(workspace: Workspace, path: str, text: str, version: int = 7) -> Workspace:
    """The same workspace with one document open and perhaps unsaved."""
    file = workspace.root / path
    on_disk = decode(file.read_bytes()) if file.exists() else None
    document = open_document(path, text, version, on_disk[1] if on_disk else None)
    documents: dict[str, Document] = {**workspace.documents, path: document}
    return Workspace(workspace.root, workspace.index, documents, workspace.settings, workspace.editor)


def cursor(workspace: Workspace, path: str, marked: str) -> Place:
    """The place of ``$0`` (or the selection between two) in a piece of text that stands once in the document.

    ``cursor(w, "a.py", "def g$0reet")`` is a cursor in the name of ``def greet``.
    """
    parts = marked.split("$0")
    text = workspace.read(path).text
    assert text.count("".join(parts)) >= 1, f"{''.join(parts)!r} is not in {path}"
    start = text.index("".join(parts)) + len(parts[0])
    return Place(path, Span(start, start + (len(parts[1]) if len(parts) == 3 else 0)))


def after(workspace: Workspace, changes: tuple[FileChange, ...]) -> dict[str, str]:
    """What the touched files hold once the changes are made."""
    texts: dict[str, str] = {}
    for change in changes:
        match change:
            case EditFile():
                texts[change.path] = apply_edits(workspace.read(change.path).text, change.edits)
            case RenameFile():
                texts[change.new_path] = apply_edits(workspace.read(change.path).text, change.edits)
            case CreateFile():
                texts[change.path] = change.content
            case _:
                pass
    return texts
