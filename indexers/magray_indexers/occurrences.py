"""Every mention of a name in a text, and what each mention is: a definition, a call, an import, words in a string."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from magray_core.memory import Occurrence, OccurrenceKind, Symbol
from magray_core.spans import Span
from magray_indexers.grammars import syntax_tree
from magray_indexers.languages import LANGUAGES, Language
from magray_indexers.offsets import Lines, utf8

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_MAX_ANCESTORS = 40
_COMMENT = re.compile(r"comment|heredoc_comment")
_STRING = re.compile(
    r"string|heredoc|char_literal|character|template_string|regex|raw_text|jsx_text|quoted|sigil|rune", re.IGNORECASE
)
_INTERPOLATION = re.compile(r"interpolat|template_substitution|expansion|command_substitution")
_IMPORT = re.compile(
    r"import|use_declaration|extern_crate|preproc_include|using_directive|namespace_use|package_|using_declaration"
)
_NAMED_BY_STRING = re.compile(r"preproc_include|import_spec$")
_DEFINES = re.compile(
    r"(?<!template_)(?:definition|declaration|declarator|_item|_spec|_def|_signature|_specifier|_statement|function|method|class|"
    r"module|signature|data_type|newtype|parameter|enum_variant|enum_entry|field|bind)$"
)
_CALLED_FIELDS = frozenset(("function", "method", "constructor", "macro", "target"))
_CALLS = re.compile(r"call|invocation|creation|new_expression|apply|^command$")
_CALL_AFTER = re.compile(r"[?!]?\s*(?:::<[^<>()]*>|<[\w\s,.<>\[\]]*>)?\(")
_DECORATES = re.compile(r"decorator|annotation|attribute_item")


def occurrences_in(path: str, text: str, language: str, name: str, symbols: Sequence[Symbol]) -> list[Occurrence]:
    """Whole-word mentions of ``name``, ordered by offset; lines and columns from 1, in code points.

    ``symbols`` are the text's definitions (from ``parse`` of the same text). In prose and data formats every mention
    is TEXT. A dotted name is looked for by its last part.
    """
    word = name.rpartition(".")[2]
    if not word or word not in text:
        return []
    known = LANGUAGES.get(language) or LANGUAGES["text"]
    matches = [match.start() for match in _whole_word(word, known.name_chars).finditer(text)]
    if not matches:
        return []
    lines = Lines(text)
    kinds = _kinds(text, known, matches, _Word(word, frozenset(one.name_span.start for one in symbols)))
    insides = _insides(matches, symbols)
    return [
        Occurrence(
            path, Span(at, at + len(word)), line := lines.number(at), at - lines.start(line) + 1, kind,
            lines.line(line), inside,
        )
        for at, kind, inside in zip(matches, kinds, insides, strict=True)
    ]  # fmt: skip


class _Word(tuple[str, frozenset[int]]):
    """The word that is looked for, and the offsets where a definition is known to name it."""

    def __new__(cls, word: str, defined: frozenset[int]) -> _Word:
        return super().__new__(cls, (word, defined))


@lru_cache(maxsize=256)
def _whole_word(word: str, name_chars: str) -> re.Pattern[str]:
    """A word with no character of a name around it; a trailing ``?`` or ``!`` makes another name in Ruby."""
    extra = "".join(char for char in name_chars if char not in "?!")
    chars = rf"[\w\u0300-\u036f{re.escape(extra)}]"
    before = rf"(?<!{chars})"
    after = rf"(?!{chars})"
    if "?" in name_chars and word[-1] not in "?!":
        after = rf"(?!{chars}|[?!](?!=))"
    return re.compile(before + re.escape(word) + after)


def _kinds(text: str, language: Language, matches: Sequence[int], word: _Word) -> list[OccurrenceKind]:
    if not language.is_code:
        return [OccurrenceKind.TEXT] * len(matches)
    data = utf8(text)
    tree = syntax_tree(language.name, data)
    if tree is None:
        return [OccurrenceKind.TEXT] * len(matches)
    name, defined = word
    kinds: list[OccurrenceKind] = []
    width = len(utf8(name))
    byte = before = 0
    for at in matches:
        byte += at - before if len(data) == len(text) else len(utf8(text[before:at]))
        before = at
        if at in defined:
            kinds.append(OccurrenceKind.DEFINITION)
        else:
            kinds.append(_kind(_path_to(tree, byte, byte + width), text, at + len(name)))
    return kinds


def _path_to(tree: Tree, start: int, end: int) -> list[Node]:
    """The smallest node around the bytes and its ancestors, inner first."""
    node = tree.root_node.descendant_for_byte_range(start, end)
    path: list[Node] = []
    while node is not None and len(path) < _MAX_ANCESTORS:
        path.append(node)
        node = node.parent
    return path


def _kind(path: list[Node], text: str, end: int) -> OccurrenceKind:
    for node in path:
        kind = node.type
        if _INTERPOLATION.search(kind):
            break
        if _COMMENT.search(kind):
            return OccurrenceKind.COMMENT
        if _STRING.search(kind) and node.is_named:
            imported = any(_NAMED_BY_STRING.match(outer.type) for outer in path[1:4])
            return OccurrenceKind.IMPORT if imported else OccurrenceKind.STRING
    for node in path[1:8]:
        if _IMPORT.search(node.type) and not node.type.startswith("package_object"):
            return OccurrenceKind.IMPORT
    if len(path) > 1:
        inner, outer = path[0], path[1]
        if _DEFINES.search(outer.type) and outer.child_by_field_name("name") == inner:
            return OccurrenceKind.DEFINITION
        if _is_called(path):
            return OccurrenceKind.CALL
    return OccurrenceKind.CALL if _CALL_AFTER.match(text, end, end + 300) else OccurrenceKind.REFERENCE


def _is_called(path: list[Node]) -> bool:
    """Whether the innermost node is what a call calls, itself or as the last part of a path (``a.b.name()``)."""
    inner = path[0]
    for outer in path[1:5]:
        if _CALLS.search(outer.type):
            return any(outer.child_by_field_name(name) == inner for name in _CALLED_FIELDS) or (
                outer.type == "command" and outer.child_by_field_name("name") == inner
            )
        if _DECORATES.search(outer.type):
            return True
        if outer.end_byte != inner.end_byte:
            return False
        inner = outer
    return False


def _insides(matches: Sequence[int], symbols: Sequence[Symbol]) -> list[str]:
    """For each offset the qualified name of the innermost definition around it, not counting the one it names."""
    ordered = sorted(symbols, key=lambda one: (one.span.start, -one.span.end))
    insides: list[str] = []
    open_: list[Symbol] = []
    at_symbol = 0
    for at in matches:
        while at_symbol < len(ordered) and ordered[at_symbol].span.start <= at:
            open_.append(ordered[at_symbol])
            at_symbol += 1
        open_ = [one for one in open_ if one.span.end > at]
        insides.append(next((one.qualified_name for one in reversed(open_) if one.name_span.start != at), ""))
    return insides
