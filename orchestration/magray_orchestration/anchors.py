"""Where a record stands now: files move, lines come and go, and a note still finds what it is about."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from magray_core.errors import MagrayError, WorkspaceError
from magray_core.memory import MemoryRecord, Symbol
from magray_core.spans import LineIndex
from magray_orchestration.explain.resolving import Reading, enclosing, read
from magray_orchestration.workspace import Workspace, checked_path

State = Literal["", "there", "moved", "changed", "gone"]

_MAX_ANCHOR = 200


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in the workspace; lines from 1, inclusive, 0 for none.

    ``state``: ``there`` where it was or further up or down in the same file; ``moved`` to another file, by its symbol's
    name; ``changed`` when the file is there but not what stood at the place; ``gone``; "" for a record about no place.
    """

    path: str = ""
    start_line: int = 0
    end_line: int = 0
    symbol: str = ""
    state: State = ""


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a person pointed at: ``line`` 0 is the whole file. ``symbol`` is the definition around the line."""

    path: str
    line: int = 0
    symbol: str = ""
    text: str = ""


def point_at(workspace: Workspace, path: str, line: int = 0) -> Pointed:
    """The place as it is remembered. Raises WorkspaceError if there is no such file or line."""
    if line == 0:
        if not os.path.lexists(workspace.root / checked_path(path)):
            workspace.read(path)
        return Pointed(checked_path(path))
    reading = read(workspace, path)
    lines = reading.document.lines()
    if not 1 <= line <= lines.n_lines:
        raise WorkspaceError(f"{path} has {lines.n_lines} lines, there is no line {line}")
    span = lines.line_span(line - 1)
    text = reading.document.text[span.start : span.end]
    around = enclosing(reading.parsed.symbols, span.start + len(text) - len(text.lstrip()))
    return Pointed(path, line, around[0].qualified_name if around else "", text.strip()[:_MAX_ANCHOR])


def anchored(workspace: Workspace, record: MemoryRecord) -> Anchor:
    """Where the record stands now. Reads its file, and asks the index only where that does not help. Never raises."""
    if not record.path:
        return Anchor()
    try:
        return _here(workspace, record) or _elsewhere(workspace, record)
    except MagrayError:
        return _lost(workspace, record)


def _here(workspace: Workspace, record: MemoryRecord) -> Anchor | None:
    """The place in the record's own file, or None where it is not there any more."""
    if not workspace.exists(record.path):
        return None
    if not record.line and not record.symbol:
        return Anchor(record.path, 1, 1, "", "there")
    reading = read(workspace, record.path)
    if record.symbol:
        symbol = _nearest(
            [symbol for symbol in reading.parsed.symbols if symbol.qualified_name == record.symbol], record.line
        )
        return None if symbol is None else _in_symbol(reading, record, symbol, "there")
    line = _line_like(reading.document.lines(), reading.document.text, record, (1, reading.document.lines().n_lines))
    if line is None:
        return Anchor(record.path, *(2 * (min(record.line, reading.document.lines().n_lines),)), "", "changed")
    return Anchor(record.path, line, line, "", "there")


def _elsewhere(workspace: Workspace, record: MemoryRecord) -> Anchor:
    """The symbol in another file; without one the file of the same name, if there is just one."""
    name = PurePosixPath(record.path).name
    if record.symbol:
        found = [
            pair for pair in workspace.index.symbols_named(record.symbol) if pair[1].qualified_name == record.symbol
        ]
        # Files that were deleted since they were indexed are no place to go.
        found = [pair for pair in found if pair[0] != record.path and workspace.exists(pair[0])]
        same = [pair for pair in found if PurePosixPath(pair[0]).name == name] or found
        if len(same) == 1:
            path, symbol = same[0]
            return _in_symbol(read(workspace, path), record, symbol, "moved")
    elif not workspace.exists(record.path):
        paths = [path for path, _ in workspace.index.paths() if PurePosixPath(path).name == name]
        paths = [path for path in paths if workspace.exists(path)]
        if len(paths) == 1:
            line = max(1, record.line)
            return Anchor(paths[0], line, line, "", "moved")
    return _lost(workspace, record)


def _lost(workspace: Workspace, record: MemoryRecord) -> Anchor:
    state: State = "changed" if os.path.lexists(workspace.root / record.path) else "gone"
    line = max(1, record.line)
    return Anchor(record.path, line, line, record.symbol, state)


def _in_symbol(reading: Reading, record: MemoryRecord, symbol: Symbol, state: State) -> Anchor:
    """The record's line in its definition, else the definition's first."""
    path = reading.document.path
    now = _nearest([one for one in reading.parsed.symbols if one.qualified_name == symbol.qualified_name], record.line)
    symbol = now or symbol
    line = None
    if record.line:
        span = (symbol.start_line, symbol.end_line)
        line = _line_like(reading.document.lines(), reading.document.text, record, span)
    if line is None or line == symbol.start_line:
        return Anchor(path, symbol.start_line, symbol.end_line, symbol.qualified_name, state)
    return Anchor(path, line, line, symbol.qualified_name, state)


def _nearest(symbols: list[Symbol], line: int) -> Symbol | None:
    return min(symbols, key=lambda symbol: abs(symbol.start_line - line), default=None)


def _line_like(lines: LineIndex, text: str, record: MemoryRecord, span: tuple[int, int]) -> int | None:
    """The line in the span whose text is the record's, the nearest to where it was."""
    alike = []
    for line in range(span[0], min(span[1], lines.n_lines) + 1):
        at = lines.line_span(line - 1)
        if text[at.start : at.end].strip()[:_MAX_ANCHOR] == record.anchor:
            alike.append(line)
    return min(alike, key=lambda line: abs(line - record.line), default=None)
