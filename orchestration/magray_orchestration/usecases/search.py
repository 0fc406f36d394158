"""Search, with the open documents laid over the index."""

from __future__ import annotations

from magray_core.memory import EVERYWHERE, SearchResult, SearchScope
from magray_orchestration.workspace import Workspace

MAX_HITS = 1000


def search(workspace: Workspace, query: str, k: int = 10, scope: SearchScope = EVERYWHERE) -> SearchResult:
    """Up to ``k`` hits (1 to 1000) in scope, best first. An empty query gives none."""
    return workspace.index.search(query, max(1, min(k, MAX_HITS)), overlay=workspace.overlay, scope=scope)
