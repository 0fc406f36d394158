"""The protocol's lifecycle with raw bytes. Each test is a row of the list in safety.md, P1 to P17, in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.faulty_server import SECRET
from magray_testkit.lsp import FAULTY_SERVER, Client, LspError, frame, server, session

NOWHERE = {"textDocument": {"uri": "file:///nowhere.py"}, "position": {"line": 0, "character": 0}}
INITIALIZE = {
    "jsonrpc": "2.0", "id": "init", "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}  # fmt: skip


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    """One server for all the tests that it must survive."""
    with session() as client:
        yield client


@pytest.fixture(scope="module")
def faulty() -> Iterator[Client]:
    with session(program=FAULTY_SERVER) as client:
        client.expects_errors = True
        yield client


@pytest.fixture
def client(running: Client) -> Client:
    running.responses.pop(None, None)
    return running


def code_of(client: Client, method: str, params: Any = None) -> int:
    with pytest.raises(LspError) as caught:
        client.request(method, params)
    return caught.value.code


def null_id_errors(client: Client, n: int = 1) -> list[int]:
    client.until(lambda: len(client.responses.get(None, [])) >= n, f"{n} errors without an id")
    return [message["error"]["code"] for message in client.responses[None]]


def test_p1_a_request_before_initialize_is_refused_and_a_notification_dropped() -> None:
    with server() as client:
        assert code_of(client, "textDocument/hover", NOWHERE) == -32002
        assert code_of(client, "workspace/executeCommand", {"command": "magray.index"}) == -32002
        assert code_of(client, "shutdown") == -32002
        client.notify("textDocument/didOpen", {"textDocument": {"uri": "file:///a", "text": "", "version": 1}})
        client.initialize()
        client.stop()


def test_p1_exit_before_initialize_ends_the_process_with_1() -> None:
    with server() as client:
        client.notify("exit")
        assert client.wait(5) == 1


def test_p2_a_second_initialize_is_refused_and_documents_stay_open(tmp_path: Path) -> None:
    with session(tmp_path) as client:
        uri = client.open(tmp_path / "a.py", "x = 1\n")
        assert code_of(client, "initialize", INITIALIZE["params"]) == -32600
        client.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": []})
        assert client.request("textDocument/hover", NOWHERE) is None


@pytest.mark.parametrize(
    "params", [None, [], {}, {"textDocument": 5}, {"textDocument": {"uri": "x"}, "position": "end"}]
)
def test_p3_invalid_params_are_answered_as_such(client: Client, params: Any) -> None:
    assert code_of(client, "textDocument/hover", params) == -32602
    assert client.request("textDocument/hover", NOWHERE) is None


@pytest.mark.parametrize("params", [None, [], {}, {"capabilities": 1}, {"capabilities": {}, "processId": "me"}])
def test_p3_invalid_initialize_params_leave_the_server_uninitialized(params: Any) -> None:
    with server() as client:
        assert code_of(client, "initialize", params) == -32602
        client.initialize()
        client.stop()


@pytest.mark.parametrize("body", [b"{", b'{"jsonrpc": "2.0", "id": 1,}', b"\xff\xfe\x00", b"[" * 100_000, b'"\xc3("'])
def test_p4_malformed_json_is_answered_and_the_next_message_served(client: Client, body: bytes) -> None:
    client.send_raw(frame(body))
    assert null_id_errors(client) == [-32700]
    assert client.request("textDocument/hover", NOWHERE) is None


@pytest.mark.parametrize("body", [b"[]", b"[1,2]", b"5", b"null", b'"text"', b"{}", b'{"id": "odd", "method": "x"}'])
def test_p5_batches_and_other_values_are_invalid_requests(client: Client, body: bytes) -> None:
    client.send_raw(frame(body))
    client.until(lambda: client.responses.get(None) or client.responses.get("odd"), "an error")
    errors = client.responses.get(None) or client.responses.pop("odd")
    assert errors[0]["error"]["code"] == -32600
    assert client.request("textDocument/hover", NOWHERE) is None


@pytest.mark.parametrize(
    "header",
    [
        "content-length: {n}\r\n\r\n", "CONTENT-LENGTH:{n}\r\n\r\n", "Content-Length:{n}\r\n\r\n",
        "Content-Length: {n}\n\n", "Content-Length:   {n}  \r\n\r\n", "\r\n\r\nContent-Length: {n}\r\n\r\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: {n}\r\n\r\n",
        "Content-Length: {n}\r\nX-Other: 1\r\n\r\n", "garbage\r\nContent-Length: {n}\r\n\r\n",
        "garbage without an endContent-Length: {n}\r\n\r\n", "Content-Length: five\r\n\r\nContent-Length: {n}\r\n\r\n",
        "x" * 20_000 + "\nContent-Length: {n}\r\n\r\n", "x" * 20_000 + "Content-Length: {n}\r\n\r\n",
    ],
)  # fmt: skip
def test_p6_headers_are_read_leniently_and_after_garbage_the_stream_is_found_again(client: Client, header: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "odd", "method": "textDocument/hover", "params": NOWHERE})
    client.send_raw(header.format(n=len(body)).encode() + body.encode())
    assert client.result("odd") is None
    del client.responses["odd"]
    for _ in range(5):
        assert client.request("textDocument/hover", NOWHERE) is None


@pytest.mark.parametrize("wrong_by", [-7, -1])
def test_p6_a_length_that_is_too_short_costs_one_message(client: Client, wrong_by: int) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "odd", "method": "textDocument/hover", "params": NOWHERE}).encode()
    client.send_raw(b"Content-Length: %d\r\n\r\n%s" % (len(body) + wrong_by, body))
    assert client.request("textDocument/hover", NOWHERE) is None
    assert -32700 in null_id_errors(client)


@pytest.mark.parametrize("length", ["99999999999999", "9" * 24, "9" * 5000, str(64 * 1024 * 1024 + 1)])
def test_p7_an_absurd_length_is_refused_without_memory(client: Client, length: str) -> None:
    client.send_raw(f"Content-Length: {length}\r\n\r\n".encode() + b"{}")
    assert null_id_errors(client) == [-32700]
    assert client.request("textDocument/hover", NOWHERE) is None


def test_p7_a_message_of_several_megabytes_is_served(tmp_path: Path) -> None:
    with session(tmp_path) as client:
        client.open(tmp_path / "big.txt", "line of text\n" * 400_000)
        assert client.request("textDocument/hover", NOWHERE) is None


def test_p8_arguments_that_look_like_messages_stay_as_they_are(faulty: Client) -> None:
    inner = {"jsonrpc": "2.0", "id": 5, "method": "textDocument/hover", "params": {"bad": []}, "type_name": "X"}
    answer = faulty.request("test/echo", {"inner": inner, "list": [inner]})
    assert answer["inner"] == inner
    assert answer["list"] == [inner]


@pytest.mark.parametrize("method", ["test/bug", "test/taskBug", "test/loopBug"])
def test_p9_a_bug_is_one_short_error_that_leads_to_the_log(faulty: Client, method: str) -> None:
    with pytest.raises(LspError) as caught:
        faulty.request(method, {})
    sent = json.dumps([caught.value.message, caught.value.data])
    assert caught.value.code == -32603
    assert not any(word in sent for word in (SECRET, "/home", "Traceback", "RuntimeError", ".py"))
    failure_id = caught.value.data["id"]
    faulty.until(lambda: any(failure_id in line for line in faulty.log), "the failure in the log")
    faulty.until(lambda: any("RuntimeError" in line for line in faulty.log), "the traceback in the log")
    assert not any(SECRET in line for line in faulty.log)
    assert faulty.request("test/echo", {"a": 1})["a"] == 1


def test_p9_a_known_failure_has_its_sentence_hint_and_kind_without_secrets(faulty: Client) -> None:
    with pytest.raises(LspError) as caught:
        faulty.request("test/refused", {})
    assert caught.value.code == -32803
    assert caught.value.message == "cannot rename with [hidden]"
    assert caught.value.data["kind"] == "refactoring_refused"
    assert caught.value.data["hint"] == "try \\x1b[31manother\\x1b[0m name"
    assert caught.value.data["id"]


def test_p10_a_request_after_shutdown_is_refused() -> None:
    with server() as client:
        client.initialize()
        client.request("shutdown")
        assert code_of(client, "textDocument/hover", NOWHERE) == -32600
        assert code_of(client, "shutdown") == -32600
        client.notify("exit")
        assert client.wait(5) == 0


def test_p11_exit_without_shutdown_ends_with_1() -> None:
    with server() as client:
        client.initialize()
        client.notify("exit")
        assert client.wait(5) == 1


@pytest.mark.parametrize("ending", ["exit", "end of input", "SIGTERM"])
def test_p12_and_p13_the_process_ends_in_two_seconds_while_work_goes_on(ending: str) -> None:
    with server(program=FAULTY_SERVER) as client:
        client.initialize()
        client.request("test/echo", {})
        started = [client.start("test/deaf", {"seconds": 25}) for _ in range(3)]
        client.until(lambda: client.request("test/echo", {}), "echo")
        before = time.monotonic()
        if ending == "exit":
            client.request("shutdown")
            client.notify("exit")
        elif ending == "SIGTERM":
            client.process.terminate()
        else:
            assert client.process.stdin is not None
            client.process.stdin.close()
        code = client.wait(10)
        assert time.monotonic() - before < 2
        assert code == (0 if ending == "exit" else 1)
        assert started


def test_p14_the_server_ends_when_its_client_has_died_with_the_pipe_open() -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with server() as client:
            client.initialize(processId=parent.pid)
            parent.kill()
            parent.wait()
            before = time.monotonic()
            assert client.wait(10) == 1
            assert time.monotonic() - before < 5
    finally:
        parent.kill()
        parent.communicate()


def echoes(client: Client) -> float:
    """The 99th percentile of a hundred echoes, in seconds."""
    took = []
    for _ in range(100):
        before = time.monotonic()
        client.request("test/echo", {})
        took.append(time.monotonic() - before)
    return sorted(took)[98]


def test_p15_echo_stays_quick_while_handlers_compute() -> None:
    with session(program=FAULTY_SERVER) as client:
        client.request("test/echo", {})
        work = [client.start("test/busy", {"seconds": 60}) for _ in range(6)]
        rounds = [echoes(client) for _ in range(3)]
        for message_id in work:
            client.cancel(message_id)
        for message_id in work:
            assert client.response(message_id)["error"]["code"] == -32800
        assert min(rounds) < 0.1, "in the quietest round: other processes may take the processor away"


def test_p16_stale_versions_are_dropped_and_positions_never_split_a_character(tmp_path: Path) -> None:
    uri = (tmp_path / "a.py").as_uri()

    def change(version: int, line: int, start: int, end: int, text: str) -> dict[str, Any]:
        place = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
        return {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"range": place, "text": text}]}

    with session(tmp_path) as client:
        client.open(tmp_path / "a.py", "a = '😀'\n", version=5)
        client.notify("textDocument/didChange", change(2, 0, 0, 1, "stale"))
        client.notify("textDocument/didChange", change(6, 0, 6, 6, "x"))  # between the halves of the surrogate pair
        assert (
            client.request(
                "textDocument/hover", {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 6}}
            )
            is None
        )
        client.until(lambda: any("version 2" in line for line in client.log), "the stale change in the log")


def test_p17_a_cancelled_request_is_answered_and_its_work_stops() -> None:
    with session(program=FAULTY_SERVER) as client:
        message_id = client.start("test/busy", {"seconds": 60})
        client.until(lambda: client.request("test/beat", {})["beats"] > 3, "the work to start")
        before = time.monotonic()
        client.cancel(message_id)
        assert client.response(message_id)["error"]["code"] == -32800
        assert time.monotonic() - before < 0.25
        client.until(lambda: client.request("test/beat", {})["age"] > 0.1, "the end of the work", timeout_s=1)
        assert time.monotonic() - before < 0.6
        beats = client.request("test/beat", {})["beats"]
        assert client.request("test/beat", {})["beats"] == beats
        assert len(client.responses[message_id]) == 1


def test_a_stalled_loop_is_logged_with_the_stacks_of_all_threads(faulty: Client) -> None:
    faulty.request("test/stall", {"seconds": 2})
    faulty.until(lambda: any("has not moved" in line for line in faulty.log), "the stall in the log")
    faulty.until(lambda: any("in stall" in line for line in faulty.log), "the stack that stalls")


def test_a_stray_print_of_a_library_does_not_reach_the_wire() -> None:
    with session() as client:
        assert client.process.stdout is not None
        assert os.readlink(f"/proc/{client.process.pid}/fd/1") == os.readlink(f"/proc/{client.process.pid}/fd/2")


def test_a_client_that_stops_reading_does_not_fill_the_memory(tmp_path: Path) -> None:
    env = {**os.environ, "MAGRAY_HOME": str(tmp_path)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, *FAULTY_SERVER], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=env
    )
    assert process.stdin is not None
    try:
        process.stdin.write(frame(INITIALIZE) + frame({"jsonrpc": "2.0", "method": "initialized", "params": {}}))
        for number in range(60):
            echo = {"jsonrpc": "2.0", "id": number, "method": "test/echo", "params": {"text": "x" * 1_000_000}}
            process.stdin.write(frame(echo))
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it has left already, which is what it should do
    try:
        assert process.wait(10) == 1
    finally:
        process.kill()
        process.communicate()


def test_nothing_is_asked_of_the_client_before_it_is_initialized(tmp_path: Path) -> None:
    with server() as client:
        capabilities = {
            "window": {"workDoneProgress": True},
            "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}},
        }
        params = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": capabilities}
        client.request("initialize", params)
        client.request("textDocument/hover", NOWHERE)
        assert client.requests == []
        client.notify("initialized", {})
        client.until(lambda: len(client.requests) >= 2, "the server's requests")
        client.stop()
