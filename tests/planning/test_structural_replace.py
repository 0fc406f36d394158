"""Replacing code by its shape: one table of languages, then what must stay as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import after, cursor, indexed, opened

from magray_core.cancel import Cancelled, CancelToken
from magray_core.documents import encode
from magray_core.errors import RefactoringRefused
from magray_core.plans import Grade, Intent, IntentKind, Place
from magray_core.spans import apply_edits
from magray_indexers.languages import LANGUAGES
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.refactoring.engines.astgrep_engine import compile_pattern, find_matches, supported_languages
from magray_orchestration.refactoring.rewriting import rewrite
from magray_orchestration.refactoring.structural_replace import StructuralReplace
from magray_orchestration.workspace import Workspace

CALLS = {
    "python": "def f():\n    log(1, 2)\n", "javascript": "function f(){ log(1, 2); }\n",
    "typescript": "function f(): void { log(1, 2); }\n", "tsx": "const a = <a>{log(1, 2)}</a>;\n",
    "go": "package a\nfunc f() { log(1, 2) }\n", "rust": "fn f() { log(1, 2); }\n",
    "java": "class A { void f() { log(1, 2); } }\n", "kotlin": "fun f() { log(1, 2) }\n",
    "scala": "object A { def f() = { log(1, 2) } }\n", "c": "void f() { log(1, 2); }\n",
    "cpp": "void f() { log(1, 2); }\n", "csharp": "class A { void F() { log(1, 2); } }\n",
    "ruby": "def f\n  log(1, 2)\nend\n", "php": "<?php\nfunction f() { log(1, 2); }\n",
    "swift": "func f() { log(1, 2) }\n", "lua": "function f() log(1, 2) end\n",
    "elixir": "defmodule A do\n  def f do\n    log(1, 2)\n  end\nend\n", "zig": "fn f() void { log(1, 2); }\n",
    "hcl": "a = log(1, 2)\n",
}  # fmt: skip
OTHERS = [
    ("bash", "f() { log 1 2; }\n", "log $A $B", "put $B $A", "f() { put 2 1; }\n"),
    ("haskell", "f = log 1 2\n", "log $A $B", "put $B $A", "f = put 2 1\n"),
    ("nix", "{ a = log 1 2; }\n", "log $A $B", "put $B $A", "{ a = put 2 1; }\n"),
    ("html", "<p>log</p><b>x</b>\n", "<p>$A</p>", "<q>$A</q>", "<q>log</q><b>x</b>\n"),
    ("css", "a { color: red; margin: 0 }\n", "color: $A", "background: $A", "a { background: red; margin: 0 }\n"),
    ("json", '{"a": [1, 2]}\n', "[1, 2]", "[3]", '{"a": [3]}\n'),
    ("yaml", "a: [1, 2]\n", "[$A, $B]", "[$B, $A]", "a: [2, 1]\n"),
    ("c", "void f(void) { log(1); log(1, 2); }\n", "log($$$A)", "put($$$A)", "void f(void) { put(1); put(1, 2); }\n"),
    ("c", "int f(int a){ return a; }\n", "int $F(int $X) { $$$B }", "int g($X) { $$$B }", "int g(a) { return a; }\n"),
    ("c", "int a(int b){ return a; }\n", "a", "c", "int c(int b){ return c; }\n"),
    ("java", "class A { int f(){ a(); } }\n", "int $F() { $$$B }", "int g();", "class A { int g(); }\n"),
    ("javascript", "let a = 1;\nlet b = 2\n", "let $A = $B", "const $A = $B", "const a = 1;\nconst b = 2\n"),
    ("python", "assert x == None, 'a'\n", "$A == None", "$A is None", "assert x is None, 'a'\n"),
    ("python", "log(log(1))\n", "log($A)", "put($A)", "put(put(1))\n"),
    ("python", "log()\nlog(1, 2)\n", "log($$$A)", "put(0, $$$A)", "put(0)\nput(0, 1, 2)\n"),
    ("python", "log()\nlog(1, 2)\n", "log($$$A)", "put($$$A, 0)", "put(0)\nput(1, 2, 0)\n"),
    ("python", "x = '😀é'; log(x)\r\n", "log($$$A)", "put($$$A)", "x = '😀é'; put(x)\r\n"),
    ("python", "log('😀',\r\n  y)\r\n", "log($$$A)", "put($$$A)", "put('😀',\r\n  y)\r\n"),
    (
        "python", "class A:\n    if a:\n        b()\n        c('''x\n  y''')\n",
        "if $C:\n    $$$B", "with $C:\n    if ok:\n        $$$B",
        "class A:\n    with a:\n        if ok:\n            b()\n            c('''x\n  y''')\n",
    ),
    ("python", "if a:\r\n    log(1)\r\n", "log($A)", "x = $A\nput(x)", "if a:\r\n    x = 1\r\n    put(x)\r\n"),
    ("python", "# log(1)\ns = 'log(1)'\nlog(1)\n", "log($A)", "put($A)", "# log(1)\ns = 'log(1)'\nput(1)\n"),
    ("python", "log(1, 2)\nlog(3)\n", "log($A, $_)", "put($A)", "put(1)\nlog(3)\n"),
]  # fmt: skip


def replaced(language: str, text: str, pattern: str, replacement: str) -> str:
    matches = find_matches(compile_pattern(pattern, language), text)
    return apply_edits(text, rewrite(text, matches, replacement).edits)


@pytest.mark.parametrize("language", sorted(CALLS))
def test_a_call_is_replaced_in_every_language_that_has_calls(language: str) -> None:
    text = CALLS[language]
    assert replaced(language, text, "log($A, $B)", "put($B, $A)") == text.replace("log(1, 2)", "put(2, 1)")
    assert replaced(language, text, "log($$$ARGS)", "put($$$ARGS)") == text.replace("log(1, 2)", "put(1, 2)")


@pytest.mark.parametrize(("language", "text", "pattern", "replacement", "expected"), OTHERS)
def test_the_shape_is_replaced_and_the_rest_stays(
    language: str, text: str, pattern: str, replacement: str, expected: str
) -> None:
    assert replaced(language, text, pattern, replacement) == expected


SHAPES = {
    "go": "package p\nfunc h() { y := a + b; f(x); g(a.b) }\n", "rust": "fn h() { let y = a + b; f(x); g(a.b); }\n",
    "java": "class A { void h() { int y = a + b; f(x); g(a.b); } }\n",
    "kotlin": "fun h() { val y = a + b; f(x); g(a.b) }\n",
    "scala": "object A { def h() = { val y = a + b; f(x); g(a.b) } }\n",
    "c": "void h() { int y = a + b; f(x); g(a.b); }\n", "cpp": "void h() { int y = a + b; f(x); g(a.b); }\n",
    "csharp": "class A { void H() { int y = a + b; f(x); g(a.b); } }\n",
    "php": "<?php $y = a + b; f(x); g(a.b);\n", "lua": "function h() local y = a + b; f(x); g(a.b) end\n",
    "zig": "fn h() void { const y = a + b; f(x); g(a.b); }\n", "javascript": "let y = a + b; f(x); g(a.b)\n",
    "typescript": "let y: number = a + b; f(x); g(a.b)\n", "python": "y = a + b\nf(x)\ng(a.b)\n",
    "ruby": "y = a + b\nf(x)\ng(a.b)\n", "swift": "let y = a + b\nf(x)\ng(a.b)\n",
    "elixir": "y = a + b\nf(x)\ng(a.b)\n",
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(SHAPES))
@pytest.mark.parametrize("pattern", ["f(x)", "a + b", "a.b", "x", "$X + b", "g($Y)", "$F(x)"])
def test_small_expressions_are_found_once(language: str, pattern: str) -> None:
    assert len(find_matches(compile_pattern(pattern, language), SHAPES[language])) == 1


def test_a_name_alone_is_found_wherever_code_has_it() -> None:
    text = "import a\n\n\nclass A(a.a):\n    x: a = 'a'  # a\n    def a(self, a=1): return self.a\n"
    assert replaced("python", text, "a", "b") == (
        "import b\n\n\nclass A(b.b):\n    x: b = 'a'  # a\n    def b(self, b=1): return self.b\n"
    )


def test_every_language_with_a_grammar_is_in_the_tables() -> None:
    assert set(supported_languages()) == {*CALLS, *(row[0] for row in OTHERS)}


@pytest.mark.parametrize(
    ("language", "pattern", "message", "hint"),
    [
        ("klingon", "a", "patterns cannot be written for klingon", "python"),
        ("toml", "a = $A", "patterns cannot be written for toml", "python"),
        ("python", "print($A", "is not python code", "$A"),
        ("python", "a b c", "is not python code", "$A"),
        ("python", "print($a)", "is not python code", "$A"),
        ("python", "", "is not python code", "$A"),
        ("python", "a()\nb()", "more than one piece", "one expression"),
        ("javascript", "a(); b()", "more than one piece", "one expression"),
    ],
)
def test_a_bad_pattern_is_told(language: str, pattern: str, message: str, hint: str) -> None:
    with pytest.raises(RefactoringRefused, match=message.replace("(", r"\(")) as caught:
        compile_pattern(pattern, language)
    assert hint in caught.value.hint


def test_a_language_that_ast_grep_lacks_is_no_crash(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import dataclasses

    odd = {**LANGUAGES, "toml": dataclasses.replace(LANGUAGES["toml"], ast_grep="toml")}
    monkeypatch.setattr("magray_indexers.languages.LANGUAGES", odd)
    with pytest.raises(RefactoringRefused, match="no grammar for toml"):
        compile_pattern("a + b", "toml")
    capfd.readouterr()  # Rust reports its panic on stderr


FILES = {
    "src/a.py": "from b import log\n\n\ndef f(x):\n    # log(x)\n    log(x)\n    return 'log(x)'\n",
    "src/b.py": "def log(x):\n    return x\n\n\nlog(1)\r\nlog('😀')\r\n",
    "src/none.py": "def other():\n    return 1\n",
    "web/a.ts": "export function f(x: number) { return log(x); }\n",
    "web/b.tsx": "export const B = () => <b>{log(1)}</b>;\n",
    "notes.md": "Call `log(x)`.\n",
    "latin.py": "# -*- coding: latin-1 -*-\nlog('é')\n".encode("latin-1"),
    "bom.py": b"\xef\xbb\xbflog(2)\r\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("replace"), FILES)


class Watched:
    def __init__(self) -> None:
        self.said: list[str] = []

    def report(self, message: str, fraction: float | None = None) -> None:
        self.said.append(message)


def steps(workspace: Workspace, place: Place | None = None, **slots: str) -> tuple[StepDraft, ...]:
    intent = Intent(IntentKind.REPLACE, {"pattern": "log($A)", "replacement": "put($A)", **slots})
    return StructuralReplace().compute(workspace, intent, place, Watched(), CancelToken())


def test_each_language_is_a_step_of_its_own(workspace: Workspace) -> None:
    drafts = steps(workspace)
    assert [draft.title for draft in drafts] == [
        "Replace `log($A)` with `put($A)` in python",
        "Replace `log($A)` with `put($A)` in tsx",
        "Replace `log($A)` with `put($A)` in typescript",
    ]
    python = drafts[0]
    assert [change.path for change in python.changes] == ["bom.py", "latin.py", "src/a.py", "src/b.py"]
    assert after(workspace, python.changes)["src/a.py"] == FILES["src/a.py"].replace("    log(x)", "    put(x)")  # type: ignore[union-attr]
    assert python.grade is Grade.SINGLE_ENGINE
    assert python.engines == ("ast-grep",)
    assert python.why == "5 places in 4 files"


def test_encodings_marks_and_line_ends_stay(workspace: Workspace) -> None:
    for change in steps(workspace, language="python")[0].changes:
        document = workspace.read(change.path)
        data = encode(after(workspace, (change,))[change.path], document.format)
        original = (workspace.root / change.path).read_bytes()
        assert data.replace(b"put", b"log") == original
        assert change.before_hash == document.content_hash


@pytest.mark.parametrize(
    ("slots", "paths"),
    [
        ({"language": "python", "path": "src"}, ["src/a.py", "src/b.py"]),
        ({"path": "src/b.py"}, ["src/b.py"]),
        ({"path": "web/*.ts"}, ["web/a.ts"]),
        ({"path": "*.tsx"}, ["web/b.tsx"]),
    ],
)
def test_the_scope_is_kept(workspace: Workspace, slots: dict[str, str], paths: list[str]) -> None:
    drafts = steps(workspace, **slots)
    assert [change.path for draft in drafts for change in draft.changes] == paths


def test_the_cursor_names_the_language(workspace: Workspace) -> None:
    drafts = steps(workspace, cursor(workspace, "web/a.ts", "log$0(x)"))
    assert [draft.args["language"] for draft in drafts] == ["typescript", "tsx"]


def test_an_unsaved_document_is_what_is_changed(workspace: Workspace) -> None:
    unsaved = opened(workspace, "src/none.py", "log(7)\n", version=3)
    change = next(one for one in steps(unsaved, language="python")[0].changes if one.path == "src/none.py")
    assert after(unsaved, (change,)) == {"src/none.py": "put(7)\n"}
    assert change.kind == "edit" and change.base_version == 3


@pytest.mark.parametrize(
    ("slots", "message", "hint"),
    [
        ({"pattern": "nowhere($A)"}, "no code has the shape `nowhere\\(\\$A\\)`", "exactly one argument"),
        ({"pattern": "log($A)", "path": "notes.md"}, "no code has the shape", ""),
        ({"pattern": "$A"}, "matches any code", "print"),
        ({"pattern": "$$$", "replacement": "a"}, "matches any code", "print"),
        ({"replacement": "put($B)"}, "\\$B is in the replacement but not in the pattern", "\\$A"),
        ({"pattern": "log($_)", "replacement": "put($_)"}, "without being kept", "\\$A"),
        ({"pattern": "log($a)", "replacement": "put()", "language": "python"}, "is not python code", "\\$A"),
        ({"pattern": "log($a)", "replacement": "put()"}, "no code has the shape", "capitals"),
        ({"pattern": "log(", "replacement": "put()", "language": "python"}, "is not python code", ""),
        ({"replacement": "log($A)"}, "the same", ""),
        ({"language": "markdown"}, "patterns cannot be written for markdown", "python"),
    ],
)  # fmt: skip
def test_what_cannot_be_replaced_is_refused(
    workspace: Workspace, slots: dict[str, str], message: str, hint: str
) -> None:
    with pytest.raises(RefactoringRefused, match=message) as caught:
        steps(workspace, **slots)
    assert hint.replace("\\", "") in caught.value.hint


def test_plain_text_is_replaced_only_when_the_person_says_text(workspace: Workspace) -> None:
    (draft,) = steps(workspace, pattern="log", replacement="put", mode="text")
    texts = after(workspace, draft.changes)
    assert texts["notes.md"] == "Call `put(x)`.\n"
    assert "# put(x)" in texts["src/a.py"]
    assert draft.grade is Grade.TEXTUAL_RESIDUE
    assert draft.problems


def test_a_text_of_several_lines_is_found_with_any_line_end(workspace: Workspace) -> None:
    (draft,) = steps(workspace, pattern="log(1)\nlog(", replacement="put(", mode="text")
    assert [change.path for change in draft.changes] == ["src/b.py"]


def test_a_match_that_the_replacement_drops_is_named(workspace: Workspace) -> None:
    nested = opened(workspace, "src/none.py", "log(1, log(2, 3))\n")
    (draft,) = steps(nested, pattern="log($A, $_)", replacement="put($A)", path="src/none.py")
    assert draft.problems == ("1 match stands in code that the replacement leaves out",)


def test_cancelling_stops_it(workspace: Workspace) -> None:
    cancel = CancelToken()
    cancel.cancel()
    intent = Intent(IntentKind.REPLACE, {"pattern": "log($A)", "replacement": "put($A)"})
    with pytest.raises(Cancelled):
        StructuralReplace().compute(workspace, intent, None, Watched(), cancel)


def test_a_file_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, {"a.py": "log(1)\n", "b.py": "log(2)\n"})
    (tmp_path / "a.py").unlink()
    assert [change.path for change in steps(workspace)[0].changes] == ["b.py"]


def test_the_menu_offers_to_replace_a_selection(workspace: Workspace) -> None:
    offers = StructuralReplace().offers(workspace, cursor(workspace, "src/a.py", "    $0log(x)$0\n    return"))
    assert [offer.goal_prefix for offer in offers] == ["replace `log(x)` with "]
    assert StructuralReplace().offers(workspace, cursor(workspace, "src/a.py", "lo$0g(x)")) == ()
