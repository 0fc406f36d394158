"""Two texts as the edits between them: whole lines, as few as a line diff needs."""

from __future__ import annotations

import difflib

from magray_core.spans import Span, TextEdit


def edits_between(before: str, after: str) -> tuple[TextEdit, ...]:
    """Edits that make ``after`` of ``before``; line ends are part of their lines."""
    if before == after:
        return ()
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    edits: list[TextEdit] = []
    for tag, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if tag != "equal":
            edits.append(TextEdit(Span(starts[old_from], starts[old_to]), "".join(new[new_from:new_to])))
    return tuple(edits)
