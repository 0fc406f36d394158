"""Open documents under edits: the same text as a slow reference, in every encoding and whatever the client sends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magray_core.documents import TextFormat, encode
from magray_core.spans import LineIndex, Position, PositionEncoding, Span, TextEdit, apply_edits
from magray_server.texts import Change, OpenText

PIECES = ["a", "b", " ", "\n", "\r\n", "\r", "é", "я", "😀", "👩‍🚀", "e\u0301", "\u2028", "\f", "\t", "\ud83d", "\0"]
texts = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
positions = st.builds(Position, st.integers(-1, 12), st.integers(0, 30))
edits = st.tuples(positions, positions, texts)


def reference(text: str, start: Position, end: Position, new: str, encoding: PositionEncoding) -> str:
    lines = LineIndex(text)
    offsets = sorted((lines.offset_at(start, encoding), lines.offset_at(end, encoding)))
    return apply_edits(text, [TextEdit(Span(*offsets), new)])


@pytest.mark.parametrize("encoding", list(PositionEncoding))
@given(text=texts, changes=st.lists(edits, max_size=8))
@settings(max_examples=150, deadline=None)
def test_incremental_changes_give_the_reference_text(
    encoding: PositionEncoding, text: str, changes: list[tuple[Position, Position, str]]
) -> None:
    check_changes(encoding, text, changes)


@pytest.mark.soak
@pytest.mark.parametrize("encoding", list(PositionEncoding))
@given(text=texts, changes=st.lists(edits, min_size=5, max_size=10))
@settings(max_examples=5_000, deadline=None)
def test_a_hundred_thousand_changes_give_the_reference_text(
    encoding: PositionEncoding, text: str, changes: list[tuple[Position, Position, str]]
) -> None:
    check_changes(encoding, text, changes)


def check_changes(encoding: PositionEncoding, text: str, changes: list[tuple[Position, Position, str]]) -> None:
    document = OpenText("a.py", text, 1, TextFormat())
    for version, (start, end, new) in enumerate(changes, start=2):
        text = reference(text, start, end, new, encoding)
        assert document.change([Change(new, start, end)], version, encoding)
        if version % 2:  # not after every change, so that joining is tested to be lazy
            assert document.document().text == text
    assert document.document().text == text
    assert document.document().version == len(changes) + 1


@given(
    text=texts,
    events=st.lists(st.tuples(st.integers(-1, 8), st.one_of(st.tuples(texts), edits)), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_only_later_versions_and_whole_texts_are_taken(
    text: str, events: list[tuple[int, tuple[str] | tuple[Position, Position, str]]]
) -> None:
    document, version, encoding = OpenText("a.py", text, 1, TextFormat()), 1, PositionEncoding.UTF16
    for number, event in events:
        if len(event) == 1:
            assert document.change([Change(event[0])], number, encoding)
            text, version = event[0], number
        else:
            start, end, new = event
            taken = document.change([Change(new, start, end)], number, encoding)
            assert taken == (number > version)
            if taken:
                text, version = reference(text, start, end, new, encoding), number
        assert document.document().text == text
        assert document.document().version == version


def test_a_document_hashes_as_its_file_would_in_the_files_encoding() -> None:
    document = OpenText("a.py", "name = 'ü'\r\n", 1, TextFormat("utf-8"))
    document.stored_as(TextFormat("latin-1"))
    assert encode(document.document().text, document.document().format) == b"name = '\xfc'\r\n"
    document.change([Change("name = 'я'\r\n")], 2, PositionEncoding.UTF16)
    assert document.document().format == TextFormat("utf-8"), "Latin-1 has no Cyrillic"


def test_many_changes_of_a_long_document_are_quick() -> None:
    document = OpenText("long.py", "some line of code here\n" * 20_000, 1, TextFormat())
    for version in range(2, 1002):
        place = Position(version * 7 % 20_000, 4)
        document.change([Change("x", place, place)], version, PositionEncoding.UTF16)
    assert document.document().text.count("x") == 1000
