"""``PATH:LINE[:COL]`` and ``PATH:L1-L2`` as people type them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from magray_core.errors import WorkspaceError
from magray_server.cli.parser import UsageError

_AT = re.compile(r"(?s)(.+?):(\d{1,9})(?::(\d{1,9}))?")
_SELECTED = re.compile(r"(?s)(.+?):(\d{1,9})-(\d{1,9})")


class Pointed(NamedTuple):
    """A path as typed with a line and perhaps a column, from 1."""

    path: str
    line: int
    column: int | None


class Selected(NamedTuple):
    """A path as typed with the first and last line, from 1."""

    path: str
    first: int
    last: int


def parse_pointed(text: str) -> Pointed:
    """``PATH:LINE[:COL]``. Raises UsageError if the text has another form."""
    match = _AT.fullmatch(text)
    if match is None or int(match.group(2)) < 1:
        raise UsageError(
            f"{text!r} is not PATH:LINE[:COL]", "lines and columns count from 1, for example src/app.py:12:5"
        )
    column = None if match.group(3) is None else int(match.group(3))
    return Pointed(match.group(1), int(match.group(2)), column)


def parse_place(text: str) -> Pointed:
    """``PATH[:LINE[:COL]]``; line 0 is the whole file. Raises UsageError for line 0 and for no path."""
    match = _AT.fullmatch(text)
    if match is not None:
        return parse_pointed(text)
    if not text.strip():
        raise UsageError("the place is empty", "give PATH:LINE, for example src/app.py:12")
    return Pointed(text, 0, None)


def parse_selected(text: str) -> Selected:
    """``PATH:L1-L2``. Raises UsageError if the text has another form."""
    match = _SELECTED.fullmatch(text)
    if match is None or int(match.group(2)) < 1:
        raise UsageError(f"{text!r} is not PATH:L1-L2", "lines count from 1, for example src/app.py:12-20")
    return Selected(match.group(1), int(match.group(2)), int(match.group(3)))


def parse_steps(text: str | None) -> frozenset[int] | None:
    """``1,3`` as numbers; None stays None. Raises UsageError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 and int(part) > 0 for part in parts):
        raise UsageError(f"{text!r} is not a list of steps", "give their numbers, for example --steps 1,3")
    return frozenset(int(part) for part in parts)


def path_from_root(text: str, root: Path) -> str:
    """A typed path, meant from the current folder or else from the root, as a path of the workspace.

    Raises WorkspaceError if it is outside.
    """
    for base in (Path.cwd(), root):
        # Only the folder is resolved: a link must stay visible as one, so that it is refused where it matters.
        path = base / text
        whole = Path(os.path.realpath(path.parent)) / path.name
        if os.path.lexists(whole) and whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    if Path(text).is_absolute() or ".." in Path(text).parts:
        raise WorkspaceError(f"{text} is not a file of the workspace", hint="choose the workspace with --root")
    return Path(text).as_posix()
