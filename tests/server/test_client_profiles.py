"""The main job as the clients that pytest-lsp knows announce themselves, old ones too."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from magray_testkit.console import SHOP, tree, write
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

CLIENTS = ("visual_studio_code", "neovim@v0.11.0", "neovim@v0.6.1", "emacs")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", SHOP)


@pytest_lsp.fixture(
    params=CLIENTS, config=ClientServerConfig(server_command=[sys.executable, "-P", "-m", "magray_server", "serve"])
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient, shop: Path) -> AsyncIterator[None]:
    @lsp_client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
    def say_yes(params: types.ShowMessageRequestParams) -> types.MessageActionItem:
        assert params.actions
        return params.actions[0]

    @lsp_client.feature(types.WORKSPACE_APPLY_EDIT)
    def decline(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        return types.ApplyWorkspaceEditResult(applied=False)

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        assert [one.method for one in params.registrations] == ["workspace/didChangeWatchedFiles"]

    @lsp_client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def refresh(params: None) -> None:
        """The lenses of a plan document have changed."""

    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities(request.param), root_uri=shop.as_uri())
    )
    yield
    await lsp_client.shutdown_session()


async def test_hover_menu_search_and_plan(client: LanguageClient, shop: Path) -> None:
    path = shop / "shop/prices.py"
    uri, text = path.as_uri(), path.read_text()
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, types.LanguageKind.Python, 1, text))
    )
    line = text.split("\n").index("def total(prices: list[int]) -> int:")
    place, document = types.Position(line, 5), types.TextDocumentIdentifier(uri)
    plan = await client.protocol.send_request_async("magray/plan", {"goal": "rename total to sum_up"})
    assert plan.status == "proposed"
    hover = await client.text_document_hover_async(types.HoverParams(document, place))
    assert hover is not None
    assert "Add up the prices." in str(hover.contents)
    context = types.CodeActionContext(diagnostics=[])
    menu = await client.text_document_code_action_async(
        types.CodeActionParams(document, types.Range(place, place), context)
    )
    assert any("ename" in action.title for action in menu or ())
    hits = await client.protocol.send_request_async("magray/search", {"query": "add up prices", "k": 3})
    assert hits.hits[0].path == "shop/prices.py"


async def test_a_declined_edit_changes_nothing(client: LanguageClient, shop: Path) -> None:
    before = tree(shop)
    plan = await client.protocol.send_request_async("magray/plan", {"goal": "rename Basket to Cart"})
    outcome = await client.protocol.send_request_async("magray/plan/apply", {"plan": plan.id, "approved": True})
    assert outcome.status == "proposed"
    assert tree(shop) == before
