"""The tables of methods and commands agree with what is dispatched, announced, documented and used by the shims."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from magray_server.capabilities import server_capabilities
from magray_server.dispatch import COMMANDS as COMMAND_ROUTES
from magray_server.dispatch import NOTIFICATIONS, REQUESTS
from magray_server.methods import COMMANDS, METHODS, STANDARD
from magray_server.protocol.handshake import read_initialize
from magray_server.reference import render_reference
from magray_server.routes import Route

ROOT = Path(__file__).resolve().parents[2]
OWN_REQUESTS = {method.name: method for method in METHODS if method.to == "server"}
LIFECYCLE = {"initialized"}


def fields(route: Route) -> str:
    assert route.params is not None
    model = route.params.model_fields
    return ", ".join((field.alias or name) + ("" if field.is_required() else "?") for name, field in model.items())


def test_every_method_is_dispatched_and_nothing_else_is() -> None:
    standard = {name for name, _ in STANDARD} - {"$/cancelRequest", "workspace/executeCommand"}
    assert set(REQUESTS) | set(NOTIFICATIONS) - LIFECYCLE == standard | set(OWN_REQUESTS)
    assert set(COMMAND_ROUTES) == {command.name for command in COMMANDS}


@pytest.mark.parametrize("name", sorted(OWN_REQUESTS))
def test_the_params_of_a_method_are_the_ones_it_reads(name: str) -> None:
    assert OWN_REQUESTS[name].params == fields(REQUESTS[name])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_arguments_of_a_command_are_the_ones_it_reads(command: object) -> None:
    assert command.arguments == fields(COMMAND_ROUTES[command.name])  # type: ignore[attr-defined]


def test_what_is_announced_is_what_is_in_the_tables() -> None:
    capabilities = server_capabilities(read_initialize({"capabilities": {}}))
    assert capabilities["executeCommandProvider"]["commands"] == [command.name for command in COMMANDS]
    assert set(capabilities["experimental"]["magray"]["methods"]) == {method.name for method in METHODS}


def test_the_reference_page_is_made_from_the_tables() -> None:
    page = ROOT / "docs/reference/lsp.md"
    assert page.read_text(encoding="utf-8") == render_reference(), (
        "run: python -m magray_server.reference > docs/reference/lsp.md"
    )


@pytest.mark.parametrize("shim", ["nvim", "vscode"])
def test_the_shims_use_no_method_that_is_not_in_the_tables(shim: str) -> None:
    known = {method.name for method in METHODS} | {command.name for command in COMMANDS}
    folder = ROOT / "editors" / shim
    files = [path for path in folder.rglob("*") if path.suffix in (".lua", ".ts") and "node_modules" not in path.parts]
    used = {
        name
        for path in files
        for name in re.findall(r"['\"](magray/[a-zA-Z/]+)['\"]", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= known
