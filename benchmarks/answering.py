"""Hover, code action menu and search over LSP: while idle, and while the whole tree is being indexed."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from magray_testkit.lsp import Client, session

from benchmarks.corpus import Tree
from benchmarks.table import Row, quantile

N_REQUESTS = 300
QUERIES = ("parse config file", "HTTPConnection", "how are retries decided", "json decode error", "threading lock")
INDEXED_S = 600.0


def run(tree: Tree) -> list[Row]:
    """One server from an empty .magray: ask while it indexes, wait, then ask again."""
    shutil.rmtree(tree.root / ".magray", ignore_errors=True)
    with session(tree.root) as client:
        files = sorted((tree.root).rglob("*.py"))
        rng = random.Random(7)
        busy, peak = while_indexing(client, files, rng)
        rows = [
            Row(f"{name} p99 while indexing", quantile(times, 0.99), "ms", "< 200 ms", quantile(times, 0.99) < 200)
            for name, times in busy.items()
        ]
        rows.append(Row("peak memory while indexing, all processes", peak, "MB", "≤ 1000 MB", peak <= 1000))
        for times in ask(client, files, rng, 20):
            del times  # warm-up
        idle: dict[str, list[float]] = {}
        for name, ms in ask(client, files, rng, N_REQUESTS):
            idle.setdefault(name, []).append(ms)
        for name, times in idle.items():
            p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
            rows += [
                Row(f"{name} p50", p50, "ms", "< 10 ms", p50 < 10),
                Row(f"{name} p99", p99, "ms", "< 50 ms", p99 < 50),
            ]
        rows += resting(client)
    return rows


def while_indexing(client: Client, files: list[Path], rng: random.Random) -> tuple[dict[str, list[float]], float]:
    """Latencies by request until the index is ready, and the peak resident memory of the process tree in MB."""
    times: dict[str, list[float]] = {"hover": [], "search": [], "code actions": []}
    peak = 0.0
    deadline = time.monotonic() + INDEXED_S
    while time.monotonic() < deadline and not is_ready(client):
        for name, ms in ask(client, files, rng, 5):
            times[name].append(ms)
        peak = max(peak, memory(client))
    return times, peak


def is_ready(client: Client) -> bool:
    """Whether the server has said that the index is complete."""
    client.pump()
    states = [m["params"]["state"] for m in client.notifications if m["method"] == "magray/index/status"]
    return states[-1:] == ["ready"]


def ask(client: Client, files: list[Path], rng: random.Random, n: int) -> Iterator[tuple[str, float]]:
    """(request, milliseconds) for ``n`` rounds over random names in random files."""
    for _ in range(n):
        path = rng.choice(files)
        text = path.read_text(encoding="utf-8", errors="replace")
        uri = client.open(path, text)
        line = rng.randrange(max(1, text.count("\n")))
        content = text.split("\n")[line]
        position = {"line": line, "character": min(len(content), len(content) - len(content.lstrip()) + 5)}
        place = {"textDocument": {"uri": uri}, "position": position}
        yield "hover", timed(client, "textDocument/hover", place)
        yield "search", timed(client, "magray/search", {"query": rng.choice(QUERIES), "k": 10})
        menu = {
            "textDocument": {"uri": uri},
            "range": {"start": position, "end": position},
            "context": {"diagnostics": []},
        }
        yield "code actions", timed(client, "textDocument/codeAction", menu)
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def timed(client: Client, method: str, params: object) -> float:
    """Milliseconds to any answer; while there is no index yet an error is an answer too."""
    started = time.perf_counter()
    client.response(client.start(method, params))
    return (time.perf_counter() - started) * 1000


def memory(client: Client) -> float:
    """Resident memory of the server and its children, in MB."""
    process = psutil.Process(client.process.pid)
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def resting(client: Client) -> list[Row]:
    """Memory and processor use of a server that nobody asks anything."""
    process = psutil.Process(client.process.pid)
    family = [process, *process.children(recursive=True)]
    time.sleep(2)
    before = sum(sum(one.cpu_times()[:2]) for one in family)
    time.sleep(5)
    cpu = (sum(sum(one.cpu_times()[:2]) for one in family) - before) / 5 * 100
    own = process.memory_info().rss / 1e6
    return [
        Row("idle server after indexing", own, "MB", "< 250 MB", own < 250),
        Row("idle server with its index process", memory(client), "MB", "(told, no budget)", True),
        Row("idle processor use", cpu, "%", "< 1 %", cpu < 1),
    ]
