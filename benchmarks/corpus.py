"""A tree of real source files, the same on every machine with the same Python: the standard library and its tests."""

from __future__ import annotations

import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of sources and its size."""

    root: Path
    n_files: int
    n_lines: int


def copy_tree(target: Path, n_lines: int) -> Tree:
    """Copy Python files in order of path until there are ``n_lines`` lines, standard library first, then packages."""
    copied = lines = 0
    for source in (Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))):
        for path in sorted(source.rglob("*.py")):
            relative = path.relative_to(source)
            if lines >= n_lines or "site-packages" in relative.parts or "lib2to3" in relative.parts:
                continue
            into = target / source.name / relative
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, into)
            copied, lines = copied + 1, lines + path.read_bytes().count(b"\n")
    return Tree(target, copied, lines)
