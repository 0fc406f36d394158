"""Questions to the workspace's memory: hover, search, explain, symbols, documents behind ``magray:``, doctor."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from magray_testkit.editor import FULL, Editor, editing
from magray_testkit.lsp import LspError, Message

READS_CONTENT: Message = {
    **FULL,
    "workspace": {**FULL["workspace"], "textDocumentContent": {"dynamicRegistration": False}},
}


def hover(editor: Editor, path: str, text: str) -> str:
    answer = editor.client.request("textDocument/hover", editor.at(path, text))
    return "" if answer is None else answer["contents"]["value"]


def test_a_hover_is_short_cited_and_says_how_fresh_it_is(editor: Editor) -> None:
    editor.open("app/main.py")
    text = hover(editor, "app/main.py", "greet")
    assert "def greet(name)" in text
    assert "Say hello to somebody." in text
    assert f"[`app/util.py:4`]({editor.uri('app/util.py')}#L4)" in text
    assert "test_util.py" in text
    assert "index generation" in text
    assert text.count("\n") <= 15


def test_a_hover_covers_the_name_in_the_clients_units(editor: Editor) -> None:
    editor.open("app/main.py")
    answer = editor.client.request("textDocument/hover", editor.at("app/main.py", "greet("))
    line = 'title = "😀"; print(greet("world"))'
    start = 4 + len(line[: line.index("greet")].encode("utf-16-le")) // 2
    assert answer["range"] == {"start": {"line": 4, "character": start}, "end": {"line": 4, "character": start + 5}}


def test_nothing_is_said_where_nothing_is_known(editor: Editor) -> None:
    editor.open("app/main.py")
    assert hover(editor, "app/main.py", "print") == ""
    assert hover(editor, "app/main.py", '"world"') == ""
    outside = {"textDocument": {"uri": "file:///etc/passwd"}, "position": {"line": 0, "character": 0}}
    assert editor.client.request("textDocument/hover", outside) is None
    untitled = {"textDocument": {"uri": "untitled:Untitled-1"}, "position": {"line": 0, "character": 0}}
    assert editor.client.request("textDocument/hover", untitled) is None


def test_hovers_can_be_turned_off_and_on_while_the_server_runs(editor: Editor) -> None:
    editor.open("app/main.py")
    for enabled in (False, True):
        settings = {"settings": {"magray": {"hover": {"enabled": enabled}}}}
        editor.client.notify("workspace/didChangeConfiguration", settings)
        assert bool(hover(editor, "app/main.py", "greet")) == enabled


def test_a_wrong_setting_is_said_and_changes_nothing(editor: Editor) -> None:
    editor.open("app/main.py")
    wrong = {"settings": {"magray": {"hover": {"enabled": "maybe"}}}}
    editor.client.notify("workspace/didChangeConfiguration", wrong)
    assert "hover.enabled" in editor.client.notification("window/showMessage")["message"]
    assert hover(editor, "app/main.py", "greet")


def test_search_hits_have_locations_and_scores(editor: Editor) -> None:
    answer = editor.client.request("magray/search", {"query": "say hello to somebody", "k": 3})
    (best, *_) = answer["hits"]
    assert best["path"] == "app/util.py"
    assert best["location"]["uri"] == editor.uri("app/util.py")
    assert best["location"]["range"]["start"] == {"line": best["startLine"] - 1, "character": 0}
    assert answer["freshness"]["complete"]


@pytest.mark.parametrize("params", [{}, {"query": 5}, {"query": "x", "k": 0}, {"query": "x" * 20_000}])
def test_wrong_params_of_a_custom_method_name_the_field(editor: Editor, params: Message) -> None:
    with pytest.raises(LspError) as caught:
        editor.client.request("magray/search", params)
    assert caught.value.code == -32602
    assert ("k" if "k" in params else "query") in caught.value.message


def test_an_explanation_has_citations_with_locations(editor: Editor) -> None:
    answer = editor.client.request("magray/explain", editor.at("app/util.py", "greet"))
    assert answer["markdown"].startswith("# `")
    assert {citation["location"]["uri"] for citation in answer["citations"]} >= {editor.uri("app/util.py")}


def test_symbols_are_found_by_a_part_of_their_name(editor: Editor) -> None:
    def names() -> set[str]:
        return {symbol["name"] for symbol in editor.client.request("workspace/symbol", {"query": "gree"})}

    # The test before may just have given its files back, which the index takes up in a moment.
    editor.client.until(lambda: names() == {"greet", "test_greet"}, "both symbols")


def test_commands_show_their_answers_in_editors_without_a_plugin(editor: Editor) -> None:
    editor.run({"command": "magray.search", "arguments": ["hello"]})
    assert "app/util.py" in editor.path(editor.shown[-1]).read_text()
    editor.run({"command": "magray.explain", "arguments": [editor.at("app/util.py", "greet")]})
    assert "greet" in editor.path(editor.shown[-1]).read_text()
    report = editor.run({"command": "magray.doctor"})
    assert report["ok"]
    assert "index" in editor.path(editor.shown[-1]).read_text()
    made = editor.run({"command": "magray.plan", "arguments": ["rename greet to hail_everybody"]})
    assert editor.shown[-1] == made["uri"]
    editor.run({"command": "magray.show", "arguments": [{"plan": made["id"]}]})
    assert editor.shown[-1] == made["uri"]
    done = editor.run({"command": "magray.do", "arguments": [{"goal": "rename greet to hail_all"}]})
    assert done["status"] == "applied"
    assert editor.run({"command": "magray.undo", "arguments": [done["plan"]]})["status"] == "undone"


def test_magray_documents_are_read_where_the_client_can(project: Path) -> None:
    with editing(project, capabilities=READS_CONTENT) as editor:
        editor.open("app/main.py")
        text = hover(editor, "app/main.py", "greet")
        start = text.index("(magray:/explain/") + 1
        uri = text[start : text.index(")", start)]
        content = editor.client.request("workspace/textDocumentContent", {"uri": uri})
        assert content["text"].startswith("# `")
        made = editor.client.request("magray/plan", {"goal": "rename greet to hail"})
        for kind, words in {"plan": f"# Plan {made['id']}", "diff": "diff --git"}.items():
            content = editor.client.request("workspace/textDocumentContent", {"uri": f"magray:/{kind}/{made['id']}"})
            assert content["text"].startswith(words)
        for wrong in (
            "magray:/nothing",
            "magray:/explain/x",
            f"magray:/explain/{quote('../../etc/passwd')}?line=1&column=1",
        ):
            with pytest.raises(LspError) as caught:
                editor.client.request("workspace/textDocumentContent", {"uri": wrong})
            assert caught.value.code == -32803


def test_a_file_in_latin_1_keeps_its_encoding_through_a_plan(project: Path) -> None:
    (project / "app/old.py").write_bytes(
        "# -*- coding: latin-1 -*-\nfrom app.util import greet\n\nprint(greet('é'))\n".encode("latin-1")
    )
    with editing(project, capabilities={}) as editor:
        made = editor.client.request("magray/plan", {"goal": "rename greet to hail"})
        editor.client.request("magray/plan/apply", {"plan": made["id"]})
        assert "hail('é')".encode("latin-1") in (project / "app/old.py").read_bytes()
