"""What holds for every text and language: chunks are the text, offsets are code points, nothing raises or hangs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from magray_testkit.parsing import check_parsed, render_chunks, render_symbol
from magray_testkit.snippets import SNIPPETS

from magray_core.memory import SymbolKind
from magray_indexers.chunking import MAX_CHARS
from magray_indexers.languages import LANGUAGES, language_of
from magray_indexers.parsing import parse, problems_in

CODE = sorted(name for name, language in LANGUAGES.items() if language.definitions)


@pytest.mark.parametrize(
    ("path", "first_line", "language"),
    [
        ("a/b.py", "", "python"),
        ("x.PY", "", "python"),
        ("x.tsx", "", "tsx"),
        ("x.mts", "", "typescript"),
        ("Makefile", "", "make"),
        ("docker/Dockerfile.dev", "", "dockerfile"),
        ("CMakeLists.txt", "", "cmake"),
        ("notes.txt", "", "text"),
        ("home/.bashrc", "", "bash"),
        (".gitignore", "", "gitignore"),
        ("bin/run", "#!/usr/bin/env python3", "python"),
        ("bin/run", "#!/usr/bin/env -S uv run", "text"),
        ("bin/run", "#!/bin/sh -e", "bash"),
        ("bin/run", "#! /usr/bin/ruby2.7", "ruby"),
        ("bin/run", "# -*- mode: C++ -*-", "cpp"),
        ("bin/run", "", "text"),
        ("data.cobol", "", "text"),
        ("LICENSE", "", "text"),
        ("README", "", "markdown"),
    ],
)
def test_a_file_is_in_the_language_its_name_or_first_line_says(path: str, first_line: str, language: str) -> None:
    assert language_of(path, first_line) == language


def test_there_is_a_snippet_for_every_language_with_definitions() -> None:
    assert {language_of(path) for path in SNIPPETS} >= set(CODE)


@pytest.mark.parametrize("path", SNIPPETS)
def test_a_text_cut_anywhere_parses_in_part(path: str) -> None:
    text = SNIPPETS[path]
    for end in range(0, len(text), 7):
        check_parsed(path, text[:end])
        check_parsed(path, text[end:])


@pytest.mark.parametrize("path", SNIPPETS)
def test_windows_line_ends_change_no_symbol(path: str) -> None:
    unix, windows = (check_parsed(path, text) for text in (SNIPPETS[path], SNIPPETS[path].replace("\n", "\r\n")))
    assert [render_symbol(one) for one in windows.symbols] == [render_symbol(one) for one in unix.symbols]
    assert render_chunks(windows) == render_chunks(unix)
    assert windows.problems == unix.problems == 0


@pytest.mark.parametrize("path", SNIPPETS)
def test_emoji_before_a_definition_move_it_by_code_points(path: str) -> None:
    language = LANGUAGES[language_of(path)]
    mark = language.line_comments[0] if language.line_comments else "<!-- x -->"
    plain = check_parsed(path, SNIPPETS[path])
    line = f"{mark} 🦊é𝔘я\n"
    if SNIPPETS[path].startswith(("#!", "<?php", "---")):
        first, _, rest = SNIPPETS[path].partition("\n")
        moved = check_parsed(path, f"{first}\n\n{line}\n{rest}")
    else:
        moved = check_parsed(path, f"{line}\n{SNIPPETS[path]}")
    if language.is_code:
        assert [one.qualified_name for one in moved.symbols] == [one.qualified_name for one in plain.symbols]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_chunks_are_the_text_whatever_it_is(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(SNIPPETS)))
    text = SNIPPETS[path]
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    filler = data.draw(st.text(alphabet="ab(){}[]<>\"'`#/*\\\r\n\t \0é🦊\ud800\u2028:=;@", max_size=60))
    check_parsed(path, text[:start] + filler + text[end:] * data.draw(st.integers(1, 8)))


@pytest.mark.parametrize("language", CODE)
@pytest.mark.parametrize("unit", ["(", "{", "[", "if x {", "a.b(", '"', "/*", "def f(", "class A { "])
def test_deep_or_open_nesting_is_bounded(language: str, unit: str) -> None:
    ending = LANGUAGES[language].extensions[0]
    started = time.monotonic()
    check_parsed(f"a{ending}", unit * 2500)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    "unit",
    [
        "#",
        "# ",
        "=\n",
        "a\n",
        "a:\n",
        "a: >",
        "<h1>",
        "<script>",
        "<!--",
        "/*",
        " ",
        "[",
        "[ ",
        '"a":',
        "{",
        "TODO ",
        "\t",
    ],
)
@pytest.mark.parametrize("path", ["a.md", "a.rst", "a.yaml", "a.toml", "a.json", "a.html", "a.css", "a.txt"])
def test_formats_are_read_in_linear_time(path: str, unit: str) -> None:
    started = time.monotonic()
    check_parsed(path, unit * (100_000 // len(unit)))
    assert time.monotonic() - started < 2


def test_what_does_not_parse_still_has_its_other_symbols() -> None:
    parsed = check_parsed(
        "a.py", "def one():\n    pass\n\ndef two():\n    x = = 3\n\nclass Three:\n    def four(self): ...\n"
    )
    assert {"one", "Three", "Three.four"} <= {one.qualified_name for one in parsed.symbols}
    assert parsed.problems >= 1
    assert problems_in("python", "x = 1\n") == 0
    assert problems_in("json", '{"a": }') >= 1
    assert problems_in("text", "((((") == 0


def test_a_header_with_classes_is_cpp() -> None:
    parsed = check_parsed("shape.h", "#pragma once\nnamespace geo {\nclass Shape { void draw(); };\n}\n")
    assert parsed.language == "cpp"
    assert [one.qualified_name for one in parsed.symbols] == ["geo", "geo.Shape", "geo.Shape.draw"]


def test_a_large_class_is_cut_at_its_methods_and_small_neighbours_stay_together() -> None:
    method = "    def method_{0}(self) -> int:\n        value = {0}\n" + "        value += 1  # count\n" * 30 + "\n"
    small = "def small_{0}() -> int:\n    return {0}\n\n\n"
    text = "import os\n\n\nclass Big:\n" + "".join(method.format(i) for i in range(4))
    text += "\n" + "".join(small.format(i) for i in range(4))
    assert render_chunks(check_parsed("big.py", text)) == snapshot("""\
1-37 class Big
38-70 method Big.method_1
71-103 method Big.method_2
104-137 method Big.method_3
138-153 function small_0\
""")


def test_what_only_opens_or_closes_is_no_chunk_of_its_own() -> None:
    method = "    int method_{0}() {{\n" + "        count += 1; // count\n" * 60 + "    }}\n"
    text = (
        "namespace one {\nnamespace two {\nclass Big {\n" + "".join(method.format(i) for i in range(3)) + "};\n\n}\n}\n"
    )
    assert render_chunks(check_parsed("big.cpp", text)) == snapshot("""\
1-65 class one.two.Big
66-127 method one.two.Big.method_1
128-193 method one.two.Big.method_2\
""")


def test_a_long_function_is_cut_where_paragraphs_begin() -> None:
    text = "def long():\n" + "".join(f"    step_{i} = [\n        {i},\n    ]\n    go(step_{i})\n\n" for i in range(60))
    parsed = check_parsed("long.py", text)
    assert len(parsed.chunks) > 2
    assert all(chunk.symbol == "long" for chunk in parsed.chunks)
    assert all(chunk.text.lstrip().startswith(("def", "step_")) for chunk in parsed.chunks)


def test_one_long_line_is_cut_into_chunks_of_bounded_size() -> None:
    parsed = check_parsed("a.txt", "word " * 5000 + "\n" + "x" * 9000)
    assert max(len(chunk.text) for chunk in parsed.chunks) <= MAX_CHARS
    assert {chunk.start_line for chunk in parsed.chunks} == {1, 2}


def test_a_chunk_of_imports_alone_has_no_symbol() -> None:
    parsed = check_parsed("a.py", "import os\n" * 100 + "\n\ndef f():\n" + "    x()\n" * 60)
    assert (parsed.chunks[0].symbol, parsed.chunks[0].kind) == ("", None)
    assert ("f", SymbolKind.FUNCTION) in {(chunk.symbol, chunk.kind) for chunk in parsed.chunks}


def test_markers_count_only_in_comments() -> None:
    text = '# TODO: one\nx = "TODO two"  # FIXME three\nTODO = 4\n"""HACK five"""\n# XXXY no, XXX yes\n'
    assert [(one.line, one.word, one.text) for one in parse("a.py", text).markers] == snapshot(
        [(1, "TODO", "TODO: one"), (2, "FIXME", "FIXME three"), (5, "XXX", "XXX yes")]
    )
    assert [one.line for one in parse("a.c", "int TODO; /* TODO a */\n// HACK b\n").markers] == [1, 2]
    assert [one.text for one in parse("a.html", "TODO\n<!-- TODO c -->\n").markers] == ["TODO c"]
    assert [one.line for one in parse("a.txt", "TODO: d\nthe TODO list\n").markers] == [1]


def test_an_empty_text_has_nothing() -> None:
    for path in SNIPPETS:
        parsed = parse(path, "")
        assert (parsed.chunks, parsed.symbols, parsed.markers, parsed.problems) == ((), (), (), 0)
