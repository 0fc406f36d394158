"""Copies of the same text: found by sketches, shown once. Pure text, no index."""

from __future__ import annotations

import heapq
import re
import zlib
from functools import lru_cache

_SHINGLE, _SKETCH = 4, 64
_LEAST_SHINGLES = 12
ALIKE = 0.85
"""The estimated share of common shingles from which two texts are copies: renamed copies stay apart."""
_TOKEN = re.compile(r"\w+|[^\w\s]")

Sketch = frozenset[int]


@lru_cache(maxsize=1024)
def sketch(text: str) -> Sketch:
    """The 64 smallest hashes of the text's runs of four tokens; empty for a text too short to be a copy of anything.

    Source: bottom-k MinHash, Broder, "On the resemblance and containment of documents", 1997.
    """
    tokens = _TOKEN.findall(text)
    runs = {" ".join(tokens[i : i + _SHINGLE]) for i in range(len(tokens) - _SHINGLE + 1)}
    if len(runs) < _LEAST_SHINGLES:
        return frozenset()
    hashes = {zlib.crc32(run.encode("utf-8", "surrogatepass")) for run in runs}
    return frozenset(heapq.nsmallest(_SKETCH, hashes))


def are_alike(one: Sketch, other: Sketch) -> bool:
    """Whether the estimated share of runs that two texts have in common is ``ALIKE`` or more; never for short ones."""
    shared = one & other
    if len(shared) < ALIKE * min(len(one), len(other), _SKETCH) or not shared:
        return False  # most pairs: no need to look closely
    smallest = set(heapq.nsmallest(_SKETCH, one | other))
    return len(smallest & shared) >= ALIKE * len(smallest)
