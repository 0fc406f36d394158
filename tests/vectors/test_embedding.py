"""Vectors of a workspace: made once for each content, fresh after every change, found by search."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.memories import change, source

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.memory import SearchScope
from magray_indexers.building import build, update
from magray_indexers.reader import IndexReader
from magray_indexers.vectors.embedding import embed
from magray_indexers.vectors.publishing import publish, read_vector_generation
from magray_indexers.vectors.quantizing import normalized, quantized

SETTINGS = IndexSettings(workers=1)


def tree(root: Path, files: int = 12) -> Path:
    chance = random.Random(7)
    (root / "pkg").mkdir(parents=True)
    for number in range(files):
        (root / "pkg" / f"m{number}.py").write_text(source(chance))
    return root


def nearest(root: Path, embedder: WordEmbedder, question: str, k: int = 500) -> list[tuple[str, str, float]]:
    """(path, text, cosine) of what vectors find, best first."""
    reader = IndexReader.open(root, embedder_for=serving(embedder))
    try:
        vectors = reader.corpus.vectors
        assert vectors is not None
        found = vectors.search(vectors.embed_query(question), k)
        files = reader.corpus.files({number >> 17 for number, _ in found})
        chunks = {number: reader.corpus.chunk(number) for number, _ in found}
        return [(files[n >> 17].path, c.text, round(cosine, 5)) for n, cosine in found if (c := chunks[n]) is not None]
    finally:
        reader.close()


def test_every_chunk_gets_one_vector_and_a_second_run_embeds_nothing(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    chunks = build(root, SETTINGS).chunks
    assert embed_all(root, embedder).vectors == chunks
    made = len(embedder.texts)
    assert embed_all(root, embedder).embedded == 0
    assert len(embedder.texts) == made
    assert len(nearest(root, embedder, "load user")) == chunks


def test_work_comes_in_slices_that_can_be_continued(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path, 60), WordEmbedder(quick=False)
    build(root, SETTINGS)
    remaining = []
    while not remaining or remaining[-1]:
        remaining.append(embed(root, embedder, budget_s=0).remaining)
    assert remaining == sorted(remaining, reverse=True) and len(remaining) > 2
    assert len(embedder.texts) == len(set(embedder.texts))


def test_moved_files_and_other_branches_cost_no_embedding(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    made = len(embedder.texts)
    (root / "pkg").rename(root / "elsewhere")
    build(root, SETTINGS)
    embed_all(root, embedder)
    (root / "elsewhere" / "m0.py").write_text("def another_branch():\n    return 1\n")
    build(root, SETTINGS)
    embed_all(root, embedder)
    assert len(embedder.texts) == made + 1
    shutil.rmtree(root / "elsewhere")
    tree(root / "again")
    build(root, SETTINGS)
    embed_all(root, embedder)
    assert len(embedder.texts) == made + 1, "what the other branch holds was embedded before"


def test_a_lost_index_is_rebuilt_without_embedding(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    before, made = nearest(root, embedder, "merge node"), len(embedder.texts)
    shutil.rmtree(WorkspacePaths(root).memory)
    build(root, SETTINGS)
    embed_all(root, embedder)
    assert nearest(root, embedder, "merge node") == before
    assert len(embedder.texts) == made


def test_a_saved_file_is_found_by_its_new_vectors_before_anything_is_published(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    folder = _generation(root)
    (root / "pkg" / "m3.py").write_text("def zebra_crossing(): return 'unheard of stripes'\n")
    update(root, ["pkg/m3.py"], SETTINGS)
    found = nearest(root, embedder, "zebra crossing stripes")
    assert all(path != "pkg/m3.py" for path, _, _ in found), "its old vectors are not found any more"
    embed_all(root, embedder)
    path, text, cosine = nearest(root, embedder, "zebra crossing stripes")[0]
    assert path == "pkg/m3.py" and "zebra" in text and cosine > 0.5
    assert _generation(root) == folder


def test_random_histories_end_with_the_vectors_of_a_fresh_index(tmp_path: Path) -> None:
    chance, embedder = random.Random(11), WordEmbedder()
    root = tree(tmp_path / "root")
    build(root, SETTINGS)
    for _ in range(25):
        update(root, change(root, chance), SETTINGS)
        if chance.random() < 0.5:
            embed(root, embedder, budget_s=60)
    embed_all(root, embedder)
    shutil.copytree(root, tmp_path / "fresh", ignore=shutil.ignore_patterns(".magray"))
    build(tmp_path / "fresh", SETTINGS)
    embed_all(tmp_path / "fresh", embedder)
    for question in ("load user", "save token path", "parse edge"):
        assert nearest(root, embedder, question) == nearest(tmp_path / "fresh", embedder, question)


def test_the_old_model_serves_until_the_new_one_is_complete(tmp_path: Path) -> None:
    root, old, new = tree(tmp_path, 60), WordEmbedder("old"), WordEmbedder("new", 32, quick=False)
    build(root, SETTINGS)
    embed_all(root, old)
    served = []
    while True:
        report = embed(root, new, budget_s=0)
        reader = IndexReader.open(root, embedder_for=serving(old, new))
        assert reader.corpus.vectors is not None
        served.append(reader.corpus.vectors.model)
        reader.close()
        if not report.remaining:
            break
    assert served[:-1] == ["old"] * (len(served) - 1) and len(served) > 2
    assert served[-1] == "new"


def test_without_the_embedder_of_its_vectors_search_goes_by_words(tmp_path: Path) -> None:
    root = tree(tmp_path)
    build(root, SETTINGS)
    embed_all(root, WordEmbedder())
    reader = IndexReader.open(root, embedder_for=serving(WordEmbedder("another")))
    assert reader.corpus.vectors is None
    assert reader.search("load", 3).hits
    other_size = IndexReader.open(root, embedder_for=lambda _: WordEmbedder(dim=8))
    assert other_size.corpus.vectors is None, "vectors of another dimension are not compared"


def test_hits_say_what_vectors_gave_them_and_scopes_hold(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "a.py").write_text("def retry(times):\n    '''Try again after a failure.'''\n")
    (tmp_path / "docs" / "guide.md").write_text("# Failure\n\nTry again after a failure.\n")
    embedder = WordEmbedder()
    build(tmp_path, SETTINGS)
    embed_all(tmp_path, embedder)
    reader = IndexReader.open(tmp_path, embedder_for=serving(embedder))
    hits = reader.search("what is tried again after a failure", 5).hits
    assert {hit.path for hit in hits} == {"a.py", "docs/guide.md"}
    assert any(hit.scores.get("meaning") for hit in hits)
    for scope in (SearchScope(paths=("docs/",)), SearchScope(kinds=("docs",)), SearchScope(languages=("markdown",))):
        assert {hit.path for hit in reader.search("try again", 5, scope=scope).hits} == {"docs/guide.md"}, scope
    assert {h.kind for h in reader.search("try again", 5, scope=SearchScope(kinds=("function",))).hits} == {"function"}


@pytest.mark.parametrize("file", ["ids.npy", "rows.npy"])
@pytest.mark.parametrize("size", [0, 7, None])
def test_damaged_published_vectors_are_noticed_and_published_again_without_embedding(
    tmp_path: Path, file: str, size: int | None
) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    before, made = nearest(root, embedder, "load user"), len(embedder.texts)
    path = WorkspacePaths(root).vectors / _generation(root) / file
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(bytes(data) if size is None else bytes(data[:size]))
    reader = IndexReader.open(root, embedder_for=serving(embedder))
    assert reader.corpus.vectors is None and reader.search("load", 3).hits
    reader.close()
    embed_all(root, embedder)
    assert nearest(root, embedder, "load user") == before
    assert len(embedder.texts) == made


def test_a_damaged_vector_is_made_again_alone(tmp_path: Path) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    before, made = nearest(root, embedder, "load user"), len(embedder.texts)
    db = sqlite3.connect(WorkspacePaths(root).vector_cache, isolation_level=None)
    db.execute("UPDATE vectors SET vector = zeroblob(64) WHERE seq = 3")
    db.close()
    shutil.rmtree(WorkspacePaths(root).vectors / _generation(root))
    embed_all(root, embedder)
    assert nearest(root, embedder, "load user") == before
    assert len(embedder.texts) == made + 1


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, None])
def test_an_unreadable_cache_is_set_aside_and_made_anew(tmp_path: Path, content: bytes | None) -> None:
    root, embedder = tree(tmp_path), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    before = nearest(root, embedder, "load user")
    cache = WorkspacePaths(root).vector_cache
    for companion in cache.parent.glob("vectors.db*"):
        companion.unlink()
    if content is None:
        cache.mkdir()
    else:
        cache.write_bytes(content)
    assert nearest(root, embedder, "load user") == before, "what is published serves without the cache"
    (root / "pkg" / "m0.py").write_text("def fresh(): pass\n")
    update(root, ["pkg/m0.py"], SETTINGS)
    embed_all(root, embedder)
    assert nearest(root, embedder, "fresh")[0][0] == "pkg/m0.py"


def test_a_large_workspace_uses_an_approximate_index_that_grows(tmp_path: Path) -> None:
    from magray_indexers import store
    from magray_indexers.vectors.cache import VectorCache
    from magray_indexers.vectors.publishing import open_published

    root, embedder = tree(tmp_path, 40), WordEmbedder()
    build(root, SETTINGS)
    embed_all(root, embedder)
    paths = WorkspacePaths(root)
    vector = embedder.embed_query("load user token")
    exact = open_published(paths.vectors, _read(root)).search(vector, 10)
    db, cache = store.open_for_writing(paths.index_db), VectorCache.open(paths.vector_cache)
    generation = publish(db, cache, paths.vectors, embedder.model, large=10)
    assert "hnsw.usearch" in generation.manifest
    assert open_published(paths.vectors, generation).search(vector, 10) == exact
    (root / "pkg" / "m1.py").write_text("def load_user_token(): return 'load user token'\n")
    (root / "pkg" / "m2.py").unlink()
    db.close()
    cache.close()
    build(root, SETTINGS)
    embed(root, embedder, budget_s=60)
    db, cache = store.open_for_writing(paths.index_db), VectorCache.open(paths.vector_cache)
    grown = publish(db, cache, paths.vectors, embedder.model, large=10)
    published = open_published(paths.vectors, grown)
    reader = IndexReader.open(root)
    path = reader.corpus.files([published.search(vector, 1)[0][0] >> 17])
    assert [entry.path for entry in path.values()] == ["pkg/m1.py"]
    assert len(published) == grown.n_vectors == reader.generation.n_chunks


def test_rounded_rows_keep_their_direction() -> None:
    rows = np.random.default_rng(3).standard_normal((200, 256)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    again = normalized(quantized(rows))
    assert np.all(np.sum(rows * again, axis=1) > 0.9999)
    assert not quantized(np.zeros((1, 4), np.float32)).any()


def _read(root: Path):
    db = sqlite3.connect(WorkspacePaths(root).index_db)
    try:
        return read_vector_generation(db)
    finally:
        db.close()


def _generation(root: Path) -> str:
    return _read(root).folder
