"""Search: a query understood, candidates by keyword from index and open documents, ranked by rules, shown as hits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from magray_core.documents import Document
from magray_core.memory import EVERYWHERE, Chunk, Hit, SearchResult, SearchScope
from magray_indexers.media.reading import plain_text
from magray_indexers.query import Query, QueryKind, parse_query
from magray_indexers.ranking.candidates import Candidates, find_candidates
from magray_indexers.ranking.duplicates import Sketch, are_alike, sketch
from magray_indexers.ranking.overlay import OpenFile, open_files
from magray_indexers.ranking.rules import RankedChunk, rank
from magray_indexers.ranking.scope import symbol_kinds
from magray_indexers.ranking.snippets import snippet
from magray_indexers.ranking.view import SearchView
from magray_indexers.store import CHUNK_BITS

_DIGITS = 4
_MAX_HITS = 1000


def search(
    view: SearchView, query: str, k: int, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
) -> SearchResult:
    """The best ``k`` hits (at most 1,000) in scope, best first, in the same order every time.

    Documents in ``overlay`` replace what the index holds of their paths. A query without a letter or digit has no
    hits. Every hit's ``scores`` are the parts of its score: see ``magray_indexers.ranking.rules``.
    """
    started = time.perf_counter()
    understood = parse_query(query)
    hits: tuple[Hit, ...] = ()
    if understood.kind is not QueryKind.EMPTY and k > 0:
        documents = open_files(overlay)
        candidates = find_candidates(view, understood, documents, scope)
        hits = _distinct(_hits(view, documents, candidates, understood, scope), min(k, _MAX_HITS))
    return SearchResult(hits, (time.perf_counter() - started) * 1000, view.freshness())


def _hits(
    view: SearchView, documents: dict[int, OpenFile], candidates: Candidates, query: Query, scope: SearchScope
) -> Iterator[tuple[Hit, str]]:
    """Every hit of a wanted kind with its chunk's text, best first."""
    kinds = symbol_kinds(scope)
    for one in rank(candidates, query, _MAX_HITS):
        chunk = _chunk(view, documents, one.chunk_id)
        if chunk is not None:
            hit = _hit(one, chunk, candidates)
            if not kinds or hit.kind in kinds:
                yield hit, chunk.text


def _distinct(hits: Iterator[tuple[Hit, str]], k: int) -> tuple[Hit, ...]:
    """The first ``k`` hits that are no copies of better ones in other files; those are named with what they copy."""
    kept: list[Hit] = []
    sketches: list[Sketch] = []
    for hit, text in hits:
        own = sketch(text)
        original = next(
            (i for i, other in enumerate(sketches) if kept[i].path != hit.path and are_alike(own, other)),
            None,
        )
        if original is not None:
            kept[original] = replace(kept[original], also=(*kept[original].also, f"{hit.path}:{hit.start_line}"))
        elif len(kept) == k:
            break
        else:
            kept.append(hit)
            sketches.append(own)
    return tuple(kept)


def _chunk(view: SearchView, documents: dict[int, OpenFile], chunk_id: int) -> Chunk | None:
    document = documents.get(chunk_id >> CHUNK_BITS)
    if document is None:
        return view.chunk(chunk_id)
    index = chunk_id & ((1 << CHUNK_BITS) - 1)
    return document.chunks[index] if index < len(document.chunks) else None


def _hit(ranked: RankedChunk, chunk: Chunk, candidates: Candidates) -> Hit:
    candidate = candidates.files[ranked.chunk_id >> CHUNK_BITS]
    defined = candidate.defines.get(ranked.chunk_id)
    definition = defined[1] if defined is not None else None
    said = plain_text(candidate.entry.language, chunk.text)
    if said == chunk.text:
        shown = snippet(chunk, candidates.idf, definition)
    else:
        shown = snippet(replace(chunk, text=said), candidates.idf, None)
    return Hit(
        path=ranked.path,
        start_line=chunk.start_line,
        end_line=chunk.end_line,
        symbol=definition.qualified_name if definition is not None else chunk.symbol,
        kind=definition.kind.value if definition is not None else (chunk.kind.value if chunk.kind else ""),
        score=round(ranked.score, _DIGITS),
        scores={name: round(value, _DIGITS) for name, value in ranked.parts.items() if value},
        snippet=shown,
    )
