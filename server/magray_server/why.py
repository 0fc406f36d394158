"""Why a hit is where it is, and what of an answer may be old, in words that every face shows alike."""

from __future__ import annotations

from collections.abc import Mapping

from magray_core.memory import Freshness

_ADDED = {
    "body": "the text here has the words",
    "file": "the file has the words, here and elsewhere",
    "definitions": "the file defines such names",
    "doc": "the documentation here has the words",
    "meaning": "the text here means something like it",
    "about": "the file is about something like it",
    "path": "its path has the words",
    "name": "the file is called so",
    "exact": "the very name or path that is asked for",
    "size": "a longer file holds more",
    "recency": "written lately",
    "quality": "parses without errors",
    "affinity": "near the open and recently used files",
}
_TIMES = {
    "kind": "tests, examples, generated code and prose count less",
    "repeat": "better hits in the same file come first",
}
STATES = {
    "moved": "the place has moved since it was noted",
    "changed": "the text there has changed since it was noted",
    "gone": "the place is gone",
}
"""What became of the place of a record; see ``RecordView.state``."""
_LEAST = 0.01


def reasons(scores: Mapping[str, float]) -> list[str]:
    """The parts of a hit's score in words, what adds most first, then what the sum is multiplied by.

    ``scores`` are those of ``magray_indexers.ranking.rules``; a part without words of its own is called by its name.
    """
    added = sorted(((value, name) for name, value in scores.items() if name not in _TIMES), reverse=True)
    lines = [f"+{value:.2f} {_ADDED.get(name, name.replace('_', ' '))}" for value, name in added if value >= _LEAST]
    lines += [f"×{scores[name]:.2f} {words}" for name, words in _TIMES.items() if 0 < scores.get(name, 1.0) < 1]
    return lines


def what_is_old(freshness: Freshness) -> list[str]:
    """What of an answer may be old; [] where nothing is."""
    words = []
    if freshness.dirty:
        words.append(f"{freshness.dirty} file{'s' * (freshness.dirty != 1)} changed since they were indexed")
    if freshness.head and freshness.head_now and freshness.head != freshness.head_now:
        words.append("another commit is checked out since")
    if not freshness.complete:
        words.append("an index run is under way")
    return words
