"""Nearest neighbours at 100,000 rows: exact, usearch's HNSW, and hnswlib where the extra is installed.

Rows are drawn around a few hundred centres, as chunks of a code base lie; every index answers the same questions and
is compared with the exact answer over unrounded numbers.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus import Tree
from benchmarks.table import Row, median, quantile
from magray_core.contracts import VectorIndex
from magray_indexers.vectors.exact import ExactIndex
from magray_indexers.vectors.hnswlib_index import HnswlibIndex
from magray_indexers.vectors.usearch_index import UsearchIndex

N_ROWS, DIM, N_CENTRES, N_QUERIES, K = 100_000, 256, 400, 200, 10
LEAST_RECALL = 0.95


def run(_tree: Tree) -> list[Row]:
    """Build, search and, where it can be saved, weigh each index."""
    vectors, queries = _rows()
    ids = np.arange(N_ROWS, dtype=np.int64)
    right = [set(np.argsort(-(vectors @ query))[:K].tolist()) for query in queries]
    plain = _times(lambda query: np.argpartition(-(vectors @ query), K)[:K], queries)[1]
    made: list[tuple[str, Callable[[int], VectorIndex]]] = [("exact int8", ExactIndex), ("usearch f16", UsearchIndex)]
    if importlib.util.find_spec("hnswlib") is not None:
        made.append(("hnswlib f32", HnswlibIndex))
    rows = []
    for name, make in made:
        index = make(DIM)
        started = time.perf_counter()
        index.add(ids, vectors)
        built_s = time.perf_counter() - started
        found, times = _times(lambda query, index=index: index.search(query, K), queries)
        recall = float(np.mean([len(one & {i for i, _ in hits}) / K for one, hits in zip(right, found, strict=True)]))
        half = _times(lambda query, index=index: index.search(query, K, keep=_even), queries[:40])[1]
        rows += [
            Row(f"{name}: recall@10", 100 * recall, "%", f"≥ {LEAST_RECALL:.0%}", recall >= LEAST_RECALL),
            Row(f"{name}: search p50", median(times), "ms", "< 10 ms", median(times) < 10, median(plain), "numpy f32"),
            Row(f"{name}: search p99", quantile(times, 0.99), "ms", "(told, no budget)", True),
            Row(f"{name}: search half of the rows, p50", median(half), "ms", "(told, no budget)", True),
            Row(f"{name}: made in", built_s, "s", "(told, no budget)", True),
        ]
    return rows + _mapped(vectors, ids, queries)


def _mapped(vectors: Any, ids: Any, queries: Any) -> list[Row]:
    """What a saved usearch index weighs, and how fast it answers from the file."""
    index = UsearchIndex(DIM)
    index.add(ids, vectors)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "index"
        index.save(file)
        view = UsearchIndex.view(DIM, file)
        times = _times(lambda query: view.search(query, K), queries)[1]
        size = file.stat().st_size / 1e6
    return [
        Row("usearch f16: file", size, "MB", "(told, no budget)", True),
        Row("usearch f16: search p50, memory-mapped", median(times), "ms", "< 10 ms", median(times) < 10),
    ]


def _times(search: Callable[[Any], Any], queries: Any) -> tuple[list[Any], list[float]]:
    """Every answer and how long it took, in milliseconds."""
    search(queries[0])
    answers, times = [], []
    for query in queries:
        started = time.perf_counter()
        answers.append(search(query))
        times.append((time.perf_counter() - started) * 1000)
    return answers, times


def _even(ids: Any) -> Any:
    return ids % 2 == 0


def _rows() -> tuple[Any, Any]:
    """(100,000, 256) rows and (200, 256) questions near some of them, float32, L2-normalised."""
    chance = np.random.default_rng(20)
    centres = chance.standard_normal((N_CENTRES, DIM)).astype(np.float32)
    rows = 0.7 * centres[chance.integers(0, N_CENTRES, N_ROWS)] + chance.standard_normal((N_ROWS, DIM), np.float32)
    queries = rows[chance.integers(0, N_ROWS, N_QUERIES)] + 0.6 * chance.standard_normal((N_QUERIES, DIM), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return rows, queries
