"""Between LSP's positions, ranges and edits and code points. The only module that knows both."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from magray_core.spans import LineIndex, Position, PositionEncoding, Span, TextEdit


class Converter:
    """Converts for one text and one encoding. Out of range is clamped to the text."""

    def __init__(self, text: str, encoding: PositionEncoding) -> None:
        self._lines = LineIndex(text)
        self._encoding = encoding

    def to_offset(self, position: types.Position) -> int:
        """The code point offset of a position."""
        return self._lines.offset_at(Position(position.line, position.character), self._encoding)

    def to_span(self, given: types.Range) -> Span:
        """The span of a range; ends in the wrong order are swapped."""
        start, end = self.to_offset(given.start), self.to_offset(given.end)
        return Span(min(start, end), max(start, end))

    def to_lsp_position(self, offset: int) -> types.Position:
        """The position of a code point offset."""
        position = self._lines.position_at(offset, self._encoding)
        return types.Position(position.line, position.character)

    def to_lsp_range(self, span: Span) -> types.Range:
        """The range of a span."""
        return types.Range(self.to_lsp_position(span.start), self.to_lsp_position(span.end))

    def to_lsp_edits(self, edits: Iterable[TextEdit]) -> list[types.TextEdit]:
        """Edits of the text, in their order."""
        return [types.TextEdit(self.to_lsp_range(edit.span), edit.new_text) for edit in edits]
