"""The definitions of one file of code: a tree-sitter query finds them, plain text around them gives their words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
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
LEAVES = frozenset(_KINDS[word] for word in ("variable", "constant", "field", "property"))
"""Kinds of definitions that hold nothing."""
_CONSTRUCTORS = frozenset(("__init__", "constructor", "initialize", "__construct"))
_BODIES = frozenset(
    ("block", "body", "function_body", "class_body", "enum_class_body", "do_block", "compound_statement", "where",
     "statement_block", "declaration_list", "field_declaration_list", "template_body")
)  # fmt: skip
_STORED = frozenset((SymbolKind.VARIABLE, SymbolKind.FIELD, SymbolKind.PROPERTY))
# Which of the words that patterns give to one name wins; words not named here tell most.
_TELLING = {"outer": 0, "variable": 1, "field": 2, "property": 2, "constant": 2, "type": 2, "class": 3, "function": 3}
_SEPARATORS = re.compile(r"::|\\")
_TYPE_ARGUMENTS = re.compile(r"<[^<>]*>(?=::)")
_RECEIVER_NOISE = re.compile(r"^(?:module\.exports|exports|this|self)\b|\.prototype$")
_BEFORE_DEFINITION = re.compile(r"[\w\s]*")
_ANNOTATIONS = re.compile(r"^(?:@(?!interface\b)[\w.:]+(?:\([^()]*\))?\s+|#?\[[^\[\]]*\]\s*)+")
_AFTER_OPENING = re.compile(r"([(\[])\s+")
_BEFORE_CLOSING = re.compile(r",?\s+([)\]])")
_TRAILING = " \t{:;,=("
_TRAILING_WORDS = (" do", " where", "=>")


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol with the offset at which its comments and attributes begin, which is where a chunk may begin."""

    symbol: Symbol
    lead: int


@dataclass(slots=True)
class _Found:
    """What the query said about one name; patterns that meet at a name add up, the most telling word wins."""

    name: Node
    node: Node
    word: str
    start: int
    end: int
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    """A definition, or a scope, that may hold the next ones. Offsets are bytes."""

    start: int
    end: int
    qualified: str
    kind: SymbolKind


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
    builder = _Builder(source)
    found = [one for each in _matches(tree, source) if (one := builder.add(each)) is not None]
    return _joined_clauses(found) if source.language.clauses else found


def _matches(tree: Tree, source: Source) -> list[_Found]:
    from tree_sitter import QueryCursor

    by_name: dict[int, _Found] = {}
    query = compiled(source.language.name, source.language.definitions)
    for _pattern, captures in QueryCursor(query).matches(tree.root_node):
        names = captures.pop("name", None)
        receiver = captures.pop("receiver", None)
        captures.pop("_word", None)
        if names is None or not captures or len(by_name) > _MAX_SYMBOLS:
            continue
        word, nodes = captures.popitem()
        node, name = nodes[0], names[0]
        start, end, key = node.start_byte, node.end_byte, name.start_byte
        known = by_name.get(key)
        if known is None:
            known = by_name[key] = _Found(name, node, word, start, end)
        else:
            if _TELLING.get(word, 4) > _TELLING.get(known.word, 4):
                known.word, known.node = word, node
            known.start, known.end = min(start, known.start), max(end, known.end)
        if receiver:
            known.receiver = _receiver(
                source.data[receiver[0].start_byte : receiver[0].end_byte][:_MAX_NAME].decode("utf-8", "replace")
            )
    return sorted((one for one in by_name.values() if one.word != "outer"), key=lambda one: (one.start, -one.end))


class _Builder:
    """Turns what was found, in order, into symbols; remembers which definitions are open around the next."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, found: _Found) -> Definition | None:
        """The definition, or None for what only lends its name to others or says nothing new."""
        source = self._source
        outer = self._outer_of(found)
        name_at = source.points.at(found.name.start_byte)
        raw = source.text[name_at : min(source.points.at(found.name.end_byte), name_at + _MAX_NAME)]
        name, prefix = _name_of(raw)
        if not name or len(self._open) >= _MAX_DEPTH:
            return None
        parent = ".".join(part for part in (outer.qualified if outer else "", found.receiver or prefix) if part)
        qualified = f"{parent}.{name}" if parent else name
        if found.word == "scope":
            self._open.append(_Open(found.start, found.end, qualified, SymbolKind.CLASS))
            return None
        owned = bool(found.receiver or prefix)
        kind = _kind_of(found.word, name, SymbolKind.CLASS if owned else outer.kind if outer else None, parent)
        if kind in LEAVES and (qualified, kind.value) in self._seen:
            return None
        self._seen.add((qualified, kind.value))
        if kind not in LEAVES or kind is SymbolKind.VARIABLE:
            self._open.append(_Open(found.start, found.end, qualified, kind))
        at = source.points.at
        start, end = at(found.start), at(found.end)
        name_start = name_at + raw.rindex(name)
        body = _body_start(found.node)
        first, last = source.lines.number(start), source.lines.number(max(start, end - 1))
        doc, lead = self._doc(first, start, None if body is None else at(body))
        symbol = Symbol(
            name=name, qualified_name=qualified, kind=kind, span=Span(start, end),
            name_span=Span(name_start, name_start + len(name)), start_line=first, end_line=last,
            signature=self._signature(found, body, kind), doc=doc, parent=parent,
        )  # fmt: skip
        return Definition(symbol, lead)

    def _outer_of(self, found: _Found) -> _Open | None:
        """The definition around this one; names that share one declaration are beside each other."""
        open_ = self._open
        while open_ and (open_[-1].end <= found.start or (open_[-1].start, open_[-1].end) == (found.start, found.end)):
            open_.pop()
        if len(open_) > 1 and open_[-1].kind is SymbolKind.TYPE and found.word in ("struct", "enum"):
            return open_[-2]
        if len(open_) == 1 and open_[0].kind is SymbolKind.TYPE and found.word in ("struct", "enum"):
            return None  # C: ``typedef struct node {...} node_t`` defines two names, neither in the other
        return open_[-1] if open_ else None

    def _doc(self, first: int, start: int, body: int | None) -> tuple[str, int]:
        """Documentation, and where the definition begins with its comments: only what begins its line has any."""
        source = self._source
        line_start = source.lines.start(first)
        if not _BEFORE_DEFINITION.fullmatch(source.text, line_start, start):
            return "", start
        doc, lead = comment_above(source.lines, first, source.language)
        if source.language.docstrings and body is not None:
            doc = docstring_at(source.text, body) or doc
        return doc, source.lines.start(lead)

    def _signature(self, found: _Found, body: int | None, kind: SymbolKind) -> str:
        start = found.node.start_byte if self._source.language.docstrings else found.start
        has_body = body is not None and body > found.name.start_byte
        end = body if has_body and body is not None else found.node.end_byte
        head = self._source.data[start : min(end, start + 1200)].decode("utf-8", "replace")
        if not has_body and "\n" in head:
            stop = head.find("\n", max(0, found.name.end_byte - start))
            head = head if stop < 0 or kind is SymbolKind.TYPE else head[:stop]
        if kind not in LEAVES and kind is not SymbolKind.TYPE:
            head = head.partition(" {")[0]
        if "\n" not in head:
            head = " ".join(head.split())
        else:
            head = " ".join(_line_comment(self._source.language).sub("", head).split())
            head = _AFTER_OPENING.sub(r"\1", _BEFORE_CLOSING.sub(r"\1", head))
        if head[:1] in "@[#":
            head = _ANNOTATIONS.sub("", head)
        head = head.rstrip(_TRAILING)
        if head.endswith(_TRAILING_WORDS):
            head = head.removesuffix(" do").removesuffix(" where").removesuffix("=>").rstrip(_TRAILING)
        return head if len(head) <= _MAX_SIGNATURE else head[: _MAX_SIGNATURE - 1].rstrip() + "…"


def _joined_clauses(found: list[Definition]) -> list[Definition]:
    """Neighbouring definitions of one name (the equations of a Haskell function) as one."""
    joined: list[Definition] = []
    for one in found:
        last = joined[-1].symbol if joined else None
        if last is not None and (last.qualified_name, last.kind) == (one.symbol.qualified_name, one.symbol.kind):
            whole = replace(last, span=Span(last.span.start, one.symbol.span.end), end_line=one.symbol.end_line)
            joined[-1] = replace(joined[-1], symbol=whole)
        else:
            joined.append(one)
    return joined


def _name_of(raw: str) -> tuple[str, str]:
    """The last part of a name and, dotted, the parts before it: ``ns::Type<T>::method``."""
    if "::" in raw or "\\" in raw:
        parts = [part for part in _SEPARATORS.split(_TYPE_ARGUMENTS.sub("", raw)) if part.strip()]
        if parts and parts[-1] in raw:
            return parts[-1].strip(), ".".join(part.strip() for part in parts[:-1])
    return (raw.strip("\"'") if raw[:1] in "\"'" else raw), ""


def _receiver(raw: str) -> str:
    """What owns a name that is assigned to it, without the words that only say how."""
    return _RECEIVER_NOISE.sub("", raw).strip(".") if len(raw) < 80 and "(" not in raw and "\n" not in raw else ""


def _kind_of(word: str, name: str, outer: SymbolKind | None, parent: str) -> SymbolKind:
    kind = _KINDS[word]
    if kind is SymbolKind.FUNCTION and outer in _TYPES:
        kind = SymbolKind.METHOD
    if kind is SymbolKind.METHOD and (name in _CONSTRUCTORS or name == parent.rpartition(".")[2]):
        return SymbolKind.CONSTRUCTOR
    if kind in _STORED and len(name) > 1 and name.isupper():
        return SymbolKind.CONSTANT
    return kind


def _body_start(node: Node) -> int | None:
    body = node.child_by_field_name("body")
    if body is None:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        body = value.child_by_field_name("body") if value is not None else None
    if body is not None:
        return body.start_byte
    count = node.named_child_count
    last = node.named_child(count - 1) if count else None
    return last.start_byte if last is not None and last.type in _BODIES else None


@cache
def _line_comment(language: Language) -> re.Pattern[str]:
    marks = "|".join(map(re.escape, language.line_comments))
    return re.compile(rf"(?:^|(?<=\s))(?:{marks})\s.*$", re.MULTILINE)
