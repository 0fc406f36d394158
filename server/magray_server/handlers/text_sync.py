"""``textDocument/didOpen``, ``didChange``, ``didClose``, ``didSave``: what the editor holds open."""

from __future__ import annotations

import codecs

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.documents import TextFormat, decode
from magray_core.errors import WorkspaceError
from magray_core.spans import Position
from magray_orchestration.workspace import read_bytes
from magray_server.handlers.plan_documents import ticked
from magray_server.handlers.saving import saved
from magray_server.session import Session
from magray_server.texts import Change

_SNIFF_LIMIT_BYTES = 4_000_000


def did_open(session: Session, params: types.DidOpenTextDocumentParams) -> None:
    """The editor shows a document: from now on its text is what the editor says."""
    document = params.text_document
    session.open(document.uri, document.text, document.version, _stored_format(session, document.uri, document.text))


def did_change(session: Session, params: types.DidChangeTextDocumentParams) -> None:
    """The person typed."""
    session.change(
        params.text_document.uri, [_change(event) for event in params.content_changes], params.text_document.version
    )


def did_close(session: Session, params: types.DidCloseTextDocumentParams) -> None:
    """The editor shows the document no longer."""
    session.close(params.text_document.uri)


async def did_save(session: Session, params: types.DidSaveTextDocumentParams, _cancel: CancelToken) -> None:
    """The document was written to disk, maybe in another encoding than before; a plan's ticks count from now on."""
    uri = params.text_document.uri
    document, path = session.document(uri), session.own_path(uri)
    if document is not None:
        session.stored_as(uri, _stored_format(session, uri, document.text))
    if path is not None and session.indexing is not None:
        session.indexing.files_changed((path,))
        await saved(session, (path,))
    await ticked(session, uri)


def _change(event: types.TextDocumentContentChangeEvent) -> Change:
    if isinstance(event, types.TextDocumentContentChangePartial):
        start, end = event.range.start, event.range.end
        return Change(event.text, Position(start.line, start.character), Position(end.line, end.character))
    return Change(event.text)


def _stored_format(session: Session, uri: str, text: str) -> TextFormat:
    """The encoding and byte order mark of the file under a document; UTF-8 where there is none.

    A file that is as long as the text in UTF-8 is not read: this runs on the loop.
    """
    path = session.own_path(uri)
    if path is None or session.roots is None:
        return TextFormat()
    try:
        size = (session.roots.root / path).lstat().st_size
        if size == len(text.encode("utf-8", "surrogatepass")) or size > _SNIFF_LIMIT_BYTES:
            return TextFormat()
        data = read_bytes(session.roots.root, path)
    except (OSError, WorkspaceError):
        return TextFormat()  # a new document, or a file that cannot be read: it will be written as UTF-8
    decoded = decode(data)
    if decoded is None:
        return TextFormat()
    # The editor may hold an edited text already; only the form of what is stored counts here.
    fmt = decoded[1]
    return TextFormat() if fmt.encoding == "latin-1" and not _fits(text, fmt) else fmt


def _fits(text: str, fmt: TextFormat) -> bool:
    try:
        codecs.encode(text, fmt.encoding)
    except UnicodeEncodeError:
        return False
    return True
