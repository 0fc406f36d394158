"""Jupyter notebooks by cell. Offsets stay those of the file, so that hits and edits land where the cell is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NOTEBOOK = "notebook"
_CELLS = re.compile(r'"cells"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_SOURCE = re.compile(r'"source"\s*:\s*\[?\s*"')
_PLAIN = re.compile(r'[^"\\\n]+')
_MARKS = re.compile(r"[#\s>*-]*")
_STRING_LINE = re.compile(r'^\s*("(?:[^"\\]|\\.)*")\s*,?\s*\]?,?\s*$')
_ONE_LINE = re.compile(r'^\s*"(?:source|text)"\s*:\s*\[?\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: where it starts and ends in the file's text, its kind, its first words and where they stand."""

    start: int
    end: int
    kind: str
    name: str
    name_start: int


def cells(text: str) -> Iterator[Cell]:
    """The cells of a notebook's JSON in order; none where the text is not a notebook."""
    found = _CELLS.search(text)
    if found is None:
        return
    decoder, at = json.JSONDecoder(), found.end()
    while True:
        between = _BETWEEN.match(text, at)
        at = between.end() if between else at
        if at >= len(text) or text[at] != "{":
            return
        try:
            cell, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield _cell(text, at, end, cell)
        at = end


def _cell(text: str, start: int, end: int, cell: dict[str, Any]) -> Cell:
    """A cell is called by the first plain words of its source, which a search can quote."""
    kind = str(cell.get("cell_type", "cell"))
    source = _SOURCE.search(text, start, end)
    if source is not None:
        marks = _MARKS.match(text, source.end(), end)
        first = marks.end() if marks else source.end()
        words = _PLAIN.match(text, first, end)
        if words and words.group().strip():
            return Cell(start, end, kind, words.group().rstrip(), words.start())
    at = text.find("cell_type", start, end)
    return Cell(start, end, kind, "cell_type" if at >= 0 else "{", max(at, start))


def readable(text: str) -> str:
    """What a piece of a notebook's JSON says: source and printed output without quotes, escapes and pictures.

    A piece without any is given back as it is.
    """
    said = []
    for line in text.splitlines():
        quoted = _STRING_LINE.match(line) or _ONE_LINE.match(line)
        if quoted:
            try:
                said.append(str(json.loads(quoted.group(1))).rstrip("\n"))
            except ValueError:
                continue
    return "\n".join(said) if said else text
