"""Offsets of one text: bytes of its UTF-8 to code points, and code points to lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
_BLOCK_BITS = 8
_OTHER_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e"  # of ``str.splitlines`` alone
_LINE_END = re.compile(r"\r\n|\n|\r")


def utf8(text: str) -> bytes:
    """The text's UTF-8; lone surrogates pass through, so that no text is refused."""
    return text.encode("utf-8", "surrogatepass")


class CodePoints:
    """Byte offsets of a text's UTF-8 as code point offsets, in constant time. Immutable."""

    __slots__ = ("_before", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._before: list[int] | None = None
        if not data.isascii():
            step = 1 << _BLOCK_BITS
            widths = (
                len(data[at : at + step].translate(None, _CONTINUATION_BYTES)) for at in range(0, len(data), step)
            )
            self._before = list(accumulate(widths, initial=0))

    def at(self, byte: int) -> int:
        """The code point offset of a byte offset; a byte inside a character counts as past it."""
        if self._before is None:
            return byte
        block = byte >> _BLOCK_BITS
        inside = self._data[block << _BLOCK_BITS : byte]
        return self._before[block] + len(inside.translate(None, _CONTINUATION_BYTES))


class Lines:
    """Where the lines of a text start, in code points; line ends are those of ``magray_core.spans``. Immutable."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        elif text.isascii() and not any(char in text for char in _OTHER_LINE_ENDS):
            self.starts = list(accumulate(map(len, text.splitlines(keepends=True)), initial=0))  # the fastest way
            if text and not text.endswith("\n"):
                self.starts.pop()
        else:
            self.starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
            self.starts.pop()

    def number(self, offset: int) -> int:
        """The line, from 1, that holds the offset."""
        return bisect_right(self.starts, offset)

    def start(self, number: int) -> int:
        """The offset at which a line, from 1, starts; past the last line the text's length."""
        return self.starts[number - 1] if number <= len(self.starts) else len(self.text)

    def line(self, number: int) -> str:
        """A line, from 1, without its line end."""
        return self.text[self.start(number) : self.start(number + 1)].rstrip("\r\n")
