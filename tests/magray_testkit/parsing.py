"""Parsed files as compact text, for tests."""

from __future__ import annotations

from magray_core.memory import ParsedFile, Symbol
from magray_indexers.languages import language_of
from magray_indexers.parsing import parse
from magray_testkit.snippets import SNIPPETS


def render_symbol(symbol: Symbol) -> str:
    """``3-9 method Basket.total | def total(self) -> int | The sum.``"""
    parts = [f"{symbol.start_line}-{symbol.end_line} {symbol.kind.value} {symbol.qualified_name}", symbol.signature]
    if symbol.doc:
        parts.append(symbol.doc.replace("\n", "/"))
    return " | ".join(parts)


def render_chunks(parsed: ParsedFile) -> str:
    """One line for each chunk: its lines, its symbol and its kind."""
    return "\n".join(
        f"{one.start_line}-{one.end_line} {one.kind.value if one.kind else '-'} {one.symbol or '-'}"
        for one in parsed.chunks
    )


def check_symbols(path: str, expected: str) -> None:
    """The symbols of the snippet rendered, after checking what holds for every parsed file."""
    parsed = check_parsed(path, SNIPPETS[path])
    assert "\n".join(map(render_symbol, parsed.symbols)) == expected
    assert parsed.problems == 0


def check_parsed(path: str, text: str) -> ParsedFile:
    """The parsed text, after checking what holds for every one: chunks are the text, spans are where they say."""
    parsed = parse(path, text)
    assert parsed.language == language_of(path, text.partition("\n")[0]) or path.endswith(".h")
    assert "".join(chunk.text for chunk in parsed.chunks) == text
    at = 0
    for index, chunk in enumerate(parsed.chunks):
        assert (chunk.index, chunk.span.start) == (index, at)
        assert text[chunk.span.start : chunk.span.end] == chunk.text
        assert chunk.text
        assert chunk.start_line <= chunk.end_line
        at = chunk.span.end
    for symbol in parsed.symbols:
        assert text[symbol.name_span.start : symbol.name_span.end] == symbol.name
        assert symbol.span.start <= symbol.name_span.start
        assert symbol.name_span.end <= symbol.span.end <= len(text)
        assert symbol.qualified_name == (f"{symbol.parent}.{symbol.name}" if symbol.parent else symbol.name)
        assert len(symbol.signature) <= 200
        assert "\n" not in symbol.signature
    return parsed
