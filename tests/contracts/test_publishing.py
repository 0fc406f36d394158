"""Putting a workspace into the shared index: whole or not at all, only what differs, and out again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from magray_testkit.console import SHOP, write
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.memories import WORDS, change, source
from magray_testkit.postgres import Cluster

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import IndexFormatTooNew, IndexingError, IndexUnavailable
from magray_indexers.building import build
from magray_indexers.postgres.connection import Limits, SharedDatabase
from magray_indexers.postgres.doc_store import PostgresDocStore
from magray_indexers.postgres.publishing import publish, withdraw
from magray_indexers.postgres.schema import MIGRATIONS, VERSION
from magray_indexers.reader import IndexReader

TABLES = ("files", "chunks", "symbols", "markers", "words", "vocabulary", "vectors")


@pytest.fixture
def dsn(cluster: Cluster) -> str:
    return cluster.database()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = write(tmp_path / "shop", SHOP)
    build(root, IndexSettings(workers=1))
    return root


def stored(cluster: Cluster, dsn: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but for the numbers that count publications."""
    held = {}
    for table in TABLES:
        if cluster.execute(f"SELECT to_regclass('magray.{table}') IS NOT NULL", dsn) == [(True,)]:
            held[table] = sorted(cluster.execute(f"SELECT * FROM magray.{table}", dsn), key=repr)
    columns = "name, head, n_files, n_chunks, lengths"
    held["repositories"] = cluster.execute(f"SELECT {columns} FROM magray.repositories ORDER BY name", dsn)
    return held


def test_only_files_that_differ_are_sent(shop: Path, dsn: str) -> None:
    database = SharedDatabase(dsn)
    first = publish(shop, database, "shop")
    assert (first.sent, first.removed, first.generation, first.files) == (6, 0, 1, 6)
    again = publish(shop, database, "shop")
    assert (again.sent, again.removed, again.generation) == (0, 0, 2)
    write(shop, {"shop/prices.py": SHOP["shop/prices.py"] + "\n\ndef refund() -> int:\n    return -1\n"})
    (shop / "README.md").unlink()
    build(shop, IndexSettings(workers=1))
    third = publish(shop, database, "shop")
    assert (third.sent, third.removed, third.files) == (1, 1, 5)
    store = PostgresDocStore(database, ["shop"])
    assert [hit.symbol for hit in store.search("refund", 1).hits] == ["refund"]
    assert "README.md" not in dict(store.paths())
    assert "README.md" not in [hit.path for hit in store.search("Call total to add prices", 10).hits]


def test_what_grew_by_publishing_equals_what_is_published_at_once(cluster: Cluster, tmp_path: Path, dsn: str) -> None:
    chance = random.Random(7)
    root = tmp_path / "w"
    write(root, {f"pkg/{word}.py": source(chance) for word in WORDS[:6]})
    embedder = WordEmbedder()
    database = SharedDatabase(dsn)
    for _ in range(6):
        build(root, IndexSettings(workers=1))
        embed_all(root, embedder)
        publish(root, database, "w")
        for _ in range(3):
            change(root, chance)
    build(root, IndexSettings(workers=1))
    embed_all(root, embedder)
    publish(root, database, "w")
    fresh = cluster.database()
    publish(root, SharedDatabase(fresh), "w")
    grown, made = stored(cluster, dsn), stored(cluster, fresh)
    assert made["vectors"]
    assert grown == made


def test_repositories_with_the_same_paths_stay_apart(shop: Path, tmp_path: Path, dsn: str) -> None:
    other = write(tmp_path / "other", {"shop/prices.py": "def discount() -> int:\n    return 3\n"})
    build(other, IndexSettings(workers=1))
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    publish(other, database, "other")
    every = PostgresDocStore(database)
    assert [path for path, _ in every.paths()][:2] == ["other/shop/prices.py", "shop/README.md"]
    assert every.search("discount", 1).hits[0].path == "other/shop/prices.py"
    assert every.search("total", 1).hits[0].path == "shop/shop/prices.py"
    assert PostgresDocStore(database, ["shop"]).search("discount", 5).hits == ()
    for query in ("total", "what a person buys", "def", "prices in cents"):
        assert (
            PostgresDocStore(database, ["shop"]).search(query, 9).hits == IndexReader.open(shop).search(query, 9).hits
        )
    assert PostgresDocStore(database, ["other"]).text("shop/prices.py") == "def discount() -> int:\n    return 3\n"
    two = PostgresDocStore(database, ["other", "shop"])
    assert [one.path for one in two.occurrences("discount")] == ["other/shop/prices.py"]
    assert two.file("nowhere/shop/prices.py") is None
    assert two.freshness().generation == 2


def test_taking_a_repository_out_leaves_nothing_of_it(cluster: Cluster, shop: Path, tmp_path: Path, dsn: str) -> None:
    embed_all(shop, WordEmbedder())
    other = write(tmp_path / "other", {"a.py": "def zebra() -> int:\n    return 3\n"})
    build(other, IndexSettings(workers=1))
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    alone = stored(cluster, dsn)
    publish(other, database, "other")
    assert withdraw(database, "other")
    assert stored(cluster, dsn) == alone
    assert withdraw(database, "shop")
    assert {table: rows for table, rows in stored(cluster, dsn).items() if rows} == {}
    assert not withdraw(database, "shop")


def test_a_name_that_cannot_be_a_folder_is_refused(shop: Path, dsn: str) -> None:
    for name in ("", "a/b", "..", "-x", "naïve", "x" * 101, "a b", "a\n"):
        with pytest.raises(IndexingError, match="cannot be called"):
            publish(shop, SharedDatabase(dsn), name)


def test_a_repository_that_is_not_there_is_named_with_those_that_are(shop: Path, dsn: str) -> None:
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    with pytest.raises(IndexingError, match="no repository 'shpo'") as raised:
        PostgresDocStore(database, ["shpo"]).search("total", 1)
    assert "shop" in raised.value.hint


def test_a_workspace_without_an_index_is_not_published(tmp_path: Path, dsn: str) -> None:
    with pytest.raises(IndexUnavailable, match="no index yet"):
        publish(tmp_path, SharedDatabase(dsn), "shop")


def test_readers_see_the_old_generation_until_the_new_one_is_whole(shop: Path, dsn: str) -> None:
    reader = PostgresDocStore(SharedDatabase(dsn), ["shop"])
    publish(shop, SharedDatabase(dsn), "shop")
    write(shop, {"shop/prices.py": "def sum_up() -> int:\n    return 1\n"})
    build(shop, IndexSettings(workers=1))
    seen = []

    class Watching:
        def report(self, message: str, fraction: float | None = None) -> None:
            seen.append((reader.freshness().generation, [hit.symbol for hit in reader.search("Basket", 1).hits]))

    publish(shop, SharedDatabase(dsn), "shop", progress=Watching())
    assert len(seen) >= 4
    assert set(map(repr, seen)) == {repr((1, ["Basket"]))}
    assert reader.freshness().generation == 2
    assert "Basket" not in [hit.symbol for hit in reader.search("Basket", 5).hits]


@pytest.mark.parametrize("place", ["shared-deleted", "shared-sending", "shared-before-commit"])
def test_a_publisher_that_dies_changes_nothing_and_keeps_nobody_out(
    cluster: Cluster, shop: Path, dsn: str, place: str
) -> None:
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    before = stored(cluster, dsn)
    write(shop, {"shop/prices.py": "def sum_up() -> int:\n    return 1\n", "new.py": "x = 1\n"})
    build(shop, IndexSettings(workers=1))
    script = (
        "import sys; from pathlib import Path\n"
        "from magray_indexers.postgres.connection import SharedDatabase\n"
        "from magray_indexers.postgres.publishing import publish\n"
        "publish(Path(sys.argv[1]), SharedDatabase(sys.argv[2]), 'shop')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop), dsn], env={**os.environ, "MAGRAY_FAIL": f"{place}:kill"}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert stored(cluster, dsn) == before
    assert publish(shop, database, "shop").sent == 2


def test_a_publisher_that_is_stopped_changes_nothing(cluster: Cluster, shop: Path, dsn: str) -> None:
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    before = stored(cluster, dsn)
    write(shop, {"new.py": "x = 1\n"})
    build(shop, IndexSettings(workers=1))
    cancel = CancelToken()

    class Stopping:
        def report(self, message: str, fraction: float | None = None) -> None:
            cancel.cancel()

    with pytest.raises(Cancelled):
        publish(shop, database, "shop", progress=Stopping(), cancel=cancel)
    assert stored(cluster, dsn) == before
    assert publish(shop, database, "shop").sent == 1


def test_two_publishers_take_turns(shop: Path, dsn: str) -> None:
    publish(shop, SharedDatabase(dsn), "shop")
    met: list[str] = []

    class Meanwhile:
        def report(self, message: str, fraction: float | None = None) -> None:
            try:
                publish(shop, SharedDatabase(dsn, Limits(lock_s=0.05)), "shop")
            except IndexUnavailable as error:
                met.append(error.message)

    publish(shop, SharedDatabase(dsn), "shop", progress=Meanwhile())
    assert set(met) == {"somebody else is publishing to the shared index"}


def test_vectors_that_come_later_are_sent_without_the_files(shop: Path, dsn: str) -> None:
    database, embedder = SharedDatabase(dsn), WordEmbedder()
    assert publish(shop, database, "shop").vectors == 0
    embed_all(shop, embedder)
    report = publish(shop, database, "shop")
    assert report.sent == 0
    assert report.vectors == report.chunks
    store = PostgresDocStore(database, ["shop"], embedder_for=serving(embedder))
    hits = store.search("add up the prices in cents", 3).hits
    assert any("meaning" in hit.scores for hit in hits)
    blind = PostgresDocStore(database, ["shop"], embedder_for=lambda model: None)
    assert blind.search("add up the prices in cents", 3).hits


def test_vectors_of_another_model_are_refused_and_nothing_changes(
    cluster: Cluster, shop: Path, tmp_path: Path, dsn: str
) -> None:
    database = SharedDatabase(dsn)
    embed_all(shop, WordEmbedder())
    publish(shop, database, "shop")
    before = stored(cluster, dsn)
    other = write(tmp_path / "other", {"a.py": "x = 1\n"})
    build(other, IndexSettings(workers=1))
    embed_all(other, WordEmbedder("words-2", 32))
    with pytest.raises(IndexingError, match=r"holds vectors of words-1 \(64 numbers\).*words-2 \(32 numbers\)"):
        publish(other, database, "other")
    assert stored(cluster, dsn) == before


def test_what_is_masked_anew_replaces_what_was_published(cluster: Cluster, tmp_path: Path, dsn: str) -> None:
    secret = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    root = write(tmp_path / "w", {"a.py": f'token = "{secret}"\n'})
    database = SharedDatabase(dsn)
    build(root, IndexSettings(workers=1, secret_allowlist=("ghp_*",)))
    publish(root, database, "w")
    build(root, IndexSettings(workers=1), full=True)
    assert IndexReader.open(root).text("a.py") != f'token = "{secret}"\n'
    assert publish(root, database, "w").sent == 1
    assert secret.lower() not in repr(stored(cluster, dsn)).lower()


def test_an_older_database_is_brought_up_to_date_by_publishing(cluster: Cluster, shop: Path, dsn: str) -> None:
    for statement in MIGRATIONS[0].split(";\n"):
        if statement.strip():
            cluster.execute(statement, dsn)
    cluster.execute("UPDATE magray.format SET version = 1", dsn)
    store = PostgresDocStore(SharedDatabase(dsn))
    with pytest.raises(IndexUnavailable, match="has format 1"):
        store.paths()
    publish(shop, SharedDatabase(dsn), "shop")
    assert cluster.execute("SELECT version FROM magray.format", dsn) == [(VERSION,)]
    assert len(list(store.paths())) == 6


def test_a_newer_database_is_refused_and_left_alone(cluster: Cluster, shop: Path, dsn: str) -> None:
    database = SharedDatabase(dsn)
    publish(shop, database, "shop")
    before = stored(cluster, dsn)
    cluster.execute(f"UPDATE magray.format SET version = {VERSION + 1}", dsn)
    for attempt in (
        lambda: publish(shop, database, "shop"),
        lambda: withdraw(database, "shop"),
        lambda: PostgresDocStore(database).search("total", 1),
    ):
        with pytest.raises(IndexFormatTooNew, match=f"the shared index has format {VERSION + 1}") as raised:
            attempt()
        assert "update Magray" in raised.value.hint
    assert stored(cluster, dsn) == before


def test_bytes_that_postgresql_does_not_take_are_published_all_the_same(tmp_path: Path, dsn: str) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / "latin.py").write_bytes(b"# caf\xe9 \xff\ndef latin_one():\n    '''d\xe9j\xe0'''\n")
    (root / "feed.py").write_bytes(b"def form_feed():\n    return 1\x0c\n\x1b[0m\n")
    build(root, IndexSettings(workers=1))
    embedded, shared = IndexReader.open(root), PostgresDocStore(SharedDatabase(dsn), ["w"])
    publish(root, SharedDatabase(dsn), "w")
    assert list(shared.paths()) == list(embedded.paths()) != []
    for path, _ in embedded.paths():
        assert shared.text(path) == embedded.text(path)
    assert WorkspacePaths(root).index_db.exists()
