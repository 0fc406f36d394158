"""Magray in a real Emacs with eglot, which has no shim of ours and announces no resource operations."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import MAGRAY, editor, snapshot

pytestmark = pytest.mark.emacs


def test_eglot_plans_applies_and_undoes(shop: Path) -> None:
    before = snapshot(shop)
    emacs = editor("Emacs", "MAGRAY_EMACS", "emacs")
    env = {**os.environ, "MAGRAY": MAGRAY, "WORKSPACE": str(shop), "HOME": str(shop.parent)}
    ran = subprocess.run(
        [emacs, "--batch", "-q", "-l", str(Path(__file__).with_name("eglot.el"))],
        cwd=shop, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert snapshot(shop) == before
