"""The memories of a workspace and of the user, opened together: where a record lies is part of what is known of it."""

from __future__ import annotations

import contextlib
import difflib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from magray_configs.paths import WorkspacePaths, user_memory_db
from magray_configs.settings import Settings
from magray_core.errors import MagrayError, WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.connecting import connect
from magray_indexers.privacy.keeping import kept
from magray_indexers.privacy.scanning import AllowList
from magray_indexers.remembering import records
from magray_indexers.remembering.store import MemoryStore

Holder = Literal["project", "user"]

_PROJECT_AGE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Memories:
    """Both memories. ``user`` is None where the user's folder cannot be used; ``notices`` are for the person."""

    project: MemoryStore
    user: MemoryStore | None
    notices: tuple[str, ...]

    def stores(self) -> Iterator[tuple[Holder, MemoryStore]]:
        """Each memory that there is, the workspace's first."""
        yield "project", self.project
        if self.user is not None:
            yield "user", self.user

    def holder(self, holder: Holder) -> MemoryStore:
        """One of the memories. Raises WorkspaceError where the user's folder cannot be used."""
        if holder == "project":
            return self.project
        if self.user is None:
            raise WorkspaceError("your own Magray folder cannot be used", hint="check the permissions of ~/.magray")
        return self.user

    def get(self, reference: str, kinds: tuple[str, ...] = ()) -> tuple[Holder, MemoryRecord]:
        """The record with that id, or the only one whose id begins so. Raises WorkspaceError with the nearest."""
        known: list[MemoryRecord] = []
        for holder, store in self.stores():
            found = records.find(store, reference)
            if found is not None and (not kinds or found.kind in kinds):
                return holder, found
            known += records.listed(store, records.Wanted(kinds))
        what = kinds[0] if len(kinds) == 1 else "record"
        fitting = [record.id for record in known if len(reference) > 1 and record.id.startswith(reference)]
        if fitting:
            raise WorkspaceError(
                f"{reference[:40]!r} fits several: {', '.join(fitting[:5])}", hint="give more of the id"
            )
        near = difflib.get_close_matches(reference, [record.id for record in known], n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"see magray {'tasks' if what == 'todo' else 'memory'} list"
        raise WorkspaceError(f"there is no {what} {reference[:40]!r}", hint=hint)


@contextlib.contextmanager
def open_memories(root: Path, settings: Settings) -> Iterator[Memories]:
    """The memories of a workspace and its user, made where there are none; the workspace joins the list of projects.

    Raises WorkspaceError where the workspace's cannot be used, IndexFormatTooNew if a newer Magray wrote it.
    """
    paths = WorkspacePaths(root)
    paths.create()
    _carry_over(paths)
    with contextlib.ExitStack() as stack:
        project = stack.enter_context(contextlib.closing(_opened(paths.memory_db, settings)))
        user: MemoryStore | None = None
        notices = [project.notice]
        try:
            user_memory_db().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            user = stack.enter_context(contextlib.closing(_opened(user_memory_db(), settings)))
            notices.append(user.notice)
            _note_project(user, root)
        except (OSError, MagrayError) as error:
            reason = error.message if isinstance(error, MagrayError) else error.strerror
            notices.append(f"notes about no project are not at hand: {reason}")
        yield Memories(project, user, tuple(filter(None, notices)))


def recent_projects(settings: Settings, limit: int = 20) -> list[Path]:
    """The workspaces that were used last, the last first, as far as they still exist."""
    if not user_memory_db().is_file():
        return []
    with contextlib.closing(_opened(user_memory_db(), settings)) as user:
        known = records.listed(user, records.Wanted(("project",)))
    known.sort(key=lambda record: -record.revision)
    return [path for record in known if (path := Path(record.text)).is_dir()][:limit]


def cleaner(settings: Settings, text: str) -> str:
    """The text as the settings let it be stored."""
    return kept(text, pii=settings.memory.pii, allowed=AllowList.of(settings.index.secret_allowlist)).text


def _opened(file: Path, settings: Settings) -> MemoryStore:
    return MemoryStore.open(file, clean=lambda text: cleaner(settings, text))


def _note_project(user: MemoryStore, root: Path) -> None:
    key = f"project:{root}"
    known = records.by_key(user, key).get(key)
    if known is None:
        records.keep(user, MemoryRecord("", "project", str(root), "opened", 0.0, name=root.name, key=key))
    elif abs(time.time() - known.changed) > _PROJECT_AGE_S:
        records.keep(user, known)


def _carry_over(paths: WorkspacePaths) -> None:
    """Let a plan store of the first format hand over its notes, which happens as it is opened."""
    if not paths.state_db.is_file():
        return
    with contextlib.suppress(sqlite3.Error, MagrayError):  # the commands that need the plans say what is wrong
        with contextlib.closing(connect(paths.state_db, read_only=True)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 1:
            from magray_orchestration.plans.store import PlanStore

            PlanStore.open(paths).close()
