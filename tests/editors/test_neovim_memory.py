"""The memory in a real headless Neovim on a real project: the picker with its filters, notes, todos, the graph."""

from __future__ import annotations

import json
from pathlib import Path

import pynvim
import pytest
from magray_testkit.projects import copied

from .test_neovim import notes, open_file, wait

pytestmark = pytest.mark.nvim

PICKER = "require('magray.memory').current"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real project in the place of the small one."""
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    return copied("tinydb", tmp_path / "tinydb")


def lines(nvim: pynvim.Nvim) -> list[str]:
    """What the picker shows."""
    return list(nvim.exec_lua(f"return vim.api.nvim_buf_get_lines({PICKER}.buffer, 0, -1, false)"))


def winbar(nvim: pynvim.Nvim) -> str:
    return str(nvim.exec_lua(f"return vim.wo[{PICKER}.window].winbar"))


def answering(nvim: pynvim.Nvim, *answers: str) -> None:
    """What the person will type when Neovim asks, and that they choose the first of a list."""
    nvim.exec_lua(
        f"local answers = vim.json.decode({json.dumps(json.dumps(answers))})\n"
        "vim.ui.input = function(_, done) done(table.remove(answers, 1)) end\n"
        "vim.ui.select = function(items, _, done) done(items[1], 1) end"
    )


def test_the_picker_finds_explains_previews_filters_jumps_and_fills_the_quickfix_list(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "tinydb/table.py", "class Table")
    nvim.command("Magray memory keep writes in a cache before storing")
    wait(nvim, f"{PICKER} ~= nil and #{PICKER}.hits > 0")
    assert any(line.startswith("tinydb/middlewares.py:") for line in lines(nvim))
    row = 1 + next(n for n, line in enumerate(lines(nvim)) if line.startswith("tinydb/middlewares.py:"))
    nvim.exec_lua(f"vim.api.nvim_win_set_cursor({PICKER}.window, {{ {row}, 0 }})")

    nvim.feedkeys("K", "x")
    shown = nvim.exec_lua(
        "for _, window in ipairs(vim.api.nvim_list_wins()) do\n"
        "  if vim.api.nvim_win_get_config(window).relative ~= '' then\n"
        "    return vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)\n"
        "  end\n"
        "end"
    )
    assert any(line.startswith("+") and "words" in line for line in shown), shown

    nvim.feedkeys("p", "x")
    wait(nvim, f"{PICKER}.preview ~= nil")
    name = nvim.exec_lua(f"return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf({PICKER}.preview))")
    assert name.endswith("tinydb/middlewares.py")
    nvim.feedkeys("p", "x")
    assert nvim.exec_lua(f"return {PICKER}.preview") is None

    answering(nvim, "path:tests/ language:python")
    nvim.feedkeys("f", "x")
    wait(nvim, f"vim.iter({PICKER}.hits):all(function(h) return vim.startswith(h.path, 'tests/') end)")
    assert lines(nvim)[0].startswith("tests/")
    assert "%#MagrayPill# path:tests/ %*" in winbar(nvim)
    assert "language:python" in winbar(nvim)
    offered = nvim.exec_lua("return require('magray.memory').complete_filter('path:tests/ kin')")
    assert "path:tests/ kind:" in offered

    answering(nvim, "", "CachingMiddleware")
    nvim.feedkeys("f", "x")
    nvim.feedkeys("r", "x")
    wait(nvim, f"{PICKER}.query == 'CachingMiddleware'")
    nvim.exec_lua(f"vim.api.nvim_win_set_cursor({PICKER}.window, {{ 1, 0 }})")
    nvim.feedkeys(nvim.replace_termcodes("<CR>"), "x")
    wait(nvim, "vim.api.nvim_buf_get_name(0):match('tinydb/middlewares.py$') ~= nil")
    assert "class CachingMiddleware" in nvim.current.line
    assert nvim.exec_lua(f"return {PICKER}") is None

    nvim.command("Magray memory! CachingMiddleware")
    wait(nvim, "#vim.fn.getqflist() > 0")
    first = nvim.exec_lua("local i = vim.fn.getqflist()[1]; return { vim.fn.bufname(i.bufnr), i.text }")
    assert first[0].endswith("tinydb/middlewares.py")
    assert first[1].startswith("CachingMiddleware: ")
    assert nvim.exec_lua(f"return {PICKER}") is None


def test_notes_and_todos_are_taken_at_the_cursor_found_done_and_forgotten(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "tinydb/middlewares.py", "class CachingMiddleware")
    nvim.command("Magray note flush before the interpreter ends")
    wait(nvim, "#_G.notes == 1")
    line = nvim.funcs.line(".")
    assert notes(nvim) == [f"magray: note about tinydb/middlewares.py:{line}"]
    nvim.command("Magray todo measure the cache")
    wait(nvim, "#_G.notes == 2")

    nvim.command("Magray todos")
    wait(nvim, f"{PICKER} ~= nil and #{PICKER}.hits == 1")
    assert lines(nvim) == [f"tinydb/middlewares.py:{line}  CachingMiddleware (todo) measure the cache"]
    answering(nvim, "path:tests/", "")
    nvim.feedkeys("f", "x")
    wait(nvim, f"#{PICKER}.hits == 0")
    nvim.feedkeys("f", "x")
    wait(nvim, f"#{PICKER}.hits == 1")
    nvim.feedkeys("x", "x")
    wait(nvim, f"#{PICKER}.hits == 0")
    assert lines(nvim) == ["nothing was found"]

    answering(nvim, "kind:note", "interpreter")
    nvim.feedkeys("f", "x")
    nvim.feedkeys("r", "x")
    wait(nvim, f"#{PICKER}.hits == 1 and {PICKER}.query == 'interpreter'")
    nvim.feedkeys("X", "x")
    wait(nvim, "vim.iter(_G.notes):any(function(n) return n:find('nothing of it is left', 1, true) end)")
    wait(nvim, f"#{PICKER}.hits == 0")


def test_the_graph_is_text_whose_places_can_be_followed_or_a_page(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "tinydb/middlewares.py", "class CachingMiddleware")
    nvim.command("Magray graph")
    wait(nvim, "vim.bo.filetype == 'magray-graph'")
    assert nvim.current.buffer[0].startswith("CachingMiddleware (symbol")
    nvim.command("close")
    nvim.exec_lua("vim.ui.open = function(file) _G.opened = file end")
    nvim.command("Magray graph! tinydb/middlewares.py")
    wait(nvim, "_G.opened ~= nil")
    page = Path(nvim.exec_lua("return _G.opened")).read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "tinydb/middlewares.py" in page


def test_embedding_is_paused_resumed_and_in_checkhealth(nvim: pynvim.Nvim) -> None:
    open_file(nvim, "tinydb/middlewares.py", "class CachingMiddleware")
    nvim.command("Magray pause")
    wait(nvim, "vim.iter(_G.notes):any(function(n) return n:find('embedding is paused', 1, true) end)")
    wait(nvim, "require('magray.client').index_status.embedding.paused")
    nvim.command("checkhealth magray")
    text = "\n".join(nvim.current.buffer[:])
    assert "embedding is paused" in text
    nvim.command("Magray resume")
    wait(nvim, "not require('magray.client').index_status.embedding.paused")


def test_subcommands_are_completed(nvim: pynvim.Nvim) -> None:
    assert nvim.funcs.getcompletion("Magray me", "cmdline") == ["memory", "memory!"]
    assert nvim.funcs.getcompletion("Magray to", "cmdline") == ["todo", "todos"]
