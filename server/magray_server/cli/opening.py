"""From the common options to a workspace: root, settings, index."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from magray_configs.layers import Resolved, resolve
from magray_configs.paths import checked_root, find_root
from magray_core.errors import WorkspaceError
from magray_server.cli.running import Invocation

if TYPE_CHECKING:
    from magray_core.contracts import DocStore
    from magray_orchestration.plans.store import PlanStore
    from magray_orchestration.workspace import Workspace

QUICK_S = 2.0


def open_root(call: Invocation) -> Path:
    """The workspace's folder. Raises WorkspaceError if it is missing, a file or unreadable."""
    from magray_indexers.connecting import ask_with

    ask_with(call.out.ask_secret)
    given = call.args.root
    try:
        root = checked_root(Path(given)) if given is not None else find_root(Path.cwd())
    except FileNotFoundError as error:
        raise WorkspaceError("the current folder no longer exists", hint="change to another one") from error
    if not os.access(root, os.R_OK | os.X_OK):
        raise WorkspaceError(f"cannot read the folder {root.name}", hint="check its permissions")
    return root


def open_settings(call: Invocation, root: Path) -> Resolved:
    """The settings of the workspace; warnings about unknown keys go to stderr."""
    resolved = resolve(root)
    for warning in resolved.warnings:
        call.out.note(f"warning: {warning}", "yellow")
    return resolved


@contextlib.contextmanager
def open_workspace(call: Invocation, root: Path, *, quick_s: float = QUICK_S) -> Iterator[Workspace]:
    """A workspace over an index that is as fresh as ``quick_s`` seconds allow; built first where there is none."""
    from magray_orchestration.usecases.indexing import Opening, open_index
    from magray_orchestration.workspace import Workspace
    from magray_server.embedding import embedding_by, reranker_by

    settings = open_settings(call, root).settings
    with call.out.progress() as bar:
        reader = open_index(Opening(root, settings.index, embedding_by(settings), bar, quick_s, _stale(call)))
    try:
        index: DocStore = reader
        yield Workspace(root=root, index=index, settings=settings, reranker=reranker_by(settings))
    finally:
        reader.close()


@contextlib.contextmanager
def open_workspace_late(call: Invocation, root: Path) -> Iterator[Workspace]:
    """A workspace whose index is opened only if something asks it."""
    from magray_orchestration.usecases.indexing import LateIndex, Opening, open_index
    from magray_orchestration.workspace import Workspace
    from magray_server.embedding import embedding_by, reranker_by

    settings = open_settings(call, root).settings
    late = LateIndex(
        lambda: open_index(Opening(root, settings.index, embedding_by(settings), None, QUICK_S, _stale(call)))
    )
    try:
        yield Workspace(root=root, index=late, settings=settings, reranker=reranker_by(settings))
    finally:
        late.close()


@contextlib.contextmanager
def open_plans(call: Invocation, root: Path) -> Iterator[PlanStore]:
    """The plan store, after what an interrupted run left half done was finished or rolled back."""
    from magray_configs.paths import WorkspacePaths
    from magray_orchestration.plans.applying import recover
    from magray_orchestration.plans.store import PlanStore

    paths = WorkspacePaths(root)
    paths.create()
    store = PlanStore.open(paths)
    try:
        notes = (store.notice, *recover(root, store))
        for note in filter(None, notes):
            call.out.note(f"warning: {note}", "yellow")
        yield store
    finally:
        store.close()


def _stale(call: Invocation) -> Callable[[str], None]:
    return lambda words: call.out.note(f"warning: {words}", "yellow")
