"""Process start to ``initialize`` answered, beside jedi-language-server."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from magray_testkit.lsp import SERVER, Client

from benchmarks.corpus import Tree
from benchmarks.table import Row, median

PEER = ("-c", "import sys; from jedi_language_server.cli import cli; sys.argv = ['jedi']; cli()")
RUNS = 9


def run(tree: Tree) -> list[Row]:
    """Alternate both servers on an empty folder, so that the machine's mood hits both."""
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(RUNS):
            ours.append(time_to_initialize(SERVER, Path(folder)))
            peers.append(time_to_initialize(PEER, Path(folder)))
    value, peer = median(ours), median(peers)
    return [
        Row("start to initialize", value, "ms", "< 500 ms and < peer", value < 500 and value < peer, peer, "jedi-ls"),
    ]


def time_to_initialize(program: tuple[str, ...], root: Path) -> float:
    """Milliseconds from spawning the process to its answer."""
    started = time.perf_counter()
    client = Client(program=program, env={"MAGRAY_HOME": str(root)})
    try:
        client.request("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        return (time.perf_counter() - started) * 1000
    finally:
        client.kill()
