"""Showing a document in the editor, for commands of clients that have no view of their own."""

from __future__ import annotations

import asyncio
import logging

from lsprotocol import types

from magray_core.errors import WorkspaceError
from magray_server.pools import Pool
from magray_server.protocol.client import ClientGone
from magray_server.protocol.messages import ResponseError
from magray_server.session import Session

log = logging.getLogger(__name__)

_SHOW_S = 10.0


async def show_document(session: Session, uri: str) -> bool:
    """Whether the editor shows it now; where it cannot, the person is told which file to open."""
    client = session.client
    if session.profile.can("window.showDocument"):
        try:
            request = types.ShowDocumentParams(uri, take_focus=True)
            answer = await client.ask("window/showDocument", request, timeout_s=_SHOW_S)
            return bool(answer.success)
        except (ClientGone, ResponseError) as error:
            log.info("the client did not show the document: %s", error)
            return False
    path = session.roots.path_of(uri) if session.roots else None
    client.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"Magray: open {path or uri}"))
    return False


async def show_text(session: Session, name: str, text: str) -> str:
    """Write a text below ``.magray/artifacts`` and show it; its URI."""
    snapshot = session.snapshot()
    paths = snapshot.store().paths

    def work() -> str:
        file = paths.plans.parent / name
        try:
            file.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise WorkspaceError(f"cannot write {name}: {error.strerror}", hint="check the disk") from error
        return snapshot.uri_of(file.relative_to(paths.root).as_posix())

    uri = await asyncio.wrap_future(session.workers.submit(Pool.FILES, work))
    await show_document(session, uri)
    return uri
