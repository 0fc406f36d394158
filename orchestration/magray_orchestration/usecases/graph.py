"""The knowledge graph as people ask for it: what is around a thing, what is near a file."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.errors import IndexUnavailable, MagrayError, WorkspaceError
from magray_core.memory import MemoryRecord
from magray_indexers.graph.around import GraphReader
from magray_indexers.graph.building import update_graph
from magray_indexers.graph.model import Graph, GraphReport, Node, Related
from magray_indexers.ranking.terms import stem
from magray_orchestration.graph_gathering import Remembered, gathered
from magray_orchestration.graph_picture.html import render_html
from magray_orchestration.graph_picture.svg import render_svg
from magray_orchestration.graph_picture.text import render_text
from magray_orchestration.workspace import Workspace

__all__ = [
    "graph_around", "plan_records", "refresh_graph", "related_to", "render_html", "render_svg", "render_text",
]  # fmt: skip

MAX_DEPTH, MAX_NODES = 3, 400
_CATCH_UP_S = 1.0
_PLACE = re.compile(r"(.+):(\d{1,9})")


def graph_around(
    workspace: Workspace, about: str, *, depth: int = 1, limit: int = 40, records: Iterable[MemoryRecord] = ()
) -> Graph:
    """What lies around a path, a ``path:line``, a symbol's name, a word that files share, or a task's or note's id.

    ``depth`` (1 to 3) counts steps, ``limit`` (2 to 400) nodes. ``records`` are the notes and todos to lay over it;
    plans come by themselves. What is missing in the graph is made first, for about a second. Blocks.
    Raises WorkspaceError if nothing has that name, IndexUnavailable without an index.
    """
    notes = _caught_up(workspace.root)
    reader = GraphReader(workspace.root)
    try:
        everything = (*records, *plan_records(workspace))
        remembered = Remembered(workspace, reader, everything)
        centre, also = _centre(remembered, about)
        depth, limit = max(1, min(depth, MAX_DEPTH)), max(2, min(limit, MAX_NODES))
        graph = gathered(centre, remembered, depth=depth, limit=limit)
        return replace(graph, notes=(*also, *graph.notes, *notes))
    finally:
        reader.close()


def related_to(workspace: Workspace, path: str, k: int = 5) -> list[Related]:
    """The ``k`` files nearest to one in the graph, nearest first; [] where the graph does not know the path yet."""
    from magray_indexers.graph.affinity import load_file_graph, related_files

    try:
        return related_files(load_file_graph(workspace.root), path, k)
    except IndexUnavailable:
        return []


def refresh_graph(root: Path, *, cancel: CancelToken | None = None, within_s: float = 60.0) -> GraphReport:
    """Make the graph for someone who waits, until it is complete or the time is over. Raises as update_graph."""
    until = time.monotonic() + within_s
    while True:
        report = update_graph(root, cancel=cancel, budget_s=max(0.05, min(0.5, until - time.monotonic())))
        if report.complete or report.busy or not report.remaining or time.monotonic() >= until:
            return report


def plan_records(workspace: Workspace) -> list[MemoryRecord]:
    """The workspace's plans as tasks, one record for each file that they touch; [] where there are none."""
    from magray_orchestration.plans.store import PlanStore

    if not workspace.paths.state_db.is_file():
        return []
    with contextlib.suppress(MagrayError):
        store = PlanStore.open(workspace.paths)
        try:
            return [
                MemoryRecord(plan.id, "plan", plan.goal, f"plan {plan.id}", plan.created, path)
                for plan in store.list()
                for path in sorted({change.path for step in plan.steps for change in step.changes}) or [""]
            ]
        finally:
            store.close()
    return []


def _caught_up(root: Path) -> tuple[str, ...]:
    """Give the graph a moment to take up what is new; what the person should know about it."""
    report = refresh_graph(root, within_s=_CATCH_UP_S)
    if report.complete:
        return ()
    if report.remaining:
        return (f"the graph is still being made: {report.remaining} files are left",)
    return ("the graph may be a little older than the files",)


def _centre(remembered: Remembered, about: str) -> tuple[Node, tuple[str, ...]]:
    """What is asked about, and a sentence about other things of the same name."""
    wanted, reader = about.strip().removeprefix("./"), remembered.reader
    record = remembered.by_id(wanted) if wanted else None
    if record is not None:
        return remembered.node(record), ()
    place = _PLACE.fullmatch(wanted)
    if place is not None:
        file = reader.file_node(place.group(1))
        if file is not None:
            return reader.symbol_at(file.path, int(place.group(2))) or file, ()
    file = reader.file_node(wanted)
    if file is not None:
        return file, ()
    symbols = reader.symbol_nodes(wanted) if wanted else []
    if symbols:
        others = ", ".join(f"{one.path}:{one.line}" for one in symbols[1:4])
        more = f" and {len(symbols) - 4} more" if len(symbols) > 4 else ""
        return symbols[0], ((f"also defined in {others}{more}",) if others else ())
    paths = reader.paths_ending(wanted) if wanted else []
    if len(paths) == 1:
        file = reader.file_node(paths[0])
        if file is not None:
            return file, ()
    notion = reader.notion_node(stem(wanted.lower())) if wanted else None
    if notion is not None:
        return notion, ()
    raise WorkspaceError(f"nothing in the graph is called {wanted[:100]!r}", hint=_nearest(remembered, wanted, paths))


def _nearest(remembered: Remembered, wanted: str, paths: list[str]) -> str:
    near = paths or [symbol.qualified_name for _, symbol in remembered.workspace.index.find_symbols(wanted, limit=3)]
    if near:
        return f"did you mean {', '.join(near[:3])}?"
    return "give a path, path:line, a symbol's name, or the id of a note, todo or plan"
