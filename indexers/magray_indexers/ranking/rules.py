"""The rules: what each part of a score is and what it weighs.

A hit's rank is ``(similarity + β·recency + γ·quality + δ·affinity) * kind * repeat``, where similarity is
``body + file + definitions + doc + meaning + about + path + name + exact + size`` and


- ``body``: BM25 of the chunk's text, as a share of the best chunk's;
- ``file``: the same of the file's three best chunks, as a share of the best file's: one lucky chunk is less than three;
- ``definitions``: BM25 of the names that the file defines, as a share of the best file's;
- ``doc``: BM25 of the documentation in the chunk, as a share of the best chunk's;
- ``meaning``: how far the chunk's cosine with the question lies above that of chunks that are about something else, as
  a share of the best chunk's; nothing where there are no vectors;
- ``about``: the same of the file's best chunk;
- ``path``: the share of the query's weight that words of the file's name and folders carry;
- ``name``: the share of the file's own name that the query speaks of, spelled out or as initials; less where that is
  little of what the query says, more where the name is the symbol asked for;
- ``exact``: the chunk defines a name in the query, or the path is the one in the query; three times as much where the
  name or path is all that is asked for;
- ``size``: longer files hold more of what is asked for, by the logarithm of their length;
- ``recency``: β times 1 for the file written last, half for every four weeks that it is older than that one;
- ``quality``: γ times 1 for a file that parses, less with every syntax error;
- ``affinity``: δ times how near the file is to the open and recently used ones in the graph, 0 to 1;
- ``kind``: less than 1 for tests (unless asked for), examples, generated code, prose, files that only gather others;
- ``repeat``: half for every better hit in the same file, of which no more than three are shown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from magray_indexers.query import Query, QueryKind
from magray_indexers.ranking.candidates import Candidates, FileCandidate
from magray_indexers.ranking.paths import path_match, path_words
from magray_indexers.ranking.terms import stem
from magray_indexers.ranking.view import FileEntry
from magray_indexers.store import CHUNK_BITS

_HALF_LIFE_S = 28 * 86_400.0
_MANY_PROBLEMS = 4
_EVIDENCE = ("body", "doc", "definitions", "meaning", "exact", "path", "name")
_TOGETHER = 3
_DOUBT, _GROWTH = 8, 0.25
_WORD, _FEW_FILES = 3, 8
_LONG_FILE = 100_000
_MIN_PREFIX = 4
_MAX_PER_FILE = 3
_WHOLE_NAME = 1.5
_ENOUGH_TOLD = 0.3
_PATH_ASKED = 3.0
_NAME_ASKED = 3.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What the parts of a score weigh. Chosen on eight repositories of a benchmark, checked on eight others.

    ``meaning`` and ``about`` are for questions in words; ``MEANT`` says how much less they count for other queries.
    """

    body: float = 0.5
    file: float = 1.0
    definitions: float = 0.4
    doc: float = 0.2
    meaning: float = 1.0
    about: float = 1.0
    belief: float = 0.3
    path: float = 1.0
    folder: float = 0.4
    prefix: float = 0.7
    acronym: float = 0.7
    name: float = 1.1
    exact: float = 1.0
    size: float = 0.6
    recency: float = 0.05
    quality: float = 0.05
    affinity: float = 0.6
    test_kind: float = 0.5
    repeat: float = 0.5


MEANT = {QueryKind.WORDS: 1.0, QueryKind.MIXED: 0.6, QueryKind.SYMBOL: 0.2, QueryKind.PATH: 0.0, QueryKind.EMPTY: 0.0}
"""What vectors count for by the kind of query: who names a thing means that thing."""


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A chunk with the parts of its score; the parts are documented in this module."""

    chunk_id: int
    path: str
    score: float
    parts: Mapping[str, float]


def rank(candidates: Candidates, query: Query, k: int, weights: Weights = Weights()) -> list[RankedChunk]:
    """The best ``k`` chunks, best first; ties by path, then place."""
    best = _Maxima.of(candidates)
    if query.kind is QueryKind.SYMBOL:
        weights = replace(weights, exact=_NAME_ASKED * weights.exact)
    of_path = _PathRules(query, candidates.idf, weights)
    paths = {number: of_path.parts(one.entry) for number, one in candidates.files.items()}
    believed = MEANT[query.kind] * _belief(candidates, paths.values(), weights)
    weights = replace(weights, meaning=believed * weights.meaning, about=believed * weights.about)
    newest = max((one.entry.changed for one in candidates.files.values()), default=0.0)
    ranked: list[RankedChunk] = []
    for number, candidate in candidates.files.items():
        near = candidates.affinity.get(candidate.entry.path, 0.0)
        shared = paths[number] | _standing(candidate.entry, newest, near, weights)
        kind = _kind(candidate.entry.path, query, weights)
        ranked += _rank_file(candidate, shared, kind, best, weights)
    ranked.sort(key=lambda chunk: (-chunk.score, chunk.path, chunk.chunk_id))
    return ranked[:k]


@dataclass(frozen=True, slots=True)
class _Maxima:
    """The largest value of each part over all candidates, never 0."""

    body: float
    file: float
    definitions: float
    doc: float
    cosine: float
    cosine_floor: float

    @classmethod
    def of(cls, candidates: Candidates) -> _Maxima:
        body = file = definitions = doc = cosine = 0.0
        for one in candidates.files.values():
            factor = path_words(one.entry.path).factor
            scores = one.scores
            body = max(body, factor * max(scores["body"].values(), default=0.0))
            file = max(file, factor * _best_few(scores["body"]))
            definitions = max(definitions, factor * sum(scores["definitions"].values()))
            doc = max(doc, factor * max(scores["doc"].values(), default=0.0))
            cosine = max(cosine, max(one.cosines.values(), default=0.0))
        return cls(body or 1.0, file or 1.0, definitions or 1.0, doc or 1.0, cosine, candidates.cosine_floor)

    def meaning(self, cosine: float) -> float:
        """Where the cosine lies between what is about something else (0) and the best (1)."""
        above = self.cosine - self.cosine_floor
        return max(0.0, cosine - self.cosine_floor) / above if above > 0 else 0.0


def _belief(candidates: Candidates, paths: Iterable[Mapping[str, float]], weights: Weights) -> float:
    """What vectors count for: little where the path of some file speaks of the question, more the less any does.

    A person who named a file for what it holds is a better judge than a model. Where files are not named for what they
    hold at all, the model is all there is, and counts as far as it is to be trusted.
    """
    if not candidates.trust:
        return 0.0
    told = max((min(1.0, (one["path"] / weights.path + one["name"] / weights.name) / 2) for one in paths), default=0.0)
    least: float = weights.belief * candidates.trust**_GROWTH
    most = 1.0 if _are_named(candidates) else candidates.trust
    return least + (most - least) * (1.0 - told) ** _DOUBT


def _are_named(candidates: Candidates) -> bool:
    """Whether names of files say something: a word in most of them that is not in most of the others too."""
    names = [set(path_words(one.entry.path).name) for one in candidates.files.values()]
    counts = Counter(word for name in names for word in name if word.isalpha() and len(word) >= _WORD)
    telling = {word for word, count in counts.items() if 2 * count <= len(names) or len(names) < _FEW_FILES}
    return 2 * sum(1 for name in names if name & telling) >= len(names)


def _best_few(scores: Mapping[int, float]) -> float:
    return sum(sorted(scores.values(), reverse=True)[:_TOGETHER])


def _rank_file(
    candidate: FileCandidate, shared: Mapping[str, float], kind: float, best: _Maxima, weights: Weights
) -> list[RankedChunk]:
    """The file's three best chunks, each less than the one before; ``shared`` parts are the file's own, for all."""
    body, doc, definitions = (candidate.scores[name] for name in ("body", "doc", "definitions"))
    found = []
    for chunk in body.keys() | definitions.keys() | doc.keys() | candidate.defines.keys() | candidate.cosines.keys():
        exact = candidate.defines[chunk][0] if chunk in candidate.defines else 0.0
        own = (
            weights.body * min(1.0, body.get(chunk, 0.0) / best.body),
            weights.doc * min(1.0, doc.get(chunk, 0.0) / best.doc),
            weights.exact * exact,
            weights.meaning * best.meaning(candidate.cosines.get(chunk, 0.0)),
        )
        # Within the file, the chunk that defines the words is shown before one that uses them.
        order = sum(own) + definitions.get(chunk, 0.0) / best.definitions
        found.append((-order, chunk, own))
    found.sort()
    if not found or (shared["exact"] and not candidate.defines):
        # The path is what was asked for: the file from its beginning.
        found = [(0.0, candidate.number << CHUNK_BITS, (0.0, 0.0, 0.0, 0.0))]
    of_file = {
        **shared,
        "file": weights.file * min(1.0, _best_few(body) / best.file),
        "definitions": weights.definitions * min(1.0, sum(definitions.values()) / best.definitions),
        "about": weights.about * best.meaning(max(candidate.cosines.values(), default=0.0)),
    }
    ranked = []
    for place, (_, chunk, own) in enumerate(found[:_MAX_PER_FILE]):
        parts = {**of_file, "body": own[0], "doc": own[1], "exact": own[2] + of_file["exact"], "meaning": own[3]}
        repeat = weights.repeat**place
        if not any(parts[name] for name in _EVIDENCE):
            continue  # neither words nor vectors say that this is about the question
        score = sum(parts.values()) * kind * repeat
        ranked.append(RankedChunk(chunk, candidate.entry.path, score, {**parts, "kind": kind, "repeat": repeat}))
    return ranked


def _standing(entry: FileEntry, newest: float, near: float, weights: Weights) -> dict[str, float]:
    """What speaks for a file whatever is asked: how new, how sound, how near to the person's work it is."""
    age = newest - entry.changed if entry.changed else 0.0
    return {
        "recency": weights.recency * 0.5 ** (age / _HALF_LIFE_S),
        "quality": weights.quality / (1 + entry.problems / _MANY_PROBLEMS),
        "affinity": weights.affinity * near,
    }


class _PathRules:
    """What paths say about one query. Remembers parts of paths, which repeat from file to file."""

    def __init__(self, query: Query, idf: Mapping[str, float], weights: Weights) -> None:
        self._query, self._idf, self._weights = query, idf, weights
        self._total = sum(idf.values()) or 1.0
        self._long = tuple(base for base in idf if len(base) >= _MIN_PREFIX)
        self._alike: dict[str, tuple[tuple[str, float], ...]] = {}
        self._names = {_letters(name) for name in query.names}

    def parts(self, entry: FileEntry) -> dict[str, float]:
        """The parts of a score that the file's path and length give."""
        weights, words = self._weights, path_words(entry.path)
        covered: dict[str, float] = {}
        spoken = 0.0
        for part in words.name:
            alike = self._like(part)
            spelled = self._query.acronyms.get(part, ())
            if alike:
                spoken += 1.0
                for base, likeness in alike:
                    covered[base] = max(covered.get(base, 0.0), likeness)
            elif spelled:
                spoken += weights.acronym
                for base in map(stem, spelled):
                    covered[base] = max(covered.get(base, 0.0), weights.acronym)
        for part in words.folders:
            for base, likeness in self._like(part):
                covered[base] = max(covered.get(base, 0.0), weights.folder * likeness)
        share = sum(self._idf.get(base, 0.0) * likeness for base, likeness in covered.items()) / self._total
        name = spoken / max(1, len(words.name)) * min(1.0, share / _ENOUGH_TOLD) ** 0.25
        if words.whole in self._names:
            name = _WHOLE_NAME
        wanted = self._query.path
        return {
            "path": weights.path * share,
            "name": weights.name * name,
            "exact": _PATH_ASKED * weights.exact * path_match(wanted, entry.path) if wanted else 0.0,
            "size": weights.size * min(1.0, math.log1p(entry.n_chars) / math.log(_LONG_FILE)),
        }

    def _like(self, part: str) -> tuple[tuple[str, float], ...]:
        """The query's stems that are this part of a path (1), or of which one begins the other (less)."""
        known = self._alike.get(part)
        if known is None:
            if part in self._idf:
                known = ((part, 1.0),)
            elif len(part) >= _MIN_PREFIX:
                likeness = self._weights.prefix
                known = tuple((b, likeness) for b in self._long if part.startswith(b) or b.startswith(part))
            else:
                known = ()
            self._alike[part] = known
        return known


def _kind(path: str, query: Query, weights: Weights) -> float:
    words = path_words(path)
    if query.kind is QueryKind.PATH:
        return 1.0
    return words.factor * (weights.test_kind if words.is_test and not query.wants_tests else 1.0)


def _letters(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
