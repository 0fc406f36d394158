"""What people and tools noted about a place, from the workspace's store."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import MagrayError
from magray_core.memory import MemoryRecord
from magray_orchestration.plans.notes import list_notes
from magray_orchestration.plans.store import PlanStore


def notes_on(root: Path, path: str, qualified_name: str) -> tuple[MemoryRecord, ...]:
    """Notes about a definition or about its file as a whole; none where the store cannot be read.

    Costs two looks at the file system while nothing was written since the last call.
    """
    state = WorkspacePaths(root).state_db
    stamps = tuple(_stamp(file) for file in (state, state.with_name(state.name + "-wal")))
    if stamps[0] == (0, 0):
        return ()
    return tuple(
        note for note in _stored(root, stamps) if note.path == path and note.symbol in ("", qualified_name)
    )  # fmt: skip


@lru_cache(maxsize=8)
def _stored(root: Path, stamps: tuple[tuple[int, int], ...]) -> tuple[MemoryRecord, ...]:
    try:
        store = PlanStore.open(WorkspacePaths(root))
        try:
            return list_notes(store)
        finally:
            store.close()
    except MagrayError:
        return ()  # the commands that need the store say what is wrong with it


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
