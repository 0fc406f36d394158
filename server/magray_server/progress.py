"""Work-done progress in the client: begin, throttled reports from any thread, end, and the person's cancel."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_server.protocol.client import Client, ClientGone
from magray_server.protocol.messages import ResponseError

log = logging.getLogger(__name__)

_EVERY_S = 0.1
_CREATE_TIMEOUT_S = 2.0


class WorkDone(Progress):
    """One progress of the client. ``report`` may be called from any thread; the rest on the loop."""

    def __init__(self, token: int | str, tell: Callable[[int | str, dict[str, Any]], None]) -> None:
        self.token = token
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._reported = 0.0
        self._ended = False

    def begin(self, title: str, *, cancellable: bool) -> None:
        """Show it."""
        value = {"kind": "begin", "title": title, "cancellable": cancellable, "percentage": 0}
        self._tell(self.token, value)

    def report(self, message: str, fraction: float | None = None) -> None:
        """Say what is being done, at most ten times a second; what comes faster is dropped."""
        now = time.monotonic()
        if now - self._reported < _EVERY_S:
            return
        self._reported = now
        value: dict[str, Any] = {"kind": "report", "message": message}
        if fraction is not None:
            value["percentage"] = max(0, min(100, int(fraction * 100)))
        self._loop.call_soon_threadsafe(self._send, value)

    def end(self, message: str) -> None:
        """Take it away; later reports are dropped."""
        self._send({"kind": "end", "message": message})
        self._ended = True

    def _send(self, value: dict[str, Any]) -> None:
        if not self._ended:
            self._tell(self.token, value)


class Silent(Progress):
    """Progress that nobody watches."""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Do nothing."""


class Progresses:
    """All progress that the client shows for us, by token."""

    def __init__(self, client: Client, *, supported: bool) -> None:
        self._client = client
        self._supported = supported
        self._created = 0
        self._cancels: dict[int | str, CancelToken] = {}

    async def create(self, title: str, cancel: CancelToken | None) -> WorkDone | None:
        """A progress that the server starts, or None where the client shows none. ``cancel`` is set by the person."""
        if not self._supported:
            return None
        self._created += 1
        token = f"magray-progress-{self._created}"
        try:
            params = {"token": token}
            await self._client.ask_plain("window/workDoneProgress/create", params, timeout_s=_CREATE_TIMEOUT_S)
        except (ClientGone, ResponseError) as error:
            log.info("the client shows no progress: %s", error)
            return None
        return self.begin(token, title, cancel)

    def begin(self, token: int | str, title: str, cancel: CancelToken | None) -> WorkDone:
        """A progress under a token that the client already knows, from ``workDoneToken`` say."""
        if cancel is not None:
            self._cancels[token] = cancel
        work_done = WorkDone(token, self._tell)
        work_done.begin(title, cancellable=cancel is not None)
        return work_done

    def end(self, work_done: WorkDone, message: str) -> None:
        """End a progress and forget its token."""
        self._cancels.pop(work_done.token, None)
        work_done.end(message)

    def cancel(self, token: int | str) -> None:
        """The person pressed cancel; an unknown token is a progress that has ended already."""
        cancel = self._cancels.get(token)
        if cancel is not None:
            cancel.cancel()

    def _tell(self, token: int | str, value: dict[str, Any]) -> None:
        self._client.tell("$/progress", {"token": token, "value": value})
