"""``explain``: what the workspace's memory knows about the name at a place, each fact with its citation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

from magray_core.spans import LineIndex, Span
from magray_orchestration.explain.counting import mentions
from magray_orchestration.explain.gathering import Facts, Notes, gather, history
from magray_orchestration.explain.naming import Named, name_at, names_in
from magray_orchestration.explain.notes import notes_on
from magray_orchestration.explain.rendering import (
    Citation,
    Links,
    NoLinks,
    Page,
    RelativeLinks,
    render_short,
    render_whole,
)
from magray_orchestration.explain.resolving import Reading, Resolution, read, resolve
from magray_orchestration.workspace import Workspace

__all__ = [
    "Citation",
    "Explanation",
    "Links",
    "NoLinks",
    "RelativeLinks",
    "explain",
    "explain_briefly",
    "first_name_on",
]

_NAMES_TRIED = 40
_HOVER_WAIT_S = 0.012


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation as Markdown. ``short_markdown`` has at most ``settings.hover.max_lines`` lines.

    ``span`` is the explained name in the document that was asked about, in code points. ``citations`` are the places
    that the Markdown links to, in order.
    """

    symbol: str
    span: Span
    markdown: str
    short_markdown: str
    citations: tuple[Citation, ...]


def explain(
    workspace: Workspace, path: str, line: int, column: int | None = None, *, links: Links | None = None
) -> Explanation | None:
    """The whole explanation, history included; None where nothing is known.

    Line and column count from 1, in code points. Without a column the first definition on the line is meant, else its
    first known name. Notes come from the workspace's store. Raises WorkspaceError if the file cannot be read.
    """
    reading, resolution = _find(workspace, path, line, column)
    if resolution is None:
        return None
    facts = gather(workspace, resolution, _notes(workspace), mentions(workspace, resolution.definitions[0]))
    facts = dataclasses.replace(facts, commits=history(workspace, facts.definition))
    page = Page(links or RelativeLinks())
    markdown = render_whole(facts, page, workspace.index.freshness())
    short = _short(workspace, reading, facts, links)
    return Explanation(
        facts.definition.symbol.qualified_name, resolution.named.span, markdown, short[0], tuple(page.citations)
    )


def explain_briefly(
    workspace: Workspace, path: str, line: int, column: int | None = None, *, links: Links | None = None
) -> Explanation | None:
    """The short explanation alone, for hovers: no walk through git, and no long wait for the first count of a name.

    ``markdown`` equals ``short_markdown``.
    """
    reading, resolution = _find(workspace, path, line, column)
    if resolution is None:
        return None
    mentioned = mentions(workspace, resolution.definitions[0], within_s=_HOVER_WAIT_S)
    facts = gather(workspace, resolution, _notes(workspace), mentioned)
    short, citations = _short(workspace, reading, facts, links)
    return Explanation(facts.definition.symbol.qualified_name, resolution.named.span, short, short, citations)


def first_name_on(workspace: Workspace, path: str, line: int) -> Named | None:
    """The first definition on a line (from 1), else its first name, else None. Raises WorkspaceError."""
    reading = read(workspace, path)
    names = _names_on(reading, reading.document.lines().line_span(line - 1))
    return names[0] if names else None


def _find(workspace: Workspace, path: str, line: int, column: int | None) -> tuple[Reading, Resolution | None]:
    reading = read(workspace, path)
    lines = LineIndex(reading.document.text)
    if not 1 <= line <= lines.n_lines:
        return reading, None
    on_line = lines.line_span(line - 1)
    if column is not None:
        offset = min(on_line.start + max(0, column - 1), on_line.end)
        named = name_at(reading.document.text, offset)
        return reading, None if named is None else resolve(workspace, reading, named)
    for candidate in _names_on(reading, on_line):
        resolution = resolve(workspace, reading, candidate)
        if resolution is not None:
            return reading, resolution
    return reading, None


def _names_on(reading: Reading, on_line: Span) -> list[Named]:
    """The definitions on a line, then its other names."""
    names = names_in(reading.document.text, on_line)[:_NAMES_TRIED]
    defined = {symbol.name_span for symbol in reading.parsed.symbols}
    return sorted(names, key=lambda named: named.span not in defined)


def _short(
    workspace: Workspace, reading: Reading, facts: Facts, links: Links | None
) -> tuple[str, tuple[Citation, ...]]:
    page = Page(links or RelativeLinks())
    span = facts.resolution.named.span
    index = LineIndex(reading.document.text)
    at = index.line_of(span.start)
    whole = page.links.whole(reading.document.path, at + 1, span.start - index.line_start(at) + 1)
    freshness = workspace.index.freshness()
    short = render_short(facts, page, freshness, max_lines=workspace.settings.hover.max_lines, whole=whole)
    return short, tuple(page.citations)


def _notes(workspace: Workspace) -> Notes:
    return partial(notes_on, workspace.root)
