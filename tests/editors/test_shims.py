"""The shims speak of what there is: the server's methods, registered commands, documented settings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from magray_server.methods import COMMANDS, METHODS

from .conftest import ROOT

VSCODE = ROOT / "editors" / "vscode"
SOURCES = sorted((VSCODE / "src").glob("*.ts"))
VIMDOC = (ROOT / "editors/nvim/doc/magray.txt").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs/guides/vscode.md").read_text(encoding="utf-8")
PACKAGE = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))
CONTRIBUTED = {command["command"]: command for command in PACKAGE["contributes"]["commands"]}
SHIM_FILES = [*SOURCES, *sorted((ROOT / "editors/nvim").rglob("*.lua"))]
LINES, FILES = 130, 13


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SHIM_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_method_and_command_that_a_shim_names_is_one_of_the_server(path: Path) -> None:
    named = set(re.findall(r"'(magray/[\w/]+)'", text_of(path)))
    assert named <= {method.name for method in METHODS}
    commands = {name for name in re.findall(r"'(magray\.[\w.]+)'", text_of(path)) if not name.startswith("magray.ui.")}
    own = {"magray.command", "magray.planView", "magray.planView.focus", "magray.plan", "magray.phase", "magray.status",
           "magray.memoryView", "magray.memoryView.focus", "magray.embedding", "magray.filtered",
           "magray.graph"}  # fmt: skip
    lua_modules = {found.replace("/", ".") for found in lua_names()}
    assert commands - own - lua_modules <= {command.name for command in COMMANDS}


def lua_names() -> list[str]:
    base = ROOT / "editors/nvim/lua"
    return [path.relative_to(base).with_suffix("").as_posix().removesuffix("/init") for path in base.rglob("*.lua")]


def test_every_contributed_command_is_registered_and_the_reverse() -> None:
    registered = {f"magray.ui.{name}" for path in SOURCES for name in re.findall(r"\bon\('(\w+)'", text_of(path))}
    assert registered == set(CONTRIBUTED)


def test_every_menu_and_welcome_link_leads_to_a_contributed_command() -> None:
    contributes = PACKAGE["contributes"]
    in_menus = {item["command"] for menu in contributes["menus"].values() for item in menu}
    linked = set(re.findall(r"command:(magray\.[\w.]+)", json.dumps(contributes["viewsWelcome"])))
    executed = {name for path in SOURCES for name in re.findall(r"'(magray\.ui\.\w+)'", text_of(path))}
    assert in_menus | linked | executed <= set(CONTRIBUTED)


def test_settings_and_the_commands_of_the_palette_are_in_the_guide() -> None:
    hidden = {item["command"] for item in PACKAGE["contributes"]["menus"]["commandPalette"]}
    for setting in PACKAGE["contributes"]["configuration"]["properties"]:
        assert f"`{setting}`" in GUIDE
    for name, command in CONTRIBUTED.items():
        assert name in hidden or command["title"] in GUIDE, f"{command['title']} is not in the guide"


def test_every_subcommand_of_neovim_is_in_its_help() -> None:
    table = (
        text_of(ROOT / "editors/nvim/lua/magray/init.lua").partition("local subcommands = {")[2].partition("\n}\n")[0]
    )
    names = re.findall(r"^  (?:\['(.+?)'\]|(\w+)) = function", table, re.MULTILINE)
    assert len(names) > 15
    for name in (quoted or plain for quoted, plain in names):
        assert re.search(rf"Magray {re.escape(name)}(?![\w!])", VIMDOC), f":Magray {name} is not in the help"


def test_a_page_in_the_editor_runs_only_what_carries_its_nonce() -> None:
    assert "nonce" in text_of(VSCODE / "src/memoryGraph.ts")
    assert not [path.name for path in SOURCES if re.search(r"webview\.html = (?!graph\.picture)", text_of(path))]


def test_pictures_of_the_guide_exist_and_are_small() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", GUIDE)
    assert pictures
    for picture in pictures:
        assert (ROOT / "docs/guides" / picture).stat().st_size < 250_000


def test_nothing_runs_in_a_folder_that_is_not_trusted() -> None:
    assert PACKAGE["capabilities"]["untrustedWorkspaces"]["supported"] is False
    assert PACKAGE["contributes"]["configuration"]["properties"]["magray.command"]["scope"] == "machine"


def test_the_shim_stays_thin() -> None:
    assert len(SOURCES) <= FILES
    assert not {path.name: n for path in SOURCES if (n := len(text_of(path).splitlines())) > LINES}


def test_the_lock_file_names_no_machine() -> None:
    lock = json.loads(text_of(VSCODE / "package-lock.json"))
    assert lock["version"] == PACKAGE["version"]
    assert "resolved" not in text_of(VSCODE / "package-lock.json")
