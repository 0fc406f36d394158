"""Offsets: bytes to code points and code points to lines agree with slow references."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from magray_core.spans import LineIndex
from magray_indexers.offsets import CodePoints, Lines, utf8

TEXTS = st.text(alphabet="ab \n\r\t\x0b\x0c\x1c\x85\u2028é🦊я\ud800", max_size=400)


@given(TEXTS)
def test_every_character_is_found_by_its_first_byte(text: str) -> None:
    points = CodePoints(utf8(text))
    at = 0
    for i, char in enumerate(text):
        assert points.at(at) == i
        at += len(utf8(char))
    assert points.at(at) == len(text)


@given(st.one_of(TEXTS, st.text(alphabet="ab\n", max_size=50)))
def test_lines_are_those_of_the_protocol(text: str) -> None:
    lines, index = Lines(text), LineIndex(text)
    assert len(lines.starts) == index.n_lines
    for offset in range(len(text) + 1):
        assert lines.number(offset) == index.line_of(offset) + 1
    for number in range(1, index.n_lines + 1):
        span = index.line_span(number - 1)
        assert lines.start(number) == span.start
        assert lines.line(number) == text[span.start : span.end]
