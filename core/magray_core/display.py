"""Text made safe to show: what would move a cursor, reorder letters or hide is spelled out instead."""

from __future__ import annotations

import re

# C0 and C1 controls but tab and line feed, DEL, soft hyphen, Arabic letter mark, Mongolian vowel separator,
# zero-width and bidirectional marks, line separators, invisible operators, byte order mark, interlinear marks, tags,
# and lone surrogates (bytes of a file name that are no text).
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_CRLF = re.compile(r"\r+\n")


def visible(text: str) -> str:
    """The text with every control or invisible character as its escape (``\\x1b``, ``\\u202e``); CRLF becomes LF."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escape, _CRLF.sub("\n", text))


def one_line(text: str, limit: int = 120) -> str:
    """The text visible, its white space collapsed, cut at ``limit`` code points with an ellipsis."""
    joined = " ".join(visible(text).split())
    return joined if len(joined) <= limit else joined[: limit - 1].rstrip() + "…"


def _escape(match: re.Match[str]) -> str:
    point = ord(match.group())
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
