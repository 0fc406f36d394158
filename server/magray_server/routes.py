"""How a method is handled: the kinds of handlers and what they are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from magray_core.cancel import CancelToken
from magray_server.pools import Pool
from magray_server.session import Session
from magray_server.snapshot import Snapshot

LoopHandler = Callable[[Session, Any], object]
WorkerHandler = Callable[[Snapshot, Any, CancelToken], object]
TaskHandler = Callable[[Session, Any, CancelToken], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """One method with its handler.

    ``loop`` handlers may change the session, take microseconds and never wait. ``worker`` handlers get a snapshot and
    poll ``cancel``. ``task`` handlers are coroutines on the loop that wait for a person or for workers.
    ``params`` is the pydantic model of a custom method, None where lsprotocol knows the shape. With ``fresh`` the
    answer is ContentModified when the document changed meanwhile.
    """

    mode: Literal["loop", "worker", "task"]
    handler: Callable[..., Any]
    params: type[BaseModel] | None = None
    pool: Pool = Pool.QUICK
    fresh: bool = False


def on_loop(handler: LoopHandler, params: type[BaseModel] | None = None) -> Route:
    """Handled at once, on the loop."""
    return Route("loop", handler, params)


def on_worker(
    handler: WorkerHandler, params: type[BaseModel] | None = None, *, pool: Pool = Pool.QUICK, fresh: bool = False
) -> Route:
    """Handled on a thread, from a snapshot."""
    return Route("worker", handler, params, pool, fresh)


def on_task(handler: TaskHandler, params: type[BaseModel] | None = None) -> Route:
    """Handled by a coroutine."""
    return Route("task", handler, params)
