"""Random histories of a tree: what memory holds at the end is what a fresh index holds, and nothing old is found."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.memories import change, source

from magray_configs.settings import IndexSettings
from magray_indexers.building import build, update
from magray_indexers.reader import IndexReader
from magray_indexers.vectors.embedding import embed

SETTINGS = IndexSettings(workers=1)
QUESTIONS = ("load user", "save token path", "where are nodes merged", "parse_edge", "m3.py", "count of values")


def tree(root: Path, seed: int) -> Path:
    chance = random.Random(seed)
    (root / "pkg").mkdir(parents=True)
    for number in range(8):
        (root / "pkg" / f"m{number}.py").write_text(source(chance))
    return root


def hits(root: Path, embedder: WordEmbedder) -> list[list[tuple[str, int, str, dict[str, float]]]]:
    """What is found, with every part of its score."""
    reader = IndexReader.open(root, embedder_for=serving(embedder))
    try:
        return [
            [(hit.path, hit.start_line, hit.symbol, dict(hit.scores)) for hit in reader.search(question, 10).hits]
            for question in QUESTIONS
        ]
    finally:
        reader.close()


def one_history(root: Path, elsewhere: Path, seed: int) -> None:
    chance, embedder = random.Random(seed), WordEmbedder()
    tree(root, seed)
    build(root, SETTINGS)
    for _ in range(chance.randint(3, 12)):
        paths = change(root, chance)
        update(root, paths, SETTINGS) if chance.random() < 0.7 else build(root, SETTINGS)
        if chance.random() < 0.5:
            embed(root, embedder, budget_s=60)
    for path in root.rglob("*.py"):
        os.utime(path, (1e9, 1e9))  # times order what is otherwise equal, and are no part of the history
    build(root, SETTINGS)
    embed_all(root, embedder)
    shutil.copytree(root, elsewhere, ignore=shutil.ignore_patterns(".magray"))
    build(elsewhere, SETTINGS)
    embed_all(elsewhere, embedder)
    assert hits(root, embedder) == hits(elsewhere, embedder), seed


@pytest.mark.parametrize("seed", range(4))
def test_a_history_ends_where_a_fresh_index_begins(tmp_path: Path, seed: int) -> None:
    one_history(tmp_path / "grown", tmp_path / "fresh", seed)


@pytest.mark.soak
def test_a_hundred_histories_end_where_fresh_indexes_begin(tmp_path: Path) -> None:
    for seed in range(100, 200):
        one_history(tmp_path / f"grown{seed}", tmp_path / f"fresh{seed}", seed)


def edits(root: Path, n: int) -> None:
    """After each save, what was there before is found by nobody, and what is there now is found first."""
    embedder = WordEmbedder()
    tree(root, 5)
    (root / "pkg" / "edited.py").write_text("def nothing_yet(): ...\n")
    build(root, SETTINGS)
    embed_all(root, embedder)
    for number in range(n):
        name, before = f"zebra_{number}_stripes", f"zebra_{number - 1}_stripes"
        (root / "pkg" / "edited.py").write_text(f"def {name}():\n    return 'crossing number {number}'\n")
        update(root, ["pkg/edited.py"], SETTINGS)
        if number % 3 == 0:
            embed(root, embedder, budget_s=60)
        reader = IndexReader.open(root, embedder_for=serving(embedder))
        found = [hit for query in (before, f"crossing number {number - 1}") for hit in reader.search(query, 10).hits]
        assert not [hit for hit in found if before in hit.snippet], number
        assert name in reader.search(name, 1).hits[0].snippet, number
        reader.close()


def test_after_fifty_edits_nothing_old_is_found(tmp_path: Path) -> None:
    edits(tmp_path / "root", 50)


@pytest.mark.soak
def test_after_a_thousand_edits_nothing_old_is_found(tmp_path: Path) -> None:
    edits(tmp_path / "root", 1000)
