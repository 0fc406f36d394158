"""The second look: a model that reads question and passage together puts the best hits of a search in order again.

Off unless the person turns it on (``memory.rerank``): Qwen's own table says that its reranker lowers the code score of
its embedder, and no gain on our questions has been measured. ``python -m benchmarks.golden --rerank`` measures it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from magray_core.contracts import Reranker
from magray_core.memory import Hit, SearchResult
from magray_indexers.query import QueryKind, parse_query

BUDGET_S = 2.0
"""How long the second look may make somebody wait; what is not read by then keeps its place behind what is."""
_AT_MOST, _AT_ONCE = 20, 4
_WEIGHT = 1.0
_KINDS = frozenset({QueryKind.WORDS, QueryKind.MIXED})
"""Who names a symbol or a path has been understood without a model."""


def reranked(result: SearchResult, query: str, reranker: Reranker, *, budget_s: float = BUDGET_S) -> SearchResult:
    """The same hits, the first of them in the order of ``score / best + P(answers)``; their scores say so.

    Judges at most 20 hits, four at a time, until the budget is spent. Raises ProviderError.
    """
    if parse_query(query).kind not in _KINDS or len(result.hits) < 2:
        return result
    started = time.monotonic()
    judged: list[float] = []
    likely = result.hits[:_AT_MOST]
    while len(judged) < len(likely) and (not judged or time.monotonic() - started < budget_s):
        judged += reranker.score(query, [_passage(hit) for hit in likely[len(judged) : len(judged) + _AT_ONCE]])
    first = _in_order(likely[: len(judged)], judged)
    took_ms = result.took_ms + (time.monotonic() - started) * 1000
    return replace(result, hits=(*first, *result.hits[len(judged) :]), took_ms=took_ms)


def _in_order(hits: Sequence[Hit], judged: Sequence[float]) -> list[Hit]:
    best = max(hit.score for hit in hits) or 1.0
    least = min(hit.score for hit in hits)
    scored = [(hit.score / best + _WEIGHT * answers, hit, answers) for hit, answers in zip(hits, judged, strict=True)]
    scored.sort(key=lambda one: -one[0])
    # Scores stay above those of the hits that were not judged, so that a list is still in the order of its scores.
    return [
        replace(hit, score=round(least + total, 4), scores={**hit.scores, "rerank": round(answers, 4)})
        for total, hit, answers in scored
    ]


def _passage(hit: Hit) -> str:
    return f"{hit.path}\n{hit.symbol}\n{hit.snippet}"
