"""Git's ignore rules, exactly, and ``.magrayignore`` with the same grammar; reads ignore files, decides, lists nothing.

Paths are matched in the form "one character per UTF-8 byte", because git's ``?`` and ``[..]`` match bytes.
Source of the rules: gitignore(5) and wildmatch in git's own tests.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILES = (".gitignore", ".magrayignore")
"""Read in every folder; of two that disagree in one folder the later wins."""

_MAX_IGNORE_FILE_BYTES = 1_000_000
_MAX_PATTERN, _MAX_DEEP_STARS = 1_000, 5
_STAR, _DEEP = "[^/]*", (".*", "(?:.*/)?")
_GLOB = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~", "space": r"\s",
    "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pattern:
    order: int
    ignores: bool
    folders_only: bool


class IgnoreRules:
    """The patterns of one folder, which may lie in the workspace or above it.

    ``below`` is that folder from the workspace root ("a/b/"), ``above`` the root from that folder ("packages/x/").
    """

    def __init__(self, lines: list[str], *, below: str = "", above: str = "", ignore_case: bool = False) -> None:
        self._cut = len(to_bytes_form(below))
        self._lead = to_bytes_form(above)
        self._fold = ignore_case
        self._names: dict[str, list[_Pattern]] = {}
        self._suffixes: dict[str, list[_Pattern]] = {}
        self._paths: dict[str, list[_Pattern]] = {}
        self._globs: list[tuple[_Pattern, bool, re.Pattern[str]]] = []
        for order, line in enumerate(lines):
            self._add(order, line)
        self._globs.reverse()

    def __bool__(self) -> bool:
        return bool(self._names or self._suffixes or self._paths or self._globs)

    def verdict_from_root(self, path: str, is_folder: bool) -> bool | None:
        """``verdict`` for a path that is relative to the workspace root."""
        return self.verdict(self._lead + path[self._cut :], is_folder)

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """True: ignored, False: taken back in, None: nothing said. ``path`` as ``to_bytes_form`` gives it."""
        path = path.lower() if self._fold else path
        name = path[path.rfind("/") + 1 :]
        found = [*self._names.get(name, ()), *self._paths.get(path, ())]
        dot = name.rfind(".")
        if dot >= 0:
            found += self._suffixes.get(name[dot:], ())
        best = max((p for p in found if is_folder or not p.folders_only), key=lambda p: p.order, default=None)
        for pattern, whole_path, regex in self._globs:
            if best is not None and pattern.order < best.order:
                break
            if (is_folder or not pattern.folders_only) and regex.fullmatch(path if whole_path else name):
                best = pattern
                break
        return None if best is None else best.ignores

    def _add(self, order: int, line: str) -> None:
        line = _without_trailing_spaces(line)
        if not line or line.startswith("#"):
            return
        ignores = not line.startswith("!")
        text = line if ignores else line[1:]
        folders_only = text.endswith("/")
        text = text[:-1] if folders_only else text
        pattern = _Pattern(order, ignores, folders_only)
        whole_path = "/" in text
        text = text[1:] if text.startswith("/") else text
        if not text:
            return
        text = text.lower() if self._fold else text
        if not _GLOB.search(text):
            (self._paths if whole_path else self._names).setdefault(text, []).append(pattern)
        elif not whole_path and re.fullmatch(r"\*\.[^.*?\[\\]+", text):
            self._suffixes.setdefault(text[1:], []).append(pattern)
        else:
            regex = _translate(text)
            if regex is not None:
                self._globs.append((pattern, whole_path, regex))


def to_bytes_form(path: str) -> str:
    """The path with one character per UTF-8 byte; ASCII stays as it is."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("latin-1")


def parse_ignore_file(data: bytes) -> list[str]:
    """The lines of an ignore file, in bytes form, with line ends and a leading byte order mark removed."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return [line.removesuffix("\r") for line in text.split("\n")]


def read_ignore_file(path: Path) -> list[str]:
    """Its lines; none if it is missing, unreadable, too large, no regular file or (as in git) a symbolic link."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return []
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return []
        return parse_ignore_file(file.read(_MAX_IGNORE_FILE_BYTES))


def is_ignored(levels: list[IgnoreRules], path: str, is_folder: bool) -> bool:
    """The verdict of the last level that says something; ``levels`` go from the weakest to the strongest.

    The caller asks from the top down and does not go below an ignored folder: nothing below can be taken back in.
    """
    form = to_bytes_form(path)
    for level in reversed(levels):
        verdict = level.verdict_from_root(form, is_folder)
        if verdict is not None:
            return verdict
    return False


def _without_trailing_spaces(line: str) -> str:
    """Spaces at the end do not count unless a backslash quotes them."""
    kept = line.rstrip(" ")
    if len(kept) == len(line):
        return line
    backslashes = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if backslashes % 2 else kept


def _translate(pattern: str) -> re.Pattern[str] | None:
    """A regular expression for the whole path or name, or None for a pattern that git never matches."""
    if len(pattern) > _MAX_PATTERN or pattern.count("**/") > _MAX_DEEP_STARS:
        return None
    out: list[str] = [""]
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "*":
            i, piece = _star(pattern, i)
        elif char == "?":
            i, piece = i + 1, "[^/]"
        elif char == "[":
            i, bracket = _bracket(pattern, i)
            if bracket is None:
                return None
            piece = bracket
        elif char == "\\":
            if i + 1 == len(pattern):
                return None
            i, piece = i + 2, re.escape(pattern[i + 1])
        else:
            i, piece = i + 1, re.escape(char)
        if piece in (_STAR, *_DEEP):
            out += [piece, ""]
        else:
            out[-1] += piece
    return re.compile(_joined(out), re.DOTALL)


def _joined(pieces: list[str]) -> str:
    """Text and stars in turn, as one expression that does not go back further than it must.

    What stands between two stars of a component is matched where it comes first, for good, because the second star
    takes in whatever follows. Without that ``a*a*a*a*b`` takes exponential time.
    """
    for at in range(1, len(pieces) - 2, 2):
        if pieces[at] == pieces[at + 2] == _STAR:
            pieces[at : at + 2] = ["(?>[^/]*?", pieces[at + 1] + ")"]
    return "".join(pieces)


def _star(pattern: str, i: int) -> tuple[int, str]:
    """Stars from ``i``: two or more that fill a path component cross folders, others do not.

    Git compares the pattern up to its first special character as plain text and matches the rest as a pattern of its
    own, so stars right after plain text count as the beginning of a component.
    """
    end = i
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    starts_component = i == 0 or pattern[i - 1] == "/" or not _GLOB.search(pattern, 0, i)
    if end - i < 2 or not starts_component:
        return end, _STAR
    if end == len(pattern):
        return end, _DEEP[0]
    if pattern[end] == "/":
        return end + 1, _DEEP[1]
    return end, _STAR


def _bracket(pattern: str, i: int) -> tuple[int, str | None]:
    """A bracket expression from ``i``; None where it does not end or names no class."""
    at = i + 1
    negated = at < len(pattern) and pattern[at] in "!^"
    at += negated
    parts: list[str] = []
    first = True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at)
            name = pattern[at + 2 : end] if end > 0 else ""
            if name not in _CLASSES:
                return at, None
            parts.append(_CLASSES[name])
            at = end + 2
            continue
        low, at = _bracket_char(pattern, at)
        if at + 1 < len(pattern) and pattern[at] == "-" and pattern[at + 1] != "]":
            high, at = _bracket_char(pattern, at + 1)
            if low and high and low <= high:
                parts.append(f"{re.escape(low)}-{re.escape(high)}")
        elif low:
            parts.append(re.escape(low))
    if at >= len(pattern):
        return at, None
    inside = "".join(parts)
    if not inside:
        return at + 1, "[^/]" if negated else "(?!)"
    return at + 1, f"(?!/)[{'^' if negated else ''}{inside}]"


def _bracket_char(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1
