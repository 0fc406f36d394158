"""``magray serve``: the language server."""

from __future__ import annotations

from magray_server.cli.running import Invocation


def run(call: Invocation) -> int:
    """Speak LSP until the client says exit; stdout is the wire."""
    from magray_server.app import serve_stdio

    serve_stdio()
