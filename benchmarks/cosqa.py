"""Web questions about single Python functions (CoSQA): MRR and NDCG@10 of the one function that answers each.

``python -m benchmarks.cosqa --functions FILE --queries FILE [--model NAME ...]``: lines of the first are ``{"id",
"code"}``, of the second ``{"query", "relevant"}`` with the id that answers. Every function becomes a file of its own in
a workspace that is thrown away, indexed and searched as any other. A line is printed for words alone and for each
installed model (``static``, ``minilm`` …).
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from magray_testkit.golden import open_index

from benchmarks.golden import WORDS, load_models
from benchmarks.table import median
from magray_indexers.reader import IndexReader

K = 10
_HITS_PER_FILE = 3
"""How many hits of one file a search shows at most: enough hits are asked for to see ``K`` files."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Means over all questions, and the median milliseconds for one."""

    mrr: float
    ndcg: float
    found: float
    p50_ms: float


def write_functions(root: Path, functions: Sequence[Mapping[str, Any]]) -> None:
    """One file for each function, named for its id."""
    for function in functions:
        (root / f"{function['id']:05d}.py").write_text(function["code"] + "\n", encoding="utf-8")


def score(reader: IndexReader, queries: Sequence[Mapping[str, Any]]) -> Scored:
    """Ask every question; the rank of its function among the first ten files decides."""
    ranks, times = [], []
    reader.search("warm up", K)
    for query in queries:
        started = time.perf_counter()
        hits = reader.search(query["query"], _HITS_PER_FILE * K).hits
        times.append((time.perf_counter() - started) * 1000)
        files = list(dict.fromkeys(hit.path for hit in hits))[:K]
        wanted = f"{query['relevant']:05d}.py"
        ranks.append(files.index(wanted) + 1 if wanted in files else 0)
    return Scored(
        mrr=statistics.mean(1 / rank if rank else 0.0 for rank in ranks),
        ndcg=statistics.mean(1 / math.log2(rank + 1) if rank else 0.0 for rank in ranks),
        found=statistics.mean(bool(rank) for rank in ranks),
        p50_ms=median(times),
    )


def main() -> None:
    """Print a line for each way of searching."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cosqa", description=__doc__)
    parser.add_argument("--functions", type=Path, required=True)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--model", action="append", default=[], help="also with the vectors of this installed model")
    args = parser.parse_args()
    functions, queries = _lines(args.functions), _lines(args.queries)
    embedders = load_models(args.model)
    print(f"{len(queries)} questions, {len(functions)} functions", file=sys.stderr)
    print(f"{'':16s}{'MRR@10':>8s}{'NDCG@10':>9s}{'found@10':>10s}{'p50 ms':>8s}{'index s':>9s}")
    with tempfile.TemporaryDirectory(prefix="magray-cosqa-") as folder:
        root = Path(folder)
        write_functions(root, functions)
        for name in (WORDS, *embedders):
            started = time.perf_counter()
            reader = open_index(root, embedders.get(name))
            index_s = time.perf_counter() - started
            scored = score(reader, queries)
            reader.close()
            print(
                f"{name:16s}{scored.mrr:8.4f}{scored.ndcg:9.4f}{scored.found:10.3f}{scored.p50_ms:8.1f}{index_s:9.1f}"
            )


def _lines(file: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
