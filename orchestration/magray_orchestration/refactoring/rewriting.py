"""Turns matches of a pattern into edits: fills in the replacement, keeps indentation and line ends, nests."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from magray_core.documents import line_ending
from magray_core.spans import Span, TextEdit
from magray_orchestration.refactoring.engines.astgrep_engine import METAVARIABLE, Capture, Match

_INDENT = re.compile(r"[ \t]*")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The edits of one text. ``n_lost`` counts matches inside a part that the replacement leaves out."""

    edits: tuple[TextEdit, ...]
    n_matches: int
    n_nested: int
    n_lost: int


def rewrite(text: str, matches: Sequence[Match], replacement: str) -> Rewritten:
    """Edits that put the replacement for every outermost match; matches inside what it keeps are replaced as well.

    ``matches`` are ordered by place, the longer first. Matches that neither nest nor are apart cannot be: the text is
    a tree.
    """
    rewriting = _Rewriting(text, matches, replacement)
    edits: list[TextEdit] = []
    end = -1
    for match in matches:
        if match.span.start < end:
            continue
        end = match.span.end
        new_text = rewriting.filled(match)
        if new_text != text[match.span.start : match.span.end]:
            edits.append(TextEdit(match.span, new_text))
        rewriting.done.add(match.span)
    n_nested = len(rewriting.done) - _outermost(matches)
    return Rewritten(tuple(edits), len(matches), n_nested, len(matches) - len(rewriting.done))


def _outermost(matches: Sequence[Match]) -> int:
    count, end = 0, -1
    for match in matches:
        if match.span.start >= end:
            count, end = count + 1, match.span.end
    return count


class _Rewriting:
    """One text with its matches; ``done`` are the matches that ended up replaced."""

    def __init__(self, text: str, matches: Sequence[Match], replacement: str) -> None:
        self.text = text
        self.matches = matches
        self.starts = [match.span.start for match in matches]
        self.replacement = replacement.replace("\r\n", "\n")
        self.newline = line_ending(text)
        self.done: set[Span] = set()

    def filled(self, match: Match) -> str:
        """The replacement with the match's captures, each line indented as the match's own line is."""
        base = _indent_of(self.text, match.span.start)
        parts: list[str] = []
        at = 0
        for slot in METAVARIABLE.finditer(self.replacement):
            capture = match.captures.get(slot["one"] or slot["many"] or "")
            if capture is None:
                continue
            before = self.replacement[at : slot.start()]
            at = slot.end()
            if capture.span.start == capture.span.end:
                before, skipped = _without_comma(before, self.replacement[at:])
                at += skipped
                parts.append(before.replace("\n", self.newline + base))
                continue
            line = self.replacement[: slot.start()].rpartition("\n")[2]
            extra = _INDENT.match(line)
            wanted = base + (extra.group() if extra and "\n" in self.replacement[: slot.start()] else "")
            parts += (before.replace("\n", self.newline + base), self._captured(capture, wanted))
        parts.append(self.replacement[at:].replace("\n", self.newline + base))
        return "".join(parts)

    def _captured(self, capture: Capture, wanted: str) -> str:
        """The captured text with the matches in it replaced and its later lines shifted to the wanted indentation."""
        span = capture.span
        parts: list[str] = []
        at = span.start
        i = bisect_right(self.starts, span.start - 1)
        while i < len(self.matches) and self.matches[i].span.start < span.end:
            inner = self.matches[i].span
            if inner.start >= at and inner.end <= span.end:
                parts += (self._shifted(Span(at, inner.start), capture, wanted), self.filled(self.matches[i]))
                self.done.add(inner)
                at = inner.end
            i += 1
        parts.append(self._shifted(Span(at, span.end), capture, wanted))
        return "".join(parts)

    def _shifted(self, piece: Span, capture: Capture, wanted: str) -> str:
        present = _indent_of(self.text, capture.span.start)
        text = self.text[piece.start : piece.end]
        if present == wanted or "\n" not in text:
            return text
        lines = text.split("\n")
        offset = piece.start
        for i in range(len(lines) - 1):
            offset += len(lines[i]) + 1
            following = lines[i + 1]
            inside = any(kept.start < offset < kept.end for kept in capture.verbatim)
            if not inside and following.strip():
                deeper = following.removeprefix(present) if following.startswith(present) else following.lstrip(" \t")
                lines[i + 1] = wanted + deeper
        return "\n".join(lines)


def _indent_of(text: str, offset: int) -> str:
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    match = _INDENT.match(text, start)
    return match.group()[: offset - start] if match else ""


def _without_comma(before: str, after: str) -> tuple[str, int]:
    """The text before an empty capture and how much to skip after it, so that no comma is left alone."""
    shorter = re.sub(r",\s*$", "", before)
    if shorter != before:
        return shorter, 0
    comma = re.match(r"\s*,\s*", after)
    return before, comma.end() if comma and before.rstrip().endswith(("(", "[", "{", "<")) else 0
