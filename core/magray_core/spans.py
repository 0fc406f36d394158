"""Spans, edits and positions in text. Offsets are code points unless a name says otherwise; lines start at 0 here.

Line ends are those of LSP: ``\\n``, ``\\r\\n`` and ``\\r``. U+2028 and form feeds do not end a line.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_LINE_END = re.compile(r"\r\n|\n|\r")


class PositionEncoding(str, Enum):
    """The unit in which a client counts ``character``."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open ``[start, end)`` in code points; ``start <= end``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def overlaps(self, other: Span) -> bool:
        """Whether both share a code point; spans that touch do not overlap."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True, order=True)
class TextEdit:
    """Replace ``span`` of the text it was made for by ``new_text``."""

    span: Span
    new_text: str


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and character from 0; ``character`` counts units of the encoding it was made with."""

    line: int
    character: int


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """The text with every edit made; edits address the original text, in any order.

    Insertions at one offset keep their given order. Raises ValueError if edits overlap or reach past the end.
    """
    ordered = sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))
    parts: list[str] = []
    at = 0
    for edit in ordered:
        if edit.span.start < at or edit.span.end > len(text):
            raise ValueError(f"edit {edit.span} overlaps another or is outside the text of {len(text)}")
        parts += (text[at : edit.span.start], edit.new_text)
        at = edit.span.end
    parts.append(text[at:])
    return "".join(parts)


class LineIndex:
    """Offsets to positions and back for one text, in O(log lines + line length). Immutable."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    @property
    def n_lines(self) -> int:
        """How many lines there are; a text that ends in a line end has an empty last line."""
        return len(self._starts)

    def line_of(self, offset: int) -> int:
        """The line, from 0, that holds the offset; offsets past the end belong to the last line."""
        return bisect.bisect_right(self._starts, max(0, offset)) - 1

    def line_start(self, line: int) -> int:
        """The offset of the line's first code point; lines past the end give the text's length."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def line_span(self, line: int) -> Span:
        """The line without its line end; lines past the end are empty."""
        if line >= len(self._starts):
            return Span(len(self.text), len(self.text))
        start = self._starts[line]
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return Span(start, end)

    def position_at(self, offset: int, encoding: PositionEncoding) -> Position:
        """The position of an offset (clamped to the text) in the encoding's units."""
        offset = min(max(0, offset), len(self.text))
        line = self.line_of(offset)
        start = self._starts[line]
        return Position(line, _units(self.text[start:offset], encoding))

    def offset_at(self, position: Position, encoding: PositionEncoding) -> int:
        """The offset of a position; out of range is clamped, inside a surrogate pair or UTF-8 sequence rounds down."""
        if position.line < 0:
            return 0
        if position.line >= len(self._starts):
            return len(self.text)
        span = self.line_span(position.line)
        return span.start + _code_points(self.text[span.start : span.end], position.character, encoding)


def _units(text: str, encoding: PositionEncoding) -> int:
    if encoding is PositionEncoding.UTF32 or text.isascii():
        return len(text)
    if encoding is PositionEncoding.UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(char > "\uffff" for char in text)


def _code_points(line: str, units: int, encoding: PositionEncoding) -> int:
    if encoding is PositionEncoding.UTF32 or line.isascii():
        return min(max(0, units), len(line))
    used = 0
    for i, char in enumerate(line):
        width = (1 + (char > "\uffff")) if encoding is PositionEncoding.UTF16 else _utf8_width(char)
        if used + width > units:
            return i
        used += width
    return len(line)


def _utf8_width(char: str) -> int:
    point = ord(char)
    return 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
