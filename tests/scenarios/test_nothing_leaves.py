"""Nothing leaves the machine: the main job, over LSP and typed, opens no connection and resolves no name."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from magray_testkit.console import SHOP, magray, write
from magray_testkit.editor import editing

# Loaded by every Python process of the product through PYTHONPATH; what native code does is seen by its sockets.
WITNESS = """
import os, sys
_WATCHED = (
    "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind", "urllib.Request"
)
def _watch(event, args):
    if event in _WATCHED and not (event in ("socket.connect", "socket.bind") and isinstance(args[1], (str, bytes))):
        with open(os.environ["NETWORK_WITNESS"], "a") as log:
            log.write(f"{event} {args!r}\\n")
sys.addaudithook(_watch)
with open(os.environ["NETWORK_WITNESS"] + ".seen", "a") as log:
    log.write(f"{os.getpid()}\\n")
"""


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that holds every use of the network by a process started from now on."""
    site = tmp_path / "witness"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WITNESS)
    log = tmp_path / "network.log"
    log.touch()
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("NETWORK_WITNESS", str(log))
    return log


def processes_seen(log: Path) -> int:
    return len(set(Path(f"{log}.seen").read_text().split()))


class Sockets:
    """Looks again and again for internet sockets of a process and its children."""

    def __init__(self, pid: int) -> None:
        self.found: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(psutil.Process(pid),), daemon=True)
        self._thread.start()

    def stop(self) -> set[str]:
        self._end.set()
        self._thread.join()
        return self.found

    def _watch(self, process: psutil.Process) -> None:
        while not self._end.wait(0.02):
            try:
                for one in (process, *process.children(recursive=True)):
                    self.found |= {str(connection) for connection in one.net_connections(kind="inet")}
            except psutil.Error:
                continue


def test_the_language_server_uses_no_network(witness: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "shop", SHOP)
    with editing(root, home=tmp_path / "home") as editor:
        sockets = Sockets(editor.client.process.pid)
        editor.open("shop/prices.py")
        assert editor.client.request("textDocument/hover", editor.at("shop/prices.py", "total"))
        assert editor.client.request("magray/search", {"query": "add up prices", "k": 5})["hits"]
        plan = editor.client.request("magray/plan", {"goal": "rename total to sum_up"}, timeout_s=120)
        editor.client.request("magray/plan/apply", {"plan": plan["id"], "approved": True}, timeout_s=60)
        editor.save_all()
        editor.client.request("magray/plan/undo", {"plan": plan["id"]}, timeout_s=60)
        editor.client.request("magray/doctor", {}, timeout_s=60)
        assert sockets.stop() == set()
    assert witness.read_text() == ""
    assert processes_seen(witness) >= 2, "the server and its children were watched"


def test_the_command_line_uses_no_network(witness: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "shop", SHOP)
    for command in (
        ("index",),
        ("search", "add up prices"),
        ("explain", "shop/prices.py:7"),
        ("plan", "rename total to sum_up"),
        ("show", "--diff"),
        ("apply", "--yes"),
        ("undo", "--yes"),
        ("doctor",),
    ):
        ran = magray(*command, cwd=root)
        assert ran.code == 0, (command, ran.out, ran.err)
    assert witness.read_text() == ""
    assert processes_seen(witness) >= 8


def test_the_witness_would_see_a_connection(witness: Path) -> None:
    script = "import socket; socket.socket(socket.AF_INET).connect_ex(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", script], check=True)
    assert "127.0.0.1" in witness.read_text()
