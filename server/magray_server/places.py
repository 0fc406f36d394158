"""Places between LSP and the use-cases: what the person points at, and where answers lead."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote

from lsprotocol import types

from magray_core.errors import MagrayError, WorkspaceError
from magray_core.plans import Place
from magray_core.spans import LineIndex, Span
from magray_server.convert import Converter
from magray_server.params import PositionParam, RangeParam, TextDocument
from magray_server.snapshot import Snapshot
from magray_server.uris import RootUris

_CACHED_FILES = 64


def workspace_path(snapshot: Snapshot, uri: str) -> str:
    """The path of a document. Raises WorkspaceError if it is not one of the workspace's."""
    path = snapshot.path_of(uri)
    if path is None:
        if snapshot.roots is None:
            snapshot.workspace()
        raise WorkspaceError("the document is not in the workspace", hint="open its folder in the editor")
    return path


def place_of(
    snapshot: Snapshot, document: TextDocument | None, given: RangeParam | None, position: PositionParam | None = None
) -> Place | None:
    """The cursor or selection, or None where the person pointed at nothing in the workspace."""
    path = None if document is None else snapshot.path_of(document.uri)
    if path is None:
        return None
    start = given.start if given else position
    end = given.end if given else position
    if start is None or end is None:
        return None
    converter = Converter(snapshot.workspace().read(path).text, snapshot.encoding)
    selected = types.Range(types.Position(start.line, start.character), types.Position(end.line, end.character))
    return Place(path, converter.to_span(selected))


def line_and_column(snapshot: Snapshot, path: str, line: int, character: int) -> tuple[int, int]:
    """Line and column from 1, in code points, of an LSP position."""
    text = snapshot.workspace().read(path).text
    offset = Converter(text, snapshot.encoding).to_offset(types.Position(line, character))
    lines = LineIndex(text)
    found = lines.line_of(offset)
    return found + 1, offset - lines.line_start(found) + 1


class LspLinks:
    """Links of an explanation as URIs: files at a line and, where the client reads them, ``magray:`` documents."""

    def __init__(self, roots: RootUris, *, documents: bool) -> None:
        self._roots = roots
        self._documents = documents

    def place(self, path: str, line: int) -> str:
        """The file at the line (from 1)."""
        return f"{self._roots.uri_of(path)}#L{line}"

    def whole(self, path: str, line: int, column: int) -> str:
        """The whole explanation as a document, or "" where the client cannot open one."""
        if not self._documents:
            return ""
        return f"magray:/explain/{quote(path, errors='surrogateescape')}?line={line}&column={column}"


def with_locations(value: Any, snapshot: Snapshot) -> Any:
    """The JSON answer with an LSP ``location`` beside every path that has lines."""
    ranges = _Ranges(snapshot)

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        walked = {key: walk(item) for key, item in node.items()}
        path = node.get("path")
        if isinstance(path, str) and path:
            found = ranges.of(path, node)
            if found is not None:
                walked["location"] = {"uri": snapshot.uri_of(path), "range": found}
        return walked

    return walk(value)


class _Ranges:
    """Ranges of places named by line and column; each file is read once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._converter = lru_cache(_CACHED_FILES)(self._read)

    def of(self, path: str, node: dict[str, Any]) -> dict[str, Any] | None:
        """The range of whole lines, or of a single point."""
        if "startLine" in node and "endLine" in node:
            return _range((node["startLine"] - 1, 0), (node["endLine"], 0))
        if "line" in node and "column" in node:
            line, character = node["line"] - 1, self._character(path, node["line"], node["column"])
            return _range((line, character), (line, character))
        return None

    def _character(self, path: str, line: int, column: int) -> int:
        lines = self._converter(path)
        if lines is None or line > lines.n_lines:
            return 0
        span = lines.line_span(line - 1)
        return lines.position_at(min(span.start + column - 1, span.end), self._snapshot.encoding).character

    def _read(self, path: str) -> LineIndex | None:
        try:
            return self._snapshot.workspace().read(path).lines()
        except MagrayError:
            return None


def _range(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    return {
        "start": {"line": start[0], "character": start[1]},
        "end": {"line": end[0], "character": end[1]},
    }


def cursor(place: Place) -> Place:
    """The place with its selection collapsed to where it begins."""
    return Place(place.path, Span(place.span.start, place.span.start))
