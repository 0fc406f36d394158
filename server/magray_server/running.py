"""The server once it is initialized: client, router, index and plans. Loaded after ``initialize`` is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from lsprotocol import types

from magray_server.dispatch import NOTIFICATIONS, REQUESTS
from magray_server.progress import Progresses
from magray_server.protocol.client import Client
from magray_server.router import Routing
from magray_server.session import Session

log = logging.getLogger(__name__)


class Running:
    """What lives between ``initialize`` and the end. Made and closed on the loop."""

    def __init__(self, session: Session, wire: Callable[[dict[str, Any]], None]) -> None:
        client = Client("magray", "0.1.0", wire)
        session.connect(client, Progresses(client, supported=session.profile.can("window.workDoneProgress")))
        self._session = session
        self.router = Routing(session, REQUESTS, NOTIFICATIONS)

    def start(self, warnings: Sequence[str]) -> None:
        """Tell the person what was wrong with the root or the settings."""
        for warning in warnings:
            log.warning("%s", warning)
            message = types.ShowMessageParams(type=types.MessageType.Warning, message=f"Magray: {warning}")
            self._session.client.window_show_message(message)

    async def close(self) -> None:
        """Stop all work."""
        self._session.workers.stop()
