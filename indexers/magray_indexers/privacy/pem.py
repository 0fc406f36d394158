"""Private keys as armoured blocks: the body between BEGIN and END, however it is quoted, indented or escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGIN = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|PuTTY-User-Key-File-\d:[^\n]{0,80}")
_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-MAC:")
_KEY_LINE = re.compile(r"(?:\\[nrt]|[^A-Za-z0-9\n]){0,40}(?:[\w-]{1,20}: [^\n\\]{0,80}|[A-Za-z0-9+/=]{16,})")
_GAP = re.compile(r"(?:\\[nrt]|[^A-Za-z0-9+/=\n-]|-(?!-))*\n?")
_LONGEST = 32_768
_FOREIGN = re.compile(r"[^A-Za-z0-9+/=\s\\\"'#*>|+,;:().-]")


def private_keys(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every key's body in code points: what stands between the marks, or a torn block's key lines."""
    at = 0
    while (begin := _BEGIN.search(text, at)) is not None:
        end = _END.search(text, begin.end(), begin.end() + _LONGEST)
        if end is not None and _is_body(text[begin.end() : end.start()]):
            yield begin.end(), end.start()
            at = end.end()
            continue
        stop = _torn(text, begin.end())
        if stop > begin.end():
            yield begin.end(), stop
        at = max(stop, begin.end())


def _is_body(body: str) -> bool:
    """Whether a key can stand there: long enough, and hardly a character that armour has no use for."""
    letters = sum(1 for char in body if char.isalnum())
    return letters >= 40 and len(_FOREIGN.findall(body)) * 20 <= len(body)


def _torn(text: str, start: int) -> int:
    """Where the key lines after a BEGIN stop that has no END."""
    at = stop = start
    while (line := _KEY_LINE.match(text, at)) is not None:
        stop = line.end()
        gap = _GAP.match(text, stop)
        at = gap.end() if gap else stop
        if at == stop:
            break
    return stop
