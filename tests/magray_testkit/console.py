"""The real console script as a process, on small real workspaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(sys.executable).with_name("magray")

SHOP = {
    "shop/__init__.py": "from .prices import total as total\n",
    "shop/prices.py": (
        '"""Prices."""\n\nVAT = 19\n\n\n'
        "# TODO: round to cents\n"
        "def total(prices: list[int]) -> int:\n"
        '    """Add up the prices.\n\n    In cents.\n    """\n'
        "    return sum(prices)\n\n\n"
        "class Basket:\n"
        '    """What a person buys."""\n\n'
        "    def __init__(self) -> None:\n        self.prices: list[int] = []\n\n"
        "    def pay(self) -> int:\n        return total(self.prices)\n"
    ),
    "shop/report.py": (
        "from shop.prices import Basket, total\n\n\n"
        "def report(basket: Basket) -> str:\n"
        '    """Say what total a basket has."""\n'
        "    return f'{total(basket.prices)} and {basket.pay()}'\n"
    ),
    "tests/test_prices.py": (
        "from shop import total\n\n\ndef test_total_adds() -> None:\n    assert total([1, 2]) == 3\n"
    ),
    "README.md": "# Shop\n\nCall `total` to add prices.\n",
    "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
}
"""A small project: one function with callers in two files, a re-export, a test, a note in the README."""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


def magray(
    *arguments: str, cwd: Path, stdin: str = "", env: Mapping[str, str] | None = None, timeout_s: float = 120
) -> Ran:
    """Run the console script to its end."""
    done = subprocess.run(
        [str(SCRIPT), *arguments], cwd=cwd, input=stdin, capture_output=True, text=True, encoding="utf-8",
        env=environment(cwd, env), timeout=timeout_s, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def environment(cwd: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command: a home of its own beside the workspace, no settings of the person's."""
    cleaned = {name: value for name, value in os.environ.items() if not name.startswith(("MAGRAY", "PYTEST"))}
    return {**cleaned, "MAGRAY_HOME": str(cwd.parent / "magray-home"), **(env or {})}


def write(root: Path, files: Mapping[str, str]) -> Path:
    """The files below the root."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8", newline="")
    return root


def tree(root: Path) -> dict[str, bytes]:
    """Every file's bytes, without ``.magray``."""
    files = (path for path in root.rglob("*") if path.is_file() and ".magray" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}
