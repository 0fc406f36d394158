"""Files of a plan that an editor changed but had not saved: looked at again when they are on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from magray_core.errors import MagrayError
from magray_orchestration.plans.applying import settle
from magray_server.handlers.plans import tell_changed, view_of
from magray_server.pools import Pool
from magray_server.session import Session


async def saved(session: Session, paths: Iterable[str]) -> None:
    """Paths that are newly written; plans that waited for one of them are settled, and the client is told."""
    waiting = {session.unsaved.pop(path) for path in list(paths) if path in session.unsaved}
    snapshot = session.snapshot()
    for plan_id in sorted(waiting):

        def work(plan_id: str = plan_id) -> dict[str, Any] | None:
            try:
                return view_of(snapshot, settle(snapshot.workspace(), snapshot.store(), plan_id))
            except MagrayError:
                return None  # the plan is gone; nothing waits any more

        view = await asyncio.wrap_future(session.workers.submit(Pool.FILES, work))
        if view is not None:
            tell_changed(session, view)
