"""Bringing the index up to date for someone who waits: the command line."""

from __future__ import annotations

from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexCorrupt, IndexUnavailable
from magray_core.memory import IndexReport
from magray_indexers.reader import IndexReader


def refresh(
    root: Path, settings: IndexSettings, *, progress: Progress | None, cancel: CancelToken | None, full: bool = False
) -> IndexReport:
    """Index the workspace; only what changed unless ``full``. Raises IndexingError, WorkspaceError, Cancelled."""
    from magray_indexers.building import build

    return build(root, settings, progress=progress, cancel=cancel, full=full)


def open_index(
    root: Path, settings: IndexSettings, *, progress: Progress | None, cancel: CancelToken | None, quick_s: float
) -> IndexReader:
    """A reader of the workspace's index, as fresh as ``quick_s`` seconds allow.

    Where there is no usable index it is built whole, however long that takes. Where there is one, changed files are
    taken up unless that needs more than ``quick_s`` or another process is writing: then the answers' freshness says
    how old they are.
    """
    try:
        reader = IndexReader.open(root)
    except (IndexUnavailable, IndexCorrupt) as problem:
        refresh(root, settings, progress=progress, cancel=cancel, full=isinstance(problem, IndexCorrupt))
        return IndexReader.open(root)
    try:
        changed = refresh(root, settings, progress=progress, cancel=CancelToken(deadline_s=quick_s)).changed
    except (Cancelled, IndexUnavailable):
        return reader
    if not changed and reader.current():
        return reader
    reader.close()
    return IndexReader.open(root)
