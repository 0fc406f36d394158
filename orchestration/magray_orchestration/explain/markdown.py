"""Markdown made of text that nobody vouches for: escaped, visible, without links or images of its own."""

from __future__ import annotations

import re

from magray_core.display import one_line, visible

# What means something in the middle of a line; an underscore inside a word does not.
_SPECIAL = re.compile(r"[\\`*\[\]<>~|&!]|(?<![^\W_])_|_(?![^\W_])")
_OPENING = re.compile(r"^(?=[#+=\-])|^(\d+)(?=[.)])")
_TICKS = re.compile(r"`+")


def escape(text: str, limit: int = 300) -> str:
    """The text as one line that Markdown shows literally, wherever it stands."""
    escaped = _SPECIAL.sub(lambda match: "\\" + match.group(), one_line(text, limit))
    return _OPENING.sub(lambda match: f"{match.group()}\\" if match.group() else "\\", escaped)


def code(text: str, limit: int = 120) -> str:
    """The text as inline code, whatever back ticks it holds."""
    line = one_line(text, limit)
    if not line:
        return ""
    ticks = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    padding = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{ticks}{padding}{line}{padding}{ticks}"


def fence(text: str, language: str = "") -> list[str]:
    """The lines of a fenced block that nothing inside can close."""
    shown = visible(text).rstrip("\n")
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(shown)), default=0) + 1)
    return [f"{ticks}{language}", *shown.split("\n"), ticks]


def link(label: str, target: str) -> str:
    """A link whose label is already Markdown; the label alone where there is no target."""
    return f"[{label}]({target})" if target else label
