"""``magray/memory/*`` and ``magray/tasks/*`` over the wire: notes at the cursor, one search, forgetting asked."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import write_project
from magray_testkit.editor import Editor, editing
from magray_testkit.lsp import LspError, Message


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One server, with a home of its own, for all of these tests."""
    folder = tmp_path_factory.mktemp("memory")
    with editing(write_project(folder / "project"), home=folder / "home") as editor:
        yield editor


@pytest.fixture
def editor(opened: Editor) -> Editor:
    """Nothing is open and nothing is remembered."""
    opened.reset()
    ids = [record["id"] for record in opened.client.request("magray/memory/list", {})["records"]]
    ids += [record["id"] for record in opened.client.request("magray/tasks/list", {"all": True})["tasks"]]
    if ids:
        opened.client.request("magray/memory/forget", {"ids": sorted(set(ids)), "approved": True})
    return opened


def note(editor: Editor, text: str, **params: Any) -> Message:
    answer: Message = editor.client.request("magray/memory/note", {"text": text, **params})
    return answer


def test_a_note_at_the_cursor_has_a_location_that_follows_unsaved_edits(editor: Editor) -> None:
    editor.open("app/util.py")
    made = note(editor, "ask Ada", tags=["people"], **editor.at("app/util.py", "return"))
    assert (made["symbol"], made["state"], made["startLine"], made["tags"]) == ("greet", "there", 6, ["people"])
    assert made["location"]["uri"] == editor.uri("app/util.py")
    assert made["location"]["range"]["start"] == {"line": 5, "character": 0}
    editor.type("app/util.py", '"""Words for people."""\n', '"""Words for people."""\n\nX = 1\nY = 2\n')
    (found,) = editor.client.request("magray/memory/list", {"paths": ["app/"], "query": "ada"})["records"]
    assert (found["id"], found["startLine"]) == (made["id"], 9)
    assert (
        "ask Ada" in editor.client.request("textDocument/hover", editor.at("app/util.py", "greet"))["contents"]["value"]
    )


def test_one_question_reaches_code_notes_and_sessions_with_filters(editor: Editor) -> None:
    note(editor, "say hello to somebody in their own language", tags=["i18n"])
    search = editor.client.request
    both = search("magray/memory/search", {"query": "say hello to somebody"})
    assert {hit["source"] for hit in both["hits"][:2]} == {"code", "records"}
    assert both["facets"]["sources"]["records"] == 1
    assert both["facets"]["tags"] == {"i18n": 1}
    code = next(hit for hit in both["hits"] if hit["source"] == "code")
    assert code["location"]["uri"] == editor.uri(code["path"])
    assert code["scores"]
    only = search("magray/memory/search", {"query": "hello", "tags": ["i18n"]})
    assert [hit["source"] for hit in only["hits"]] == ["records"]
    only = search("magray/memory/search", {"query": "hello", "kinds": ["note"]})
    assert [hit["kind"] for hit in only["hits"]] == ["note"]
    only = search("magray/memory/search", {"query": "hello", "sources": ["code"], "paths": ["app/"]})
    assert {hit["path"].split("/")[0] for hit in only["hits"]} == {"app"}
    near = search("magray/memory/search", {"query": "greet", "near": [editor.uri("app/main.py")]})
    assert near["context"] == ["app/main.py"]
    assert search("magray/memory/search", {"query": ""})["hits"] == []


def test_forgetting_is_asked_and_proved(editor: Editor) -> None:
    made = note(editor, "the zebra is in the garden")
    editor.approves = False
    with pytest.raises(LspError) as caught:
        editor.client.request("magray/memory/forget", {"ids": [made["id"]]})
    assert caught.value.data["kind"] == "tool_denied"
    assert "zebra" in editor.questions[-1]["message"]
    assert len(editor.client.request("magray/memory/list", {})["records"]) == 1
    editor.approves = True
    answer = editor.client.request("magray/memory/forget", {"ids": [made["id"]]})
    assert (answer["forgotten"], answer["proof"]["hits"]) == ([made["id"]], [])
    assert answer["proof"]["files"] > 0
    for params in ({}, {"ids": ["x"], "text": "both"}, {"ids": ["zz"]}, {"since": "monday"}):
        with pytest.raises(LspError) as caught:
            editor.client.request("magray/memory/forget", params)
        assert caught.value.code == -32803


def test_a_text_is_forgotten_everywhere_while_the_server_runs(editor: Editor) -> None:
    note(editor, "flamingo dance at dawn")
    answer = editor.client.request("magray/memory/forget", {"text": "flamingo dance", "approved": True})
    assert len(answer["forgotten"]) == 1
    assert editor.client.request("magray/memory/list", {"query": "flamingo"})["records"] == []
    assert editor.client.request("magray/search", {"query": "greet"})["hits"]


def test_todos_come_from_the_cursor_and_from_comments(editor: Editor) -> None:
    editor.open("app/main.py")
    added = editor.client.request(
        "magray/tasks/add", {"text": "print less", "due": "2999-01-01", **editor.at("app/main.py", "print")}
    )
    assert (added["symbol"], added["due"], added["kind"]) == ("main", "2999-01-01", "todo")
    (editor.root / "app/later.py").write_text("# TODO: think again\nx = 1\n")
    editor.changed_on_disk(["app/later.py"])
    request = editor.client.request
    editor.client.until(lambda: request("magray/tasks/import", {})["same"] == 1, "the comment as a todo")
    tasks = request("magray/tasks/list", {})["tasks"]
    assert [task["text"] for task in tasks] == ["print less", "think again"]
    assert tasks[1]["location"]["uri"] == editor.uri("app/later.py")
    assert request("magray/tasks/done", {"id": added["id"]})["done"]
    assert [task["text"] for task in request("magray/tasks/list", {})["tasks"]] == ["think again"]
    (editor.root / "app/later.py").unlink()
    editor.changed_on_disk(["app/later.py"])


def test_the_graph_comes_as_values_and_as_a_picture(editor: Editor) -> None:
    note(editor, "ask Ada", **editor.at("app/util.py", "greet"))
    params = {**editor.at("app/util.py", "greet"), "picture": "svg"}
    graph = editor.client.request("magray/memory/graph", params)
    assert "svg" in graph["picture"][:200]
    assert "ask Ada" in {node["label"] for node in graph["nodes"]}
    located = [node for node in graph["nodes"] if node["path"]]
    assert located
    assert all(node["location"]["uri"] == editor.uri(node["path"]) for node in located)
    page = editor.client.request("magray/memory/graph", {"about": "greet", "picture": "html", "nonce": "abcd12345"})
    assert "abcd12345" in page["picture"]
    with pytest.raises(LspError):
        editor.client.request("magray/memory/graph", {"about": "nothing_of_that_name"})


def test_the_memory_is_exported_to_where_the_person_says(editor: Editor, tmp_path: Path) -> None:
    note(editor, "mine")
    target = tmp_path / "all.zip"
    answer = editor.client.request("magray/memory/export", {"uri": target.as_uri()})
    assert answer["counts"]["records"] == 1
    assert zipfile.is_zipfile(target)
    assert zipfile.is_zipfile(editor.path(editor.client.request("magray/memory/export", {})["uri"]))


def test_sessions_are_listed_and_an_unknown_one_is_refused(editor: Editor) -> None:
    assert editor.client.request("magray/memory/sessions", {}) == {"sessions": []}
    with pytest.raises(LspError, match="there is no session"):
        editor.client.request("magray/memory/sessions", {"session": "nothing"})


def test_commands_show_documents_in_editors_without_a_view(editor: Editor) -> None:
    editor.run({"command": "magray.memory.note", "arguments": [{"text": "no plugin needed"}]})
    editor.run({"command": "magray.tasks.add", "arguments": [{"text": "write the plugin"}]})
    for command, words in {
        "magray.memory.list": "no plugin needed",
        "magray.tasks.list": "write the plugin",
        "magray.memory.search": "no plugin needed",
        "magray.memory.graph": "<html",
    }.items():
        arguments = [{"query": "plugin needed"}] if command.endswith("search") else []
        editor.run({"command": command, "arguments": arguments})
        assert words in editor.path(editor.shown[-1]).read_text(), command


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("magray/memory/note", {}, -32602, "text"),
        ("magray/memory/note", {"text": " "}, -32803, "empty"),
        ("magray/memory/note", {"text": "x" * 1_048_576}, -32803, "1,048,576"),
        ("magray/memory/note", {"text": "x", "kind": "todo"}, -32602, "kind"),
        ("magray/memory/note", {"text": "x", "textDocument": {"uri": "file:///etc/passwd"}}, -32803, "workspace"),
        ("magray/memory/list", {"kinds": ["wish"]}, -32803, "wish"),
        ("magray/memory/search", {"query": "x", "sources": ["web"]}, -32602, "sources"),
        ("magray/memory/search", {"query": "x", "kinds": ["wish"]}, -32803, "wish"),
        ("magray/memory/graph", {"depth": 9}, -32602, "depth"),
        ("magray/tasks/add", {"text": "x", "due": "soon"}, -32803, "soon"),
        ("magray/tasks/done", {"id": "zz"}, -32803, "zz"),
    ],
)
def test_wrong_params_are_refused_in_a_sentence(
    editor: Editor, method: str, params: Message, code: int, words: str
) -> None:
    with pytest.raises(LspError, match=words) as caught:
        editor.client.request(method, params)
    assert caught.value.code == code
