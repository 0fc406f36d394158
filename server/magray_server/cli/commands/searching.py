"""``magray index`` and ``magray search``."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from magray_core.errors import MagrayError, ProviderError, ToolInvalidArguments
from magray_server.cli.commands import sharing
from magray_server.cli.opening import open_root, open_settings, open_workspace
from magray_server.cli.parser import UsageError
from magray_server.cli.running import DONE, FAILED, Invocation
from magray_server.why import what_is_old

if TYPE_CHECKING:
    from pathlib import Path

    from magray_configs.settings import Settings
    from magray_core.contracts import Progress
    from magray_core.memory import EmbeddingReport, IndexReport, SearchResult, SearchScope
    from magray_orchestration.workspace import Workspace
    from magray_server.cli.terminal import Terminal

DEFAULT_HITS = 10
_SNIPPET_LINES = 6


def index(call: Invocation) -> int:
    """Index or refresh the workspace, and perhaps put it into the shared index or take it out."""
    from magray_orchestration.usecases.indexing import refresh

    if call.args.publish or call.args.withdraw:
        sharing.refuse_offline(call)
    root = open_root(call)
    settings = open_settings(call, root).settings
    if call.args.withdraw:
        return sharing.withdraw(call, settings)
    if call.args.recent:
        return _index_recent(call, settings)
    with call.out.progress() as bar:
        report = refresh(root, settings.index, progress=bar, cancel=None, full=call.args.full)
        vectors = _embed(call, root, settings, bar)
        shared = sharing.publish(call, root, settings, bar) if call.args.publish else None
    if shared is None:
        call.out.answer(lambda: _index_view(report), lambda: _say_index(call.out, report, vectors))
        return DONE
    published = sharing.published_view(shared)
    call.out.answer(
        lambda: {**_index_view(report), "published": published}, lambda: sharing.say_published(call, shared)
    )
    return DONE


def _index_recent(call: Invocation, settings: Settings) -> int:
    """Every workspace that was used lately; one that cannot be indexed is told and does not stop the others."""
    from magray_orchestration.memories import recent_projects
    from magray_orchestration.usecases.indexing import refresh

    rows: list[dict[str, Any]] = []
    for root in recent_projects(settings):
        row: dict[str, Any] = {"root": str(root), "files": 0, "chunks": 0, "error": ""}
        try:
            with call.out.progress() as bar:
                report = refresh(root, settings.index, progress=bar, cancel=None, full=call.args.full)
                _embed(call, root, settings, bar)
            row |= {"files": report.files, "chunks": report.chunks}
        except MagrayError as error:
            row["error"] = error.message
        rows.append(row)
    call.out.answer(lambda: {"workspaces": rows}, lambda: _say_recent(call.out, rows))
    return FAILED if any(row["error"] for row in rows) else DONE


def _say_recent(out: Terminal, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        out.say(f"{row['root']}: {row['error'] or str(row['files']) + ' files'}")
    if not rows:
        out.say("no workspace was used yet")


def _embed(call: Invocation, root: Path, settings: Settings, bar: Progress) -> EmbeddingReport | None:
    """Vectors for everything that has none; without an embedder words alone are searched, which is said."""
    from magray_orchestration.usecases.indexing import embed_all
    from magray_server.embedding import embedding_by

    try:
        return embed_all(root, embedding_by(settings), progress=bar, cancel=None)
    except ProviderError as error:
        call.out.note(f"warning: search goes by words alone: {error.message}", "yellow")
        return None


def _index_view(report: IndexReport) -> dict[str, Any]:
    # The JSON models are a tenth of a second to load, which a person at a terminal need not wait for.
    from magray_server.views import index_view

    return index_view(report).for_cli()


def search(call: Invocation) -> int:
    """Answer one query, or with ``--serve`` one per line of stdin."""
    from magray_orchestration.usecases.search import search as find

    if call.args.k is not None and call.args.k < 1:
        raise UsageError("-k must be 1 or more", "see magray search --help")
    k = call.args.k or DEFAULT_HITS
    query = " ".join(call.args.query)
    if call.args.repository and not call.args.shared:
        raise UsageError("--repository goes with --shared", "see magray search --help")
    if bool(query) == call.args.serve:
        raise UsageError("give a query, or --serve and none", "see magray search --help")
    root = open_root(call)
    if call.args.shared:
        return _search_shared(call, root, query, k)
    with open_workspace(call, root) as workspace:
        if call.args.serve:
            return _serve(call.out, workspace, k)
        result = find(workspace, query, k, _scope(call))
    call.out.answer(lambda: _search_view(result), lambda: _say_hits(call.out, result))
    return DONE


def _search_shared(call: Invocation, root: Path, query: str, k: int) -> int:
    if call.args.serve:
        raise UsageError("--shared answers one query", "leave out --serve")
    sharing.refuse_offline(call)
    found = sharing.find(call, open_settings(call, root).settings, query, k, _scope(call))
    call.out.answer(lambda: sharing.shared_view(found), lambda: _say_hits(call.out, sharing.as_result(found)))
    return DONE


def _scope(call: Invocation) -> SearchScope:
    from magray_core.memory import SearchScope

    return SearchScope(*(tuple(given or ()) for given in (call.args.path, call.args.language, call.args.kind)))


def _serve(out: Terminal, workspace: Workspace, k: int) -> int:
    """One JSON request per line in, one answer per line out, until the input ends."""
    for line in out.read_lines():
        if line.strip():
            out.write_json(_answer_line(workspace, line, k))
    return DONE


def _search_view(result: SearchResult) -> dict[str, Any]:
    from magray_server.views import search_view

    return search_view(result).for_cli()


def _answer_line(workspace: Workspace, line: str, k: int) -> dict[str, Any]:
    from magray_orchestration.usecases.search import search as find

    try:
        query, wanted = _parse_request(line, k)
        return _search_view(find(workspace, query, wanted))
    except MagrayError as error:
        return {"error": {"kind": error.kind, "message": error.message, "hint": error.hint}}


def _parse_request(line: str, k: int) -> tuple[str, int]:
    hint = 'send {"query": "words", "k": 10}'
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ToolInvalidArguments("the line is not JSON", hint=hint) from error
    query = request.get("query") if isinstance(request, dict) else None
    wanted = request.get("k", k) if isinstance(request, dict) else k
    if not isinstance(query, str):
        raise ToolInvalidArguments('"query" must be a text', hint=hint)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise ToolInvalidArguments('"k" must be a number from 1', hint=hint)
    return query, wanted


def _say_index(out: Terminal, report: IndexReport, vectors: EmbeddingReport | None) -> None:
    out.say(
        f"{report.files:,} files, {report.chunks:,} chunks in {report.seconds:.2f} s (generation {report.generation})",
        "bold",
    )
    if vectors is not None and vectors.embedded:
        out.say(f"  {vectors.embedded:>6,} chunks embedded", "dim")
    for reason, count in sorted(report.skipped.items(), key=lambda item: -item[1]):
        out.say(f"  {count:>6,} skipped: {reason.value}", "dim")


def _say_hits(out: Terminal, result: SearchResult) -> None:
    for hit in result.hits:
        symbol = f"  {hit.kind + ' ' if hit.kind else ''}{hit.symbol}" if hit.symbol else ""
        out.say_parts(
            out.styled(f"{hit.path}:{hit.start_line}", "cyan"), out.styled(symbol, "bold"),
            out.styled(f"  {hit.score:.2f}", "dim"),
        )  # fmt: skip
        lines = [line for line in textwrap.dedent(hit.snippet).splitlines() if line.strip()]
        for line in lines[:_SNIPPET_LINES]:
            out.say(f"    {line[:160]}")
        if len(lines) > _SNIPPET_LINES:
            out.say(f"    … {len(lines) - _SNIPPET_LINES} more lines", "dim")
        if hit.also:
            out.say(f"    the same in {', '.join(hit.also)}", "dim")
    count = len(result.hits)
    out.say(f"{count} {'hit' if count == 1 else 'hits'} in {result.took_ms:.1f} ms{freshness_words(result)}", "dim")


def freshness_words(result: SearchResult) -> str:
    """What of the answer may be stale, or ""."""
    words = what_is_old(result.freshness)
    return f" ({'; '.join(words)})" if words else ""
