"""A raw language server client for tests: one real server process on pipes, no LSP library in between.

It keeps everything that the server sends. At the end it fails if the server sent error messages or log lines of
level ERROR that no test asked for, and with any failure it prints the server's log.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

TIMEOUT_S = 20.0
SERVER = ("-P", "-m", "magray_server", "serve")
FAULTY_SERVER = (str(Path(__file__).with_name("faulty_server.py")),)

Message = dict[str, Any]


class LspError(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: Message) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Client:
    """A started server and the conversation with it. ``answers`` maps requests of the server to functions."""

    def __init__(
        self, *, env: dict[str, str] | None = None, cwd: Path | None = None, program: Sequence[str] = SERVER
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})}, cwd=cwd,
        )  # fmt: skip
        self.notifications: list[Message] = []
        self.requests: list[Message] = []
        self.responses: dict[Any, list[Message]] = {}
        self.log: list[str] = []
        self.answers: dict[str, Callable[[Any], Any]] = {
            "window/workDoneProgress/create": lambda params: None,
            "client/registerCapability": lambda params: None,
            "workspace/codeLens/refresh": lambda params: None,
        }
        self.on_notification: Callable[[Message], None] | None = None
        self.expects_errors = False
        self.broken_frames = 0
        self._next_id = 0
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_log)]
        for thread in self._threads:
            thread.start()

    # raw bytes

    def send_raw(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Message) -> None:
        self.send_raw(frame(message))

    # messages

    def request(self, method: str, params: Any = None, *, timeout_s: float = TIMEOUT_S) -> Any:
        """The result; raises LspError when the server answers with an error."""
        return self.result(self.start(method, params), timeout_s=timeout_s)

    def start(self, method: str, params: Any = None) -> int:
        """Send a request without waiting; its id."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    def result(self, message_id: Any, *, timeout_s: float = TIMEOUT_S) -> Any:
        """The result of a started request."""
        response = self.response(message_id, timeout_s=timeout_s)
        if "error" in response:
            raise LspError(response["error"])
        return response["result"]

    def response(self, message_id: Any, *, timeout_s: float = TIMEOUT_S) -> Message:
        """The first response with this id, error or not."""
        self.until(lambda: self.responses.get(message_id), f"a response to {message_id}", timeout_s=timeout_s)
        return self.responses[message_id][0]

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def cancel(self, message_id: Any) -> None:
        self.notify("$/cancelRequest", {"id": message_id})

    # waiting

    def until(self, condition: Callable[[], Any], what: str, *, timeout_s: float = TIMEOUT_S) -> Any:
        """Handle messages until the condition holds; its value. Fails with the log after the deadline."""
        deadline = time.monotonic() + timeout_s
        while not (value := condition()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {what} within {timeout_s} s\n{self.transcript()}")
            with contextlib.suppress(queue.Empty):
                message = self._inbox.get(timeout=min(left, 0.05))
                if message is None:
                    raise AssertionError(f"the server left while {what} was awaited\n{self.transcript()}")
                self._handle(message)
        return value

    def pump(self) -> None:
        """Handle what has arrived, without waiting."""
        with contextlib.suppress(queue.Empty):
            while (message := self._inbox.get_nowait()) is not None:
                self._handle(message)

    def notification(self, method: str, *, timeout_s: float = TIMEOUT_S, **fields: Any) -> Message:
        """The params of the first notification of a method whose params have these fields; it is consumed."""

        def find() -> Message | None:
            for message in self.notifications:
                params = message.get("params") or {}
                if message["method"] == method and all(params.get(key) == value for key, value in fields.items()):
                    return message
            return None

        message = self.until(find, f"{method} {fields or ''}", timeout_s=timeout_s)
        self.notifications.remove(message)
        return message.get("params") or {}

    def wait(self, timeout_s: float = TIMEOUT_S) -> int:
        """The exit code."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server still runs after {timeout_s} s\n{self.transcript()}") from None

    # the usual conversation

    def initialize(
        self, root: Path | None = None, *, capabilities: Message | None = None, options: Any = None, **more: Any
    ) -> Message:
        """``initialize`` and ``initialized``; the server's answer."""
        uri = root.as_uri() if root else None
        params = {
            "processId": os.getpid(), "rootUri": uri, "capabilities": capabilities or {},
            "workspaceFolders": [{"uri": uri, "name": "root"}] if uri else None,
            "initializationOptions": options, "clientInfo": {"name": "magray tests"}, **more,
        }  # fmt: skip
        result = self.request("initialize", params)
        self.notify("initialized", {})
        return result

    def open(self, path: Path, text: str | None = None, *, language: str = "python", version: int = 1) -> str:
        """didOpen; the document's URI."""
        document = {
            "uri": path.as_uri(), "languageId": language, "version": version,
            "text": path.read_text(encoding="utf-8") if text is None else text,
        }  # fmt: skip
        self.notify("textDocument/didOpen", {"textDocument": document})
        return path.as_uri()

    def stop(self) -> None:
        """shutdown and exit; fails unless the server leaves with 0."""
        self.request("shutdown")
        self.notify("exit")
        assert self.wait() == 0, self.transcript()

    def check(self) -> None:
        """Fail if the server complained and the test did not say that it would."""
        if self.expects_errors:
            return
        self.pump()
        shown = [m for m in self.notifications if m["method"] == "window/showMessage" and m["params"]["type"] == 1]
        logged = [line for line in self.log if " ERROR " in line or "Traceback" in line]
        assert not shown and not logged and not self.broken_frames, f"{shown}\n{self.transcript()}"

    def transcript(self) -> str:
        """The server's log and what it sent last, for failures."""
        recent = "\n".join(json.dumps(message)[:400] for message in self.notifications[-10:])
        return f"--- notifications not consumed\n{recent}\n--- server log\n{''.join(self.log[-80:])}"

    def kill(self) -> None:
        """End the process whatever it does, and its pipes."""
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()

    def _handle(self, message: Message) -> None:
        if "method" not in message:
            self.responses.setdefault(message.get("id"), []).append(message)
        elif "id" in message:
            self.requests.append(message)
            self._answer(message)
        else:
            self.notifications.append(message)
            if self.on_notification is not None:
                self.on_notification(message)

    def _answer(self, message: Message) -> None:
        answer = self.answers.get(message["method"])
        reply: Message = {"jsonrpc": "2.0", "id": message["id"]}
        if answer is None:
            reply["error"] = {"code": -32601, "message": "the test client does not know this"}
        else:
            reply["result"] = answer(message.get("params"))
        with contextlib.suppress(BrokenPipeError):  # the server asked and left
            self.send(reply)

    def _read(self) -> None:
        assert self.process.stdout is not None
        while True:
            length = -1
            while (line := self.process.stdout.readline().strip()) or length < 0:
                if not line:
                    break
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if length < 0:
                break
            body = self.process.stdout.read(length)
            try:
                self._inbox.put(json.loads(body))
            except ValueError:
                self.broken_frames += 1
        self._inbox.put(None)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.decode("utf-8", "replace"))


def frame(message: Any) -> bytes:
    """A message with its header."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@contextlib.contextmanager
def server(
    *, env: dict[str, str] | None = None, cwd: Path | None = None, program: Sequence[str] = SERVER
) -> Iterator[Client]:
    """A server that has been started and nothing else. It is killed at the end if it still runs."""
    with tempfile.TemporaryDirectory() as home:
        client = Client(env={"MAGRAY_HOME": home, **(env or {})}, cwd=cwd, program=program)
        try:
            yield client
            client.check()
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{error!r}\n{client.transcript()}") from error
        finally:
            client.kill()


@contextlib.contextmanager
def session(
    root: Path | None = None,
    *,
    capabilities: Message | None = None,
    options: Any = None,
    env: dict[str, str] | None = None,
    program: Sequence[str] = SERVER,
) -> Iterator[Client]:
    """A server that is initialized; it must leave cleanly at the end."""
    with server(env=env, program=program) as client:
        client.initialize(root, capabilities=capabilities, options=options)
        yield client
        client.stop()
