"""``magray/search``, ``magray/explain``, ``workspace/symbol``: questions to the workspace's memory."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_core.errors import MagrayError
from magray_core.memory import SearchScope, Symbol, SymbolKind
from magray_orchestration.usecases.explain import explain as explain_place
from magray_orchestration.usecases.search import search as search_workspace
from magray_server.convert import Converter
from magray_server.params import ExplainParams, SearchParams
from magray_server.places import LspLinks, line_and_column, with_locations, workspace_path
from magray_server.snapshot import Snapshot
from magray_server.views import explain_view, search_view

_MAX_SYMBOLS = 100

_KINDS = {
    SymbolKind.MODULE: types.SymbolKind.Module,
    SymbolKind.NAMESPACE: types.SymbolKind.Namespace,
    SymbolKind.CLASS: types.SymbolKind.Class,
    SymbolKind.INTERFACE: types.SymbolKind.Interface,
    SymbolKind.STRUCT: types.SymbolKind.Struct,
    SymbolKind.ENUM: types.SymbolKind.Enum,
    SymbolKind.TRAIT: types.SymbolKind.Interface,
    SymbolKind.TYPE: types.SymbolKind.TypeParameter,
    SymbolKind.FUNCTION: types.SymbolKind.Function,
    SymbolKind.METHOD: types.SymbolKind.Method,
    SymbolKind.CONSTRUCTOR: types.SymbolKind.Constructor,
    SymbolKind.PROPERTY: types.SymbolKind.Property,
    SymbolKind.FIELD: types.SymbolKind.Field,
    SymbolKind.VARIABLE: types.SymbolKind.Variable,
    SymbolKind.CONSTANT: types.SymbolKind.Constant,
    SymbolKind.MACRO: types.SymbolKind.Function,
    SymbolKind.SECTION: types.SymbolKind.String,
    SymbolKind.KEY: types.SymbolKind.Key,
}


def search(snapshot: Snapshot, params: SearchParams, _cancel: CancelToken) -> Any:
    """The person searches; open documents count as they are in the editor."""
    scope = SearchScope(params.paths, params.languages, params.kinds)
    result = search_workspace(snapshot.workspace(), params.query, params.k, scope)
    return with_locations(search_view(result).for_lsp(), snapshot)


def explain(snapshot: Snapshot, params: ExplainParams, _cancel: CancelToken) -> Any:
    """The person wants more than the hover shows."""
    path = workspace_path(snapshot, params.text_document.uri)
    line, column = line_and_column(snapshot, path, params.position.line, params.position.character)
    return with_locations(explain_view(explanation_at(snapshot, path, line, column)).for_lsp(), snapshot)


def explanation_at(snapshot: Snapshot, path: str, line: int, column: int) -> Any:
    """The whole explanation of a place (from 1), with links that the client opens."""
    workspace = snapshot.workspace()
    links = LspLinks(snapshot.roots, documents=False) if snapshot.roots else None
    return explain_place(workspace, path, line, column, links=links)


def workspace_symbol(
    snapshot: Snapshot, params: types.WorkspaceSymbolParams, cancel: CancelToken
) -> list[types.WorkspaceSymbol] | None:
    """The person looks for a definition by a part of its name."""
    if snapshot.index is None or not params.query.strip():
        return None
    found = snapshot.index.find_symbols(params.query, limit=_MAX_SYMBOLS)
    converters: dict[str, Converter | None] = {}
    symbols = []
    for path, symbol in found:
        cancel.check()
        if path not in converters:
            converters[path] = _converter(snapshot, path)
        symbols.append(_to_lsp_symbol(snapshot, path, symbol, converters[path]))
    return symbols


def _converter(snapshot: Snapshot, path: str) -> Converter | None:
    try:
        return Converter(snapshot.workspace().read(path).text, snapshot.encoding)
    except MagrayError:
        return None  # deleted since it was indexed; its lines are still worth showing


def _to_lsp_symbol(snapshot: Snapshot, path: str, symbol: Symbol, converter: Converter | None) -> types.WorkspaceSymbol:
    if converter is None:
        start = types.Position(symbol.start_line - 1, 0)
        where = types.Range(start, start)
    else:
        where = converter.to_lsp_range(symbol.name_span)
    return types.WorkspaceSymbol(
        location=types.Location(snapshot.uri_of(path), where),
        name=symbol.name,
        kind=_KINDS.get(symbol.kind, types.SymbolKind.Variable),
        container_name=symbol.parent or path,
    )
