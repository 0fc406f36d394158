"""What the server adds to a finished index while nobody waits: vectors, then the graph, a slice at a time.

Slices give way: to saves and builds (the index process drops a slice for them), to requests (none is begun within a
quarter of a second of one), to the battery and to the person, who can pause it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from magray_core.cancel import Cancelled
from magray_core.errors import MagrayError
from magray_core.memory import EmbeddingReport
from magray_server.failures import shown
from magray_server.pools import Pool

if TYPE_CHECKING:
    from magray_server.indexing import Indexing
    from magray_server.session import Session

log = logging.getLogger(__name__)

_QUIET_S = 0.25
_LONGEST_WAIT_S = 5.0
_REST_SHARE = 0.5
"""Of the time that a slice took, so that all this takes at most two thirds of a core."""
_LOOK_AGAIN_S = 30.0
_LEAST_BATTERY_PERCENT = 30


class Enriching:
    """Embeds and links what the index holds whenever it is idle. Lives on the loop."""

    def __init__(self, session: Session, indexing: Indexing) -> None:
        self.paused = False
        self.remaining: int | None = None
        """Chunks without a vector when last counted; None before that."""
        self.vectors = 0
        self._session, self._indexing = session, indexing
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin as soon as the index is idle."""
        self._task = asyncio.create_task(self._work())

    def needed(self) -> None:
        """The index has changed: see whether something lacks a vector."""
        self._wake.set()

    def pause(self, paused: bool) -> None:
        """Stop after the slice that runs, or go on."""
        self.paused = paused
        self._wake.set()
        self._indexing.tell_status()

    def status(self) -> dict[str, Any]:
        """What the client is told beside the state of the index."""
        return {"paused": self.paused, "remaining": self.remaining, "vectors": self.vectors}

    def close(self) -> None:
        """Stop for good."""
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while not self.paused and not self._wake.is_set():
                await self._indexing.idle()
                await self._quiet()
                if not await self._slice():
                    break

    async def _slice(self) -> bool:
        """Work for a moment; whether there is more to do."""
        started = time.monotonic()
        try:
            report = await asyncio.shield(asyncio.wrap_future(self._indexing.process.enrich()))
        except Cancelled:
            return True  # something more urgent came: again once the index is idle
        except MagrayError as error:
            log.warning("embedding failed: %s", error.message)
            self._indexing.tell_status(shown(f"chunks could not be embedded: {error.message}"))
            return False
        await self._noted(report)
        if report.remaining or report.unlinked:
            await asyncio.sleep(_REST_SHARE * (time.monotonic() - started))
        return report.remaining > 0 or report.unlinked > 0

    async def _noted(self, report: EmbeddingReport) -> None:
        changed = (report.remaining, report.vectors) != (self.remaining, self.vectors)
        published = report.vectors != self.vectors or report.embedded
        self.remaining, self.vectors = report.remaining, report.vectors
        if published:
            await self._indexing.reopen()
        if changed:
            self._indexing.tell_status()

    async def _quiet(self) -> None:
        """Wait for a moment without requests, and for power."""
        until = time.monotonic() + _LONGEST_WAIT_S
        while (rest := self._session.last_asked + _QUIET_S - time.monotonic()) > 0 and time.monotonic() < until:
            await asyncio.sleep(rest)
        while not await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, _has_power)):
            await asyncio.sleep(_LOOK_AGAIN_S)


def _has_power() -> bool:
    """Whether the machine is plugged in, has no battery, or has a good part of it left."""
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (OSError, AttributeError):  # no such sensor on this system
        return True
    return battery is None or bool(battery.power_plugged) or battery.percent >= _LEAST_BATTERY_PERCENT
