"""Open documents while they change: lines that are spliced, and joined only when somebody looks."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from magray_core.documents import Document, TextFormat, open_document
from magray_core.spans import LineIndex, Position, PositionEncoding

log = logging.getLogger(__name__)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True, slots=True)
class Change:
    """Replace from ``start`` to ``end`` (in the client's units) by ``text``; without them, the whole text."""

    text: str
    start: Position | None = None
    end: Position | None = None


class OpenText:
    """One open document. Only the loop touches it; ``document`` gives the frozen value that others may keep."""

    def __init__(self, path: str, text: str, version: int, fmt: TextFormat) -> None:
        self.path = path
        self.version = version
        self._format = fmt
        self._lines = _split(text)
        self._document: Document | None = None

    def document(self) -> Document:
        """The text as it is now; made once for each state."""
        if self._document is None:
            self._document = open_document(self.path, "".join(self._lines), self.version, self._format)
        return self._document

    def stored_as(self, fmt: TextFormat) -> None:
        """The file under the document has this encoding and byte order mark."""
        if fmt != self._format:
            self._format = fmt
            self._document = None

    def change(self, changes: Sequence[Change], version: int, encoding: PositionEncoding) -> bool:
        """Make the changes in order; False if they were dropped because their version is not a later one.

        A change of the whole text is always made: it cannot be wrong, and brings a lost document back.
        """
        if version <= self.version and any(change.start is not None for change in changes):
            log.warning("dropped a change to version %d of a document at version %d", version, self.version)
            return False
        for change in changes:
            if change.start is None or change.end is None:
                self._lines = _split(change.text)
            else:
                self._splice(change.start, change.end, change.text, encoding)
        self.version = version
        self._document = None
        return True

    def _splice(self, start: Position, end: Position, text: str, encoding: PositionEncoding) -> None:
        if end < start:
            log.warning("a change ends before it starts; its ends are taken the other way round")
            start, end = end, start
        first, before = self._cut(start, encoding)
        last, after = self._cut(end, encoding)
        head = self._lines[first][:before] if first < len(self._lines) else ""
        tail = self._lines[last][after:] if last < len(self._lines) else ""
        if not head and first > 0 and self._lines[first - 1].endswith("\r"):
            # A line feed may now follow: both would be one line end.
            first -= 1
            head = self._lines[first]
        self._lines[first : last + 1] = _split(head + text + tail)

    def _cut(self, position: Position, encoding: PositionEncoding) -> tuple[int, int]:
        """Line and code point of a position: clamped to the text, never inside a character or a line end."""
        n_lines = len(self._lines)
        if position.line < 0:
            return 0, 0
        if position.line >= n_lines:
            ends_open = n_lines > 0 and not self._lines[-1].endswith(("\n", "\r"))
            return (n_lines - 1, len(self._lines[-1])) if ends_open else (n_lines, 0)
        line = self._lines[position.line].rstrip("\r\n")
        return position.line, LineIndex(line).offset_at(Position(0, position.character), encoding)


def _split(text: str) -> list[str]:
    """The lines with their ends; a text that ends in a line end has no empty last line here."""
    return _LINE.findall(text)
