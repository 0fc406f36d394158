"""One file's text as chunks, symbols and markers. Never fails: what cannot be parsed is cut by lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from magray_core.memory import ParsedFile, Symbol
from magray_indexers.chunking import chunks_of
from magray_indexers.definitions import Definition, Source, definitions_in
from magray_indexers.grammars import compiled, syntax_tree
from magray_indexers.languages import LANGUAGES, Language, language_of
from magray_indexers.markers import markers_in
from magray_indexers.offsets import CodePoints, Lines, utf8
from magray_indexers.outlines import APART, outline

if TYPE_CHECKING:
    from tree_sitter import Tree

_PROBLEMS = "[(ERROR) (MISSING)] @problem"
_CPP_IN_HEADER = re.compile(
    r"^[ \t]*(?:class\s+\w+|namespace\s+\w+|template\s*<|using\s+\w+|public:|private:)", re.MULTILINE
)


def parse(path: str, text: str, *, language: str | None = None) -> ParsedFile:
    """The file as the index holds it; ``language`` is recognised from the path and first line where it is not given.

    Pure and thread-safe, linear in the text's length, bounded in time: a text on which the grammar is too slow is cut
    by lines and has one problem.
    """
    if language is None:
        language = language_of(path, text[:200].partition("\n")[0])
    if language == "c" and path.endswith(".h") and _CPP_IN_HEADER.search(text):
        language = "cpp"
    known = LANGUAGES.get(language) or LANGUAGES["text"]
    lines = Lines(text)
    if known.outline:
        found = outline(known, lines)
        chunks = chunks_of(lines, found, apart=known.outline in APART)
        return ParsedFile(path, language, chunks, _symbols(found), markers_in(lines, known, None))
    if not known.definitions:
        return ParsedFile(path, language, chunks_of(lines, ()), (), markers_in(lines, known, None))
    return _parse_code(path, language, lines, known)


def problems_in(language: str, text: str) -> int:
    """How many places the grammar of any known language had to skip or add; 0 for a language without a grammar."""
    data = utf8(text)
    known = LANGUAGES.get(language)
    if known is None or not known.grammar:
        return 0
    tree = syntax_tree(language, data)
    if tree is None:
        return 1
    return _count_problems(language, tree)


def _parse_code(path: str, language: str, lines: Lines, known: Language) -> ParsedFile:
    data = utf8(lines.text)
    tree = syntax_tree(language, data)
    if tree is None:
        return ParsedFile(path, language, chunks_of(lines, ()), (), markers_in(lines, known, None), problems=1)
    source = Source(lines.text, data, lines, CodePoints(data), known)
    found = definitions_in(tree, source)
    return ParsedFile(
        path, language, chunks_of(lines, found), _symbols(found), markers_in(lines, known, (tree, data)),
        problems=_count_problems(language, tree),
    )  # fmt: skip


def _symbols(found: list[Definition]) -> tuple[Symbol, ...]:
    return tuple(one.symbol for one in found)


def _count_problems(language: str, tree: Tree) -> int:
    if not tree.root_node.has_error:
        return 0
    from tree_sitter import QueryCursor

    return max(1, len(QueryCursor(compiled(language, _PROBLEMS)).matches(tree.root_node)))
