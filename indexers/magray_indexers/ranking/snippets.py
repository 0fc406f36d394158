"""The lines of a chunk that tell most about a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from magray_core.memory import Chunk, Symbol

MAX_LINES = 8
MAX_CHARS = 800
_MAX_LINE = 200


def snippet(chunk: Chunk, idf: Mapping[str, float], definition: Symbol | None) -> str:
    """At most 8 lines and 800 characters of the chunk in a row, where words of the query are densest.

    A definition that was asked for begins the snippet. Long lines are cut with an ellipsis.
    """
    lines = chunk.text.splitlines()
    if definition is not None and chunk.start_line <= definition.start_line <= chunk.end_line:
        first = definition.start_line - chunk.start_line
    else:
        first = _densest(lines, idf)
    taken: list[str] = []
    n_chars = 0
    for line in lines[first : first + MAX_LINES]:
        cut = line.rstrip() if len(line) <= _MAX_LINE else line[: _MAX_LINE - 1] + "…"
        if taken and n_chars + len(cut) > MAX_CHARS:
            break
        taken.append(cut)
        n_chars += len(cut) + 1
    while taken and not taken[-1].strip():
        taken.pop()
    return "\n".join(taken)


def _densest(lines: list[str], idf: Mapping[str, float]) -> int:
    """The first line of the window whose distinct words weigh most; the earliest of equals that is not blank."""
    any_word = _pattern(tuple(idf))
    matched = [set(any_word.findall(line.lower())) for line in lines]
    best, best_weight = 0, -1.0
    for start in range(max(1, len(lines) - MAX_LINES + 1)):
        if not lines[start].strip():
            continue
        # Words in the first line break ties, so that the window begins where something is said.
        weight = 0.01 * sum(idf[base] for base in matched[start])
        weight += sum(idf[base] for base in set[str]().union(*matched[start : start + MAX_LINES]))
        if weight > best_weight:
            best, best_weight = start, weight
    return best


@lru_cache(maxsize=64)
def _pattern(bases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the stems, the longest first, where no letter stands before it: quicker than taking every line apart."""
    longest_first = sorted(bases, key=len, reverse=True)
    return re.compile("(?<![^\\W\\d_])(?:" + "|".join(map(re.escape, longest_first)) + ")")
