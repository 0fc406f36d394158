"""Tools and what they may touch: ``ToolSpec``, ``Capability``, ``ToolInput``, ``ToolOutput``, ``Decision``.

``TOOL_CONTRACT`` is the semantic version of these shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

TOOL_CONTRACT = "1.0.0"


class Capability(str, Enum):
    """A right that a tool needs and policy grants."""

    FS_READ = "fs.read"
    FS_WRITE = "fs.write"
    NET = "net"
    SHELL = "shell"
    UI = "ui"


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What a tool is: its arguments as JSON Schema, the rights it needs and what it changes."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, Any]
    permissions: tuple[Capability, ...] = ()
    effects: Literal["reads", "writes", "runs", "network"] = "reads"
    supports_dry_run: bool = True
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where a call runs; with ``dry_run`` nothing may change."""

    cwd: str = "."
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ToolInput:
    """One call: ``{"command", "args", "context": {"cwd", "dry_run"}}``."""

    command: str
    args: Mapping[str, Any] = field(default_factory=dict)
    context: ToolContext = field(default_factory=ToolContext)


class Verdict(str, Enum):
    """What policy says of a call."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with the reason and the rule (``source`` names its file and line) that gave it."""

    verdict: Verdict
    reason: str
    rule: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a call did, or in a dry run would do."""

    ok: bool
    dry_run: bool
    result: Any = None
    diff: str = ""
    effects: tuple[str, ...] = ()
    decision: Decision | None = None
    error: str = ""
