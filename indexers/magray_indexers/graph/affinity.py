"""How near files are to the ones the person has open: personalised PageRank on the graph of files.

A random walker starts at an open or recent file, follows links in either direction with a chance in proportion to
their weight, and goes back to the start with probability 1 - DAMPING at each step. Where it is in the long run is how
near a file is. Computed by pushing what has not been handed on yet, most of the graph untouched.
Source: Page, Brin, Motwani & Winograd 1999 (damping), Andersen, Chung & Lang, FOCS 2006 (push).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from magray_core.errors import IndexCorrupt, MagrayError
from magray_indexers.graph import store
from magray_indexers.graph.linking import LINK_KINDS
from magray_indexers.graph.model import FILE_WEIGHTS, EdgeKind, Related

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

DAMPING = 0.75
"""Chance of following one more link. Lower than the Web's 0.85: relevance in code fades within a few links."""
TOLERANCE = 4e-6
"""What may stay unpushed at a file, for each of its links. Errs by less than this times the number of links."""
_MAX_NEAR = 16
_MAX_ROUNDS = 200


@dataclass(frozen=True, slots=True, eq=False)
class FileGraph:
    """The links between files in memory, symmetric, as compressed rows. Immutable; shared by threads.

    ``starts`` (n_files + 1,) int64; ``targets`` (n_links,) int64 and ``weights`` (n_links,) float64, each row's sum 1;
    ``degrees`` (n_files,) float64 counts links. ``kinds`` (n_links,) uint8 are positions in LINK_KINDS.
    """

    generation: tuple[int, int]
    paths: Sequence[str]
    index: Mapping[str, int]
    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.float64]
    degrees: NDArray[np.float64]
    kinds: NDArray[np.uint8]


def affinity(graph: FileGraph, near: Sequence[str], candidates: Iterable[str]) -> dict[str, float]:
    """How near each candidate is to the files in ``near`` (most important first), 0..1; unknown paths are left out.

    The nearest file beside those in ``near`` has 1, and those themselves have 1. Empty if none of ``near`` is known.
    """
    seeds = _seeds(graph, near)
    if not seeds:
        return {}
    rank = personalised_pagerank(graph, seeds)
    # What a walker meets everywhere says little: a hub counts by how much nearer it is than hubs are anyway.
    score = rank / (1.0 + graph.degrees) ** 0.25
    score[list(seeds)] = 0.0
    best = float(score.max(initial=0.0))
    found: dict[str, float] = {}
    for path in candidates:
        at = graph.index.get(path)
        if at is not None:
            found[path] = 1.0 if at in seeds else float(score[at]) / best if best > 0 else 0.0
    return found


def related_files(graph: FileGraph, path: str, k: int = 5) -> list[Related]:
    """The ``k`` files nearest to one, nearest first, with the kinds of their direct links; [] for an unknown path."""
    at = graph.index.get(path)
    if at is None:
        return []
    scores = affinity(graph, [path], graph.paths)
    del scores[path]
    best = sorted(
        ((score, other) for other, score in scores.items() if score > 0), key=lambda pair: (-pair[0], pair[1])
    )
    return [Related(other, round(score, 4), _kinds(graph, at, graph.index[other])) for score, other in best[:k]]


def personalised_pagerank(
    graph: FileGraph, seeds: Mapping[int, float], *, damping: float = DAMPING, tolerance: float = TOLERANCE
) -> NDArray[np.float64]:
    """(n_files,) chances of finding the walker at each file; ``seeds`` are where it starts, by weight.

    A file without links keeps whoever comes. With the default tolerance the sum falls a little short of 1; towards 0
    it becomes exact.
    """
    import numpy as np

    n = len(graph.paths)
    rank, rest = np.zeros(n), np.zeros(n)
    total = sum(seeds.values())
    for at, weight in seeds.items():
        rest[at] += weight / total
    linked = graph.degrees > 0
    threshold = np.where(linked, tolerance * graph.degrees, tolerance)
    for _ in range(_MAX_ROUNDS):
        active = np.flatnonzero(rest > threshold)
        if not len(active):
            break
        mass = rest[active]
        rest[active] = 0.0
        rank[active] += np.where(linked[active], (1.0 - damping) * mass, mass)
        counts = graph.starts[active + 1] - graph.starts[active]
        n_links = int(counts.sum())
        if n_links:
            ends = np.cumsum(counts)
            links = np.arange(n_links) + np.repeat(graph.starts[active] - ends + counts, counts)
            flow = np.repeat(damping * mass, counts) * graph.weights[links]
            rest += np.bincount(graph.targets[links], weights=flow, minlength=n)
    return rank


def load_file_graph(root: Path) -> FileGraph:
    """The newest graph of files, read whole: about 10 ms for every 1,000 files.

    Raises IndexUnavailable if there is none, IndexCorrupt if it is damaged (the next update makes it anew),
    IndexFormatTooNew.
    """
    db = store.open_for_reading(root)
    try:
        db.execute("BEGIN")
        state = store.read_state(db)
        files = db.execute("SELECT id, path FROM files ORDER BY id").fetchall()
        rows = db.execute("SELECT file, rows, sum FROM links ORDER BY file").fetchall()
        rows += db.execute("SELECT file, rows, sum FROM history ORDER BY file").fetchall()
        blobs = [(int(number), store.unpacked(blob, checksum)) for number, blob, checksum in rows]
        return _assembled((state.generation, state.history), files, blobs)
    except (sqlite3.Error, IndexCorrupt, ValueError) as error:
        store.mark_suspect(root)
        raise store.translated(error) from error
    finally:
        db.close()


class FileGraphs:
    """A workspace's graph of files for searches: never makes them wait, never fails them. Thread-safe.

    ``current`` gives what is loaded and has a newer one loaded in a thread of its own.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._graph: FileGraph | None = None
        self._loading = False
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def current(self) -> FileGraph | None:
        """The graph as it was at most one load ago, or None while there is none."""
        with self._lock:
            if not self._loading and self._is_old():
                self._loading = True
                threading.Thread(target=self._load, name="graph of files", daemon=True).start()
            return self._graph

    def load(self) -> FileGraph | None:
        """The newest graph, waiting for it; None if there is none or it is damaged."""
        with self._lock:
            if not self._is_old():
                return self._graph
        self._load()
        return self._graph

    def close(self) -> None:
        """Let go of the file; idempotent."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def _is_old(self) -> bool:
        try:
            found = store.graph_path(self._root).stat()
            if self._db is not None and self._file != (found.st_dev, found.st_ino):
                self._db.close()  # the file was deleted and made anew: the old one is not what is asked for
                self._db = None
            if self._db is None:
                self._db = store.open_for_reading(self._root)
                self._file = (found.st_dev, found.st_ino)
            state = store.read_state(self._db)
        except (sqlite3.Error, OSError, MagrayError):
            if self._db is not None:
                self._db.close()
                self._db = None
            return False
        return self._graph is None or self._graph.generation != (state.generation, state.history)

    def _load(self) -> None:
        graph: FileGraph | None = None
        try:
            graph = load_file_graph(self._root)
        except MagrayError as error:
            log.info("no graph of files: %s", error.message)
        with self._lock:
            self._graph = graph if graph is not None else self._graph
            self._loading = False


_graphs: dict[Path, FileGraphs] = {}
_graphs_lock = threading.Lock()


def file_graphs(root: Path) -> FileGraphs:
    """The workspace's graph of files: one for all readers of a process, because each save makes a new reader."""
    with _graphs_lock:
        return _graphs.setdefault(root, FileGraphs(root))


def _assembled(
    generation: tuple[int, int], files: Sequence[tuple[int, str]], blobs: Sequence[tuple[int, bytes]]
) -> FileGraph:
    import numpy as np

    layout = np.dtype([("target", "<i8"), ("kind", "u1"), ("weight", "<f4"), ("line", "<i4")])
    ids = np.array([number for number, _ in files], dtype=np.int64)
    paths = [path for _, path in files]
    n = len(paths)
    links = np.frombuffer(b"".join(blob for _, blob in blobs), dtype=layout)
    lengths = np.array([len(blob) // layout.itemsize for _, blob in blobs], dtype=np.int64)
    sources = np.repeat(np.array([number for number, _ in blobs], dtype=np.int64), lengths)
    source, target = (np.searchsorted(ids, side) for side in (sources, links["target"]))
    factors = np.array([FILE_WEIGHTS.get(kind, 0.0) for kind in LINK_KINDS] + [0.0] * (256 - len(LINK_KINDS)))
    weight = links["weight"].astype(np.float64) * factors[links["kind"]]
    known = (source < n) & (target < n) & np.isfinite(weight) & (weight > 0) & (source != target)
    known[known] &= (ids[source[known]] == sources[known]) & (ids[target[known]] == links["target"][known])
    source, target, weight, kind = (one[known] for one in (source, target, weight, links["kind"]))
    # A walker follows links both ways: what uses a file is as near to it as what it uses.
    both_from, both_to = np.concatenate([source, target]), np.concatenate([target, source])
    order = np.argsort(both_from, kind="stable")
    both_from, both_to = both_from[order], both_to[order]
    both_weight, both_kind = np.tile(weight, 2)[order], np.tile(kind, 2)[order]
    counts = np.bincount(both_from, minlength=n)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    totals = np.bincount(both_from, weights=both_weight, minlength=n)
    return FileGraph(
        generation, paths, {path: at for at, path in enumerate(paths)}, starts, both_to.astype(np.int64),
        both_weight / totals[both_from], counts.astype(np.float64), both_kind,
    )  # fmt: skip


def _seeds(graph: FileGraph, near: Sequence[str]) -> dict[int, float]:
    """The known files with weights that fall with their rank: 1, 1/2, 1/3, …"""
    known = [graph.index[path] for path in dict.fromkeys(near) if path in graph.index]
    return {at: 1.0 / (rank + 1) for rank, at in enumerate(known[:_MAX_NEAR])}


def _kinds(graph: FileGraph, source: int, target: int) -> tuple[EdgeKind, ...]:
    first, last = graph.starts[source], graph.starts[source + 1]
    direct = [
        (float(graph.weights[at]), LINK_KINDS[int(graph.kinds[at])])
        for at in range(first, last)
        if graph.targets[at] == target
    ]
    return tuple(dict.fromkeys(kind for _, kind in sorted(direct, key=lambda pair: (-pair[0], pair[1].value))))
