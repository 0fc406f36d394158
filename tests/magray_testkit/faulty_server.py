"""The real server with a few more requests, which do what our handlers should never do. Run as a script."""

from __future__ import annotations

import time
from typing import Any

from pydantic import BaseModel

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_server import app, dispatch
from magray_server.routes import on_loop, on_task, on_worker
from magray_server.session import Session
from magray_server.snapshot import Snapshot

SECRET = "sk-live-0123456789abcdefghij"

_last_beat = 0.0
_beats = 0


class Anything(BaseModel, extra="allow"):
    seconds: float = 25.0


def echo(_session: Session, params: Anything) -> Any:
    return params.model_dump()


def stall(_session: Session, params: Anything) -> str:
    time.sleep(params.seconds)
    return "done"


def deaf(_snapshot: Snapshot, params: Anything, _cancel: CancelToken) -> str:
    """Python work that never looks at its token."""
    end = time.monotonic() + params.seconds
    while time.monotonic() < end:
        sum(range(1000))
    return "done"


def busy(_snapshot: Snapshot, params: Anything, cancel: CancelToken) -> str:
    """Python work that does."""
    global _last_beat, _beats
    end = time.monotonic() + params.seconds
    while time.monotonic() < end:
        sum(range(1000))
        _last_beat, _beats = time.monotonic(), _beats + 1
        cancel.check()
    return "done"


def beat(_session: Session, _params: Anything) -> Any:
    return {"age": time.monotonic() - _last_beat, "beats": _beats}


def bug(*_: Any) -> None:
    path = "/home/somebody/private/file.py"
    raise RuntimeError(f"cannot use {SECRET} of {path}")


async def task_bug(*_: Any) -> None:
    bug()


def refused(*_: Any) -> None:
    raise RefactoringRefused(f"cannot rename with {SECRET}", hint="try \x1b[31manother\x1b[0m name")


if __name__ == "__main__":
    dispatch.REQUESTS.update({  # type: ignore[attr-defined]
        "test/echo": on_loop(echo, Anything),
        "test/stall": on_loop(stall, Anything),
        "test/deaf": on_worker(deaf, Anything),
        "test/busy": on_worker(busy, Anything),
        "test/beat": on_loop(beat, Anything),
        "test/bug": on_worker(bug, Anything),
        "test/taskBug": on_task(task_bug, Anything),
        "test/loopBug": on_loop(bug, Anything),
        "test/refused": on_worker(refused, Anything),
    })  # fmt: skip
    app.serve_stdio()
