"""Explain the name at a place."""

from __future__ import annotations

from magray_core.errors import WorkspaceError
from magray_orchestration.explain.facts import Explanation, Links
from magray_orchestration.explain.facts import explain as explain_place
from magray_orchestration.workspace import Workspace


def explain(
    workspace: Workspace, path: str, line: int, column: int | None = None, *, links: Links | None = None
) -> Explanation:
    """What is known about the name at a place (line and column from 1, code points).

    Raises WorkspaceError where there is no file, no name, or nothing known about it.
    """
    explanation = explain_place(workspace, path, line, column, links=links)
    if explanation is None:
        where = f"{path}:{line}" + ("" if column is None else f":{column}")
        raise WorkspaceError(f"nothing is known about {where}", hint="point at a name that is defined in the workspace")
    return explanation
