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
    """A path relative to the root with a line and perhaps a column, from 1."""

    path: str
    line: int
    column: int | None


class Selected(NamedTuple):
    """A path relative to the root with the first and last line, from 1."""

    path: str
    first: int
    last: int


def parse_pointed(text: str, root: Path) -> Pointed:
    """Raises UsageError if the text has another form, WorkspaceError if the path is outside the workspace."""
    match = _AT.fullmatch(text)
    if match is None or int(match.group(2)) < 1:
        raise UsageError(
            f"{text!r} is not PATH:LINE[:COL]", "lines and columns count from 1, for example src/app.py:12:5"
        )
    column = None if match.group(3) is None else int(match.group(3))
    return Pointed(_relative(match.group(1), root), int(match.group(2)), column)


def parse_selected(text: str, root: Path) -> Selected:
    """Raises UsageError if the text has another form, WorkspaceError if the path is outside the workspace."""
    match = _SELECTED.fullmatch(text)
    if match is None or int(match.group(2)) < 1:
        raise UsageError(f"{text!r} is not PATH:L1-L2", "lines count from 1, for example src/app.py:12-20")
    return Selected(_relative(match.group(1), root), int(match.group(2)), int(match.group(3)))


def parse_steps(text: str | None) -> frozenset[int] | None:
    """``1,3`` as numbers; None stays None. Raises UsageError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 and int(part) > 0 for part in parts):
        raise UsageError(f"{text!r} is not a list of steps", "give their numbers, for example --steps 1,3")
    return frozenset(int(part) for part in parts)


def _relative(text: str, root: Path) -> str:
    """The path from the root: typed paths are meant from the current folder, else from the root."""
    for base in (Path.cwd(), root):
        # Only the folder is resolved: a link must stay visible as one, so that it is refused where it matters.
        path = base / text
        whole = Path(os.path.realpath(path.parent)) / path.name
        if os.path.lexists(whole) and whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    if Path(text).is_absolute() or ".." in Path(text).parts:
        raise WorkspaceError(f"{text} is not a file of the workspace", hint="choose the workspace with --root")
    return Path(text).as_posix()
