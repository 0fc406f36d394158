"""Unified diffs of plans and steps, in the form that ``git apply`` and ``patch`` read. Complete: nothing is cut.

The text is exact and may hold control characters of the files; whoever shows it makes them visible first.
"""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from magray_core.documents import decode
from magray_core.plans import Plan, Step
from magray_core.spans import Span, TextEdit, apply_edits
from magray_orchestration.plans.states import (
    Pair,
    Placed,
    PlanTexts,
    Subject,
    accepted_pairs,
    edits_between,
    pairs_of,
    place,
)

_CONTEXT = 3
_MATCH_LIMIT = 4_000_000  # lines times lines; larger replaced blocks are shown as replaced whole


class PlanSource(Protocol):
    """What diffs and documents need of the plan store."""

    def texts(self, plan: Plan) -> PlanTexts:
        """The plan's texts with the original bytes."""

    def modes(self, plan_id: str) -> Mapping[str, int]:
        """The permission bits of the original files."""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's part of a diff, with how many lines it adds and removes."""

    path: str
    new_path: str
    text: str
    added: int
    removed: int


def plan_diff(store: PlanSource, plan: Plan) -> str:
    """What the accepted steps and files would change, from the files as they were when the plan was made."""
    return "".join(item.text for item in file_diffs(store, plan, accepted_pairs(plan)))


def step_diff(store: PlanSource, plan: Plan, step: Step) -> str:
    """What one step alone would change, all its files, from the files as they were when the plan was made."""
    return "".join(item.text for item in file_diffs(store, plan, pairs_of(plan, steps=(step.id,))))


def file_diffs(store: PlanSource, plan: Plan, pairs: frozenset[Pair]) -> tuple[FileDiff, ...]:
    """The diff that these pairs make to the original texts, file by file, ordered by path."""
    texts, modes = store.texts(plan), store.modes(plan.id)
    nothing: frozenset[Pair] = frozenset()
    found = []
    for subject in texts.subjects:
        if not any((step, change.path) in pairs for step, change in texts.changes[subject]):
            continue
        sides = _Sides(place(texts, subject, nothing), place(texts, subject, pairs), modes.get(subject.path, 0))
        item = _file_diff(sides, lambda subject=subject: _text_edits(texts, subject, pairs))  # type: ignore[misc]
        if item is not None:
            found.append(item)
    return tuple(found)


def content_diff(path: str, old: str, new: str) -> str:
    """The hunks between two texts of one file, without any file header; "" where they are equal."""
    hunks = [] if old == new else [Span(0, len(old))]
    return "".join(_hunks(old, [TextEdit(span, new) for span in hunks])[0])


@dataclass(frozen=True, slots=True)
class _Sides:
    old: Placed | None
    new: Placed | None
    mode: int


def _text_edits(texts: PlanTexts, subject: Subject, pairs: frozenset[Pair]) -> tuple[TextEdit, ...]:
    return tuple(item.edit for item in edits_between(texts, subject, frozenset(), pairs))


def _file_diff(sides: _Sides, edits: Callable[[], tuple[TextEdit, ...]]) -> FileDiff | None:
    old, new = sides.old, sides.new
    if old == new or (old is None and new is None):
        return None
    one = old or new
    assert one is not None
    path, new_path = (old or one).path, (new or one).path
    mode = "100755" if sides.mode & 0o111 and old is not None else "100644"
    header = [f"diff --git {_quoted('a/', path)} {_quoted('b/', new_path)}\n"]
    if old is None:
        header.append(f"new file mode {mode}\n")
    elif new is None:
        header.append(f"deleted file mode {mode}\n")
    elif path != new_path:
        same = ["similarity index 100%\n"] if old.content == new.content else []
        header += [*same, f"rename from {_quoted('', path)}\n", f"rename to {_quoted('', new_path)}\n"]
    contents = (b"" if old is None else old.content, b"" if new is None else new.content)
    if contents[0] == contents[1]:
        return FileDiff(path, new_path, "".join(header), 0, 0)
    old_text, new_text = (decode(content) for content in contents)
    if old_text is None or new_text is None:
        header.append(f"Binary files {_quoted('a/', path)} and {_quoted('b/', new_path)} differ\n")
        return FileDiff(path, new_path, "".join(header), 0, 0)
    changes = edits() if old is not None and new is not None else (TextEdit(Span(0, len(old_text[0])), new_text[0]),)
    body, added, removed = _hunks(old_text[0], changes)
    header.append(f"--- {_quoted('a/', path) if old is not None else '/dev/null'}\n")
    header.append(f"+++ {_quoted('b/', new_path) if new is not None else '/dev/null'}\n")
    return FileDiff(path, new_path, "".join([*header, *body]), added, removed)


@dataclass(frozen=True, slots=True)
class _Change:
    """Old lines ``[start, end)`` become ``lines``."""

    start: int
    end: int
    lines: tuple[str, ...]


def _hunks(old: str, edits: Iterable[TextEdit]) -> tuple[list[str], int, int]:
    """The hunks, and how many lines they add and remove."""
    lines = _lines(old)
    changes = _joined(_line_changes(old, sorted(edits)))
    out: list[str] = []
    shift = 0
    for group in _grouped(changes):
        first, last = max(0, group[0].start - _CONTEXT), min(len(lines), group[-1].end + _CONTEXT)
        grown = sum(len(change.lines) - (change.end - change.start) for change in group)
        old_range, new_range = _range(first, last - first), _range(first + shift, last - first + grown)
        out.append(f"@@ -{old_range} +{new_range} @@\n")
        at = first
        for change in group:
            out += (_line(" ", line) for line in lines[at : change.start])
            out += (_line("-", line) for line in lines[change.start : change.end])
            out += (_line("+", line) for line in change.lines)
            at = change.end
        out += (_line(" ", line) for line in lines[at:last])
        shift += grown
    return out, sum(len(change.lines) for change in changes), sum(change.end - change.start for change in changes)


def _line_changes(old: str, edits: Sequence[TextEdit]) -> Iterator[_Change]:
    """The smallest runs of lines that differ. Only the lines that edits touch are compared."""
    starts = [0]
    while (end := old.find("\n", starts[-1])) != -1:
        starts.append(end + 1)
    regions: list[tuple[int, int, list[TextEdit]]] = []
    for edit in edits:
        first = bisect.bisect_right(starts, edit.span.start) - 1
        last = bisect.bisect_right(starts, edit.span.end)
        if regions and first < regions[-1][1]:
            start, end, inner = regions[-1]
            regions[-1] = (start, max(end, last), [*inner, edit])
        else:
            regions.append((first, last, [edit]))
    for first, last, inner in regions:
        begin = starts[first]
        segment = old[begin : starts[last] if last < len(starts) else len(old)]
        moved = [TextEdit(Span(edit.span.start - begin, edit.span.end - begin), edit.new_text) for edit in inner]
        before, after = _lines(segment), _lines(apply_edits(segment, moved))
        for start, end, new_start, new_end in _different(before, after):
            yield _Change(first + start, first + end, tuple(after[new_start:new_end]))


def _different(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    if len(before) * len(after) > _MATCH_LIMIT:
        yield 0, len(before), 0, len(after)
        return
    for tag, start, end, new_start, new_end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            yield start, end, new_start, new_end


def _joined(changes: Iterable[_Change]) -> list[_Change]:
    """Changes that touch as one, so that all its removed lines stand before all its added ones."""
    joined: list[_Change] = []
    for change in changes:
        if joined and joined[-1].end == change.start:
            last = joined.pop()
            change = _Change(last.start, change.end, last.lines + change.lines)  # noqa: PLW2901
        joined.append(change)
    return joined


def _grouped(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    group: list[_Change] = []
    for change in changes:
        if group and change.start - group[-1].end > 2 * _CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _lines(text: str) -> list[str]:
    """Lines with their ``\\n``; other line ends stay inside, as git sees them."""
    pieces = text.split("\n")
    return [f"{piece}\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _line(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _range(start: int, length: int) -> str:
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


def _quoted(prefix: str, path: str) -> str:
    """The path as git writes it: in quotes, with octal escapes for unusual bytes. Blanks are quoted too, for patch."""
    plain = all("!" <= char <= "~" and char not in '"\\' for char in path)
    if plain:
        return prefix + path
    special = {0x22: '\\"', 0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n"}
    data = path.encode("utf-8", "surrogateescape")
    escaped = (special.get(byte, chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}") for byte in data)
    return f'"{prefix}{"".join(escaped)}"'
