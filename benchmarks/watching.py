"""One saved file until a search finds what was saved, on a tree that is already indexed."""

from __future__ import annotations

import time

from magray_testkit.lsp import session

from benchmarks.answering import INDEXED_S, is_ready
from benchmarks.corpus import Tree
from benchmarks.table import Row, median, quantile

SAVES = 15


def run(tree: Tree) -> list[Row]:
    """Save a new name again and again; the clock stops when a search has it as its first hit."""
    path = tree.root / "bench_saved.py"
    path.write_text("def nothing_yet(): ...\n")
    times = []
    with session(tree.root) as client:
        client.until(lambda: is_ready(client), "index", timeout_s=INDEXED_S)
        uri = client.open(path)
        for i in range(SAVES):
            name = f"freshly_saved_{'abcdefghijklmnopqrstuvwxyz'[i]}"
            text = f"def {name}(): ...\n"
            client.notify(
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": i + 2}, "contentChanges": [{"text": text}]},
            )
            path.write_text(text)
            client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            started = time.perf_counter()
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri, "type": 2}]})
            while not found(client.request("magray/search", {"query": name, "k": 1}), name):
                if time.perf_counter() - started > 20:
                    break
            times.append((time.perf_counter() - started) * 1000)
            client.open(path, version=i + 2)
    path.unlink()
    return [
        Row("save → searchable, median", median(times), "ms", "< 100 ms", median(times) < 100),
        Row("save → searchable, worst", quantile(times, 1), "ms", "(told, no budget)", True),
    ]


def found(result: dict[str, list[dict[str, str]]], name: str) -> bool:
    """Whether the first hit is the saved definition."""
    return any(name in hit["snippet"] for hit in result["hits"][:1])
