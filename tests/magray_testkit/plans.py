"""Plans made by hand, and workspaces without an index, for tests of what comes after planning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from magray_core.contracts import DocStore
from magray_core.documents import Document, decode, open_document
from magray_core.plans import (
    EditFile,
    FileChange,
    Grade,
    Intent,
    IntentKind,
    Plan,
    Proof,
    RenameFile,
    Risk,
    RiskLevel,
    Step,
)
from magray_core.spans import Span, TextEdit
from magray_orchestration.workspace import Workspace


def workspace(root: Path, documents: Mapping[str, Document] | None = None) -> Workspace:
    """A view of a folder that needs no index."""
    return Workspace(root, cast(DocStore, None), documents or {})


def opened(root: Path, path: str, text: str, version: int = 1) -> dict[str, Document]:
    """One open document, in the format of the file under it."""
    on_disk = decode((root / path).read_bytes()) if (root / path).exists() else None
    return {path: open_document(path, text, version, on_disk[1] if on_disk else None)}


def replacing(text: str, old: str, new: str) -> tuple[TextEdit, ...]:
    """An edit for every occurrence."""
    edits, at = [], text.find(old)
    while at >= 0:
        edits.append(TextEdit(Span(at, at + len(old)), new))
        at = text.find(old, at + len(old))
    assert edits, f"{old!r} is not in the text"
    return tuple(edits)


def edit(root: Path, path: str, old: str, new: str) -> EditFile:
    """A change that replaces every occurrence in a file as it is on disk."""
    data = (root / path).read_bytes()
    decoded = decode(data)
    assert decoded is not None
    return EditFile(path, hashlib.sha256(data).hexdigest(), replacing(decoded[0], old, new))


def rename(root: Path, path: str, new_path: str, edits: tuple[TextEdit, ...] = ()) -> RenameFile:
    """A move of a file as it is on disk."""
    return RenameFile(path, new_path, hashlib.sha256((root / path).read_bytes()).hexdigest(), edits)


def step(step_id: int, *changes: FileChange, **fields: Any) -> Step:
    """A proved step of low risk; ``fields`` override."""
    given: dict[str, Any] = {
        "title": f"Change {', '.join(change.path for change in changes)}",
        "why": "the test asks for it",
        "tool": "python.rename",
        "args": {},
        "proof": Proof(True, 0, ("rope", "jedi"), Grade.AGREED),
        "risk": Risk(RiskLevel.LOW, 10, ("few files",)),
        "permissions": ("fs.write",),
    }
    return Step(id=step_id, changes=changes, **(given | fields))


def plan(*steps: Step, goal: str = "rename old to new", plan_id: str | None = None) -> Plan:
    """A plan of these steps, with an id made of them."""
    made = plan_id or hashlib.sha256(repr((goal, steps)).encode()).hexdigest()[:8]
    return Plan(made, goal, Intent(IntentKind.RENAME, {"old": "old", "new": "new"}), steps, "2 edits.", created=1.0)


def tree(root: Path, *, skip: Sequence[str] = (".magray", ".git")) -> dict[str, tuple[bytes | None, int]]:
    """Every file's bytes and mode, and every folder's mode, by path."""
    found: dict[str, tuple[bytes | None, int]] = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in skip:
            continue
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[relative.as_posix()] = (content, path.lstat().st_mode)
    return found
