"""TODO, FIXME, HACK and XXX in comments."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from magray_core.memory import Marker
from magray_indexers.languages import Language
from magray_indexers.offsets import Lines, utf8

if TYPE_CHECKING:
    from tree_sitter import Tree

_ANY = ("TODO", "FIXME", "HACK", "XXX")
# What stands before is looked at afterwards: a pattern that begins with letters is found several times faster.
_WORDS = re.compile(r"(TODO|FIXME|HACK|XXX)(?![\w-])")
_INSIDE_NAME = re.compile(r"[\w.$-]")
_MAX_MARKERS = 1000
_MAX_TEXT = 300


def markers_in(lines: Lines, language: Language, tree: tuple[Tree, bytes] | None) -> tuple[Marker, ...]:
    """The markers in order: with a tree those in comment nodes, else those after a comment mark on their line.

    A language without comments (plain text) has a marker where the word begins a line.
    """
    text = lines.text
    if not any(word in text for word in _ANY):  # much faster than the pattern, and most files have none
        return ()
    markers: list[Marker] = []
    before_byte = before = 0
    for match in _WORDS.finditer(text):
        start = match.start()
        if start and _INSIDE_NAME.match(text, start - 1):
            continue
        number = lines.number(start)
        if markers and markers[-1].line == number:
            continue
        if tree is not None:
            before_byte += len(utf8(text[before:start]))
            before = start
            commented = _in_comment(tree[0], before_byte)
        else:
            commented = _before(language).search(text[max(lines.start(number), start - 500) : start]) is not None
        if commented:
            markers.append(Marker(number, match.group(1), _words(text[start : start + 2 * _MAX_TEXT], language)))
            if len(markers) >= _MAX_MARKERS:
                break
    return tuple(markers)


def _in_comment(tree: Tree, byte: int) -> bool:
    node = tree.root_node.descendant_for_byte_range(byte, byte + 1)
    for _ in range(3):  # some grammars have words inside their comments
        if node is None:
            return False
        if "comment" in node.type:
            return True
        node = node.parent
    return False


def _words(rest: str, language: Language) -> str:
    """The line from the marker on, without the mark that closes the comment."""
    text = rest.splitlines()[0].rstrip()
    for _opening, closing in language.block_comments:
        text = text.removesuffix(closing).rstrip()
    return text[:_MAX_TEXT]


@cache
def _before(language: Language) -> re.Pattern[str]:
    marks = [*language.line_comments, *(opening for opening, _ in language.block_comments)]
    if not marks:
        return re.compile(r"^\W*$")
    starts = "|".join(re.escape(mark) for mark in marks)
    return re.compile(rf"(?:{starts})|^\s*\*\s")
