"""The rules: what each part of a score is and what it weighs.

A hit's score is ``(body + file + definitions + doc + path + name + exact + size) * kind * repeat``, where

- ``body``: BM25 of the chunk's text, as a share of the best chunk's;
- ``file``: the same of the file's three best chunks, as a share of the best file's: one lucky chunk is less than three;
- ``definitions``: BM25 of the names that the file defines, as a share of the best file's;
- ``doc``: BM25 of the documentation in the chunk, as a share of the best chunk's;
- ``path``: the share of the query's weight that words of the file's name and folders carry;
- ``name``: the share of the file's own name that the query speaks of, or that the file's name is the symbol asked for;
- ``exact``: the chunk defines a name in the query, or the path is the one in the query;
- ``size``: longer files hold more of what is asked for, by the logarithm of their length;
- ``kind``: less than 1 for tests (unless asked for), examples, generated code, prose, files that only gather others;
- ``repeat``: halved for every better hit in the same file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from magray_indexers.query import Query, QueryKind
from magray_indexers.ranking.candidates import Candidates, FileCandidate
from magray_indexers.ranking.paths import path_match, path_words
from magray_indexers.store import CHUNK_BITS

_TOGETHER = 3
_LONG_FILE = 100_000


@dataclass(frozen=True, slots=True)
class Weights:
    """What the parts of a score weigh. Chosen on eight repositories of a benchmark, checked on eight others."""

    body: float = 0.5
    file: float = 1.0
    definitions: float = 0.5
    doc: float = 0.2
    path: float = 1.0
    folder: float = 0.4
    name: float = 0.4
    exact: float = 1.0
    size: float = 0.6
    test_kind: float = 0.5
    repeat: float = 0.5


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chunk with the parts of its score; the parts are documented in this module."""

    chunk_id: int
    path: str
    score: float
    parts: Mapping[str, float]


def rank(candidates: Candidates, query: Query, k: int, weights: Weights = Weights()) -> list[RankedChunk]:
    """The best ``k`` chunks, best first; ties by path, then place."""
    best = _Maxima.of(candidates.files.values())
    ranked = [
        chunk
        for candidate in candidates.files.values()
        for chunk in _rank_file(candidate, query, candidates.idf, best, weights)
    ]
    ranked.sort(key=lambda chunk: (-chunk.score, chunk.path, chunk.chunk_id))
    return ranked[:k]


@dataclass(frozen=True, slots=True)
class _Maxima:
    """The largest value of each part over all candidates, never 0."""

    body: float
    file: float
    definitions: float
    doc: float

    @classmethod
    def of(cls, files: Iterable[FileCandidate]) -> _Maxima:
        body = file = definitions = doc = 0.0
        for one in files:
            factor = path_words(one.entry.path).factor
            scores = one.scores
            body = max(body, factor * max(scores["body"].values(), default=0.0))
            file = max(file, factor * _best_few(scores["body"]))
            definitions = max(definitions, factor * sum(scores["definitions"].values()))
            doc = max(doc, factor * max(scores["doc"].values(), default=0.0))
        return cls(body or 1.0, file or 1.0, definitions or 1.0, doc or 1.0)


def _best_few(scores: Mapping[int, float]) -> float:
    return sum(sorted(scores.values(), reverse=True)[:_TOGETHER])


def _rank_file(
    candidate: FileCandidate, query: Query, idf: Mapping[str, float], best: _Maxima, weights: Weights
) -> list[RankedChunk]:
    """The file's chunks that were found, each less than the one before; the file's own parts are the same for all."""
    scores = candidate.scores
    shared = _file_parts(candidate, query, idf, weights)
    shared["file"] = weights.file * min(1.0, _best_few(scores["body"]) / best.file)
    shared["definitions"] = weights.definitions * min(1.0, sum(scores["definitions"].values()) / best.definitions)
    chunks = scores["body"].keys() | scores["definitions"].keys() | scores["doc"].keys() | candidate.defines.keys()
    if not chunks:
        chunks = {candidate.number << CHUNK_BITS}
    kind = _kind(candidate.entry.path, query, weights)
    found = []
    for chunk in chunks:
        exact, _ = candidate.defines.get(chunk, (0.0, None))
        own = {
            "body": weights.body * min(1.0, scores["body"].get(chunk, 0.0) / best.body),
            "doc": weights.doc * min(1.0, scores["doc"].get(chunk, 0.0) / best.doc),
            "exact": weights.exact * exact + shared["exact"],
        }
        # Within the file, the chunk that defines the words is shown before one that uses them.
        order = sum(own.values()) + scores["definitions"].get(chunk, 0.0) / best.definitions
        found.append((order, chunk, own))
    found.sort(key=lambda item: (-item[0], item[1]))
    ranked = []
    for place, (_, chunk, own) in enumerate(found):
        parts = {**shared, **own}
        repeat = weights.repeat**place
        score = sum(parts.values()) * kind * repeat
        ranked.append(RankedChunk(chunk, candidate.entry.path, score, {**parts, "kind": kind, "repeat": repeat}))
    return ranked


def _file_parts(candidate: FileCandidate, query: Query, idf: Mapping[str, float], weights: Weights) -> dict[str, float]:
    words = path_words(candidate.entry.path)
    total = sum(idf.values()) or 1.0
    in_name = [base for base in idf if base in words.name]
    in_folders = [base for base in idf if base in words.folders and base not in words.name]
    covered = sum(idf[base] for base in in_name) + weights.folder * sum(idf[base] for base in in_folders)
    name = len(in_name) / len(words.name) if words.name else 0.0
    if any(_letters(wanted) == words.whole for wanted in query.names):
        name = 1.5
    size = math.log1p(candidate.entry.n_chars) / math.log(_LONG_FILE)
    return {
        "path": weights.path * covered / total,
        "name": weights.name * name,
        "exact": 3 * weights.exact * path_match(query.path, candidate.entry.path) if query.path else 0.0,
        "size": weights.size * min(1.0, size),
    }


def _kind(path: str, query: Query, weights: Weights) -> float:
    words = path_words(path)
    if query.kind is QueryKind.PATH:
        return 1.0
    return words.factor * (weights.test_kind if words.is_test and not query.wants_tests else 1.0)


def _letters(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
