"""Paths that were forgotten on request and stay out of the index until the person takes them back in.

Kept as JSON lines in ``.magray/memory/forgotten.jsonl``: the person's own, never derived from anything. Patterns are
those of ignore files, but nothing in the workspace can overrule them.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import WorkspaceError
from magray_indexers.ignore import IgnoreRules, to_bytes_form

_HINT = "repair it, or delete it: then what it names is indexed again"
_SPECIAL = re.compile(r"([*?\[\\])")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A pattern as in an ignore file; ``since`` is seconds since 1970."""

    pattern: str
    since: float


def exclusions(root: Path) -> list[Exclusion]:
    """What stays out, in the order it was said. Raises WorkspaceError if the list cannot be read."""
    file = _file(root)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError("the list of forgotten paths cannot be read", hint=_HINT) from error
    try:
        return [Exclusion(str(one["pattern"]), float(one["since"])) for one in map(json.loads, filter(None, lines))]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceError("the list of forgotten paths is damaged", hint=_HINT) from error


def exclude(root: Path, patterns: Iterable[str]) -> list[Exclusion]:
    """Add patterns that are not there yet; the whole list. Durable when this returns. Raises WorkspaceError."""
    known = exclusions(root)
    have = {one.pattern for one in known}
    now = time.time()
    known += [Exclusion(pattern, now) for pattern in dict.fromkeys(patterns) if pattern not in have]
    _write(root, known)
    return known


def lift(root: Path, pattern: str) -> bool:
    """Take a pattern, or the path it was made for, back; False if there was none. Raises WorkspaceError."""
    known = exclusions(root)
    left = [one for one in known if one.pattern not in (pattern, exact_pattern(pattern))]
    if len(left) == len(known):
        return False
    _write(root, left)
    return True


def exact_pattern(path: str) -> str:
    """The pattern that names just this path, whatever characters are in it."""
    return "/" + _SPECIAL.sub(r"\\\1", path)


def rules_of(patterns: Iterable[str]) -> IgnoreRules:
    """Patterns as rules relative to the workspace's root."""
    return IgnoreRules([to_bytes_form(pattern) for pattern in patterns])


def is_matched(rules: IgnoreRules, path: str) -> bool:
    """Whether the rules name the file or a folder above it."""
    parts = path.split("/")
    folders = ("/".join(parts[:n]) for n in range(1, len(parts)))
    return bool(rules.verdict(to_bytes_form(path), False)) or any(
        rules.verdict(to_bytes_form(folder), True) for folder in folders
    )


def _file(root: Path) -> Path:
    return WorkspacePaths(root).memory / "forgotten.jsonl"


def _write(root: Path, all_of_them: list[Exclusion]) -> None:
    WorkspacePaths(root).create()
    file = _file(root)
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as out:
            out.writelines(json.dumps(asdict(one), ensure_ascii=True) + "\n" for one in all_of_them)
            out.flush()
            os.fsync(out.fileno())
        scratch.replace(file)
    except OSError as error:
        raise WorkspaceError(
            f"the list of forgotten paths cannot be written: {error.strerror}", hint="check the permissions of .magray"
        ) from error
