"""Asks an engine process. What it answers is data: the caller checks it against the documents."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused, ToolFailed
from magray_orchestration import processes


class EngineTimeout(ToolFailed):
    """The engine did not answer in time; the plan goes on without it and says so."""


def ask(
    engine: str, request: Mapping[str, Any], *, tree: Path, timeout_s: float, cancel: CancelToken
) -> dict[str, Any]:
    """The engine's answer about the files under ``tree``. Blocks.

    Raises EngineTimeout, RefactoringRefused where the engine says that the change cannot be made, ToolFailed where it
    broke, and Cancelled.
    """
    payload = json.dumps({**request, "engine": engine, "tree": str(tree)}).encode()
    # -P: the folder that the engine is started in must not be importable.
    argv = [sys.executable, "-P", "-X", "utf8", "-m", "magray_orchestration.refactoring.engines"]
    completed = processes.run(argv, input=payload, timeout_s=timeout_s, cwd=tree, cancel=cancel)
    if completed.timed_out:
        raise EngineTimeout(f"{engine} did not answer within {timeout_s:g} s")
    try:
        answer: dict[str, Any] = json.loads(completed.stdout)
    except ValueError as error:
        last = completed.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ToolFailed(f"{engine} broke: {last or completed.code}") from error
    if "error" in answer:
        if answer.get("refused"):
            raise RefactoringRefused(str(answer["error"]).partition(": ")[2])
        raise ToolFailed(f"{engine} broke: {answer['error']}")
    return answer
