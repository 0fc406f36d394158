"""One question to everything that is remembered: code, records, conversations; hits together, each with its source."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from magray_core.memory import EVERYWHERE, Freshness, Hit, SearchScope
from magray_indexers.remembering import records, sessions
from magray_orchestration.anchors import anchored
from magray_orchestration.memories import Memories
from magray_orchestration.usecases.memory import Kept
from magray_orchestration.usecases.search import search
from magray_orchestration.workspace import Workspace

Source = Literal["code", "records", "sessions"]
SOURCES: tuple[Source, ...] = ("code", "records", "sessions")

_RANK_OFFSET = 5
_WEIGHTS = {"code": 1.0, "records": 1.1, "sessions": 0.8}
_LEAST_COVERAGE = 0.34


@dataclass(frozen=True, slots=True)
class Question:
    """What is sought and where. ``tags`` and kinds of records leave code out, languages and kinds of code the rest."""

    query: str
    k: int = 10
    scope: SearchScope = EVERYWHERE
    tags: tuple[str, ...] = ()
    sources: tuple[Source, ...] = SOURCES


@dataclass(frozen=True, slots=True)
class Found:
    """One hit with the source it comes from. ``score`` is by rank in its source, so that sources can be compared."""

    source: Source
    score: float
    hit: Hit | Kept | sessions.Message


@dataclass(frozen=True, slots=True)
class Recollection:
    """Hits of every source, best first."""

    found: tuple[Found, ...]
    took_ms: float
    freshness: Freshness


def recollect(workspace: Workspace, memories: Memories, question: Question) -> Recollection:
    """Up to ``k`` hits (1 to 1000), best first. An empty query gives none. Raises ToolInvalidArguments, IndexingError.

    Each source is ranked by itself; a hit then counts by its place there, and a record or message by the share of the
    query's words that it has: one that has them all stands beside the best code.
    """
    started = time.perf_counter()
    k = max(1, min(question.k, 1000))
    own = tuple(kind for kind in question.scope.kinds if kind in records.KINDS)
    rest = tuple(kind for kind in question.scope.kinds if kind not in records.KINDS)
    scope = replace(question.scope, kinds=rest)
    code_only = bool(rest or scope.languages)
    found: list[Found] = []
    freshness = workspace.index.freshness()
    if "code" in question.sources and not question.tags and not (own and not rest):
        answer = search(workspace, question.query, k, scope)
        freshness = answer.freshness
        found += [Found("code", _score("code", n, 1.0), hit) for n, hit in enumerate(answer.hits)]
    if "records" in question.sources and (own or not code_only):
        found += _records(workspace, memories, question, own)
    if "sessions" in question.sources and not (question.scope.kinds or scope.languages or scope.paths or question.tags):
        hits = sessions.recall(memories.project, question.query, k)
        found += [
            Found("sessions", _score("sessions", n, hit.score), hit.message)
            for n, hit in enumerate(hits)
            if hit.score >= _LEAST_COVERAGE
        ]
    found.sort(key=lambda one: -one.score)
    return Recollection(tuple(found[:k]), (time.perf_counter() - started) * 1000, freshness)


def _records(workspace: Workspace, memories: Memories, question: Question, kinds: tuple[str, ...]) -> Iterator[Found]:
    admitted = kinds or tuple(kind for kind in records.KINDS if kind != "project")
    wanted = records.Wanted(admitted, question.scope.paths, question.tags)
    hits = [
        (hit, holder)
        for holder, store in memories.stores()
        for hit in records.search(store, question.query, question.k, wanted)
        # A part of a word is a hit for those who look for records alone.
        if hit.score >= _LEAST_COVERAGE or question.sources == ("records",)
    ]
    hits.sort(key=lambda pair: -pair[0].score)
    for n, (hit, holder) in enumerate(hits):
        yield Found(
            "records", _score("records", n, hit.score), Kept(hit.record, holder, anchored(workspace, hit.record))
        )


def _score(source: Source, rank: int, share: float) -> float:
    return _WEIGHTS[source] * share * _RANK_OFFSET / (_RANK_OFFSET + rank)
