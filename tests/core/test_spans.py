"""Offsets, positions and edits, against a slow reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magray_core.spans import LineIndex, Position, PositionEncoding, Span, TextEdit, apply_edits

TEXTS = st.text(alphabet="ab \t\n\r\u2028é€😀\u0301\u200d", max_size=60)
ENCODINGS = st.sampled_from(list(PositionEncoding))
CODECS = {
    PositionEncoding.UTF8: ("utf-8", 1),
    PositionEncoding.UTF16: ("utf-16-le", 2),
    PositionEncoding.UTF32: ("utf-32-le", 4),
}


def reference_position(text: str, offset: int, encoding: PositionEncoding) -> Position:
    """Split at LSP's line ends by hand and measure with the codec itself."""
    line, start, i = 0, 0, 0
    while i < offset:
        step = 2 if text[i : i + 2] == "\r\n" else 1
        if text[i] in "\r\n" and i + step <= offset:
            line, start = line + 1, i + step
        i += step
    codec, width = CODECS[encoding]
    return Position(line, len(text[start:offset].encode(codec)) // width)


@given(TEXTS, ENCODINGS, st.data())
def test_positions_are_those_of_the_codec_and_come_back(
    text: str, encoding: PositionEncoding, data: st.DataObject
) -> None:
    offset = data.draw(st.integers(0, len(text)))
    lines = LineIndex(text)
    inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
    if not inside_line_end:
        assert lines.position_at(offset, encoding) == reference_position(text, offset, encoding)
        assert lines.offset_at(lines.position_at(offset, encoding), encoding) == offset


@given(TEXTS, ENCODINGS, st.integers(-2, 90), st.integers(-2, 90))
def test_any_position_is_clamped_into_its_line(
    text: str, encoding: PositionEncoding, line: int, character: int
) -> None:
    lines = LineIndex(text)
    offset = lines.offset_at(Position(line, character), encoding)
    assert 0 <= offset <= len(text)
    if 0 <= line < lines.n_lines:
        span = lines.line_span(line)
        assert span.start <= offset <= span.end


def test_a_position_inside_a_surrogate_pair_rounds_down() -> None:
    assert LineIndex("a😀b").offset_at(Position(0, 2), PositionEncoding.UTF16) == 1
    assert LineIndex("a😀b").offset_at(Position(0, 3), PositionEncoding.UTF8) == 1


def test_only_lsp_line_ends_end_a_line() -> None:
    assert LineIndex("a\u2028b\fc\r\nd\re").n_lines == 3


@given(TEXTS, st.data())
def test_edits_equal_replacing_from_the_end(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True)))
    spans = [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    edits = [TextEdit(span, data.draw(st.text("xy\n", max_size=3))) for span in spans]
    expected = text
    for edit in reversed(edits):
        expected = expected[: edit.span.start] + edit.new_text + expected[edit.span.end :]
    assert apply_edits(text, data.draw(st.permutations(edits))) == expected


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        apply_edits("abcdef", [TextEdit(Span(0, 3), ""), TextEdit(Span(2, 4), "")])
    with pytest.raises(ValueError, match="outside"):
        apply_edits("abc", [TextEdit(Span(2, 4), "")])


def test_a_span_never_runs_backwards() -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span(3, 2)
