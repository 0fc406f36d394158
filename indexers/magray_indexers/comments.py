"""Comments as text: what documents a definition, and the TODO, FIXME, HACK and XXX markers."""

from __future__ import annotations

import re
from functools import cache

from magray_indexers.languages import Language
from magray_indexers.offsets import Lines

_MAX_LINES = 120
_MAX_DOC = 4000
_DOCSTRING = re.compile(r"[rRuUbB]{0,2}(?:\"\"\"(.*?)\"\"\"|'''(.*?)'''|\"([^\"\n\\]*)\"|'([^'\n\\]*)')", re.DOTALL)


def docstring_at(text: str, offset: int) -> str:
    """The documentation in the string literal that starts at the offset, or ""."""
    if text[offset : offset + 1] not in "\"'rRuUbB":
        return ""
    match = _DOCSTRING.match(text, offset, min(len(text), offset + 20_000))
    return "" if match is None else _dedented(next((part for part in match.groups() if part), "").splitlines())


def comment_above(lines: Lines, number: int, language: Language) -> tuple[str, int]:
    """The comment that touches line ``number`` from above, and the line where it, or an attribute, begins.

    A blank line parts a comment from a definition, except that attributes may stand between them.
    """
    marks, attribute, blocks = _patterns(language)
    found: list[str] = []
    at = number - 1
    lead = number
    while at >= 1 and number - at <= _MAX_LINES:
        line = lines.line(at).strip()
        if not line:
            break
        if not found and attribute is not None and attribute.search(line):
            lead = at
            at -= 1
            continue
        mark = marks.match(line) if marks is not None else None
        if mark is not None and not (at == 1 and line.startswith("#!")):
            found.append(line[mark.end() :])
            lead = at
            at -= 1
            continue
        opening = next((opening for opening, closing in blocks if line.endswith(closing)), None)
        if opening is None or found:
            break
        top = _block_start(lines, at, opening)
        if top is None:
            break
        found = [_bare(lines.line(i), blocks) for i in range(at, top - 1, -1)]
        lead = top
        break
    return _dedented(found[::-1]), lead


def _block_start(lines: Lines, at: int, opening: str) -> int | None:
    """The line that opens the block comment ending on line ``at``; None if code stands before it on that line."""
    for number in range(at, max(0, at - _MAX_LINES), -1):
        line = lines.line(number)
        if opening in line:
            return number if line.lstrip().startswith(opening) else None
    return None


def _bare(line: str, blocks: tuple[tuple[str, str], ...]) -> str:
    line = line.strip()
    for opening, closing in blocks:
        if line.startswith(opening):
            line = line[len(opening) :].lstrip("*!|")
        if line.endswith(closing):
            line = line[: -len(closing)].rstrip("*")
    if blocks[0][0] == "/*" and line.startswith("*"):
        line = line[1:]
    return line


def _dedented(lines: list[str]) -> str:
    """The lines without common indentation and without blank ones around them; at most 4,000 characters."""
    if not lines:
        return ""
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    text = "\n".join([line.strip() for line in lines[:1]] + [line[margin:].rstrip() for line in lines[1:]])
    return text.strip("\n")[:_MAX_DOC].strip()


@cache
def _patterns(
    language: Language,
) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None, tuple[tuple[str, str], ...]]:
    marks = "|".join(
        rf"{re.escape(mark)}[{re.escape(mark[-1])}!]*(?:\s?[|^](?=\s))?" for mark in language.line_comments
    )
    return (
        re.compile(marks) if marks else None,
        re.compile(language.attribute) if language.attribute else None,
        language.block_comments,
    )
