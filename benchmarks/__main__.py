"""``python -m benchmarks [NAME ...] [--lines N] [--json]``: run the benches and print one table."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks import answering, building, golden, retrieval, starting, vectors, watching
from benchmarks.corpus import Tree, copy_tree
from benchmarks.table import Row, render

BENCHES: dict[str, Callable[[Tree], list[Row]]] = {
    "starting": starting.run,
    "building": building.run,
    "retrieval": retrieval.run,
    "golden": golden.run,
    "vectors": vectors.run,
    "answering": answering.run,
    "watching": watching.run,
}


def main() -> None:
    """Run the named benches, or all, on one tree of real source files."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], default=[], help="which benches; all by default")
    parser.add_argument("--lines", type=int, default=300_000, help="size of the tree")
    parser.add_argument("--json", action="store_true", help="one JSON value instead of the table")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="magray-bench-") as folder:
        tree = copy_tree(Path(folder) / "tree", args.lines)
        print(f"{tree.n_files} files, {tree.n_lines} lines of Python's own library", file=sys.stderr)
        rows: list[Row] = []
        for name in args.names or BENCHES:
            print(f"{name} …", file=sys.stderr)
            rows += BENCHES[name](tree)
    print(json.dumps([asdict(row) for row in rows], indent=1) if args.json else render(rows))


if __name__ == "__main__":
    main()
