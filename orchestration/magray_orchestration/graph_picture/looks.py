"""How kinds of nodes and edges look and are called, and how hostile text becomes harmless markup."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from magray_core.display import one_line
from magray_indexers.graph.model import EdgeKind, NodeKind

CHAR_PX = 6.85
"""Width of one column of the 11 px monospaced type that labels are set in, with a margin for other fonts."""
_NOT_XML = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class EdgeLook:
    """Colours on light and dark ground, the dash pattern of a line, and the kind read against its direction."""

    light: str
    dark: str
    dash: str
    reverse: str


EDGE_LOOKS: Mapping[EdgeKind, EdgeLook] = MappingProxyType(
    {
        EdgeKind.DEFINES: EdgeLook("#57606a", "#9aa4af", "1.5 3.5", "defined in"),
        EdgeKind.CALLS: EdgeLook("#0969da", "#58a6ff", "", "called by"),
        EdgeKind.IMPORTS: EdgeLook("#8250df", "#bc8cff", "8 3", "imported by"),
        EdgeKind.TESTS: EdgeLook("#1a7f37", "#3fb950", "12 3 2 3", "tested by"),
        EdgeKind.MENTIONS: EdgeLook("#9a6700", "#d29922", "3 3", "mentioned by"),
        EdgeKind.CHANGED_WITH: EdgeLook("#bc4c00", "#f0883e", "14 5", "changed with"),
        EdgeKind.DECIDED_IN: EdgeLook("#cf222e", "#ff7b72", "6 2 1.5 2", "decision about"),
        EdgeKind.ALIKE: EdgeLook("#6e7781", "#8b949e", "2 6", "shares notions with"),
    }
)
"""In the order of the legend."""

NODE_COLORS: Mapping[NodeKind, tuple[str, str]] = MappingProxyType(
    {
        NodeKind.FILE: ("#57606a", "#9aa4af"),
        NodeKind.SYMBOL: ("#0969da", "#58a6ff"),
        NodeKind.NOTION: ("#9a6700", "#d29922"),
        NodeKind.TASK: ("#1a7f37", "#3fb950"),
        NodeKind.NOTE: ("#8250df", "#bc8cff"),
        NodeKind.DECISION: ("#cf222e", "#ff7b72"),
    }
)
"""The colour of each kind's mark on light and on dark ground."""


def safe(text: str) -> str:
    """Text for markup and quoted attributes, on one line: escaped, invisible and forbidden characters spelled out."""
    return html.escape(shown(text, 400), quote=True)


def shown(text: str, limit: int = 120) -> str:
    """Text on one line of at most ``limit`` code points, what is invisible or forbidden in XML spelled out."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match.group()):04x}", one_line(text, limit))


def columns(text: str) -> int:
    """How many columns of monospaced type a text takes: East Asian and emoji characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, limit: int) -> str:
    """The text on one line in at most ``limit`` columns; what is too long loses its middle, ends tell most."""
    whole = shown(text, 400)
    if columns(whole) <= limit:
        return whole
    head, tail = "", ""
    for char in whole:
        if columns(head + char) > (limit - 1) // 2:
            break
        head += char
    for char in reversed(whole):
        if columns(head + tail + char) > limit - 1:
            break
        tail = char + tail
    return f"{head}…{tail}"
