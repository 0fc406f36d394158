"""Ruff as an engine: where its program is. It reads text, runs nothing and is never given the workspace's settings."""

from __future__ import annotations

from functools import cache

from magray_core.errors import ToolFailed


@cache
def ruff_command() -> tuple[str, ...]:
    """The start of every ruff command line. Raises ToolFailed if ruff is not installed beside Magray."""
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    try:
        return (find_ruff_bin(),)
    except FileNotFoundError as error:
        raise ToolFailed("ruff is not installed beside Magray", hint="reinstall Magray") from error
