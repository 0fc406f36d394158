"""Where a query might be answered: chunks that keyword search finds, by field, in the index and in open documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from magray_core.memory import EVERYWHERE, SearchScope, Symbol, SymbolKind
from magray_indexers.keyword import FIELDS, FieldStatistics, bm25
from magray_indexers.query import Query
from magray_indexers.ranking.overlay import OpenFile, open_cosines
from magray_indexers.ranking.scope import admitted_by
from magray_indexers.ranking.terms import forms, stem
from magray_indexers.ranking.view import FileEntry, SearchView, VectorView
from magray_indexers.store import CHUNK_BITS
from magray_indexers.tokens import code_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIMITS = {"body": 300, "definitions": 200, "path": 150, "doc": 100}
_OTHER_FORM = 0.7
_MAX_NAMED = 200
_MAX_LIKELY = 40
_MAX_FILES = 64
_MAX_ALIKE, _MAX_ALIKE_FILES = 100, 48
_OTHER_CASE = 0.7
HINTED = 0.3
_TYPES = frozenset(
    {
        SymbolKind.CLASS,
        SymbolKind.INTERFACE,
        SymbolKind.STRUCT,
        SymbolKind.ENUM,
        SymbolKind.TRAIT,
        SymbolKind.TYPE,
        SymbolKind.MODULE,
        SymbolKind.NAMESPACE,
    }
)


@dataclass(slots=True)
class FileCandidate:
    """A file that may answer: BM25 by field and chunk id, the cosine of chunks with the question where there are
    vectors, and the chunks that define a name that was asked for.
    """

    number: int
    entry: FileEntry
    cosines: dict[int, float] = field(default_factory=dict)
    scores: dict[str, dict[int, float]] = field(default_factory=lambda: {name: {} for name in FIELDS})
    defines: dict[int, tuple[float, Symbol]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Files by id, and what the words weigh: ``idf`` by stem, from the chunks that have any form of the word.

    ``cosine_floor`` is the cosine of a chunk that is not about the question any more than most, ``trust`` how far
    cosines are to be believed (``EmbeddingModel.trust``). ``affinity`` says by
    path how near a file is to those that the person has open.
    """

    files: Mapping[int, FileCandidate]
    idf: Mapping[str, float]
    cosine_floor: float = 0.0
    trust: float = 0.0
    affinity: Mapping[str, float] = field(default_factory=dict)


def find_candidates(
    view: SearchView, query: Query, overlay: Mapping[int, OpenFile], scope: SearchScope = EVERYWHERE
) -> Candidates:
    """Every chunk in scope worth a closer look. Files in ``overlay`` are searched as they are there."""
    statistics = view.statistics("body", [form for word in query.words for form in forms(word)])
    idf: dict[str, float] = {}
    weights: dict[str, float] = {}
    for word in query.words:
        _weigh(word, statistics, weights, idf)
    among = view.files_in(scope)
    vector = view.vectors.embed_query(query.text) if view.vectors is not None else None
    alike = _nearest(view, vector, among)
    unsaved = {document.entry.path for document in overlay.values()}
    files = _indexed(view, query, weights, among, [chunk for chunk, _ in alike])
    files = {number: candidate for number, candidate in files.items() if candidate.entry.path not in unsaved}
    if view.vectors is not None and vector is not None:
        _add_cosines(view.vectors, vector, files, dict(alike))
    corpus = {name: view.statistics(name, weights) for name in FIELDS} if overlay else {}
    admits = admitted_by(scope)
    for number, document in overlay.items():
        if admits is not None and not admits(document.entry.path, document.entry.language):
            continue
        candidate = _open_candidate(document, query, weights, corpus)
        if view.vectors is not None and vector is not None and view.vectors.quick:
            candidate.cosines = open_cosines(document, view.vectors, vector)
        if candidate.defines or any(candidate.scores.values()) or candidate.cosines:
            files[number] = candidate
    near = view.affinity(scope.near, [one.entry.path for one in files.values()]) if scope.near else {}
    trust = view.vectors.trust if view.vectors is not None else 0.0
    return Candidates(files, idf, alike[-1][1] if alike else 0.0, trust, near)


def _indexed(
    view: SearchView, query: Query, weights: Mapping[str, float], among: frozenset[int] | None, alike: Sequence[int]
) -> dict[int, FileCandidate]:
    """What the index has for the words and names, and for the chunks that are ``alike``."""
    found = {name: view.best(name, list(weights), limit, weights, among) for name, limit in _LIMITS.items()}
    named = _find_named(view, query, [chunk >> CHUNK_BITS for chunk, _ in found["definitions"]])
    if among is not None:
        named = [(number, symbol) for number, symbol in named if number in among]
    near = list(dict.fromkeys(chunk >> CHUNK_BITS for chunk in alike))[:_MAX_ALIKE_FILES]
    numbers = {number for number, _ in named} | set(_shortlist(found)) | set(near)
    files = {number: FileCandidate(number, entry) for number, entry in view.files(numbers).items()}
    for name, hits in found.items():
        for chunk, score in hits:
            candidate = files.get(chunk >> CHUNK_BITS)
            if candidate is not None:
                candidate.scores[name][chunk] = score
    for number, symbol in named:
        if number in files:
            chunk_id = view.chunk_at(number, symbol.name_span.start)
            if chunk_id is not None:
                _define(files[number], chunk_id, symbol, query)
    return files


def _nearest(
    view: SearchView, vector: NDArray[np.float32] | None, among: frozenset[int] | None
) -> list[tuple[int, float]]:
    """The chunks with the highest cosine, best first."""
    if view.vectors is None or vector is None:
        return []
    if among is None:
        return view.vectors.search(vector, _MAX_ALIKE)
    import numpy as np

    files = np.fromiter(among, np.int64, len(among))
    return view.vectors.search(vector, _MAX_ALIKE, lambda ids: np.isin(ids >> CHUNK_BITS, files))


def _add_cosines(
    vectors: VectorView, vector: NDArray[np.float32], files: Mapping[int, FileCandidate], known: Mapping[int, float]
) -> None:
    """The cosines of every chunk that words or vectors found: what it is about counts either way."""
    wanted: set[int] = set()
    for candidate in files.values():
        wanted.update(candidate.defines, *candidate.scores.values())
    cosines = vectors.cosines(vector, sorted(wanted - known.keys())) | dict(known)
    for chunk, cosine in cosines.items():
        if chunk >> CHUNK_BITS in files:
            files[chunk >> CHUNK_BITS].cosines[chunk] = cosine


def exactness(symbol: Symbol, query: Query) -> float:
    """How exactly a definition is what was named: 1 as written or qualified so, less in other case or by a hint."""
    for qualified in query.qualified:
        if "." in qualified and (symbol.qualified_name == qualified or symbol.qualified_name.endswith("." + qualified)):
            return 1.0
    if symbol.name in query.names:
        return 0.9 if any("." in qualified for qualified in query.qualified) else 1.0
    letters = _letters(symbol.name)
    if any(_letters(name) == letters for name in query.names):
        return _OTHER_CASE
    return HINTED if symbol.name in query.hints and symbol.kind in _TYPES else 0.0


def _find_named(view: SearchView, query: Query, likely: list[int]) -> list[tuple[int, Symbol]]:
    """Definitions of what the query names; of a name with very many, those in files that define the other words too."""
    spellings = _spellings(query)
    if not spellings:
        return []
    named = view.named(spellings, _MAX_NAMED)
    if len(named) == _MAX_NAMED:
        named += view.named_in(list(dict.fromkeys(likely))[:_MAX_LIKELY], spellings)
    return named


def _shortlist(found: Mapping[str, list[tuple[int, float]]]) -> list[int]:
    """The files with the best chunks, each field counting as a share of its best hit: the rules cost time for each."""
    shares: dict[int, float] = {}
    for hits in found.values():
        best_of: dict[int, float] = {}
        for chunk, score in hits:
            best_of.setdefault(chunk >> CHUNK_BITS, score / hits[0][1])
        for number, share in best_of.items():
            shares[number] = shares.get(number, 0.0) + share
    return sorted(shares, key=lambda number: (-shares[number], number))[:_MAX_FILES]


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _weigh(word: str, statistics: FieldStatistics, weights: dict[str, float], idf: dict[str, float]) -> None:
    """Weigh the word's forms as one word: none of them may count for more because it is rarer than the rest."""
    alike = [form for form in forms(word) if statistics.doc_freq.get(form)]
    together = _idf(statistics.n_chunks, sum(statistics.doc_freq[form] for form in alike))
    base = stem(word)
    idf[base] = max(idf.get(base, 0.0), together)
    weights[word] = max(weights.get(word, 0.0), 1.0)
    for form in alike:
        if form != word:
            alone = _idf(statistics.n_chunks, statistics.doc_freq[form])
            weights[form] = max(weights.get(form, 0.0), _OTHER_FORM * together / alone)


def _idf(n_chunks: int, n: int) -> float:
    n = min(n, n_chunks)  # what was deleted still counts as a document for a while
    return math.log(1 + (n_chunks - n + 0.5) / (n + 0.5))


def _spellings(query: Query) -> list[str]:
    """The names as written and in the cases that languages give them."""
    made = list(query.hints)
    for name in query.names:
        parts = code_tokens(name)[1:] or [name.lower()]
        pascal = "".join(part[:1].upper() + part[1:] for part in parts)
        snake = "_".join(parts)
        made += [name, name.lower(), name[:1].upper() + name[1:], pascal, pascal[:1].lower() + pascal[1:]]
        made += [snake, snake.upper(), "-".join(parts)]
    return list(dict.fromkeys(made))


def _define(candidate: FileCandidate, chunk_id: int, symbol: Symbol, query: Query) -> None:
    exact = exactness(symbol, query)
    if exact > candidate.defines.get(chunk_id, (0.0, symbol))[0]:
        candidate.defines[chunk_id] = (exact, symbol)


def _open_candidate(
    document: OpenFile, query: Query, weights: Mapping[str, float], corpus: Mapping[str, FieldStatistics]
) -> FileCandidate:
    """Score a document that the index does not hold as the index would."""
    candidate = FileCandidate(document.number, document.entry)
    for index, name in enumerate(FIELDS):
        for chunk, counters in zip(document.chunks, document.counters, strict=True):
            counter = counters[index]
            here = counter.keys() & weights.keys()
            if here:
                score = sum(weights[token] * bm25((token,), counter, corpus[name]) for token in sorted(here))
                candidate.scores[name][(document.number << CHUNK_BITS) + chunk.index] = score
    wanted = set(_spellings(query))
    for symbol in document.symbols:
        if symbol.name in wanted:
            _define(candidate, document.chunk_at(symbol.name_span.start), symbol, query)
    return candidate
