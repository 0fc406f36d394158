"""Whether the words for a new name can be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from magray_core.errors import GoalNotUnderstood, RefactoringRefused
from magray_orchestration.intents.grammar import Reading
from magray_orchestration.intents.suggesting import hint_for, phrase

_NAME = re.compile(r"[@$]{0,2}[^\W\d]\w*(?:[\w$]*)[!?]?")
_DASHED = re.compile(r"-{0,2}[^\W\d][\w-]*")
_SUFFIXES = (".py", ".pyi", ".pyw")
_FILE = re.compile(r"[^\s/\\:*?\"<>|][^\\:*?\"<>|\n]*")


def checked_new_name(reading: Reading, slots: Mapping[str, str]) -> str:
    """The one name that ``old`` shall have. Raises GoalNotUnderstood if the words can be no name, RefactoringRefused if
    nothing would change.
    """
    old, said = slots["old"], reading.slots["new"].strip().removesuffix("()")
    if slots.get("target") in ("file", "module"):
        if not _FILE.fullmatch(said) or ".." in said.split("/"):
            raise _no_name(reading, old, said)
        new = _module_name(old, said)
    else:
        new = _last_part(reading, old, said)
        dashed = "-" in old and _DASHED.fullmatch(new)
        if not _NAME.fullmatch(new) and not dashed:
            raise _no_name(reading, old, said)
    if new in (old, re.split(r"\.|::|#", old)[-1], PurePosixPath(old).stem if "/" in old else old):
        raise RefactoringRefused(f"{old} is already called {new}")
    return new


def other_folder(old: str, said: str) -> bool:
    """Whether the new name of a file also puts it elsewhere, so that the rename is a move."""
    folder = _folder(said)
    return bool(folder) and folder != PurePosixPath(old).parts[:-1][-len(folder) :]


def _folder(said: str) -> tuple[str, ...]:
    """The folders that a path or dotted module names before its last part."""
    if "/" in said:
        return PurePosixPath(said).parts[:-1]
    stem = said.removesuffix(PurePosixPath(said).suffix) if PurePosixPath(said).suffix in _SUFFIXES else said
    return tuple(stem.split("."))[:-1]


def _module_name(old: str, said: str) -> str:
    """``tools`` for ``tools.py``, ``src/lib/tools.py`` and ``lib.tools``, as a module of the old one's kind."""
    name = said.rstrip("/").rpartition("/")[2]
    suffix = PurePosixPath(old).suffix
    if suffix in _SUFFIXES and name.endswith(suffix):
        return name.removesuffix(suffix)
    return name if PurePosixPath(name).suffix in _SUFFIXES else name.rpartition(".")[2]


def _last_part(reading: Reading, old: str, said: str) -> str:
    """``fetch`` of ``Context.fetch`` where the thing is ``Context.get``; a different owner would be a move."""
    parts = re.split(r"\.|::|#", said)
    if len(parts) == 1:
        return said
    owner = re.split(r"\.|::|#", old)[:-1]
    if owner and parts[:-1][-len(owner) :] == owner[-len(parts[:-1]) :]:
        return parts[-1]
    suggestions = (
        phrase(reading.lexicon, "rename", old=old, new=parts[-1]),
        phrase(reading.lexicon, "move", old=old, dest=".".join(parts[:-1])),
    )
    raise GoalNotUnderstood(
        f"a new name has one part, and {said} says where it is as well",
        suggestions=suggestions,
        hint=hint_for(suggestions),
    )


def _no_name(reading: Reading, old: str, said: str) -> GoalNotUnderstood:
    proposal = re.sub(r"\W+", "_", said).strip("_")
    proposal = (
        proposal if _NAME.fullmatch(proposal) else f"_{proposal}" if proposal else reading.lexicon.templates["new"]
    )
    suggestions = (phrase(reading.lexicon, "rename", old=old, new=proposal),)
    return GoalNotUnderstood(f"“{said[:80]}” cannot be a name", suggestions=suggestions, hint=hint_for(suggestions))
