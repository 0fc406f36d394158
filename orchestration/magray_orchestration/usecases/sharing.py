"""A team's shared index: putting a workspace into it, taking one out, searching it. Connects only where asked to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.contracts import EmbedderFor, Progress
from magray_core.memory import EVERYWHERE, Freshness, Hit, SearchScope
from magray_indexers.postgres.connection import SharedDatabase
from magray_indexers.postgres.doc_store import PostgresDocStore
from magray_indexers.postgres.publishing import PublishReport
from magray_indexers.postgres.publishing import publish as _publish
from magray_indexers.postgres.publishing import withdraw as _withdraw
from magray_orchestration.usecases.search import MAX_HITS, refuse_unknown_kinds


@dataclass(frozen=True, slots=True)
class SharedIndex:
    """Where a team's index is, which of its repositories are meant (all for none), and who embeds questions."""

    dsn: str
    repositories: tuple[str, ...]
    embedder_for: EmbedderFor


@dataclass(frozen=True, slots=True)
class SharedHit:
    """A hit and the repository it is in; its path is relative to that repository's root."""

    repository: str
    hit: Hit


@dataclass(frozen=True, slots=True)
class SharedResult:
    """Hits, best first, with how long the search took and how current the oldest repository is."""

    hits: tuple[SharedHit, ...]
    took_ms: float
    freshness: Freshness


def publish(
    root: Path, dsn: str, repository: str, *, progress: Progress | None = None, cancel: CancelToken | None = None
) -> PublishReport:
    """Make what the workspace's index holds that repository's contents in the shared index.

    Raises SettingsError without a usable ``dsn``, IndexingError, IndexUnavailable, Cancelled; then nothing changed.
    """
    database = SharedDatabase(dsn)
    try:
        return _publish(root, database, repository, progress=progress, cancel=cancel)
    finally:
        database.close()


def withdraw(dsn: str, repository: str) -> bool:
    """Take a repository out of the shared index, whole; False where it was not there. Raises as ``publish``."""
    database = SharedDatabase(dsn)
    try:
        return _withdraw(database, repository)
    finally:
        database.close()


def search_shared(index: SharedIndex, query: str, k: int = 10, scope: SearchScope = EVERYWHERE) -> SharedResult:
    """Up to ``k`` hits (1 to 1000) in scope, best first. Globs are matched within each repository.

    Raises SettingsError without a usable ``dsn``, IndexingError, IndexUnavailable, ToolInvalidArguments for an unknown
    kind.
    """
    refuse_unknown_kinds(scope)
    store = PostgresDocStore(SharedDatabase(index.dsn), index.repositories, embedder_for=index.embedder_for)
    try:
        result = store.search(query, max(1, min(k, MAX_HITS)), scope=scope)
    finally:
        store.close()
    alone = index.repositories[0] if len(set(index.repositories)) == 1 else ""
    return SharedResult(tuple(_placed(hit, alone) for hit in result.hits), result.took_ms, result.freshness)


def _placed(hit: Hit, alone: str) -> SharedHit:
    """The hit with its repository: the only one, or the first folder of its path."""
    if alone:
        return SharedHit(alone, hit)
    repository, _, path = hit.path.partition("/")
    return SharedHit(repository, replace(hit, path=path))
