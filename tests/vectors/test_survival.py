"""Vectors after kill -9 at every failpoint and at random times, and after damage to any byte of their files."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.memories import source

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.errors import IndexFormatTooNew, IndexingError
from magray_indexers.building import build
from magray_indexers.reader import IndexReader
from magray_indexers.vectors.cache import VectorCache

CHILD = Path(__file__).with_name("crashing_child.py")
SETTINGS = IndexSettings(workers=1)
QUESTIONS = ("load user", "save token path", "merge node edge")


def tree(root: Path, seed: int, files: int = 8) -> Path:
    chance = random.Random(seed)
    (root / "pkg").mkdir(parents=True)
    for number in range(files):
        (root / "pkg" / f"m{number}.py").write_text(source(chance))
    return root


def answers(root: Path) -> list[list[tuple[int, float]]]:
    """What vectors answer to each question, in a reader of its own."""
    embedder = WordEmbedder()
    reader = IndexReader.open(root, embedder_for=serving(embedder))
    try:
        vectors = reader.corpus.vectors
        if vectors is None:
            return []
        return [vectors.search(embedder.embed_query(question), 50) for question in QUESTIONS]
    finally:
        reader.close()


def mended(root: Path) -> list[list[tuple[int, float]]]:
    build(root, SETTINGS)
    embed_all(root, WordEmbedder())
    return answers(root)


def fresh(root: Path, elsewhere: Path) -> list[list[tuple[int, float]]]:
    shutil.copytree(root, elsewhere, ignore=shutil.ignore_patterns(".magray"))
    return mended(elsewhere)


def child(root: Path, seed: int, steps: int, **environment: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **environment}
    command = [sys.executable, str(CHILD), str(root), str(seed), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)


def acknowledged(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """(generation, vectors kept) that the child said last."""
    assert process.stdout is not None
    lines = [line for line in process.stdout.read().split(b"\n") if line.count(b" ") == 1]
    generation, kept = lines[-1].split() if lines else (b"0", b"0")
    return int(generation), int(kept)


def check(root: Path, elsewhere: Path, safe: tuple[int, int]) -> None:
    """Nothing that was acknowledged is gone, and what is there is what a fresh index has."""
    if safe[0]:
        cache = VectorCache.open(WorkspacePaths(root).vector_cache)
        assert cache.count() >= safe[1]
        cache.close()
        reader = IndexReader.open(root)
        assert reader.generation.number >= safe[0]
        reader.close()
    assert mended(root) == fresh(root, elsewhere)


@pytest.mark.parametrize(
    ("failpoint", "nth"), [("embedded", 1), ("embedded", 4), ("vectors-written", 1), ("before-vector-flip", 1)]
)
def test_killed_at_a_failpoint_no_vector_is_lost_or_mixed_up(tmp_path: Path, failpoint: str, nth: int) -> None:
    root = tree(tmp_path / "root", nth)
    process = child(root, nth, 60, MAGRAY_FAIL=f"{failpoint}#{nth}:kill")
    safe = acknowledged(process)
    assert process.wait(60) == -signal.SIGKILL, "the failpoint was reached"
    check(root, tmp_path / "fresh", safe)


def killed_at_random(root: Path, seed: int) -> tuple[int, int]:
    process = child(root, seed, 400)
    timer = threading.Timer(random.Random(seed).uniform(0.3, 1.5), process.kill)
    timer.start()
    safe = acknowledged(process)
    timer.join()
    process.wait(30)
    return safe


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_time_no_vector_is_lost_or_mixed_up(tmp_path: Path, seed: int) -> None:
    root = tree(tmp_path / "root", seed)
    check(root, tmp_path / "fresh", killed_at_random(root, seed))


@pytest.mark.soak
def test_three_hundred_random_kills_on_one_workspace_lose_nothing(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", 1)
    for seed in range(300):
        safe = killed_at_random(root, seed)
        if seed % 25 == 0:
            check(root, tmp_path / f"fresh{seed}", safe)
        else:
            cache = VectorCache.open(WorkspacePaths(root).vector_cache)
            assert cache.count() >= safe[1], seed
            cache.close()
    check(root, tmp_path / "fresh", (0, 0))


DAMAGED = """
import random, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_survival import answers, mended
root, step = Path(sys.argv[1]), int(sys.argv[2])
right = answers(root)
folder = root / ".magray" / "vec_index"
for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-shm", "-wal"))):
    sound = path.read_bytes()
    for at in range(0, len(sound), step):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x55]) + sound[at + 1 :])
        found = answers(root)
        assert found in ([], right), (path.name, at)
    path.write_bytes(sound)
assert mended(root) == right
print("sound")
"""


def every_byte(root: Path, step: int) -> None:
    tree(root, 3, 6)
    mended(root)
    tests = str(Path(__file__).parent)
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", DAMAGED, str(root), str(step), tests],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "sound"), done.stderr[-2000:]


def test_damage_to_bytes_of_vector_files_gives_right_answers_or_none(tmp_path: Path) -> None:
    every_byte(tmp_path, 97)


@pytest.mark.soak
def test_damage_to_every_byte_of_vector_files_gives_right_answers_or_none(tmp_path: Path) -> None:
    every_byte(tmp_path, 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_cache_damaged_at_random_is_mended_and_answers_are_right_again(tmp_path: Path, seed: int) -> None:
    root, chance = tree(tmp_path / "root", seed), random.Random(seed)
    right = mended(root)
    file = WorkspacePaths(root).vector_cache
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice([1, 20, 2000])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    for companion in file.parent.glob("vectors.db-*"):
        companion.unlink()
    file.write_bytes(bytes(data))
    shutil.rmtree(next(path for path in file.parent.iterdir() if path.is_dir()))
    assert mended(root) == right


def test_a_full_disk_while_publishing_leaves_the_old_vectors_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(tmp_path / "root", 1)
    before = mended(root)
    shutil.rmtree(root / "pkg")
    tree(root / "new", 9, 90)
    build(root, SETTINGS)
    monkeypatch.setenv("MAGRAY_FAIL", "vectors-written:enospc")
    with pytest.raises(IndexingError, match="No space left"):
        embed_all(root, WordEmbedder())
    monkeypatch.delenv("MAGRAY_FAIL")
    assert answers(root) != before, "nothing of the old files is found"
    assert mended(root) == fresh(root, tmp_path / "fresh")


def test_a_cache_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", 1)
    mended(root)
    file = WorkspacePaths(root).vector_cache
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA user_version=99")
    db.close()
    (root / "pkg" / "m0.py").write_text("def changed(): pass\n")
    build(root, SETTINGS)
    with pytest.raises(IndexFormatTooNew):
        embed_all(root, WordEmbedder())
    assert file.exists() and IndexReader.open(root).search("changed", 1).hits


def test_vectors_of_another_workspace_are_not_believed(tmp_path: Path) -> None:
    one, other = tree(tmp_path / "one", 1), tree(tmp_path / "other", 2)
    right = mended(one)
    mended(other)
    folder = next(p for p in WorkspacePaths(one).vectors.iterdir() if p.is_dir())
    theirs = next(p for p in WorkspacePaths(other).vectors.iterdir() if p.is_dir())
    shutil.rmtree(folder)
    shutil.copytree(theirs, folder)
    assert answers(one) == []
    assert mended(one) == right
