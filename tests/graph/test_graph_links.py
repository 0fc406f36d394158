"""Which files are tied to which, and why: names resolved and imports followed in every family of languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.graphs import graphed, links
from magray_testkit.snippets import SNIPPETS

from magray_indexers.graph.edges import CALL, facts_of, name_key
from magray_indexers.graph.imports import imports_in
from magray_indexers.parsing import parse

IMPORTS = [
    ("pkg/a.py", "from .b import f\n", "pkg/b.py"),
    ("pkg/sub/a.py", "from ..b import (\n    f,  # why\n    g,\n)\n", "pkg/b.py"),
    ("pkg/a.py", "from . import b\n", "pkg/b.py"),
    ("tests/t.py", "import pkg.b as other\n", "src/pkg/b.py"),
    ("a.py", "from pkg import x\n", "pkg/__init__.py"),
    ("web/a.ts", 'import { f } from "./b";\n', "web/b.ts"),
    ("web/a.ts", 'import type { F } from "../lib/b.js";\n', "lib/b.ts"),
    ("web/a.js", 'const b = require("./b");\n', "web/b/index.js"),
    ("web/a.tsx", 'export * from "@/lib/b";\n', "src/lib/b.ts"),
    ("web/A.vue", '<script>\nimport B from "./B.vue";\n</script>\n', "web/B.vue"),
    ("cmd/main.go", 'package main\n\nimport (\n\t"fmt"\n\t"example.org/shop/store"\n)\n', "store/store.go"),
    ("src/main.rs", "mod b;\nfn main() {}\n", "src/b.rs"),
    ("src/a.rs", "use crate::deep::b::{F, g};\n", "src/deep/b.rs"),
    ("src/deep/a.rs", "use super::b::F;\n", "src/deep/b.rs"),
    ("src/main/java/x/A.java", "package x;\nimport y.B;\nclass A {}\n", "src/main/java/y/B.java"),
    ("src/A.kt", "import y.B\n", "src/y/B.kt"),
    ("src/a.c", '#include "inc/b.h"\n', "src/inc/b.h"),
    ("src/a.cpp", "#include <lib/b.hpp>\n", "include/lib/b.hpp"),
    ("app/A.php", "<?php\nuse App\\Models\\B;\n", "app/Models/B.php"),
    ("src/A.cs", "using Shop.Store;\n", "Shop/Store/B.cs"),
    ("lib/a.rb", 'require_relative "deep/b"\n', "lib/deep/b.rb"),
    ("bin/a.rb", 'require "shop/b"\n', "lib/shop/b.rb"),
    ("lua/a.lua", 'local b = require("shop.b")\n', "lua/shop/b.lua"),
    ("lib/a.ex", "defmodule A do\n  alias Shop.BigStore\nend\n", "lib/shop/big_store.ex"),
    ("src/A.hs", "module A where\nimport qualified Data.Shop as S\n", "src/Data/Shop.hs"),
    ("run.sh", 'source "${here}/lib/b.sh"\n', "lib/b.sh"),
    ("a.zig", 'const b = @import("b.zig");\n', "b.zig"),
    ("style/a.scss", '@use "b";\n', "style/b.scss"),
    ("a.proto", 'import "shop/b.proto";\n', "shop/b.proto"),
    ("docs/a.md", "See [the other](../src/b.py#L3).\n", "src/b.py"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "target"), IMPORTS, ids=[f"{row[0]} {row[2]}" for row in IMPORTS])
def test_an_import_leads_to_its_file(tmp_path: Path, path: str, text: str, target: str) -> None:
    found = graphed(tmp_path, {path: text, target: "\n", "elsewhere/b.txt": "\n", "other/B": "\n"})
    kind = "mentions" if path.endswith(".md") else "imports"
    assert (path, kind, target) in found
    assert {key for key in found if key[1] == kind} == {(path, kind, target)}


def test_what_lies_outside_the_workspace_is_not_mistaken_for_a_file_of_it(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "shop/__init__.py": "",
            "shop/json.py": "def dumps(x): ...\n",
            "shop/types.py": "class Item: ...\n",
            "main.py": "import json\nimport os.path\nfrom types import SimpleNamespace\n",
            "web/a.ts": 'import fs from "node:fs";\nimport { x } from "https://example.org/b.ts";\n',
            "web/fs.ts": "export const x = 1;\n",
        },
    )
    assert not [key for key in found if key[1] == "imports"]


def test_a_call_goes_to_the_definition_in_scope_first(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "own.py": "def load(): ...\n\ndef go():\n    load()\n",
            "taken.py": "from there import load\n\ndef go():\n    load()\n",
            "there.py": "def load(): ...\n",
            "third.py": "def load(): ...\n",
        },
    )
    assert {key for key in found if key[1] == "calls"} == {("taken.py", "calls", "there.py")}


def test_an_unclear_call_is_shared_among_what_it_can_mean(tmp_path: Path) -> None:
    clear = graphed(tmp_path / "clear", {"a.py": "def go():\n    fetch_rows()\n", "b.py": "def fetch_rows(): ...\n"})
    files = {f"m{n}.py": "def fetch_rows(): ...\n" for n in range(4)}
    shared = graphed(tmp_path / "shared", {"a.py": "def go():\n    fetch_rows()\n", **files})
    assert len([key for key in shared if key[1] == "calls"]) == 4
    assert clear["a.py", "calls", "b.py"] > 2 * shared["a.py", "calls", "m0.py"] > 0
    many = {f"m{n}.py": "def fetch_rows(): ...\n" for n in range(30)}
    assert not graphed(tmp_path / "many", {"a.py": "def go():\n    fetch_rows()\n", **many})


def test_a_name_is_followed_through_the_package_that_hands_it_on(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "src/shop/__init__.py": "from .basket import pay as pay\n",
            "src/shop/basket.py": "def pay(): ...\n",
            "other/basket.py": "def pay(): ...\n",
            "run.py": "import shop\n\nshop.pay()\n",
        },
    )
    assert ("run.py", "calls", "src/shop/basket.py") in found
    assert ("run.py", "calls", "other/basket.py") not in found


def test_a_method_is_found_by_its_class_and_by_self(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "a.ts": "import { Shop } from './shop';\nexport function go() { Shop.openAll(); }\n",
            "shop.ts": "export class Shop { static openAll() { this.close(); } close() {} }\n",
            "door.ts": "export class Door { openAll() {} close() {} }\n",
        },
    )
    assert {key for key in found if key[1] == "calls"} == {("a.ts", "calls", "shop.ts")}


def test_a_receiver_named_like_a_class_means_that_class(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "a.py": "def go(http_session, self_made):\n    http_session.send()\n    self_made.cli_runner.get()\n",
            "session.py": "class Session:\n    def send(self): ...\n",
            "mail.py": "class Letter:\n    def send(self): ...\n    def get(self): ...\n",
            "runner.py": "class CliRunner:\n    def get(self): ...\n",
        },
    )
    assert {key for key in found if key[1] == "calls"} == {
        ("a.py", "calls", "session.py"),
        ("a.py", "calls", "runner.py"),
    }


def test_repeating_what_is_unclear_makes_it_no_clearer(tmp_path: Path) -> None:
    texts = {f"m{n}.py": f"class Part{n}:\n    def emit_all(self): ...\n" for n in range(5)}
    once = graphed(tmp_path / "once", {"a.py": "def go(x):\n    x.emit_all()\n", **texts})
    often = graphed(tmp_path / "often", {"a.py": "def go(x):\n" + "    x.emit_all()\n" * 40, **texts})
    assert once["a.py", "calls", "m1.py"] == often["a.py", "calls", "m1.py"] > 0


def test_names_of_everyones_containers_tie_nothing(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "a.py": "def go(rows, text):\n    rows.append(1)\n    text.split()\n    rows.get(1)\n",
            "b.py": "class Queue:\n    def append(self, x): ...\n    def get(self): ...\n    def split(self): ...\n",
        },
    )
    assert not found


def test_comments_and_strings_are_no_calls(tmp_path: Path) -> None:
    texts = {
        "a.py": '# charge_card()\nx = "charge_card()"\n"""\ncharge_card()\n"""\ny = f\'charge_card()\'\n',
        "a.js": "// chargeCard()\n/* chargeCard() */\nconst x = `chargeCard()` + 'chargeCard()';\n",
        "a.rs": "fn f<'a>(x: &'a str) { /* charge_it() */ let y = \"charge_it()\"; }\n// charge_it()\n",
        "a.lua": "-- charge_lua()\n--[[ charge_lua() ]]\nlocal x = 'charge_lua()'\n",
    }
    definitions = {
        "b.py": "def charge_card(): ...\n",
        "b.js": "function chargeCard() {}\n",
        "b.rs": "fn charge_it() {}\n",
        "b.lua": "function charge_lua() end\n",
    }
    assert not graphed(tmp_path, {**texts, **definitions})


def test_code_after_a_lifetime_or_an_apostrophe_is_still_read(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "a.rs": "fn f<'a>(x: &'a str) -> char { charge_it(); 'x' }\n",
            "b.rs": "pub fn charge_it() {}\n",
            "a.sh": "x=${#list} # it's here\nsend_all\n",
            "b.sh": "send_all() {\n  echo\n}\n",
        },
    )
    assert ("a.rs", "calls", "b.rs") in found
    assert ("a.sh", "calls", "b.sh") in found


def test_languages_call_only_their_own_family(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "a.py": "def go():\n    render_page()\n",
            "page.js": "export function render_page() {}\n",
            "main.c": "int main(void) { return draw_all(); }\n",
            "draw.cpp": "int draw_all() { return 0; }\n",
        },
    )
    assert {key for key in found if key[1] == "calls"} == {("main.c", "calls", "draw.cpp")}


def test_what_tests_use_they_test(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "src/parser.py": "def parse_all(text): ...\n",
            "src/other.py": "def unrelated(): ...\n",
            "tests/test_parser.py": "from src.parser import parse_all\n\ndef test_it():\n    parse_all('')\n",
            "tests/test_named.py": "def test_it(): ...\n",
            "src/named.py": "x = 1\n",
            "web/Button.tsx": "export function Button() { return null; }\n",
            "web/Button.test.tsx": "import { Button } from './Button';\ntest('x', () => { Button(); });\n",
        },
    )
    tested = {(source, target) for source, kind, target in found if kind == "tests"}
    assert tested == {
        ("tests/test_parser.py", "src/parser.py"),
        ("tests/test_named.py", "src/named.py"),
        ("web/Button.test.tsx", "web/Button.tsx"),
    }


def test_code_does_not_use_what_tests_define(tmp_path: Path) -> None:
    found = graphed(tmp_path, {"src/a.py": "def go():\n    make_user()\n", "tests/helper.py": "def make_user(): ...\n"})
    assert not found


def test_prose_mentions_what_looks_like_code(tmp_path: Path) -> None:
    found = graphed(
        tmp_path,
        {
            "src/a.py": "def load_rows(): ...\n\nclass Basket:\n    def pay(self): ...\n\ndef plain(): ...\n",
            "docs/guide.md": "Call `Basket.pay` after load_rows. A plain word is not one.\n",
            "docs/plain.rst": "It is a plain basket that you pay.\n",
        },
    )
    assert {key for key in found if key[1] == "mentions"} == {("docs/guide.md", "mentions", "src/a.py")}


def test_files_that_share_rare_words_are_alike(tmp_path: Path) -> None:
    graphed(
        tmp_path,
        {
            "throttle.py": "class Throttle: ...\n\ndef throttle_rate(): ...\n",
            "docs/throttling.md": "# Throttling\n\nWhy.\n",
            "other.py": "class Basket: ...\n",
        },
    )
    alike = {key for key in links(tmp_path, alike=True) if key[1] == "shares-notions"}
    assert ("docs/throttling.md", "shares-notions", "throttle.py") in alike
    assert not [key for key in alike if "other.py" in key]


@pytest.mark.parametrize("path", sorted(SNIPPETS))
def test_every_language_gives_facts_that_stay_inside_the_file(path: str) -> None:
    text = SNIPPETS[path]
    parsed = parse(path, text)
    facts = facts_of(path, parsed.language, text, parsed.symbols)
    n_lines = text.count("\n") + 1
    assert all(1 <= ref.line <= n_lines and -1 <= ref.scope < len(parsed.symbols) for ref in facts.refs)
    assert all(1 <= one.line <= n_lines for one in facts.imports)


def test_a_call_belongs_to_the_innermost_definition_around_it() -> None:
    text = "class A:\n    def f(self):\n        def g():\n            target()\n        target()\n\ntarget()\n"
    parsed = parse("a.py", text)
    facts = facts_of("a.py", "python", text, parsed.symbols)
    names = {symbol.qualified_name: index for index, symbol in enumerate(parsed.symbols)}
    scopes = {ref.scope: ref.line for ref in facts.refs if ref.kind == CALL and ref.name == name_key("target")}
    assert scopes == {names["A.f.g"]: 4, names["A.f"]: 5, -1: 7}


@pytest.mark.parametrize(
    "text",
    ["", "\x00" * 100, "import " * 2000, "(" * 5000, "{" * 3000, '"' * 4001, "use a::{" * 300, "a." * 5000, "`" * 3000,
     "from . import (" * 500, "\ud800 = f()\n", "é()\u202e()\n" * 100],
    ids=range(12),
)  # fmt: skip
@pytest.mark.parametrize("language", ["python", "rust", "markdown", "typescript", "bash", "haskell", "go"])
def test_odd_texts_are_read_like_any_other(text: str, language: str) -> None:
    facts = facts_of("a.x", language, text, ())
    assert len(facts.refs) < 20_001
    assert len(imports_in(text, language)) < 1000


@pytest.mark.parametrize("part", ["`", "require(", "import ", "use a::{", "a.", "[a.b", "#include <", "(", '"'])
def test_reading_a_hostile_text_takes_time_in_proportion_to_its_length(part: str) -> None:
    text = part * (60_000 // len(part))
    for language in ("markdown", "php", "typescript", "rust", "python", "clojure", "c"):
        facts_of("a.x", language, text, ())  # a pattern that tries every pair of places would take minutes
