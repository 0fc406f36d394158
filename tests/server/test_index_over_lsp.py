"""The index while the server runs: progress, saves, changes from outside, other servers, and roots that are no good."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from magray_testkit.editor import FULL, Editor, editing
from magray_testkit.lsp import Client, LspError, Message, server

NO_WATCHING: Message = {"window": {"workDoneProgress": True}}


def found(client: Client, query: str) -> list[str]:
    try:
        return [hit["path"] for hit in client.request("magray/search", {"query": query, "k": 5})["hits"]]
    except LspError as error:
        assert error.data["kind"] == "index_unavailable"
        return []


def symbol_paths(client: Client, name: str) -> list[str]:
    symbols = client.request("workspace/symbol", {"query": name}) or []
    return [symbol["location"]["uri"].rpartition("/")[2] for symbol in symbols if symbol["name"] == name]


def many_files(root: Path, n: int) -> None:
    for number in range(n):
        body = "".join(f"def function_{number}_{i}(value):\n    return value + {i}\n\n" for i in range(40))
        (root / f"module_{number}.py").write_text(body)


def test_indexing_shows_a_progress_that_begins_and_ends(project: Path) -> None:
    with editing(project) as editor:
        values = [
            message["params"]["value"] for message in editor.client.notifications if message["method"] == "$/progress"
        ]
        assert (values[0]["kind"], values[0]["title"]) == ("begin", "Magray: indexing")
        assert values[0]["cancellable"]
        editor.client.until(
            lambda: any(
                m["method"] == "$/progress" and m["params"]["value"]["kind"] == "end"
                for m in editor.client.notifications
            ),
            "the end of the progress",
        )


def test_the_person_can_cancel_indexing(tmp_path: Path) -> None:
    many_files(tmp_path, 400)
    with editing(tmp_path, ready=False) as editor:
        client = editor.client
        begun = client.until(
            lambda: [m for m in client.notifications if m["method"] == "$/progress"], "the progress of indexing"
        )
        client.notify("window/workDoneProgress/cancel", {"token": begun[0]["params"]["token"]})
        client.notification("magray/index/status", message="indexing was cancelled")
        assert client.request("magray/index/status", {})["state"] in ("off", "ready")
        result = editor.run({"command": "magray.index"})
        assert result["state"] == "ready"
        assert symbol_paths(client, "function_399_39") == ["module_399.py"]


def test_a_saved_file_is_searchable_at_once(editor: Editor) -> None:
    editor.open("app/util.py")
    editor.type("app/util.py", '"""Words for people."""', '"""Words for people."""\n\n\ndef zanzibar(): ...')
    editor.save("app/util.py")
    before = time.monotonic()
    editor.client.until(lambda: symbol_paths(editor.client, "zanzibar") == ["util.py"], "the new symbol")
    assert time.monotonic() - before < 2, "0.1 s on a quiet machine"


def test_what_is_typed_is_found_before_it_is_saved(editor: Editor) -> None:
    editor.open("app/util.py")
    editor.type("app/util.py", "Words for people", "Quetzalcoatl for people")
    assert found(editor.client, "quetzalcoatl")[:1] == ["app/util.py"]
    editor.close("app/util.py")
    editor.client.until(lambda: found(editor.client, "quetzalcoatl") == [], "the disk to count again")


@pytest.mark.parametrize("capabilities", [FULL, NO_WATCHING], ids=["client watches", "server watches"])
def test_files_changed_by_others_are_noticed(project: Path, capabilities: Message) -> None:
    with editing(project, capabilities=capabilities) as editor:
        watched = [r for r in editor.client.requests if r["method"] == "client/registerCapability"]
        assert bool(watched) == (capabilities is FULL)
        (project / "app/extra.py").write_text("def zanzibar():\n    return 1\n")
        (project / "app/util.py").unlink()
        if capabilities is FULL:
            editor.changed_on_disk(["app/extra.py", "app/util.py"])
        editor.client.until(lambda: symbol_paths(editor.client, "zanzibar") == ["extra.py"], "the new file")
        editor.client.until(lambda: symbol_paths(editor.client, "greet") == [], "the deleted file to be forgotten")


def test_another_branch_is_indexed_although_no_event_tells_of_it(tmp_path: Path) -> None:
    import pygit2

    repository = pygit2.init_repository(tmp_path)
    author = pygit2.Signature("A", "a@example.org")

    def commit(branch: str, text: str, parents: list[pygit2.Oid]) -> pygit2.Oid:
        blob = repository.create_blob(text.encode())
        tree = repository.TreeBuilder()
        tree.insert("a.py", blob, pygit2.enums.FileMode.BLOB)
        return repository.create_commit(f"refs/heads/{branch}", author, author, branch, tree.write(), parents)

    first = commit("main", "def on_the_main_branch(): ...\n", [])
    commit("other", "def on_the_other_branch(): ...\n", [first])
    repository.checkout("refs/heads/main")
    with editing(tmp_path) as editor:  # this editor promises to watch and says nothing
        assert found(editor.client, "on_the_main_branch") == ["a.py"]
        repository.checkout("refs/heads/other")
        editor.client.until(lambda: symbol_paths(editor.client, "on_the_other_branch"), "the other branch")
        assert symbol_paths(editor.client, "on_the_main_branch") == []


def test_lost_events_are_told(tmp_path: Path) -> None:
    from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent

    from magray_server.watching import _observe

    lost: list[str] = []
    observer = _observe(tmp_path, lambda path: None, lambda: lost.append("lost"))
    assert observer is not None
    try:
        overflow = InotifyEvent(-1, InotifyConstants.IN_Q_OVERFLOW, 0, b"")
        observer._inotify_fd.handle_event(overflow)
        assert lost == ["lost"]
    finally:
        observer.stop()
        observer.join()


def test_hover_answers_while_the_first_index_is_being_built(tmp_path: Path) -> None:
    many_files(tmp_path, 600)
    with editing(tmp_path, ready=False) as editor:
        editor.open("module_7.py")
        client = editor.client
        client.until(lambda: client.request("magray/index/status", {})["state"] == "indexing", "indexing")
        took = []
        while client.request("magray/index/status", {})["state"] == "indexing" and len(took) < 200:
            before = time.monotonic()
            client.request("textDocument/hover", editor.at("module_7.py", "function_7_3"))
            took.append(time.monotonic() - before)
        assert took
        assert sorted(took)[int(len(took) * 0.99)] < 0.5, "0.2 s is promised on a quiet machine"
        editor.run({"command": "magray.index"})
        hover = client.request("textDocument/hover", editor.at("module_7.py", "function_7_3"))
        assert "function_7_3" in hover["contents"]["value"]


def test_a_long_first_build_answers_from_what_it_has_published(tmp_path: Path) -> None:
    many_files(tmp_path, 3000)
    with editing(tmp_path, ready=False) as editor:
        client = editor.client
        seen: list[Message] = []

        def answered() -> bool:
            with contextlib.suppress(LspError):  # nothing is published yet
                answer = client.request("magray/search", {"query": "function", "k": 1})
                if answer["hits"]:
                    seen.append(answer["freshness"])
            return bool(seen)

        client.until(answered, "a first answer")
        client.until(lambda: client.request("magray/index/status", {})["state"] == "ready", "the end of the build")
        assert not seen[0]["complete"], "the first answer came before the build was done"


def test_two_servers_share_a_workspace_and_both_answer(project: Path) -> None:
    with editing(project) as one, editing(project) as two:
        assert symbol_paths(one.client, "greet") == symbol_paths(two.client, "greet") == ["util.py"]
        (project / "app/extra.py").write_text("def zanzibar():\n    return 1\n")
        one.changed_on_disk(["app/extra.py"])
        one.client.until(lambda: symbol_paths(one.client, "zanzibar") == ["extra.py"], "the new file in the first")
        two.client.until(lambda: symbol_paths(two.client, "zanzibar") == ["extra.py"], "the new file in the second")


def test_the_index_process_ends_with_the_server(project: Path) -> None:
    with server() as client:
        client.initialize(project)
        client.notification("magray/index/status", state="ready")
        children = psutil.Process(client.process.pid).children(recursive=True)
        assert children
        client.process.kill()
        gone, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []
        assert len(gone) == len(children)


def test_a_killed_index_process_is_started_again(editor: Editor) -> None:
    for child in psutil.Process(editor.client.process.pid).children(recursive=True):
        child.kill()
    (editor.root / "app/extra.py").write_text("def zanzibar():\n    return 1\n")
    editor.changed_on_disk(["app/extra.py"])
    editor.client.until(lambda: symbol_paths(editor.client, "zanzibar") == ["extra.py"], "the new file")


@pytest.mark.parametrize("kind", ["missing", "file", "remote", "none"])
def test_a_root_that_is_no_folder_is_said_once_and_the_server_lives(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("x")
    uri: Any = {
        "missing": (tmp_path / "missing").as_uri(), "file": (tmp_path / "file").as_uri(),
        "remote": "vscode-remote://ssh/home/x", "none": None,
    }[kind]  # fmt: skip
    with server() as client:
        client.initialize(workspaceFolders=[{"uri": uri, "name": "x"}] if uri else None)
        if kind != "none":
            assert client.notification("window/showMessage")["message"].startswith("Magray: ")
        where = {"textDocument": {"uri": "file:///x.py"}, "position": {"line": 0, "character": 0}}
        assert client.request("textDocument/hover", where) is None
        for method, params in {"magray/search": {"query": "x"}, "magray/plan": {"goal": "rename a to b"}}.items():
            with pytest.raises(LspError, match="no workspace folder is open"):
                client.request(method, params)
        client.stop()


def test_an_empty_folder_is_a_workspace(tmp_path: Path) -> None:
    with editing(tmp_path) as editor:
        assert found(editor.client, "anything") == []
        assert editor.client.request("magray/index/status", {})["files"] == 0


def test_a_symlinked_root_keeps_the_clients_spelling(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)
    with editing(link) as editor:
        editor.open("app/util.py")
        (hit, *_) = editor.client.request("magray/search", {"query": "greet"})["hits"]
        assert hit["location"]["uri"].startswith(link.as_uri() + "/app/")
        hover = editor.client.request("textDocument/hover", editor.at("app/util.py", "greet"))
        assert "greet" in hover["contents"]["value"]


def test_a_magray_that_is_a_file_is_said_to_be_wrong(project: Path) -> None:
    (project / ".magray").write_text("not a folder")
    with editing(project, ready=False) as editor:
        assert ".magray" in editor.client.notification("window/showMessage")["message"]
        editor.client.notification("magray/index/status", state="failed")
        editor.open("app/util.py")
        editor.client.request("textDocument/hover", editor.at("app/util.py", "greet"))


def test_a_workspace_that_disappears_does_not_end_the_server(project: Path) -> None:
    with editing(project) as editor:
        editor.client.expects_errors = True
        uri = editor.open("app/util.py")
        shutil.rmtree(project)
        where = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 5}}
        editor.client.request("textDocument/hover", where)
        editor.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        assert editor.client.request("magray/index/status", {})["state"]
