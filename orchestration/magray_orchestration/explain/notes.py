"""What people and tools noted about a place, from the workspace's memory."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import MagrayError
from magray_core.memory import MemoryRecord
from magray_indexers.remembering import records
from magray_indexers.remembering.store import MemoryStore

_SHOWN = records.Wanted(("note", "todo", "link"), open_only=True)


def notes_on(root: Path, path: str, qualified_name: str) -> tuple[MemoryRecord, ...]:
    """Open notes about a definition or about its file as a whole; none where the memory cannot be read.

    A note follows its definition to another file once its own is gone. Todos that were taken up from comments are left
    out: the comments themselves are shown. Costs two looks at the file system while nothing was written since.
    """
    memory = WorkspacePaths(root).memory_db
    stamps = tuple(_stamp(file) for file in (memory, memory.with_name(memory.name + "-wal")))
    if stamps[0] == (0, 0):
        return ()
    return tuple(note for note in _stored(root, stamps) if _is_about(note, root, path, qualified_name))


def _is_about(note: MemoryRecord, root: Path, path: str, qualified_name: str) -> bool:
    if not note.path:
        return False
    if note.path == path:
        return note.symbol == qualified_name or not (note.symbol or note.line)
    return note.symbol == qualified_name and not os.path.lexists(root / note.path)


@lru_cache(maxsize=8)
def _stored(root: Path, stamps: tuple[tuple[int, int], ...]) -> tuple[MemoryRecord, ...]:
    try:
        with contextlib.closing(MemoryStore.open(WorkspacePaths(root).memory_db)) as store:
            return tuple(note for note in records.listed(store, _SHOWN) if not note.key)
    except MagrayError:
        return ()  # the commands that need the memory say what is wrong with it


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
