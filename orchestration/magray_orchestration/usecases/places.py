"""Places as people write them (lines and columns from 1) turned into spans."""

from __future__ import annotations

from magray_core.errors import WorkspaceError
from magray_core.plans import Place
from magray_core.spans import Span
from magray_orchestration.explain.facts import first_name_on
from magray_orchestration.workspace import Workspace


def place_at(workspace: Workspace, path: str, line: int, column: int | None = None) -> Place:
    """The cursor at a line and column; without a column at the line's first definition, else its first name.

    Raises WorkspaceError if there is no such file or line.
    """
    lines = workspace.read(path).lines()
    span = _line(workspace, path, line)
    if column is not None:
        offset = min(span.start + max(0, column - 1), span.end)
        return Place(path, Span(offset, offset))
    named = first_name_on(workspace, path, line)
    offset = lines.line_start(line - 1) if named is None else named.span.start
    return Place(path, Span(offset, offset))


def place_selected(workspace: Workspace, path: str, first: int, last: int) -> Place:
    """Whole lines, the last included. Raises WorkspaceError if there is no such file or line."""
    if last < first:
        raise WorkspaceError(f"the selection {first}-{last} ends before it begins")
    return Place(path, Span(_line(workspace, path, first).start, _line(workspace, path, last).end))


def _line(workspace: Workspace, path: str, line: int) -> Span:
    lines = workspace.read(path).lines()
    if not 1 <= line <= lines.n_lines:
        raise WorkspaceError(f"{path} has {lines.n_lines} lines, there is no line {line}")
    return lines.line_span(line - 1)
