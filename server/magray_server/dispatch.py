"""The server's abilities in one screen: every method, its handler, and how it runs."""

from __future__ import annotations

from collections.abc import Mapping

from magray_server.handlers import hover, lifecycle, text_sync
from magray_server.routes import Route, on_loop, on_worker

REQUESTS: Mapping[str, Route] = {
    "textDocument/hover": on_worker(hover.hover, fresh=True),
}

NOTIFICATIONS: Mapping[str, Route] = {
    "initialized": on_loop(lifecycle.initialized),
    "$/setTrace": on_loop(lifecycle.set_trace),
    "window/workDoneProgress/cancel": on_loop(lifecycle.cancel_progress),
    "textDocument/didOpen": on_loop(text_sync.did_open),
    "textDocument/didChange": on_loop(text_sync.did_change),
    "textDocument/didClose": on_loop(text_sync.did_close),
    "textDocument/didSave": on_loop(text_sync.did_save),
}
