"""Cuts a byte stream into message bodies. Pure and incremental; it never waits, and always finds the next message.

Damage (garbage between messages, missing or absurd lengths) is reported once and skipped: the next
``Content-Length`` header, wherever in a line it stands, begins the next message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 8 * 1024

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d+)[ \t]*$", re.IGNORECASE)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of one message, without its headers."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no message; ``reason`` is for the log and the error answer."""

    reason: str


def frame(body: bytes) -> bytes:
    """The body with its header, ready to be written."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class FrameReader:
    """Feed it bytes as they come; it gives back what they complete. Holds at most one message."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None  # of the header block being read
        self._in_body = False
        self._saw_header = False
        self._garbage = False
        self._scanned = 0

    @property
    def incomplete(self) -> bool:
        """Whether the stream would end inside a message."""
        return self._in_body or self._length is not None or bool(self._buffer)

    def feed(self, data: bytes) -> list[Body | Damage]:
        """What the new bytes complete, in order."""
        self._buffer += data
        done: list[Body | Damage] = []
        while (self._read_body if self._in_body else self._read_line)(done):
            pass
        return done

    def _read_body(self, done: list[Body | Damage]) -> bool:
        length = self._length or 0
        if len(self._buffer) < length:
            return False
        done.append(Body(bytes(self._buffer[:length])))
        del self._buffer[:length]
        self._start_headers()
        return True

    def _read_line(self, done: list[Body | Damage]) -> bool:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._buffer)
            if self._scanned > MAX_LINE_BYTES:
                # Keep a tail: the header of the next message may follow on the same line.
                del self._buffer[: self._scanned - MAX_LINE_BYTES // 2]
                self._scanned = len(self._buffer)
                self._skip(done, "bytes between messages")
            return False
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        self._scanned = 0
        if line.strip():
            self._header(line, done)
        else:
            self._end_headers(done)
        return True

    def _header(self, line: bytes, done: list[Body | Damage]) -> None:
        found = _LENGTH.search(line)
        if found is None:
            if _HEADER.match(line):
                self._saw_header = True
            else:
                self._skip(done, "bytes between messages")
            return
        self._saw_header = True
        if found.start() and not line[: found.start()].isspace():
            self._skip(done, "bytes between messages")
        digits = found.group(1).lstrip(b"0") or b"0"
        # Compared as text first: a length of thousands of digits must not become a number.
        if len(digits) > len(str(MAX_BODY_BYTES)) or int(digits) > MAX_BODY_BYTES:
            self._length = None
            self._garbage = False
            self._skip(done, f"a message longer than {MAX_BODY_BYTES} bytes")
            return
        self._length = int(digits)

    def _end_headers(self, done: list[Body | Damage]) -> None:
        if self._length is None:
            if self._saw_header:
                self._skip(done, "headers without a Content-Length")
            self._saw_header = False
            return
        self._in_body = True
        self._garbage = False

    def _start_headers(self) -> None:
        self._in_body = False
        self._length = None
        self._saw_header = False

    def _skip(self, done: list[Body | Damage], reason: str) -> None:
        """Report the first damage of a run; the rest of the run is part of it."""
        if not self._garbage:
            self._garbage = True
            done.append(Damage(reason))
