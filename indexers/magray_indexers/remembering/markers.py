"""TODO and FIXME comments of the whole index, for taking them up as todos."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from magray_configs.paths import WorkspacePaths
from magray_core.memory import Marker
from magray_indexers import store
from magray_indexers.privacy.scanning import MASKED
from magray_indexers.store import CHUNK_BITS


class Marked(NamedTuple):
    """A marker and its file. ``key`` is the same as long as file and words are: lines above it may come and go."""

    path: str
    marker: Marker
    key: str


class Markers(NamedTuple):
    """Every marker of one generation. Only what a ``complete`` one no longer has is gone."""

    found: tuple[Marked, ...]
    paths: frozenset[str]
    complete: bool


def read_markers(root: Path) -> Markers:
    """Every marker in the index, by path and line. Raises IndexUnavailable, IndexCorrupt."""
    with contextlib.closing(store.open_for_reading(WorkspacePaths(root).index_db)) as db:
        db.execute("BEGIN")
        generation = store.read_generation(db)
        files = {row[0]: str(row[1]) for row in db.execute("SELECT id, path FROM files")}
        rows = [store.checked(row) for row in db.execute("SELECT * FROM markers ORDER BY id")]
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for id_, line, word, text in rows:
        path = files.get(id_ >> CHUNK_BITS)
        if path is None or word == MASKED:
            continue
        same = (path, word, text)
        found.append(Marked(path, Marker(line, word, text), _key(*same, seen[same])))
        seen[same] += 1
    found.sort(key=lambda marked: (marked.path, marked.marker.line))
    return Markers(tuple(found), frozenset(files.values()), generation.complete)


def _key(path: str, word: str, text: str, nth: int) -> str:
    digest = hashlib.sha256("\0".join((path, word, text, str(nth))).encode("utf-8", "surrogatepass")).hexdigest()
    return f"marker:{digest[:32]}"
