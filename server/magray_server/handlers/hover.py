"""``textDocument/hover``: what the workspace's memory knows of the name under the mouse, in a few lines."""

from __future__ import annotations

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.errors import WorkspaceError
from magray_orchestration.explain.facts import explain_briefly
from magray_server.convert import Converter
from magray_server.places import LspLinks, line_and_column
from magray_server.snapshot import Snapshot


def hover(snapshot: Snapshot, params: types.HoverParams, cancel: CancelToken) -> types.Hover | None:
    """The person rests on a name; other servers' hovers stand beside ours."""
    path = snapshot.path_of(params.text_document.uri)
    if path is None or snapshot.roots is None or snapshot.index is None or not snapshot.settings.hover.enabled:
        return None
    workspace = snapshot.workspace()
    try:
        line, column = line_and_column(snapshot, path, params.position.line, params.position.character)
        cancel.check()
        links = LspLinks(snapshot.roots, documents=snapshot.profile.can("workspace.textDocumentContent"))
        explanation = explain_briefly(workspace, path, line, column, links=links)
    except WorkspaceError:
        return None  # the file is gone or is no text: the editor knows, and a hover is no place to complain
    if explanation is None or not explanation.short_markdown:
        return None
    text = workspace.read(path).text
    return types.Hover(
        types.MarkupContent(types.MarkupKind.Markdown, explanation.short_markdown),
        Converter(text, snapshot.encoding).to_lsp_range(explanation.span),
    )
