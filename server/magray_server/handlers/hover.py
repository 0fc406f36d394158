"""``textDocument/hover``: what the workspace's memory knows of the name under the mouse, in a few lines."""

from __future__ import annotations

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_server.convert import Converter
from magray_server.snapshot import Snapshot


def hover(snapshot: Snapshot, params: types.HoverParams, cancel: CancelToken) -> types.Hover | None:
    """The person rests on a name; other servers' hovers stand beside ours."""
    path = snapshot.path_of(params.text_document.uri)
    if path is None or not snapshot.settings.hover.enabled or snapshot.index is None:
        return None
    from magray_orchestration.explain.facts import explain

    workspace = snapshot.workspace()
    document = workspace.read(path)
    offset = Converter(document.text, snapshot.encoding).to_offset(params.position)
    lines = document.lines()
    line = lines.line_of(offset)
    cancel.check()
    explanation = explain(workspace, path, line + 1, offset - lines.line_span(line).start + 1)
    if explanation is None or not explanation.short_markdown:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, explanation.short_markdown))
