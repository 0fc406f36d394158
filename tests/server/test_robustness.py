"""Storms, floods and nonsense: every request is answered once, the last state is right, and nothing grows."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from magray_testkit.editor import Editor, editing
from magray_testkit.lsp import Client, Message, frame, session

STANDARD = [
    "textDocument/hover", "textDocument/codeAction", "codeAction/resolve", "textDocument/codeLens", "workspace/symbol",
    "workspace/executeCommand", "workspace/textDocumentContent",
]  # fmt: skip
CUSTOM = [
    "magray/search", "magray/explain", "magray/plan", "magray/plan/get", "magray/plan/list", "magray/plan/preview",
    "magray/plan/choose", "magray/plan/apply", "magray/plan/undo", "magray/plan/redo", "magray/plan/cancel",
    "magray/plan/retry", "magray/index/status", "magray/doctor",
]  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def client(shared_editor: Editor) -> Client:
    return shared_editor.client


@given(method=st.sampled_from(STANDARD + CUSTOM), params=json_values)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_params_get_exactly_one_answer(client: Client, method: str, params: Any) -> None:
    message_id = client.start(method, params if isinstance(params, dict | list) else None)
    answer = client.response(message_id)
    if "error" in answer:
        assert answer["error"]["code"] in (-32602, -32803, -32801), answer
    client.request("magray/index/status", {})
    assert len(client.responses[message_id]) == 1


def test_unknown_methods_are_refused_and_unknown_notifications_ignored(client: Client) -> None:
    for method in ("textDocument/definition", "magray/nonsense", "$/unknown", "", "x" * 500):
        assert client.response(client.start(method, {}))["error"]["code"] == -32601
        client.notify(method, {})
    assert client.request("magray/index/status", {})["state"] == "ready"


def test_a_thousand_requests_cancelled_at_once_are_each_answered_once(editor: Editor) -> None:
    editor.open("app/util.py")
    params, client = editor.at("app/util.py", "greet"), editor.client
    started = []
    for _ in range(1000):
        message_id = client.start("textDocument/hover", params)
        client.cancel(message_id)
        started.append(message_id)
    for message_id in started:
        answer = client.response(message_id)
        assert "result" in answer or answer["error"]["code"] == -32800
    for message_id in (started[0], started[-1], 10**9, "nobody", -1):
        client.cancel(message_id)
    assert client.request("textDocument/hover", params)["contents"]
    assert all(len(client.responses[message_id]) == 1 for message_id in started)


def test_a_thousand_changes_in_a_hundred_documents_leave_the_last_state(editor: Editor) -> None:
    client = editor.client
    paths = [f"app/part_{number}.py" for number in range(100)]
    for path in paths:
        (editor.root / path).write_text(f"def start_{path[9:-3]}(): ...\n")
        editor.open(path)
    before = time.monotonic()
    for number in range(1000):
        buffer = editor.buffers[editor.uri(paths[number % 100])]
        text = f"def state_{number}_of_it(): ...\n"
        buffer.version += 1
        buffer.text = text
        place = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
        document = {"uri": buffer.uri, "version": buffer.version}
        client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": place, "text": text}]}
        )
    hits = client.request("magray/search", {"query": "state_999_of_it", "k": 1})["hits"]
    assert [hit["path"] for hit in hits] == [paths[99]]
    assert time.monotonic() - before < 10


def test_changes_in_any_order_and_version_leave_a_server_that_answers(editor: Editor) -> None:
    rng, client = random.Random(7), editor.client
    uri = editor.uri("app/util.py")
    for _ in range(500):
        kind = rng.choice(["didOpen", "didChange", "didChange", "didChange", "didClose", "didSave"])
        version = rng.randint(-2, 9)
        position = {"line": rng.randint(0, 9), "character": rng.randint(0, 50)}
        document: Message = {"uri": uri, "version": version, "languageId": "python", "text": "def greet(): ...\n"}
        place = {"start": position, "end": {"line": rng.randint(0, 9), "character": rng.randint(0, 50)}}
        changes = [rng.choice([{"text": "def greet(): ...\n"}, {"range": place, "text": "😀x"}])]
        client.notify(f"textDocument/{kind}", {"textDocument": document, "contentChanges": changes})
    client.notify(
        "textDocument/didOpen", {"textDocument": {**document, "text": "def last_state(): ...\n", "version": 50}}
    )
    where = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
    assert "last_state" in client.request("textDocument/hover", where)["contents"]["value"]
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_an_answer_nobody_waits_for_and_answers_of_the_wrong_shape_are_survived(client: Client) -> None:
    for answer in (
        {"id": "magray-999", "result": {}}, {"id": 5, "result": None}, {"id": "magray-1", "error": {"code": "x"}},
        {"id": "magray-2", "error": 5}, {"id": "magray-3", "result": {"applied": "maybe"}},
    ):  # fmt: skip
        client.send({"jsonrpc": "2.0", **answer})
    assert client.request("magray/index/status", {})["state"] == "ready"


def test_random_bytes_never_stop_the_server() -> None:
    rng = random.Random(11)
    ask = {"jsonrpc": "2.0", "id": "x", "method": "nonsense", "params": {}}
    with session() as client:
        for _ in range(300):
            body = bytearray(json.dumps(ask).encode())
            for _ in range(rng.randint(0, 4)):
                body[rng.randrange(len(body))] = rng.randrange(256)
            client.send_raw(frame(bytes(body)) if rng.random() < 0.9 else bytes(body))
        client.send_raw(b"\r\n\r\n")
        where = {"textDocument": {"uri": "file:///x"}, "position": {"line": 0, "character": 0}}
        assert client.request("textDocument/hover", where) is None


def mixed_requests(editor: Editor, n: int, rng: random.Random) -> None:
    """Requests as an editor sends them, each answered before too many wait."""
    client = editor.client
    editor.open("app/util.py")
    editor.open("app/main.py")
    waiting: list[int] = []
    for number in range(n):
        params = editor.at(*rng.choice([("app/util.py", "greet"), ("app/main.py", "main"), ("app/util.py", "name")]))
        point = {"start": params["position"], "end": params["position"]}
        method, asked = rng.choice([
            ("textDocument/hover", params),
            ("textDocument/hover", params),
            ("textDocument/codeAction", {**params, "range": point, "context": {"diagnostics": []}}),
            ("textDocument/codeLens", params),
            ("workspace/symbol", {"query": "gre"}),
            ("magray/search", {"query": "say hello to somebody", "k": 5}),
            ("magray/explain", params),
            ("magray/plan/list", {}),
            ("nonsense", {}),
        ])  # fmt: skip
        waiting.append(client.start(method, asked))
        if number % 10 == 0:
            editor.type(
                "app/main.py", "world" if number % 20 == 0 else "moons", "moons" if number % 20 == 0 else "world"
            )
        if number % 50 == 0:
            client.cancel(waiting[-1])
        if len(waiting) >= 20:
            client.response(waiting.pop(0))
    for message_id in waiting:
        client.response(message_id)
    client.responses.clear()
    client.notifications.clear()
    editor.reset()


def check_flat(root: Path, n: int, growth_mb: float) -> None:
    rng = random.Random(3)
    with editing(root) as editor:
        process = psutil.Process(editor.client.process.pid)
        mixed_requests(editor, max(500, n // 5), rng)  # warm-up: engines and caches
        before, threads, files = process.memory_info().rss, process.num_threads(), process.num_fds()
        mixed_requests(editor, n, rng)
        grown = (process.memory_info().rss - before) / 1e6
        assert grown < growth_mb, f"{grown:.1f} MB in {n} requests"
        assert process.num_threads() <= threads + 2
        assert process.num_fds() <= files + 4


def test_two_thousand_mixed_requests_leave_memory_flat(project: Path) -> None:
    check_flat(project, 2_000, growth_mb=8)


@pytest.mark.soak
def test_ten_thousand_mixed_requests_leave_memory_flat(project: Path) -> None:
    check_flat(project, 10_000, growth_mb=10)
