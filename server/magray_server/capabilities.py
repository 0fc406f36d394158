"""What the server can do, as ``initialize`` answers it: plain JSON, so that it needs no message types."""

from __future__ import annotations

from typing import Any

from magray_server.methods import COMMANDS, METHODS
from magray_server.protocol.handshake import ClientProfile

CODE_ACTION_KINDS = (
    "refactor.rename",
    "refactor.move",
    "refactor.rewrite",
    "source.organizeImports",
    "source.magray",
)


def server_capabilities(profile: ClientProfile) -> dict[str, Any]:
    """The capabilities for this client."""
    capabilities: dict[str, Any] = {
        "positionEncoding": profile.encoding.value,
        "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": False}},
        "hoverProvider": True,
        "codeActionProvider": {"codeActionKinds": list(CODE_ACTION_KINDS), "resolveProvider": True},
        "codeLensProvider": {"resolveProvider": False},
        "workspaceSymbolProvider": True,
        "executeCommandProvider": {"commands": [command.name for command in COMMANDS]},
        "experimental": {"magray": {"methods": [method.name for method in METHODS]}},
    }
    if profile.can("workspace.textDocumentContent"):
        capabilities["workspace"] = {"textDocumentContent": {"schemes": ["magray"]}}
    return capabilities
