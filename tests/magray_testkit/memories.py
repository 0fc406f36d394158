"""What an index holds, as plain values that can be compared, and trees that change at random."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_indexers.building import build
from magray_indexers.keyword import FIELDS
from magray_indexers.reader import IndexReader

WORDS = ["load", "save", "parse", "user", "index", "token", "path", "value", "count", "merge", "node", "edge"]


def contents(root: Path) -> dict[str, object]:
    """Every file's chunks, symbols and markers, and what each word finds in each field with its score."""
    reader = IndexReader.open(root)
    try:
        files: dict[str, object] = {path: reader.file(path) for path, _ in reader.paths()}
        for word in WORDS:
            for field in FIELDS:
                found = reader.corpus.best(field, [word], 10_000)
                files[f"{field}:{word}"] = [(chunk, round(score, 4)) for chunk, score in found]
        return files
    finally:
        reader.close()


def rebuilt(root: Path, elsewhere: Path) -> dict[str, object]:
    """What an index of the same tree holds when it is built from nothing in another place."""
    shutil.copytree(root, elsewhere, ignore=shutil.ignore_patterns(".magray"), symlinks=True)
    build(elsewhere, IndexSettings())
    return contents(elsewhere)


def source(chance: random.Random) -> str:
    """A small Python file."""
    lines = [f'"""About {chance.choice(WORDS)} and {chance.choice(WORDS)}."""', ""]
    for _ in range(chance.randint(1, 5)):
        name = "_".join(chance.choice(WORDS) for _ in range(2))
        lines += [f"def {name}({chance.choice(WORDS)}):", f"    # TODO {chance.choice(WORDS)}"]
        lines += [f"    return {chance.choice(WORDS)}_{chance.randint(0, 99)}", ""]
    return "\n".join(lines)


def change(root: Path, chance: random.Random) -> list[str]:
    """One thing that happens to a tree; the paths that a watcher would report."""
    files = [path for path in root.rglob("*.py") if ".magray" not in path.parts]
    what = chance.choice(
        ["edit", "edit", "add", "add", "delete", "rename", "same size", "delete folder", "rename folder"]
    )
    folders = sorted({path.parent for path in files} - {root})
    if what == "add" or not files:
        path = (
            root / chance.choice(["", "pkg", "pkg/inner", "lib"]) / f"{chance.choice(WORDS)}_{chance.randint(0, 9)}.py"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source(chance))
        return [path.relative_to(root).as_posix()]
    path = chance.choice(sorted(files))
    name = path.relative_to(root).as_posix()
    if what in ("delete folder", "rename folder") and folders:
        folder = chance.choice(folders)
        name = folder.relative_to(root).as_posix()
        if what == "delete folder":
            shutil.rmtree(folder)
            return [name]
        target = root / f"moved_{chance.randint(0, 999)}"
        folder.rename(target)
        return [name, target.name]
    if what == "delete":
        path.unlink()
        return [name]
    if what == "rename":
        target = path.with_name(f"renamed_{chance.randint(0, 999)}.py")
        path.rename(target)
        return [name, target.relative_to(root).as_posix()]
    if what == "same size":
        path.write_text(path.read_text().replace("TODO", "HACK"))
        return [name]
    path.write_text(source(chance))
    return [name]
