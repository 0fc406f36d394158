"""Cutting a text into chunks a person would want to be shown: at definitions, small neighbours together.

The chunks of a text in order are the text, exactly once. Chunks are whole lines except where one line alone is larger
than a chunk may be.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from magray_core.memory import Chunk, SymbolKind
from magray_core.spans import Span
from magray_indexers.definitions import LEAVES, Definition
from magray_indexers.offsets import Lines

MAX_CHARS = 2000
MAX_LINES = 80
_MERGED_CHARS = 1500
_MERGED_LINES = 50
_TINY_CHARS = 160
_TINY_LINES = 4
_CLOSING = ("}", ")", "]", "end", "#endif", "</")


@dataclass(slots=True)
class _Piece:
    """A stretch that is not cut further; ``container`` is the definition (by index) whose parts it belongs to."""

    start: int
    end: int
    container: int
    defines: bool


def chunks_of(lines: Lines, definitions: Sequence[Definition], *, apart: bool = False) -> tuple[Chunk, ...]:
    """The text's chunks; ``definitions`` are ordered by place, outer before inner. ``apart`` merges none of them."""
    if not lines.text:
        return ()
    blocks = [one for one in definitions if one.symbol.kind not in LEAVES]
    cutter = _Cutter(lines, blocks)
    pieces = list(cutter.pieces(whole=False)) if apart else _merged(lines, cutter.pieces(whole=True))
    return tuple(_named(lines, pieces, blocks, definitions))


class _Cutter:
    """Walks the tree of definitions with a stack of its own, so that depth costs no recursion."""

    def __init__(self, lines: Lines, blocks: Sequence[Definition]) -> None:
        self._lines = lines
        self._blocks = blocks
        self._children = _children(blocks)

    def pieces(self, *, whole: bool) -> Iterator[_Piece]:
        """Stretches in order, each small enough; ``whole`` leaves a small text in one."""
        todo = [(0, len(self._lines.text), -1, -1)]
        while todo:
            start, end, block, container = todo.pop()
            if self._fits(start, end) and (whole or block != -1 or -1 not in self._children):
                yield _Piece(start, end, container, block >= 0)
            elif block in self._children:
                todo += reversed(self._parts(start, end, block))
            else:
                first = block >= 0
                for cut_start, cut_end in _cut_by_lines(self._lines, start, end):
                    yield _Piece(cut_start, cut_end, block if block >= 0 else container, first)
                    first = False

    def _fits(self, start: int, end: int) -> bool:
        lines = self._lines
        return end - start <= MAX_CHARS and lines.number(max(start, end - 1)) - lines.number(start) < MAX_LINES

    def _parts(self, start: int, end: int, block: int) -> list[tuple[int, int, int, int]]:
        """The stretch as its child definitions and what is between them, if that is more than white space."""
        lines, text = self._lines, self._lines.text
        parts: list[tuple[int, int, int, int]] = []
        at = start
        for child in self._children[block]:
            lead = max(at, self._blocks[child].lead)
            after = min(end, lines.start(lines.number(max(lead, self._blocks[child].symbol.span.end - 1)) + 1))
            if after <= lead:
                continue
            if parts and not text[at:lead].strip():
                parts[-1] = (parts[-1][0], lead, *parts[-1][2:])
            elif lead > at:
                parts.append((at, lead, _NO_BLOCK, block))
            parts.append((lead, after, child, block))
            at = after
        if at < end:
            if parts and not text[at:end].strip():
                parts[-1] = (parts[-1][0], end, *parts[-1][2:])
            else:
                parts.append((at, end, _NO_BLOCK, block))
        if len(parts) == 1 and parts[0][2] == _NO_BLOCK:
            parts = [(start, end, _NO_BLOCK, block)]
        return parts


_NO_BLOCK = -2


def _children(blocks: Sequence[Definition]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    open_: list[int] = []
    for i, one in enumerate(blocks):
        while open_ and blocks[open_[-1]].symbol.span.end <= one.symbol.span.start:
            open_.pop()
        children.setdefault(open_[-1] if open_ else -1, []).append(i)
        open_.append(i)
    return children


def _cut_by_lines(lines: Lines, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut where a paragraph or a shallow line begins, in the later part of what a chunk may hold."""
    while start < end:
        first = lines.number(start)
        last = min(first + MAX_LINES, bisect_right(lines.starts, start + MAX_CHARS))
        cut = lines.start(last)
        if cut >= end:
            yield start, end
            return
        if cut <= start:  # one line is larger than a chunk
            cut = min(end, start + MAX_CHARS)
            space = lines.text.rfind(" ", start + MAX_CHARS // 2, cut)
            cut = space + 1 if space > 0 and cut < end else cut
            if lines.text[cut - 1 : cut + 1] == "\r\n":
                cut += 1
        elif last - first > 3:
            cut = lines.start(_best_cut(lines, first + (last - first) * 2 // 5 + 1, last))
        yield start, cut
        start = cut


def _best_cut(lines: Lines, first: int, last: int) -> int:
    """The line of ``first..last`` before which a cut hurts least: shallow, and after a blank line; late if equal."""
    text, starts = lines.text, lines.starts
    best, best_cost = last, 1000
    blank_before = False
    for number in range(first - 1, last + 1):
        start = starts[number - 1]
        line = text[start : starts[number] if number < len(starts) else len(text)]
        stripped = line.lstrip()
        if stripped and number >= first:
            cost = len(line) - len(stripped) - (6 if blank_before else 0) + (20 if stripped[0] in ")}]" else 0)
            if cost <= best_cost:
                best, best_cost = number, cost
        blank_before = not stripped
    return best


def _merged(lines: Lines, pieces: Iterator[_Piece]) -> list[_Piece]:
    merged: list[_Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if last is not None and _belong_together(lines, last, piece):
            last.end = piece.end
            last.defines = last.defines or piece.defines
        else:
            merged.append(piece)
    return merged


def _belong_together(lines: Lines, one: _Piece, two: _Piece) -> bool:
    n_chars = two.end - one.start
    together = one.container == two.container
    if together and n_chars <= _MERGED_CHARS:
        n_lines = lines.number(two.end - 1) - lines.number(one.start) + 1
        if n_lines <= _MERGED_LINES:
            return True
    # A lone ``class X:`` or ``}`` is nothing to show: it goes with what it opens or closes, even a full one.
    if n_chars > MAX_CHARS + _TINY_CHARS:
        return False
    if _is_tiny(lines, one):
        return True
    return _is_tiny(lines, two) and (together or lines.text[two.start : two.end].lstrip().startswith(_CLOSING))


def _is_tiny(lines: Lines, piece: _Piece) -> bool:
    few = piece.end - piece.start <= _TINY_CHARS and not piece.defines
    return few and lines.number(piece.end - 1) - lines.number(piece.start) < _TINY_LINES


def _first_in_namespace(blocks: Sequence[Definition], first: int, end: int) -> Definition | None:
    """The first definition before ``end`` that is more than a namespace, whose name says little of what is shown."""
    for i in range(first, len(blocks)):
        if blocks[i].lead >= end:
            return None
        if blocks[i].symbol.kind is not SymbolKind.NAMESPACE:
            return blocks[i]
    return None


def _named(
    lines: Lines, pieces: Sequence[_Piece], blocks: Sequence[Definition], definitions: Sequence[Definition]
) -> Iterator[Chunk]:
    """Chunks with the symbol they begin or lie in; else the first that begins in them, blocks before single names."""
    leaves = [one for one in definitions if one.symbol.kind in LEAVES]
    next_block = next_leaf = 0
    open_: list[Definition] = []
    for index, piece in enumerate(pieces):
        text = lines.text[piece.start : piece.end]
        begin = piece.start + len(text) - len(text.lstrip())
        while next_block < len(blocks) and blocks[next_block].lead <= begin:
            open_.append(blocks[next_block])
            next_block += 1
        while open_ and open_[-1].symbol.span.end <= begin:
            open_.pop()
        while next_leaf < len(leaves) and leaves[next_leaf].symbol.span.end <= begin:
            next_leaf += 1
        best: Definition | None = open_[-1] if open_ else None
        if best is not None and best.symbol.kind is SymbolKind.NAMESPACE:
            best = _first_in_namespace(blocks, next_block, piece.end) or best
        elif best is None and next_block < len(blocks) and blocks[next_block].lead < piece.end:
            best = blocks[next_block]
        elif best is None and next_leaf < len(leaves) and leaves[next_leaf].symbol.span.start < piece.end:
            best = leaves[next_leaf]
        name, kind = (best.symbol.qualified_name, best.symbol.kind) if best is not None else ("", None)
        first, last = lines.number(piece.start), lines.number(piece.end - 1)
        yield Chunk(index, Span(piece.start, piece.end), first, last, text, name, kind)
