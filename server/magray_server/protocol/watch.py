"""Threads that watch what the loop cannot: whether the client's process lives, and whether the loop itself moves."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

_PARENT_EVERY_S = 1.0
_TICK_EVERY_S = 0.5
_STALL_S = 1.0


def watch_parent(process_id: int, on_death: Callable[[str], None]) -> None:
    """Call ``on_death`` (once, from a thread) within two seconds after the process with that id has ended."""
    if os.name == "nt":
        return  # there a signal of 0 would end the process; the end of standard input tells the same
    started = _started(process_id)

    def run() -> None:
        while _lives(process_id) and _started(process_id) == started:
            time.sleep(_PARENT_EVERY_S)
        on_death(f"the client's process {process_id} has ended")

    threading.Thread(target=run, name="parent-watch", daemon=True).start()


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Log the stacks of all threads whenever the loop has not moved for a second."""
    last = time.monotonic()

    def tick() -> None:
        nonlocal last
        last = time.monotonic()
        loop.call_later(_TICK_EVERY_S, tick)

    def run() -> None:
        reported = 0.0
        while not loop.is_closed():
            time.sleep(_TICK_EVERY_S)
            if time.monotonic() - last > _STALL_S and reported != last:
                reported = last
                log.warning("the event loop has not moved for %.1f s", time.monotonic() - last)
                if sys.__stderr__ is not None:
                    faulthandler.dump_traceback(file=sys.__stderr__, all_threads=True)

    loop.call_soon(tick)
    threading.Thread(target=run, name="loop-watch", daemon=True).start()


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _stat(process_id)[:1] != ["Z"]


def _started(process_id: int) -> str:
    """The start time, where the system tells it, so that a new process with an old id is not taken for the client."""
    fields = _stat(process_id)
    return fields[19] if len(fields) > 19 else ""


def _stat(process_id: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the state on; empty where there is none."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
