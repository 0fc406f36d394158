"""Damage to any file of the index is noticed before it can be believed, and the next build repairs it."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from magray_testkit.memories import contents, source

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.errors import IndexCorrupt, IndexUnavailable
from magray_indexers.building import build
from magray_indexers.reader import IndexReader

SETTINGS = IndexSettings()


def truncate(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 5, 200])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def zero(path: Path, chance: random.Random) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def delete(path: Path, chance: random.Random) -> None:
    path.unlink()


def become_folder(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = [truncate, flip, zero, empty, delete, become_folder]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A workspace with a good index, and what it holds."""
    root = tmp_path_factory.mktemp("sound")
    chance = random.Random(5)
    for number in range(60):
        (root / f"m{number}.py").write_text(source(chance))
    build(root, SETTINGS)
    return root, contents(root)


CHECK = """
import pickle, sys
from pathlib import Path
from magray_core.errors import IndexCorrupt, IndexUnavailable, IndexingError
from magray_testkit.memories import contents
try:
    print(contents(Path(sys.argv[1])) == pickle.loads(Path(sys.argv[2]).read_bytes()))
except (IndexCorrupt, IndexUnavailable) as error:
    print(type(error).__name__)
"""


def read_in_a_fresh_process(root: Path, expected: dict[str, object], scratch: Path) -> str:
    """ "True" for right answers, "False" for wrong ones, or the name of the error. A crash fails the test."""
    import pickle

    (scratch / "expected").write_bytes(pickle.dumps(expected))
    done = subprocess.run(
        [sys.executable, "-c", CHECK, str(root), str(scratch / "expected")],
        env={"PYTHONPATH": str(Path(__file__).parents[1])}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout.strip()


def damaged_copy(sound: tuple[Path, dict[str, object]], tmp_path: Path) -> Path:
    root = tmp_path / "root"
    shutil.copytree(sound[0], root)
    return root


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damaged_keyword_file_is_noticed_before_native_code_reads_it(
    sound: tuple[Path, dict[str, object]], tmp_path: Path, damage: Callable[[Path, random.Random], None]
) -> None:
    folder = WorkspacePaths(sound[0]).keyword / "gen-1"
    names = sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")
    for number, name in enumerate(names):
        root = damaged_copy(sound, tmp_path / str(number))
        damage(WorkspacePaths(root).keyword / "gen-1" / name, random.Random(number))
        with pytest.raises(IndexCorrupt):
            IndexReader.open(root)
        if number == 0:
            build(root, SETTINGS)
            assert contents(root) == sound[1]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_damaged_store_never_gives_a_wrong_answer_and_is_rebuilt(
    sound: tuple[Path, dict[str, object]], tmp_path: Path, damage: Callable[[Path, random.Random], None], seed: int
) -> None:
    root = damaged_copy(sound, tmp_path)
    db = sqlite3.connect(WorkspacePaths(root).index_db)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    damage(WorkspacePaths(root).index_db, random.Random(seed))
    assert read_in_a_fresh_process(root, sound[1], tmp_path) in ("True", "IndexCorrupt", "IndexUnavailable")
    build(root, SETTINGS)
    assert contents(root) == sound[1]


def test_a_changed_row_is_noticed_and_the_next_build_repairs_it(
    sound: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    root = damaged_copy(sound, tmp_path)
    db = sqlite3.connect(WorkspacePaths(root).index_db)
    db.execute("UPDATE chunks SET text = replace(text, 'def', 'dEf')")
    db.commit()
    db.close()
    reader = IndexReader.open(root)
    with pytest.raises(IndexCorrupt):
        reader.text("m0.py")
    reader.close()
    build(root, SETTINGS)
    assert contents(root) == sound[1]


def test_a_missing_keyword_folder_is_made_again_from_the_rows(
    sound: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    root = damaged_copy(sound, tmp_path)
    shutil.rmtree(WorkspacePaths(root).keyword)
    with pytest.raises(IndexCorrupt):
        IndexReader.open(root)
    assert build(root, SETTINGS).changed == 0
    assert contents(root) == sound[1]


def test_the_index_of_another_program_is_moved_aside(tmp_path: Path) -> None:
    paths = WorkspacePaths(tmp_path)
    paths.create()
    db = sqlite3.connect(paths.index_db)
    db.execute("CREATE TABLE theirs (x)")
    db.commit()
    db.close()
    with pytest.raises(IndexCorrupt):
        IndexReader.open(tmp_path)
    build(tmp_path, SETTINGS)
    IndexReader.open(tmp_path).close()
    assert (paths.memory / "index.db.damaged").exists()


def test_no_index_is_unavailable_not_corrupt(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable):
        IndexReader.open(tmp_path)
