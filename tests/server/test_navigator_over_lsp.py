"""What a memory navigator is told: one question to every source, with reasons, filters and pictures."""

from __future__ import annotations

import re

from magray_testkit.editor import Editor

from magray_indexers.ranking import rules
from magray_server.why import reasons


def search(editor: Editor, query: str, **scope: list[str]) -> dict:  # type: ignore[type-arg]
    answer: dict = editor.client.request("magray/memory/search", {"query": query, **scope})  # type: ignore[type-arg]
    return answer


def test_every_part_of_a_score_is_explained_in_words() -> None:
    parts = re.findall(r"^- ``(\w+)``:", rules.__doc__ or "", re.MULTILINE)
    assert len(parts) > 10
    for part in parts:
        (line,) = reasons({part: 0.5})
        assert part not in line.split()[0]
        assert not line.endswith(f" {part}"), f"{part} has no words"


def test_hits_of_all_sources_say_where_they_come_from_and_why(editor: Editor) -> None:
    at = editor.at("app/util.py", "greet")
    noted = editor.client.request("magray/memory/note", {"text": "greet in the user's language", **at})
    answer = search(editor, "greet")
    code = next(hit for hit in answer["hits"] if hit["source"] == "code")
    record = next(hit for hit in answer["hits"] if hit["source"] == "records")
    assert code["location"]["uri"] == editor.uri(code["path"])
    assert code["why"][0].startswith("+")
    assert record["id"] == noted["id"]
    assert record["why"] == ["a note with words of the question"]
    assert answer["facets"]["languages"]["python"] >= 2
    assert answer["facets"]["sources"]["records"] == 1
    # Right after opening, files that are just being looked over again may be told as changed.
    editor.client.until(lambda: search(editor, "greet")["notices"] == [], "an answer with nothing old in it")
    only = search(editor, "greet", kinds=["note"])
    assert [hit["source"] for hit in only["hits"]] == ["records"]
    assert {hit["path"] for hit in search(editor, "greet", paths=["tests/"])["hits"]} == {"tests/test_util.py"}


def test_the_graph_can_be_had_as_text_and_as_a_page_with_the_clients_nonce(editor: Editor) -> None:
    about = {"about": "app/util.py"}
    text = editor.client.request("magray/memory/graph", {**about, "picture": "text"})["picture"]
    assert text.startswith("app/util.py (file")
    page = editor.client.request("magray/memory/graph", {**about, "picture": "html", "nonce": "n0nce-n0nce"})
    assert "script-src 'nonce-n0nce-n0nce'" in page["picture"]
