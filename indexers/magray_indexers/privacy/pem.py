"""Private keys as armoured blocks: the body between BEGIN and END, however it is quoted, indented or escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARK = re.compile(
    r"(?P<begin>-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|PuTTY-User-Key-File-\d:[^\n]{0,80})"
    r"|-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-MAC:"
)
_RUN = re.compile(r"[A-Za-z0-9+/=]{16,}")
_TORN_LINE = re.compile(
    r"(?:\\[nrt]|[^A-Za-z0-9+/=\n\\]){0,40}\n?(?:\\[nrt]|[^A-Za-z0-9+/=\n\\]){0,40}[A-Za-z0-9+/=]{16,}"
)
_HEADERS = re.compile(r"(?:\s*[\w-]{1,20}: [^\n]{0,80}\n)*")


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every key's body in code points: what stands between the marks, or a torn block's key lines."""
    begun: re.Match[str] | None = None
    for mark in (*_MARK.finditer(text), None):
        stop = len(text) if mark is None else mark.start()
        if begun is not None:
            start = begun.end()
            closed = mark is not None and mark.group("begin") is None
            end = stop if closed and _is_body(text[start:stop]) else _torn(text, start, stop)
            if end > start:
                yield start, end
        begun = mark if mark is not None and mark.group("begin") is not None else None


def _is_body(body: str) -> bool:
    """Whether most of its letters stand in runs as armour has them: two marks in code have code between them."""
    letters = sum(map(str.isalnum, body))
    return letters >= 40 and sum(map(len, _RUN.findall(body))) * 10 >= letters * 6


def _torn(text: str, start: int, stop: int) -> int:
    """Where the key lines after a BEGIN end that has no END."""
    headers = _HEADERS.match(text, start, stop)
    at = headers.end() if headers else start
    found = start
    while (line := _TORN_LINE.match(text, at, stop)) is not None:
        at = found = line.end()
    return found
