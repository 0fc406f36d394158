"""Cooperative cancellation: worker code polls a token, the edge turns ``Cancelled`` into the protocol's answer."""

from __future__ import annotations

import threading
import time


class Cancelled(Exception):
    """The person or the client no longer wants the result. Never swallowed, never logged as an error."""


class CancelToken:
    """A flag that may be set once from any thread; ``deadline_s`` (seconds from now) sets it by itself."""

    def __init__(self, *, deadline_s: float | None = None) -> None:
        self._event = threading.Event()
        self._deadline = None if deadline_s is None else time.monotonic() + deadline_s

    def cancel(self) -> None:
        """Ask the work to stop; idempotent."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work should stop."""
        return self._event.is_set() or (self._deadline is not None and time.monotonic() > self._deadline)

    def check(self) -> None:
        """Raise ``Cancelled`` if the work should stop. Cheap: call it in every loop over files."""
        if self.cancelled:
            raise Cancelled
