"""Ruff as an engine: fixes copies of texts in a temporary folder. It runs nothing and reads only given settings."""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.errors import ToolFailed, WorkspaceError
from magray_orchestration import processes
from magray_orchestration.workspace import Workspace

_TIMEOUT_S = 120.0
_ISORT_VALUES = (str, bool, int, list, dict)


@dataclass(frozen=True, slots=True)
class RuffSettings:
    """What of the project's own settings decides how imports are sorted."""

    line_length: int = 88
    isort: Mapping[str, Any] = field(default_factory=dict)


@cache
def ruff_command() -> tuple[str, ...]:
    """The start of every ruff command line. Raises ToolFailed if ruff is not installed beside Magray."""
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    try:
        return (find_ruff_bin(),)
    except FileNotFoundError as error:
        raise ToolFailed("ruff is not installed beside Magray", hint="reinstall Magray") from error


def project_settings(workspace: Workspace, paths: Sequence[str]) -> RuffSettings:
    """The project's line length and import sorting, from ruff.toml or pyproject.toml; its modules as first party."""
    table: dict[str, Any] = {}
    for path, keys in ((".ruff.toml", ()), ("ruff.toml", ()), ("pyproject.toml", ("tool", "ruff"))):
        try:
            found = tomllib.loads(workspace.read(path).text)
        except (WorkspaceError, tomllib.TOMLDecodeError):
            continue
        for key in keys:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        if isinstance(found, dict) and found:
            table = found
            break
    length = table.get("line-length", 88)
    lint = table.get("lint", {})
    written = (lint.get("isort") if isinstance(lint, dict) else None) or table.get("isort") or {}
    isort: dict[str, Any] = {key: value for key, value in written.items() if isinstance(value, _ISORT_VALUES)}
    own = [name for name in isort.get("known-first-party", []) if isinstance(name, str)]
    third = {name for key in ("known-third-party", "known-local-folder") for name in isort.get(key, [])}
    folders = [folder for folder in table.get("src", [".", "src"]) if isinstance(folder, str)]
    isort["known-first-party"] = sorted({*own, *(_modules_under(folders, paths) - third)})
    return RuffSettings(length if isinstance(length, int) and 0 < length <= 320 else 88, isort)


def _modules_under(folders: Sequence[str], paths: Sequence[str]) -> set[str]:
    """Top-level names that the source folders hold, as ruff itself would find them in the whole tree."""
    found: set[str] = set()
    for folder in folders:
        prefix = "" if folder in (".", "./", "") else folder.strip("/").removeprefix("./") + "/"
        inner = (path[len(prefix) :] for path in paths if path.startswith(prefix))
        found |= {path.partition("/")[0].partition(".")[0] for path in inner}
    return found - {""}


def fix(texts: Mapping[str, str], rules: str, settings: RuffSettings, cancel: CancelToken) -> dict[str, str]:
    """The texts after ruff's safe fixes for the rules; those that it does not change are left out.

    Raises ToolFailed where ruff breaks. Texts that do not parse stay as they are.
    """
    with tempfile.TemporaryDirectory(prefix="magray-") as name:
        folder = Path(name).resolve()
        for path, text in texts.items():
            cancel.check()
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        settings_file = folder / ".magray-ruff.toml"
        settings_file.write_text(_toml(settings), encoding="utf-8")
        argv = (
            *ruff_command(), "check", "--config", str(settings_file), "--select", rules, "--fix", "--exit-zero",
            "--quiet", "--no-cache", "--no-respect-gitignore", ".",
        )  # fmt: skip
        completed = processes.run(argv, timeout_s=_TIMEOUT_S, cwd=folder, cancel=cancel)
        if completed.code != 0:
            reason = completed.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise ToolFailed(f"ruff could not sort the imports: {reason or completed.code}")
        fixed: dict[str, str] = {}
        for path, text in texts.items():
            after = (folder / path).read_bytes().decode("utf-8", "surrogatepass")
            if after != text:
                fixed[path] = after
        return fixed


def _toml(settings: RuffSettings) -> str:
    lines = [
        f"line-length = {settings.line_length}",
        "src = []",
        "exclude = []",
        "force-exclude = false",
        "[lint.isort]",
    ]
    lines += [f"{key} = {_toml_value(value)}" for key, value in sorted(settings.isort.items())]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml_value(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value)
