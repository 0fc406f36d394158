"""A team's shared index from the command line: ``magray index --publish`` and ``magray search --shared``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from magray_server.cli.parser import UsageError
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from pathlib import Path

    from magray_configs.settings import Settings
    from magray_core.contracts import Progress
    from magray_core.memory import SearchResult, SearchScope
    from magray_indexers.postgres.publishing import PublishReport
    from magray_orchestration.usecases.sharing import SharedResult


def refuse_offline(call: Invocation) -> None:
    """Raise UsageError where no connection may be opened."""
    if call.args.offline:
        raise UsageError("the shared index needs a connection, and --offline forbids it", "leave out --offline")


def publish(call: Invocation, root: Path, settings: Settings, bar: Progress) -> PublishReport:
    """Put the workspace's index into the shared one under the name that was given."""
    from magray_orchestration.usecases.sharing import publish as put

    return put(root, settings.memory.shared_dsn, call.args.publish, progress=bar)


def say_published(call: Invocation, report: PublishReport) -> None:
    """One line for the person."""
    vectors = f", {report.vectors:,} vectors" if report.vectors else ""
    call.out.say(
        f"{report.repository}: {report.sent:,} files sent{vectors}, {report.removed:,} taken away;"
        f" {report.files:,} files and {report.chunks:,} chunks are shared ({report.seconds:.2f} s,"
        f" generation {report.generation})",
        "bold",
    )


def published_view(report: PublishReport) -> dict[str, Any]:
    """What publishing did, as JSON."""
    return {
        "repository": report.repository, "generation": report.generation, "files": report.files,
        "chunks": report.chunks, "sent": report.sent, "removed": report.removed, "vectors": report.vectors,
        "seconds": round(report.seconds, 3),
    }  # fmt: skip


def withdraw(call: Invocation, settings: Settings) -> int:
    """Take a repository out of the shared index."""
    from magray_orchestration.usecases.sharing import withdraw as take

    name = call.args.withdraw
    gone = take(settings.memory.shared_dsn, name)
    words = f"{name} is no longer in the shared index" if gone else f"the shared index has no repository {name}"
    call.out.answer(lambda: {"repository": name, "withdrawn": gone}, lambda: call.out.say(words))
    return DONE


def find(call: Invocation, settings: Settings, query: str, k: int, scope: SearchScope) -> SharedResult:
    """Search the shared index, or some of its repositories."""
    from magray_orchestration.usecases.sharing import SharedIndex, search_shared
    from magray_server.embedding import embedding_by

    names = tuple(call.args.repository or ())
    where = SharedIndex(settings.memory.shared_dsn, names, embedding_by(settings).of_model)
    return search_shared(where, query, k, scope)


def as_result(found: SharedResult) -> SearchResult:
    """The hits as for one workspace, their repository being the first folder of their paths."""
    from magray_core.memory import SearchResult

    hits = tuple(replace(one.hit, path=f"{one.repository}/{one.hit.path}") for one in found.hits)
    return SearchResult(hits, found.took_ms, found.freshness)


def shared_view(found: SharedResult) -> dict[str, Any]:
    """The answer of a search, each hit with its ``repository`` and its path within it."""
    from magray_core.memory import SearchResult
    from magray_server.views import search_view

    plain = search_view(SearchResult(tuple(one.hit for one in found.hits), found.took_ms, found.freshness)).for_cli()
    for hit, one in zip(plain["hits"], found.hits, strict=True):
        hit["repository"] = one.repository
    return plain
