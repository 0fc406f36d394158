"""The engine process: one JSON request on stdin, one JSON answer on stdout, then it ends.

Rope and jedi hold the interpreter for seconds and keep what they parsed; in a process of their own they cannot slow
the server, can be killed at any moment, and give their memory back. They see a shadow copy, never the workspace.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import threading
import time
from typing import Any

_ENGINES = ("rope", "jedi")
_PARENT_POLL_S = 0.5
# Engines build trees of hundreds of thousands of objects that live to the end: looking through them again and again
# takes a fifth of the time.
_COLLECT_SELDOM = (200_000, 20, 100)


def main() -> int:
    """Answer the request on stdin; a failure is an answer too (``{"error": ...}``)."""
    wire = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not mix with the answer
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    sys.setrecursionlimit(4000)
    gc.set_threshold(*_COLLECT_SELDOM)
    request = json.load(sys.stdin)
    json.dump(_answer(request), wire)
    wire.close()
    os._exit(0)  # without taking apart what the engine holds


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    name = request["engine"]
    if name not in _ENGINES:
        return {"error": f"there is no engine {name}"}
    engine = importlib.import_module(f"magray_orchestration.refactoring.engines.{name}_engine")
    try:
        answer: dict[str, Any] = engine.answer(request)
    except Exception as error:  # noqa: BLE001 - the border of the process: a library's bug is an answer
        return {"error": f"{type(error).__name__}: {error}", "refused": isinstance(error, engine.REFUSALS)}
    return answer


def _end_with_parent(parent: int) -> None:
    """Leave no orphan when the server is killed."""
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
