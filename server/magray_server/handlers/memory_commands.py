"""``magray.memory.*`` and ``magray.tasks.list`` for clients without a view: the answer is shown as a document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.display import one_line
from magray_server.handlers import remembering, tasks
from magray_server.handlers.showing import show_text
from magray_server.memory_params import GraphParams, RecollectParams, RecordsParams, TasksParams
from magray_server.pools import Pool
from magray_server.session import Session

_TEXT = 300


async def search(session: Session, params: RecollectParams, cancel: CancelToken) -> Any:
    """Search everything, and show the hits with links."""
    snapshot = session.snapshot()
    view = await _on_worker(session, Pool.QUICK, lambda: remembering.search(snapshot, params, cancel))
    lines = [f"- {_link(hit)} {hit['symbol'] or hit['kind']}: {one_line(hit['snippet'], 120)}" for hit in view["hits"]]
    await _show(session, "search.md", f"Search: {one_line(params.query)}", lines or ["Nothing was found."])
    return view


async def list_records(session: Session, params: RecordsParams, cancel: CancelToken) -> Any:
    """Show what is remembered."""
    snapshot = session.snapshot()
    view = await _on_worker(session, Pool.QUICK, lambda: remembering.list_records(snapshot, params, cancel))
    await _show(session, "memory.md", "Memory", _lines(view["records"]) or ["Nothing is remembered."])
    return view


async def list_tasks(session: Session, params: TasksParams, cancel: CancelToken) -> Any:
    """Show the todos."""
    snapshot = session.snapshot()
    view = await _on_worker(session, Pool.QUICK, lambda: tasks.list_tasks(snapshot, params, cancel))
    await _show(session, "tasks.md", "Todos", _lines(view["tasks"]) or ["Nothing to do."])
    return view


async def graph(session: Session, params: GraphParams, cancel: CancelToken) -> Any:
    """Show the graph as a page."""
    snapshot = session.snapshot()
    drawn = params.model_copy(update={"picture": "html"})
    view = await _on_worker(session, Pool.PLANNING, lambda: remembering.graph(snapshot, drawn, cancel))
    uri = await show_text(session, "graph.html", view.pop("picture"))
    return {**view, "uri": uri}


def _lines(records: list[dict[str, Any]]) -> list[str]:
    return [
        f"- [{'x' if record['done'] else ' '}] `{record['id']}` {_link(record)} {one_line(record['text'], _TEXT)}"
        + (f" (due {record['due']})" if record["due"] else "")
        if record["kind"] == "todo"
        else f"- `{record['id']}` {record['kind']} {_link(record)} {one_line(record['text'], _TEXT)}"
        for record in records
    ]


def _link(view: dict[str, Any]) -> str:
    if "location" not in view:
        return ""
    return f"[{view['path']}:{view['startLine']}]({view['location']['uri']}#L{view['startLine']})"


async def _show(session: Session, name: str, title: str, lines: list[str]) -> None:
    await show_text(session, name, "\n".join([f"# {title}", "", *lines]) + "\n")


async def _on_worker(session: Session, pool: Pool, work: Callable[[], Any]) -> Any:
    return await asyncio.wrap_future(session.workers.submit(pool, work))
