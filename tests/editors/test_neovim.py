"""Magray in a real headless Neovim, used as the README says."""

from __future__ import annotations

from pathlib import Path

import pynvim
import pytest

from .conftest import snapshot

pytestmark = pytest.mark.nvim


def wait(nvim: pynvim.Nvim, condition: str, seconds: float = 20) -> None:
    """Wait until a Lua expression is true; on time-out show what the person was told."""
    done = nvim.exec_lua(f"return vim.wait({int(seconds * 1000)}, function() return {condition} end, 10)")
    assert done, f"timed out waiting for {condition}; notes: {notes(nvim)}"


def notes(nvim: pynvim.Nvim) -> list[str]:
    return list(nvim.exec_lua("return _G.notes"))


def open_file(nvim: pynvim.Nvim, name: str, needle: str) -> None:
    """Open a file, wait for the server and an index, and put the cursor on the needle."""
    nvim.command(f"edit {name}")
    wait(nvim, "#vim.lsp.get_clients({ name = 'magray', bufnr = 0 }) == 1")
    wait(nvim, "(require('magray.client').index_status or {}).state == 'ready'")
    nvim.funcs.search(needle, "w")


def make_plan(nvim: pynvim.Nvim, goal: str) -> str:
    nvim.command(f"Magray plan {goal}")
    wait(nvim, "vim.api.nvim_buf_get_name(0):match('%.plan%.md$') ~= nil")
    return str(nvim.exec_lua("return require('magray').plan_id"))


def test_hover_explains_from_memory(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "shop/cart.py", "total_price(self")
    answer = nvim.exec_lua(
        "local c = vim.lsp.get_clients({ name = 'magray' })[1]\n"
        "local p = vim.lsp.util.make_position_params(0, c.offset_encoding)\n"
        "return c:request_sync('textDocument/hover', p, 5000, 0).result.contents.value"
    )
    assert "def total_price(items)" in answer
    assert "Sum the prices of the items." in answer
    assert "shop/prices.py" in answer


def test_search_fills_the_quickfix_list(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "shop/cart.py", "total_price")
    nvim.command("Magray search sum the prices")
    wait(nvim, "#vim.fn.getqflist() > 0")
    first = nvim.exec_lua("local i = vim.fn.getqflist()[1]; return { vim.fn.bufname(i.bufnr), i.lnum, i.text }")
    assert first[0].endswith("shop/prices.py")


def test_a_plan_is_previewed_applied_in_part_and_undone(nvim: pynvim.Nvim, shop: Path) -> None:
    before = snapshot(shop)
    open_file(nvim, "shop/prices.py", "total_price")
    plan = make_plan(nvim, "rename total_price to sum_of_prices")
    assert snapshot(shop) == before, "planning changes nothing"

    nvim.command("Magray preview")
    wait(nvim, "require('magray.preview').current ~= nil")
    assert nvim.exec_lua("return vim.wo[require('magray.preview').current.windows[2]].diff")
    accepted = nvim.exec_lua(
        "return vim.tbl_map(function(f) return f.accepted end, require('magray.preview').current.files)"
    )
    assert accepted == sorted(accepted, reverse=True), "what will be applied comes first"
    refused = "tests/test_prices.py"
    nvim.exec_lua(
        "local p = require('magray.preview')\n"
        f"while p.current.files[p.current.at].path ~= '{refused}' do p.go(1) end\n"
        "p.toggle()"
    )
    wait(nvim, "not require('magray.preview').current.files[require('magray.preview').current.at].accepted")
    nvim.exec_lua("require('magray.preview').apply()")
    wait(nvim, f"vim.iter(_G.notes):any(function(n) return n:find('plan {plan} is partly applied', 1, true) end)")
    assert len(notes(nvim)) == 2, "one message for the plan, one for applying it, none that waits for a key"

    after = snapshot(shop)
    assert b"def sum_of_prices(items)" in after["shop/prices.py"]
    assert b"prices.sum_of_prices(items)" in after["shop/report.py"]
    assert after[refused] == before[refused]

    nvim.command("Magray undo")
    wait(nvim, f"vim.iter(_G.notes):any(function(n) return n:find('plan {plan} is undone', 1, true) end)")
    assert snapshot(shop) == before


def test_undo_refuses_to_overwrite_what_was_typed_since(nvim: pynvim.Nvim, shop: Path) -> None:
    open_file(nvim, "shop/prices.py", "total_price")
    make_plan(nvim, "rename total_price to sum_of_prices")
    nvim.command("Magray apply")
    wait(nvim, "vim.iter(_G.notes):any(function(n) return n:find('applied', 1, true) end)")
    nvim.command("edit shop/prices.py")
    nvim.funcs.append(0, "# typed since")
    typed = "\n".join(nvim.current.buffer[:])
    nvim.command("Magray undo")
    wait(nvim, "vim.iter(_G.notes):any(function(n) return n:find('prices.py', 1, true) end)")
    assert "\n".join(nvim.current.buffer[:]) == typed
    assert b"sum_of_prices" in (shop / "shop/report.py").read_bytes()


def test_a_goal_that_is_not_understood_says_what_can_be_done(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "shop/prices.py", "total_price")
    nvim.command("Magray plan make it nicer")
    wait(nvim, "vim.iter(_G.notes):any(function(n) return n:find('hint', 1, true) end)")


def test_checkhealth_finds_the_command(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "shop/prices.py", "total_price")
    nvim.command("checkhealth magray")
    text = "\n".join(nvim.current.buffer[:])
    assert "running for" in text
    assert "ERROR" not in text


def test_an_unknown_subcommand_is_answered_in_one_line(nvim: pynvim.Nvim) -> None:
    nvim.command("Magray frobnicate")
    assert notes(nvim) == ["magray: there is no :Magray frobnicate; try :help magray-commands"]
