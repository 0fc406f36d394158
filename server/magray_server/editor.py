"""The editor's other language servers, asked through the client: ``EditorHost`` for refactorings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from lsprotocol import types

from magray_core.contracts import EditorHost
from magray_core.errors import MagrayError
from magray_core.plans import EditFile, FileChange, Place, RenameFile
from magray_core.spans import LineIndex, Position, PositionEncoding, Span, TextEdit
from magray_orchestration.workspace import Workspace
from magray_server.convert import Converter
from magray_server.uris import RootUris

log = logging.getLogger(__name__)

Ask = Callable[[dict[str, Any], float], Any]
"""Sends ``magray/client/lspRequest`` and blocks for the answer; None where there is none."""


class EditorServers(EditorHost):
    """For one snapshot: the answer is about its documents."""

    def __init__(self, workspace: Workspace, roots: RootUris, encoding: PositionEncoding, ask: Ask) -> None:
        self._workspace = workspace
        self._roots = roots
        self._encoding = encoding
        self._ask = ask

    def rename(self, place: Place, new_name: str, *, timeout_s: float) -> tuple[FileChange, ...] | None:
        """The changes another server proposes for a rename at the place, or None where no server answers."""
        text = self._workspace.read(place.path).text
        position = Converter(text, self._encoding).to_lsp_position(place.span.start)
        request = {
            "method": "textDocument/rename",
            "params": {
                "textDocument": {"uri": self._roots.uri_of(place.path)},
                "position": {"line": position.line, "character": position.character},
                "newName": new_name,
            },
            "timeoutMs": int(timeout_s * 1000),
        }
        answer = self._ask(request, timeout_s)
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
            return None
        known = {encoding.value: encoding for encoding in PositionEncoding}
        encoding = known.get(str(answer.get("positionEncoding")), self._encoding)
        try:
            return tuple(self._changes(answer["result"], encoding)) or None
        except (MagrayError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.info("the editor's server gave an edit that cannot be used: %s", error)
            return None

    def _changes(self, edit: dict[str, Any], encoding: PositionEncoding) -> Iterator[FileChange]:
        """Edits of each file in the order given; a file renamed on the way keeps its edits. Raises what is wrong."""
        edits: dict[str, list[TextEdit]] = {}
        renamed: dict[str, str] = {}
        for uri, raw in (edit.get("changes") or {}).items():
            self._add(edits, uri, raw, encoding)
        for change in edit.get("documentChanges") or ():
            match change.get("kind"):
                case None:
                    self._add(edits, change["textDocument"]["uri"], change["edits"], encoding)
                case "rename":
                    renamed[self._path(change["oldUri"])] = self._path(change["newUri"])
                case kind:
                    raise ValueError(f"a rename that wants to {kind} a file")
        for path in dict.fromkeys((*edits, *renamed)):
            document = self._workspace.read(path)
            made = tuple(sorted(edits.get(path, ())))
            if path in renamed:
                yield RenameFile(path, renamed[path], document.content_hash, made, document.version)
            else:
                yield EditFile(path, document.content_hash, made, document.version)

    def _add(
        self, edits: dict[str, list[TextEdit]], uri: str, raw: list[dict[str, Any]], encoding: PositionEncoding
    ) -> None:
        path = self._path(uri)
        lines = self._workspace.read(path).lines()
        for one in raw:
            start, end = (_offset(lines, one["range"][side], encoding) for side in ("start", "end"))
            edits.setdefault(path, []).append(TextEdit(Span(start, end), str(one["newText"])))

    def _path(self, uri: str) -> str:
        path = self._roots.path_of(uri)
        if path is None:
            raise ValueError("an edit outside the workspace")
        return path


def _offset(lines: LineIndex, position: dict[str, Any], encoding: PositionEncoding) -> int:
    checked = types.Position(position["line"], position["character"])
    return lines.offset_at(Position(checked.line, checked.character), encoding)
