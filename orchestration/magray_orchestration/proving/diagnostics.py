"""Diagnostics of Python texts through ruff: syntax, undefined names, redefinitions. Ruff parses and runs nothing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.errors import ToolFailed
from magray_orchestration import processes
from magray_orchestration.refactoring.engines.ruff_engine import ruff_command

# Syntax, comparisons that are always wrong, undefined names and exports, redefined names.
_RULES = "E9,F63,F7,F811,F82"
_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding; ``line`` starts at 1."""

    path: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message} ({self.code})"


def diagnose(texts: Mapping[str, str], cancel: CancelToken) -> tuple[Diagnostic, ...]:
    """What ruff finds in the Python texts, tried in a temporary folder. Raises ToolFailed where ruff breaks."""
    python = {path: text for path, text in texts.items() if path.endswith((".py", ".pyi"))}
    if not python:
        return ()
    with tempfile.TemporaryDirectory(prefix="magray-") as name:
        folder = Path(name).resolve()
        for path, text in python.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        argv = (
            *ruff_command(), "check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--no-respect-gitignore",
            "--output-format", "json", "--select", _RULES, "--config", "exclude = []", "--ignore-noqa", ".",
        )  # fmt: skip
        completed = processes.run(argv, timeout_s=_TIMEOUT_S, cwd=folder, cancel=cancel)
        if completed.code != 0:
            reason = completed.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise ToolFailed(f"ruff could not check the result: {reason or completed.code}")
        return tuple(_diagnostic(item, folder) for item in json.loads(completed.stdout or b"[]"))


def _diagnostic(item: dict[str, object], folder: Path) -> Diagnostic:
    location = item["location"]
    row = int(location["row"]) if isinstance(location, dict) else 1
    path = Path(str(item["filename"])).relative_to(folder).as_posix()
    return Diagnostic(path, row, str(item["code"] or "syntax"), str(item["message"]))
