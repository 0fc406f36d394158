"""What a step leaves as it is: every whole-word mention of a name that no edit of the step covers."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from magray_core.cancel import CancelToken
from magray_core.memory import Occurrence, OccurrenceKind
from magray_core.plans import EditFile, FileChange, RenameFile, Residue, ResidueKind
from magray_core.spans import Span
from magray_orchestration.workspace import Workspace

_KINDS = {
    OccurrenceKind.STRING: ResidueKind.STRING,
    OccurrenceKind.COMMENT: ResidueKind.COMMENT,
    OccurrenceKind.TEXT: ResidueKind.TEXT,
}
_EXCERPT_CHARS = 160


def find_residue(
    workspace: Workspace, name: str, changes: Iterable[FileChange], *, cancel: CancelToken | None = None
) -> tuple[Residue, ...]:
    """Every mention of the name in the workspace that the changes leave, by path and place. All of them, unlimited."""
    occurrences = workspace.index.occurrences(name, overlay=workspace.overlay, cancel=cancel)
    return leftovers(occurrences, changes)


def leftovers(occurrences: Iterable[Occurrence], changes: Iterable[FileChange]) -> tuple[Residue, ...]:
    """The mentions among ``occurrences`` that the changes leave. Mentions in deleted files are not left."""
    covered: dict[str, list[Span]] = {}
    gone: set[str] = set()
    for change in changes:
        match change:
            case EditFile() | RenameFile():
                covered.setdefault(change.path, []).extend(edit.span for edit in change.edits)
            case _ if change.kind == "delete":
                gone.add(change.path)
            case _:
                pass
    for spans in covered.values():
        spans.sort()
    return tuple(
        residue_of(occurrence)
        for occurrence in occurrences
        if occurrence.path not in gone and not _covers(covered.get(occurrence.path, ()), occurrence.span)
    )


def residue_of(occurrence: Occurrence) -> Residue:
    """The mention as the plan lists it."""
    kind = _KINDS.get(occurrence.kind, ResidueKind.CODE)
    excerpt = occurrence.line_text.strip()[:_EXCERPT_CHARS]
    return Residue(occurrence.path, occurrence.line, occurrence.column, kind, excerpt)


def _covers(ordered: Sequence[Span], mention: Span) -> bool:
    at = bisect.bisect_right(ordered, mention.start, key=lambda span: span.start)
    return any(span.start <= mention.start and mention.end <= span.end for span in ordered[max(0, at - 1) : at + 1])
