"""Search, with the open documents laid over the index."""

from __future__ import annotations

import difflib
from dataclasses import replace

from magray_core.errors import ToolInvalidArguments
from magray_core.memory import EVERYWHERE, SearchResult, SearchScope
from magray_indexers.ranking.scope import KINDS, unknown_kinds
from magray_orchestration.reranking import reranked
from magray_orchestration.workspace import Workspace

MAX_HITS = 1000


def search(workspace: Workspace, query: str, k: int = 10, scope: SearchScope = EVERYWHERE) -> SearchResult:
    """Up to ``k`` hits (1 to 1000) in scope, best first. An empty query gives none.

    Files that are open in the editor pull what belongs to them up. Raises ToolInvalidArguments for an unknown kind.
    """
    refuse_unknown_kinds(scope)
    scope = replace(scope, near=scope.near or tuple(reversed(tuple(workspace.documents))))
    result = workspace.index.search(query, max(1, min(k, MAX_HITS)), overlay=workspace.overlay, scope=scope)
    reranker = workspace.reranker() if workspace.reranker is not None else None
    return result if reranker is None else reranked(result, query, reranker)


def refuse_unknown_kinds(scope: SearchScope) -> None:
    """Raise ToolInvalidArguments for a kind that nothing has, with the nearest one."""
    for kind in unknown_kinds(scope):
        near = difflib.get_close_matches(kind, KINDS, n=1) or ["function"]
        raise ToolInvalidArguments(f"there is no kind {kind!r}", hint=f"try {near[0]}; all: {', '.join(sorted(KINDS))}")
