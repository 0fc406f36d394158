"""The definitions of one file of code: a tree-sitter query finds them, plain text around them gives their words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from magray_core.memory import Symbol, SymbolKind
from magray_core.spans import Span
from magray_indexers.comments import comment_above, docstring_at
from magray_indexers.grammars import compiled
from magray_indexers.languages import Language
from magray_indexers.offsets import CodePoints, Lines

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

_MAX_DEPTH = 24
_MAX_SYMBOLS = 50_000
_MAX_NAME = 300
_MAX_SIGNATURE = 200
_KINDS = {kind.value: kind for kind in SymbolKind}
_TYPES = frozenset(
    _KINDS[word] for word in ("class", "interface", "struct", "enum", "trait", "type")
)  # what makes a function in it a method
LEAVES = frozenset(_KINDS[word] for word in ("variable", "constant", "field", "property", "key"))
"""Kinds of definitions that hold nothing."""
_CONSTRUCTORS = frozenset(("__init__", "constructor", "initialize", "__construct"))
_BODIES = frozenset(
    ("block", "body", "function_body", "class_body", "enum_class_body", "do_block", "compound_statement", "where",
     "statement_block", "declaration_list", "field_declaration_list", "template_body")
)  # fmt: skip
_SEPARATORS = re.compile(r"::|\\|:")
_TRAILING = re.compile(r"(?:[\s{:;,=(]|=>|\bdo\b|\bwhere\b)+$")


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol with the offset at which its comments and attributes begin, which is where a chunk may begin."""

    symbol: Symbol
    lead: int


@dataclass(slots=True)
class _Found:
    """What the query said about one name; patterns that meet at a name add up."""

    name: Node
    node: Node
    word: str
    start: int
    end: int
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One text in the forms that extraction needs."""

    text: str
    data: bytes
    lines: Lines
    points: CodePoints
    language: Language


def definitions_in(tree: Tree, source: Source) -> list[Definition]:
    """Every definition that the language's query finds, ordered by place, outer before inner."""
    found = _matches(tree, source)
    builder = _Builder(source)
    return [one for each in found if (one := builder.add(each)) is not None]


def _matches(tree: Tree, source: Source) -> list[_Found]:
    from tree_sitter import QueryCursor

    by_name: dict[int, _Found] = {}
    query = compiled(source.language.name, source.language.definitions)
    for _pattern, captures in QueryCursor(query).matches(tree.root_node):
        names = captures.pop("name", None)
        receiver = captures.pop("receiver", None)
        captures.pop("_word", None)
        if not captures or len(by_name) > _MAX_SYMBOLS:
            continue
        word, nodes = captures.popitem()
        node = nodes[0]
        name = names[0] if names else node
        start, end, key = node.start_byte, node.end_byte, name.start_byte
        known = by_name.get(key)
        if known is None:
            known = by_name[key] = _Found(name, node, word, start, end)
        else:
            if known.word == "outer":
                known.word, known.node = word, node
            known.start, known.end = min(start, known.start), max(end, known.end)
        if receiver:
            known.receiver = _text(receiver[0])
    return sorted((one for one in by_name.values() if one.word != "outer"), key=lambda one: (one.start, -one.end))


class _Builder:
    """Turns what was found, in order, into symbols; remembers which definitions are open around the next."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[tuple[int, str, SymbolKind | None]] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, found: _Found) -> Definition | None:
        source, open_ = self._source, self._open
        while open_ and open_[-1][0] <= found.start:
            open_.pop()
        around, outer_kind = (open_[-1][1], open_[-1][2]) if open_ else ("", None)
        name, prefix = _name_of(_text(found.name), found, outer_kind)
        if not name or len(open_) >= _MAX_DEPTH:
            return None
        parent = ".".join(part for part in (around, found.receiver or prefix) if part)
        qualified = f"{parent}.{name}" if parent else name
        if found.word == "scope":
            open_.append((found.end, qualified, _KINDS["class"]))
            return None
        kind = _kind_of(found.word, name, outer_kind if not parent or around else _KINDS["class"])
        if kind in LEAVES and (qualified, kind.value) in self._seen:
            return None
        self._seen.add((qualified, kind.value))
        if kind not in LEAVES:
            open_.append((found.end, qualified, kind))
        at = source.points.at
        start, end = at(found.start), at(found.end)
        name_start = at(found.name.end_byte - len(name.encode("utf-8", "surrogatepass")))
        body = _body_start(found.node)
        first, last = source.lines.number(start), source.lines.number(max(start, end - 1))
        doc, lead = comment_above(source.lines, first, source.language)
        if source.language.docstrings and body is not None:
            doc = docstring_at(source.text, at(body)) or doc
        symbol = Symbol(
            name=name, qualified_name=qualified, kind=kind, span=Span(start, end),
            name_span=Span(name_start, name_start + len(name)), start_line=first, end_line=last,
            signature=self._signature(found, body), doc=doc, parent=parent,
        )  # fmt: skip
        return Definition(symbol, source.lines.start(lead))

    def _signature(self, found: _Found, body: int | None) -> str:
        start = found.node.start_byte
        end = body if body is not None and body > found.name.start_byte else found.node.end_byte
        head = self._source.data[start : min(end, start + 1200)].decode("utf-8", "replace")
        if body is None or end != body:
            stop = head.find("\n", max(0, min(len(head), found.name.end_byte - start)))
            head = head if stop < 0 else head[:stop]
        head = _TRAILING.sub("", " ".join(head.split()))
        return head if len(head) <= _MAX_SIGNATURE else head[: _MAX_SIGNATURE - 1].rstrip() + "…"


def _text(node: Node) -> str:
    raw = node.text or b""
    return raw[: _MAX_NAME * 4].decode("utf-8", "replace")


def _name_of(raw: str, found: _Found, outer_kind: SymbolKind | None) -> tuple[str, str]:
    """The last part of a name and, dotted, the parts before it: ``ns::Type::method``, ``Table:method``."""
    if found.word == "scope" and found.name is found.node:
        return "", ""
    if "::" in raw or "\\" in raw:
        parts = [part.partition("<")[0].strip() for part in _SEPARATORS.split(raw) if part.strip()]
        return (parts[-1], ".".join(parts[:-1])) if parts else ("", "")
    return raw.strip("\"'") if raw[:1] in "\"'" else raw, ""


def _kind_of(word: str, name: str, outer: SymbolKind | None) -> SymbolKind:
    kind = _KINDS[word]
    in_type = outer in _TYPES
    if kind is SymbolKind.FUNCTION and in_type:
        kind = SymbolKind.METHOD
    if kind is SymbolKind.METHOD and name in _CONSTRUCTORS:
        return SymbolKind.CONSTRUCTOR
    if kind is SymbolKind.VARIABLE and len(name) > 1 and name.isupper():
        return SymbolKind.CONSTANT
    return kind


def _body_start(node: Node) -> int | None:
    body = node.child_by_field_name("body")
    if body is not None:
        return body.start_byte
    count = node.named_child_count
    last = node.named_child(count - 1) if count else None
    return last.start_byte if last is not None and last.type in _BODIES else None
