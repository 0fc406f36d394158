"""Cold index, against the time that tree-sitter alone takes to parse the same files; peak memory of the build."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time

from benchmarks.corpus import Tree
from benchmarks.table import Row

MAGRAY = [sys.executable, "-P", "-m", "magray_server"]


def run(tree: Tree) -> list[Row]:
    """Parse every file once with bare tree-sitter, then index the tree from nothing."""
    floor = bare_parse(tree)
    shutil.rmtree(tree.root / ".magray", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.perf_counter()
    done = subprocess.run([*MAGRAY, "index", "--root", tree.root, "--json"], check=True, capture_output=True)
    seconds = time.perf_counter() - started
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
    report = json.loads(done.stdout)
    started = time.perf_counter()
    subprocess.run([*MAGRAY, "index", "--root", tree.root, "--json"], check=True, capture_output=True)
    again = time.perf_counter() - started
    return [
        Row("cold index", seconds, "s", "≤ 2× bare parse", seconds <= 2 * floor, floor, "tree-sitter"),
        Row("index again, nothing changed", again, "s", "< 2 s", again < 2),
        Row("largest process of the build", peak, "MB", "≤ 1000 MB", peak <= 1000),
        Row("files indexed", report["files"], "", "all", report["files"] >= tree.n_files * 0.98),
    ]


def bare_parse(tree: Tree) -> float:
    """Seconds for tree-sitter to parse every file, files read beforehand, in one process."""
    from tree_sitter import Parser
    from tree_sitter_language_pack import get_language

    parser = Parser(get_language("python"))
    texts = [path.read_bytes() for path in tree.root.rglob("*.py")]
    started = time.perf_counter()
    for text in texts:
        parser.parse(text)
    return time.perf_counter() - started
