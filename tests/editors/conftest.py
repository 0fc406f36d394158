"""Real editors on a small real workspace."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pynvim
import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".cache" / "tools"
MAGRAY = str(Path(sys.executable).parent / "magray")

FILES = {
    "shop/__init__.py": "",
    "shop/prices.py": '"""Prices."""\n\n\ndef total_price(items):\n    """Sum the prices of the items."""\n'
    "    return sum(item.price for item in items)\n",
    "shop/cart.py": "from shop.prices import total_price\n\n\nclass Cart:\n    def __init__(self, items):\n"
    "        self.items = items\n\n    def checkout(self):\n        # total_price includes the discount\n"
    "        return total_price(self.items)\n",
    "shop/report.py": "from shop import prices\n\n\ndef report(items):\n"
    "    return f'{prices.total_price(items):.2f}'\n",
    "tests/test_prices.py": "from shop.prices import total_price\n\n\ndef test_nothing_costs_nothing():\n"
    "    assert total_price([]) == 0\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
}


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file outside .magray with its bytes."""
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        name: path.read_bytes()
        for path in files
        if not (name := path.relative_to(root).as_posix()).startswith((".magray/", ".xdg/", ".git/"))
        and "__pycache__" not in name
    }


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace of a few Python files."""
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    root = tmp_path / "workspace"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def editor(name: str, variable: str, default: Path | str) -> str:
    """The path of an editor, or a skip that says which one is missing."""
    found = os.environ.get(variable) or shutil.which(str(default))
    if not found:
        pytest.skip(f"no {name}: run `make tools` or set {variable}")
    return found


@pytest.fixture
def nvim(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pynvim.Nvim]:
    """A headless Neovim in the workspace with the plugin on its runtime path, as the README tells."""
    binary = editor("Neovim", "MAGRAY_NVIM", TOOLS / "nvim/usr/bin/nvim")
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(shop.parent / ".xdg" / kind.lower()))
    runtime = TOOLS / "nvim/usr/share/nvim/runtime"
    if runtime.exists() and "MAGRAY_NVIM" not in os.environ:
        monkeypatch.setenv("VIMRUNTIME", str(runtime))
    monkeypatch.setenv("PATH", f"{Path(MAGRAY).parent}{os.pathsep}{os.environ['PATH']}")
    init = shop.parent / "init.lua"
    init.write_text(f"vim.o.swapfile = false\nvim.opt.rtp:prepend({str(ROOT / 'editors/nvim')!r})\n", encoding="utf-8")
    monkeypatch.chdir(shop)
    session = pynvim.attach("child", argv=[binary, "--embed", "--headless", "-u", str(init), "-i", "NONE"])
    session.exec_lua("_G.notes = {} vim.notify = function(text, level) table.insert(_G.notes, text) end")
    yield session
    with contextlib.suppress(OSError, EOFError, pynvim.NvimError):
        session.command("qa!")
    with contextlib.suppress(OSError, EOFError):
        session.close()
