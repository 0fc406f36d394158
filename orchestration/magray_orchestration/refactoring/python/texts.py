"""Mentions that are words to Python and may still mean the name: strings, comments, docstrings, documentation files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from magray_core.errors import WorkspaceError
from magray_core.memory import Occurrence, OccurrenceKind
from magray_core.spans import Span
from magray_orchestration.refactoring.python.judging import Judge, Verdict
from magray_orchestration.refactoring.python.mentions import Mention, Role
from magray_orchestration.refactoring.python.program import argument_nodes
from magray_orchestration.workspace import Workspace

_PROSE = (".rst", ".md", ".txt", ".adoc")
_SETTINGS = (".toml", ".cfg", ".ini", ".yaml", ".yml", ".json")
_BY_NAME = frozenset(("getattr", "setattr", "hasattr", "delattr", "object", "attrgetter", "methodcaller"))


def named_by_string(judge: Judge, mention: Mention) -> bool:
    """Whether a string certainly names the family: a dotted path to it, or ``getattr(receiver, "name")``."""
    if mention.role is not Role.STRING:
        return False
    model = mention.model
    word = _dotted_around(model.data, mention.start, mention.end)
    if "." in word or ":" in word:
        return judge.resolves(model.path, word)
    string = mention.node
    while string.type != "string" and string.parent is not None:
        string = string.parent
    call = string.parent.parent if string.parent is not None else None
    if call is None or call.type != "call" or mention.end - mention.start + 2 > string.end_byte - string.start_byte:
        return False
    arguments = argument_nodes(call)
    called = model.text(call.child_by_field_name("function")).rpartition(".")[2]
    if called not in _BY_NAME or len(arguments) < 2 or arguments[1].id != string.id:
        return False
    return judge.member_of(judge.inference.kinds(model, arguments[0])) is Verdict.YES


def is_documentation(mention: Mention) -> bool:
    """Whether a string mention stands in a docstring, where it is words about the code."""
    node = mention.node
    while node.type != "string" and node.parent is not None:
        node = node.parent
    return node.parent is not None and node.parent.type in ("expression_statement", "block", "module")


def speaks_of(text: str, start: int, end: int) -> bool:
    """Whether prose means code by the word: it is marked up, dotted, called, or no plain word to begin with."""
    word = text[start:end]
    if "_" in word.strip("_") or re.search(r"[a-z][A-Z]|\d", word):
        return True
    before, after = text[max(0, start - 60) : start], text[end : end + 2]
    line_before = before.rpartition("\n")[2]
    if after[:1] == "(" or re.search(r"[\w)]\.$", line_before) or re.match(r"\.\w", after):
        return True
    return bool(
        re.search(r"`[~!.\w]*$", line_before)
        or re.search(r"(?:param|class|func|meth|attr|data)\s+[.\w]*$", line_before)
    )


def mentions_in_other_files(
    workspace: Workspace, occurrences: Iterable[Occurrence], judge: Judge
) -> Iterator[tuple[Occurrence, bool]]:
    """Mentions outside Python that may mean the name, with whether one certainly does (an entry point, say)."""
    name = judge.family.target.name
    for occurrence in occurrences:
        prose, settings = occurrence.path.endswith(_PROSE), occurrence.path.endswith(_SETTINGS)
        if not prose and not (settings and occurrence.kind in (OccurrenceKind.STRING, OccurrenceKind.TEXT)):
            continue
        try:
            text = workspace.read(occurrence.path).text
        except WorkspaceError:
            continue
        start, end = occurrence.span.start, occurrence.span.end
        if text[start:end] != name:
            continue  # the file changed since it was indexed, and is not open
        dotted = _dotted_around(text.encode("utf-8", "surrogatepass"), *_bytes(text, occurrence.span))
        if settings and ("." in dotted or ":" in dotted):
            if judge.resolves("", dotted):
                yield occurrence, True
        elif prose and speaks_of(text, start, end):
            yield occurrence, False


def _dotted_around(data: bytes, start: int, end: int) -> str:
    """The dotted path that ends in the mention."""
    line = data[max(0, data.rfind(b"\n", 0, start) + 1) : start].decode("utf-8", "replace")
    match = re.search(r"[A-Za-z_][\w.:]*[.:]$", line)
    return (match.group() if match else "") + data[start:end].decode("utf-8", "replace")


def _bytes(text: str, span: Span) -> tuple[int, int]:
    start = len(text[: span.start].encode("utf-8", "surrogatepass"))
    return start, start + len(text[span.start : span.end].encode("utf-8", "surrogatepass"))
