"""What the cursor or selection shows: the name under it, the definition around it, the code that is selected."""

from __future__ import annotations

import re
from dataclasses import dataclass

from magray_core.errors import MagrayError
from magray_core.memory import Symbol, SymbolKind
from magray_core.plans import Place
from magray_core.spans import Span
from magray_orchestration.workspace import Workspace

_WORD = re.compile(r"[^\W\d][\w$]*")
_NOT_NAMES = frozenset(
    (
        "def", "class", "function", "func", "fn", "fun", "return", "if", "else", "elif", "for", "while", "import",
        "from", "as", "in", "is", "not", "and", "or", "None", "True", "False", "null", "true", "false", "let",
        "const", "var", "public", "private", "protected", "static", "async", "await", "struct", "interface",
        "enum", "trait", "impl", "type", "new", "lambda", "with", "try", "except", "finally", "raise", "throw",
        "pass", "end", "do", "then", "export", "default", "package", "namespace", "module", "use", "pub", "mut",
    )
)  # fmt: skip

KINDS_CALLED: dict[str, frozenset[SymbolKind]] = {
    "function": frozenset((SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CONSTRUCTOR, SymbolKind.MACRO)),
    "method": frozenset((SymbolKind.METHOD, SymbolKind.CONSTRUCTOR, SymbolKind.FUNCTION, SymbolKind.PROPERTY)),
    "class": frozenset(
        (
            SymbolKind.CLASS, SymbolKind.INTERFACE, SymbolKind.STRUCT, SymbolKind.ENUM, SymbolKind.TRAIT,
            SymbolKind.TYPE,
        )
    ),
}  # fmt: skip
"""What people call a function, a method or a class, among the kinds of symbols."""
for _word in ("type", "struct", "interface", "enum", "trait"):
    KINDS_CALLED[_word] = KINDS_CALLED["class"]


@dataclass(frozen=True, slots=True)
class Pointed:
    """A name that the person points at; ``span`` is the name's own place in the document."""

    name: str
    path: str
    span: Span


def pointed_name(workspace: Workspace, place: Place, kind: str = "") -> Pointed | None:
    """The name under the cursor or in the selection; where that is no name, the innermost definition around it.

    With a ``kind`` ("this class") the definition is preferred, unless the name itself is one of that kind.
    """
    text = workspace.read(place.path).text
    word = _selected_name(text, place.span) if place.span.start < place.span.end else word_at(text, place.span.start)
    name = text[word.start : word.end] if word is not None else ""
    wanted = KINDS_CALLED.get(kind)
    if word is not None and (wanted is None or _is_a(workspace, name, wanted)):
        return Pointed(name, place.path, word)
    around = [
        symbol for symbol in _symbols(place.path, text) if symbol.span.start <= place.span.start < symbol.span.end
    ]
    around = [symbol for symbol in around if wanted is None or symbol.kind in wanted]
    if not around:
        return Pointed(name, place.path, word) if word is not None and wanted is None else None
    innermost = min(around, key=lambda symbol: symbol.span.end - symbol.span.start)
    return Pointed(innermost.name, place.path, innermost.name_span)


def selected_code(workspace: Workspace, place: Place) -> str:
    """The selected text without the white space around it, or ""."""
    return workspace.read(place.path).text[place.span.start : place.span.end].strip()


def word_at(text: str, offset: int) -> Span | None:
    """The name that the offset is in or touches, or None. Keywords of common languages are no names."""
    start = end = min(offset, len(text))
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_$"):
        start -= 1
    while end < len(text) and (text[end].isalnum() or text[end] in "_$"):
        end += 1
    word = text[start:end]
    return Span(start, end) if _WORD.fullmatch(word) and word not in _NOT_NAMES else None


def _selected_name(text: str, span: Span) -> Span | None:
    selected = text[span.start : span.end]
    stripped = selected.strip()
    if not _WORD.fullmatch(stripped) or stripped in _NOT_NAMES:
        return None
    start = span.start + selected.index(stripped)
    return Span(start, start + len(stripped))


def _is_a(workspace: Workspace, name: str, wanted: frozenset[SymbolKind]) -> bool:
    return any(symbol.kind in wanted for _, symbol in workspace.index.symbols_named(name))


def _symbols(path: str, text: str) -> tuple[Symbol, ...]:
    from magray_indexers.parsing import parse

    try:
        return parse(path, text).symbols
    except MagrayError:
        return ()
