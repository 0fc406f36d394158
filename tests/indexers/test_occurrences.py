"""Mentions of a name: whole words alone, and what each of them stands in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from magray_testkit.snippets import SNIPPETS

from magray_core.memory import OccurrenceKind
from magray_indexers.languages import language_of
from magray_indexers.occurrences import occurrences_in
from magray_indexers.parsing import parse


def mentions(path: str, text: str, name: str) -> str:
    """One line for each mention: ``line:column kind inside``."""
    parsed = parse(path, text)
    found = occurrences_in(path, text, parsed.language, name, parsed.symbols)
    for one in found:
        assert text[one.span.start : one.span.end] == name.rpartition(".")[2]
        assert one.line_text[one.column - 1 :].startswith(name.rpartition(".")[2])
    return "\n".join(f"{one.line}:{one.column} {one.kind.value} {one.inside}".rstrip() for one in found)


PYTHON = '''\
from shop import pay, payment  # pay
import pay as p
__all__ = ["pay"]


class Till:
    """How to pay."""

    def pay(self, pay=None):
        self.pay(1)
        f"{pay(2)} pay"
        return shop.pay, pay.x

    @pay
    def other(self): ...


handlers = {"pay": pay, 'prepay': 1}
🦊 = 1; pay()
'''


def test_python() -> None:
    assert mentions("a.py", PYTHON, "pay") == snapshot("""\
1:18 import
1:34 comment
2:8 import
3:13 string __all__
7:15 string Till
9:9 definition Till
9:19 definition Till.pay
10:14 call Till.pay
11:12 call Till.pay
11:20 string Till.pay
12:21 reference Till.pay
12:26 reference Till.pay
14:6 call Till.other
18:14 string handlers
18:20 reference handlers
19:8 call\
""")


def test_a_dotted_name_is_looked_for_by_its_last_part() -> None:
    assert mentions("a.py", PYTHON, "Till.pay") == mentions("a.py", PYTHON, "pay")


@pytest.mark.parametrize(
    ("path", "text", "kinds"),
    [
        ("a.js", "import {go} from './go';\nfunction go() {}\ngo(); x.go(); new go();\nlet $go = `${go()} go`; // go\n",
         "import string definition call call call call string comment"),
        ("a.ts", "interface Go { go(): void }\nconst x: Go = go<Go>(1);", "definition call"),
        ("a.tsx", "const a = <go x={go} />;", "reference reference"),
        ("a.go", 'package a\nimport "go"\nfunc go1() {}\nfunc (g *T) run() { g.run(); run("run") }',
         "definition call call string"),
        ("a.rs", 'use a::go;\nfn go() {}\nfn f() { go(); x.go(); a::go::<T>(); let s = "go"; } // go',
         "import definition call call call string comment"),
        ("A.java", 'import a.go;\nclass A { void go() { this.go(); B.go(); String s = "go"; Object o = this::go; } }',
         "import definition call call string reference"),
        ("a.kt", 'import a.go\nfun go() { x.go(); val s = "go ${go()}" } // go',
         "import definition call string call comment"),
        ("a.scala", 'import a.go\ndef go(x: Int) = { go(1); x.go(2) } // go', "import definition call call comment"),
        ("a.c", '#include "go"\nint go(void) { return go() + s->go("go"); } /* go */',
         "import definition call call string comment"),
        ("a.cpp", "int ns::go() { return ns::go() + x.go<int>(1); }", "definition call call"),
        ("a.cs", 'using go;\nclass A { void go() { go(); this.go(); var s = "go"; } }',
         "import definition call call string"),
        ("a.rb", "def go?; end\ndef go; go 1; x.go; go?; 'go' end # go", "definition call call string comment"),
        ("a.php", "<?php\nuse A\\go;\nfunction go($go) { go(1); $x->go(); return 'go'; } // go",
         "import definition reference call call string comment"),
        ("a.swift", 'import go\nfunc go() { go(); x.go(); let s = "go" } // go',
         "import definition call call string comment"),
        ("a.lua", 'local function go() go() x.go() x:go() return "go" end -- go',
         "definition call call call string comment"),
        ("a.sh", 'go() { echo "go"; }\ngo 1\n# go\n', "definition string call comment"),
        ("A.hs", 'import A (go)\ngo :: Int\ngo = f "go" -- go\n', "import definition definition string comment"),
        ("a.ex", 'defmodule A do\n  def go(x), do: B.go(x)\n  @doc "go"\n  # go\n end',
         "definition call string comment"),
        ("a.zig", 'fn go() void { go(); x.go(); _ = "go"; } // go', "definition call call string comment"),
        ("a.md", "go `go` go-to", "text text text"),
        ("a.yaml", "go: 1\nx: go\ny: go-to\n", "text text"),
        ("a.css", ".go { } .go-to { }", "text"),
    ],
)  # fmt: skip
def test_each_language_tells_calls_from_words(path: str, text: str, kinds: str) -> None:
    parsed = parse(path, text)
    name = "run" if path == "a.go" else "go"
    found = occurrences_in(path, text, parsed.language, name, parsed.symbols)
    assert " ".join(one.kind.value for one in found) == kinds


@pytest.mark.parametrize(
    ("path", "text", "name", "count"),
    [
        ("a.js", "$x x x$ x", "x", 2),
        ("a.php", "<?php $x = x;", "x", 2),
        ("a.rb", "save save! save? x.save", "save", 2),
        ("a.rb", "save save! save?", "save!", 1),
        ("a.py", "имя имяx имя", "имя", 2),
        ("a.py", "e e\u0301 e", "e", 2),
        ("a.py", "x", "", 0),
        ("a.py", "x", "y", 0),
    ],
)
def test_a_part_of_a_name_is_no_mention(path: str, text: str, name: str, count: int) -> None:
    assert len(occurrences_in(path, text, language_of(path), name, ())) == count


def test_every_definition_in_a_snippet_is_found_as_one() -> None:
    for path, text in SNIPPETS.items():
        parsed = parse(path, text)
        for symbol in parsed.symbols:
            if not symbol.name.isidentifier() or symbol.kind.value in ("section", "key"):
                continue
            found = occurrences_in(path, text, parsed.language, symbol.name, parsed.symbols)
            kinds = {one.span: one.kind for one in found}
            assert kinds[symbol.name_span] is OccurrenceKind.DEFINITION, (path, symbol.qualified_name)


@given(st.sampled_from(sorted(SNIPPETS)), st.text(alphabet="ab.(){}\"'#\n é🦊\ud800", max_size=40))
def test_no_text_makes_it_fail(path: str, filler: str) -> None:
    text = SNIPPETS[path][: len(filler) * 7] + filler + " a " + SNIPPETS[path]
    found = occurrences_in(path, text, language_of(path), "a", parse(path, text).symbols)
    assert [one.span for one in found] == sorted(one.span for one in found)
