"""Headings and keys of prose and data formats as symbols, read line by line without a grammar.

A reader yields headings: where one starts, how deep it is and what it is called; it lasts until the next that is not
deeper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from magray_core.memory import Symbol, SymbolKind
from magray_core.spans import Span
from magray_indexers.definitions import Definition
from magray_indexers.languages import Language
from magray_indexers.media.notebooks import cells
from magray_indexers.offsets import Lines

_MAX_HEADINGS = 20_000
_MAX_DEPTH = 12
_MAX_NAME = 120


APART = frozenset({"notebook", "parts"})
"""Outlines whose parts are chunks of their own, however small: cells and pages."""


@dataclass(frozen=True, slots=True)
class _Heading:
    """A heading or key at code point ``name_start``; ``depth`` 0 is outermost, ``start`` is where its part begins."""

    start: int
    name_start: int
    name: str
    depth: int
    end: int | None = None


def outline(language: Language, lines: Lines) -> list[Definition]:
    """What the language's reader finds, ordered by place, outer before inner."""
    reader = _READERS[language.outline]
    headings: list[_Heading] = []
    for heading in reader(lines.text):
        name = heading.name.rstrip()
        if name and heading.depth < _MAX_DEPTH:
            headings.append(_Heading(heading.start, heading.name_start, name, heading.depth, heading.end))
        if len(headings) >= _MAX_HEADINGS:
            break
    kind = SymbolKind.KEY if language.outline in ("yaml", "toml", "json", "css") else SymbolKind.SECTION
    return _nested(lines, headings, kind)


def _nested(lines: Lines, headings: list[_Heading], kind: SymbolKind) -> list[Definition]:
    ends = [len(lines.text)] * len(headings)
    open_: list[int] = []
    for i, heading in enumerate(headings):
        while open_ and headings[open_[-1]].depth >= heading.depth:
            ends[open_.pop()] = heading.start
        open_.append(i)
    found: list[Definition] = []
    around: list[tuple[int, str]] = []
    for heading, last in zip(headings, ends, strict=True):
        while around and around[-1][0] >= heading.depth:
            around.pop()
        parent = around[-1][1] if around else ""
        name = heading.name[:_MAX_NAME].rstrip()
        qualified = f"{parent}.{name}" if parent else name
        around.append((heading.depth, qualified))
        end = min(last, heading.end) if heading.end is not None else last
        end = max(heading.name_start + len(name), heading.start + len(lines.text[heading.start : end].rstrip()))
        first = lines.number(heading.start)
        symbol = Symbol(
            name=name, qualified_name=qualified, kind=kind, span=Span(heading.start, end),
            name_span=Span(heading.name_start, heading.name_start + len(name)), start_line=first,
            end_line=lines.number(max(heading.start, end - 1)),
            signature=" ".join(lines.line(lines.number(heading.name_start))[:400].split())[:200], parent=parent,
        )  # fmt: skip
        found.append(Definition(symbol, lines.start(first)))
    return found


_MARKDOWN = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*$"
    r"|^ {0,3}(?P<marks>#{1,6})[ \t]+(?P<atx>[^\n]{1,300}?)[ \t]*#*[ \t]*\r?$"
    r"|^ {0,3}(?P<setext>[^\s>#*+`~|=-][^\n]{0,300})\n {0,3}(?P<under>=+|-{2,})[ \t]*\r?$",
    re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"---\r?\n.*?\n---\r?\n", re.DOTALL)


def _markdown(text: str) -> Iterator[_Heading]:
    front = _FRONT_MATTER.match(text)
    fence = ""
    for match in _MARKDOWN.finditer(text, front.end() if front is not None else 0):
        marker = match["fence"]
        if marker:
            if not fence:
                fence = marker
            elif marker[0] == fence[0] and len(marker) >= len(fence) and match.group().strip() == marker:
                fence = ""
        elif not fence and match["marks"]:
            yield _Heading(match.start(), match.start("atx"), match["atx"], len(match["marks"]) - 1)
        elif not fence and match["setext"]:
            depth = 0 if match["under"][0] == "=" else 1
            yield _Heading(match.start(), match.start("setext"), match["setext"], depth)


_RST = re.compile(
    r"^(?:(?P<over>([=\-~^\"'`#*+:.<>_])\2{2,})[ \t]*\r?\n)?(?P<title>[^\n]{1,300})\n"
    r"(?P<under>([=\-~^\"'`#*+:.<>_])\5{2,})"
    r"[ \t]*\r?$",
    re.MULTILINE,
)


def _rst(text: str) -> Iterator[_Heading]:
    """Titles underlined, maybe overlined too; how deep a style is follows from the order in which styles appear."""
    styles: list[tuple[bool, str]] = []
    for match in _RST.finditer(text):
        title = match["title"].strip()
        if not title:
            continue
        if len(match["under"]) < len(title) * 0.8 or (match["over"] and match["over"][0] != match["under"][0]):
            continue
        style = (bool(match["over"]), match["under"][0])
        if style not in styles:
            styles.append(style)
        start = match.start("title") + len(match["title"]) - len(match["title"].lstrip())
        yield _Heading(match.start(), start, title, styles.index(style))


_YAML = re.compile(
    r"^(?P<indent>(?:  ){0,3})(?P<dash>- )?(?P<quote>[\"']?)(?P<key>[\w./$@*-][^\n:#{}\[\],\"']{0,100})(?P=quote):"
    r"(?=\s|$)(?P<block>[^\n]{0,300}[|>][+\-\d]*[ \t]*\r?$)?",
    re.MULTILINE,
)


def _yaml(text: str) -> Iterator[_Heading]:
    """Keys of the outer three levels; what lies in a block text is not read as keys."""
    block_indent = -1
    for match in _YAML.finditer(text):
        indent = len(match["indent"])
        if indent > block_indent >= 0:
            continue
        block_indent = indent if match["block"] else -1
        if indent <= 4 and not match["dash"]:
            yield _Heading(match.start(), match.start("key"), match["key"], indent // 2)


_TOML = re.compile(
    r"^[ \t]*\[\[?[ \t]*(?P<table>[^\[\]\n]{1,200}?)[ \t]*\]\]?[ \t]*(?:#[^\n]*)?\r?$|^(?P<key>[\w.-]+)[ \t]*=",
    re.MULTILINE,
)


def _toml(text: str) -> Iterator[_Heading]:
    depth = 0
    for match in _TOML.finditer(text):
        if match["table"]:
            depth = 1
            yield _Heading(match.start(), match.start("table"), match["table"], 0)
        else:
            yield _Heading(match.start(), match.start("key"), match["key"], depth)


_JSON = re.compile(r"^(?P<indent>[ \t]{1,8})\"(?P<key>[^\"\n\\]{1,120})\"[ \t]*:", re.MULTILINE)


def _json(text: str) -> Iterator[_Heading]:
    """Keys of the outer two levels of a document that is laid out in lines."""
    unit = 0
    for match in _JSON.finditer(text):
        indent = len(match["indent"].expandtabs(4))
        unit = unit or indent
        depth = indent // unit - 1
        if 0 <= depth <= 1 and indent % unit == 0:
            yield _Heading(match.start(), match.start("key"), match["key"], depth)


_HTML = re.compile(
    r"<!--(?:.*?-->|.*)|<script\b(?:.*?</script>|.*)"
    r"|<h(?P<level>[1-6])\b[^<>]{0,300}>\s{0,80}(?:<[^<>]{0,300}>\s{0,80}){0,3}(?P<title>[^<>\n]{1,300})"
    r"|<title>\s{0,80}(?P<page>[^<>\n]{1,300})|<(?P<tag>\w[\w-]{0,40})\b[^<>]{0,300}?\sid=[\"'](?P<id>[\w:.-]{1,200})[\"']",
    re.IGNORECASE | re.DOTALL,
)


def _html(text: str) -> Iterator[_Heading]:
    """The title, headings, and elements that have an id; an id lies in the heading before it."""
    depth = 0
    for match in _HTML.finditer(text):
        if match["page"]:
            yield _Heading(match.start(), match.start("page"), match["page"], 0, match.end())
        elif match["title"]:
            depth = int(match["level"])
            yield _Heading(match.start(), match.start("title"), match["title"], depth - 1)
        elif match["id"]:
            yield _Heading(match.start(), match.start("id"), match["id"], depth)


_CSS = re.compile(r"/\*(?:.*?\*/|.*)|^(?P<rule>[^\s{}/;][^{};]{0,200}?)\{", re.DOTALL | re.MULTILINE)


def _css(text: str) -> Iterator[_Heading]:
    """Rules that begin a line, by their selectors, and at-rules."""
    for match in _CSS.finditer(text):
        if match["rule"]:
            yield _Heading(match.start(), match.start("rule"), match["rule"].partition("\n")[0].rstrip(" ,\r\t"), 0)


def _notebook(text: str) -> Iterator[_Heading]:
    """Cells, by the first words of their source."""
    for cell in cells(text):
        yield _Heading(cell.start, cell.name_start, cell.name, 0, cell.end)


_PART = re.compile(r"(?:\A|(?<=\n\n))(?P<part>page \d+|title|image|description|unread)\n")


def _parts(text: str) -> Iterator[_Heading]:
    """Pages of a PDF and the parts of what an image says: see ``media.reading``."""
    for match in _PART.finditer(text):
        yield _Heading(match.start(), match.start("part"), match["part"], 0)


_READERS: dict[str, Callable[[str], Iterator[_Heading]]] = {
    "markdown": _markdown,
    "rst": _rst,
    "yaml": _yaml,
    "toml": _toml,
    "json": _json,
    "html": _html,
    "css": _css,
    "notebook": _notebook,
    "parts": _parts,
}
