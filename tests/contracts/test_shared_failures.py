"""What can go wrong between here and a PostgreSQL server: said clearly, quickly, and without harm."""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.console import SHOP, write
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.postgres import Cluster, programs, running, without_pgvector

from magray_configs.settings import IndexSettings
from magray_core.errors import IndexingError, IndexUnavailable, MagrayError, SettingsError
from magray_indexers.building import build
from magray_indexers.postgres.connection import Limits, SharedDatabase
from magray_indexers.postgres.doc_store import PostgresDocStore
from magray_indexers.postgres.publishing import publish

PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write(tmp_path_factory.mktemp("failures") / "shop", SHOP)
    build(root, IndexSettings(workers=1))
    return root


@pytest.fixture(scope="module")
def dsn(cluster: Cluster, shop: Path) -> str:
    dsn = cluster.database()
    publish(shop, SharedDatabase(dsn), "shop")
    return dsn


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL with pgvector is not installed: tests/tools/install.sh")
    with running(binaries) as cluster:
        yield cluster


def eventually(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never happened"


def refused(dsn: str, connect_s: int = 3) -> MagrayError:
    with pytest.raises(MagrayError) as raised:
        PostgresDocStore(SharedDatabase(dsn, Limits(connect_s))).search("total", 1)
    assert raised.value.hint
    return raised.value


def test_nothing_connects_before_somebody_asks() -> None:
    PostgresDocStore(SharedDatabase("host=nowhere.invalid dbname=x"))


@pytest.mark.parametrize("dsn", ["", "   "])
def test_without_a_setting_nothing_is_tried(dsn: str) -> None:
    with pytest.raises(SettingsError, match="no shared index is configured") as raised:
        SharedDatabase(dsn)
    assert "memory.shared_dsn" in raised.value.hint


def test_what_is_no_connection_string_is_refused_without_repeating_it() -> None:
    with pytest.raises(SettingsError, match="not a connection string") as raised:
        SharedDatabase("host=h pass word hunter2")
    assert "hunter2" not in str(raised.value) + raised.value.hint


@pytest.mark.parametrize(
    "dsn", ["host=h password=hunter2", "postgresql://me:hunter2@h/db", "host=h sslpassword=hunter2"]
)
def test_a_password_in_plain_text_is_refused(dsn: str) -> None:
    with pytest.raises(SettingsError, match="password in plain text") as raised:
        SharedDatabase(dsn)
    assert "hunter2" not in str(raised.value) + raised.value.hint
    assert "pgpass" in raised.value.hint


def test_a_server_that_does_not_run_is_away(tmp_path: Path) -> None:
    error = refused(f"host={tmp_path} dbname=x user=x")
    assert isinstance(error, IndexUnavailable)
    assert error.message == "the PostgreSQL server is away"


def test_a_host_that_never_answers_is_given_up() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        error = refused(f"host=127.0.0.1 port={listening.getsockname()[1]} dbname=x", connect_s=2)
    assert isinstance(error, IndexUnavailable)
    assert error.message == "the PostgreSQL server does not answer"


def test_a_database_that_does_not_exist_is_named_as_the_setting(cluster: Cluster) -> None:
    assert "database or role" in refused(cluster.dsn("nowhere")).message
    assert "database or role" in refused(cluster.dsn(user="nobody_here")).message


def test_a_database_without_an_index_says_how_to_get_one(cluster: Cluster) -> None:
    error = refused(cluster.dsn())
    assert error.message == "there is no shared index in that database"
    assert "magray index --publish" in error.hint


def test_a_wrong_or_missing_password_is_told_apart(
    cluster: Cluster, dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cluster.execute("CREATE ROLE guarded LOGIN PASSWORD 'correct'")
    guarded = dsn.replace("user=postgres", "user=guarded")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert refused(guarded).message == "the PostgreSQL server wants a password"
    monkeypatch.setenv("PGPASSWORD", "wrong")
    assert refused(guarded).message == "the PostgreSQL server refused the password"
    monkeypatch.delenv("PGPASSWORD")
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:guarded:correct\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert "refuses this to your role" in refused(guarded).message
    cluster.execute(
        "GRANT USAGE ON SCHEMA magray TO guarded; GRANT SELECT ON ALL TABLES IN SCHEMA magray TO guarded", dsn
    )
    store = PostgresDocStore(SharedDatabase(guarded))
    assert store.search("total", 1).hits
    with pytest.raises(IndexingError, match="refuses this to your role"):
        publish_again(guarded)


def publish_again(dsn: str) -> None:
    """Try to publish as somebody who may only read."""
    SharedDatabase(dsn).write(lambda cursor, step: cursor.execute("DELETE FROM magray.files"))


def test_a_server_that_is_full_says_so(cluster: Cluster, dsn: str) -> None:
    cluster.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    error = refused(dsn.replace("user=postgres", "user=crowded"))
    assert isinstance(error, IndexUnavailable)
    assert "takes no more connections" in error.message


def test_a_reader_can_change_nothing(dsn: str) -> None:
    with pytest.raises(IndexingError, match="only reads"):
        SharedDatabase(dsn).read(lambda cursor: cursor.execute("DELETE FROM magray.files"))


def test_a_slow_answer_is_given_up(dsn: str) -> None:
    database = SharedDatabase(dsn, Limits(answer_s=0.1))
    with pytest.raises(IndexUnavailable, match="took too long"):
        database.read(lambda cursor: cursor.execute("SELECT pg_sleep(60)"))
    assert database.read(lambda cursor: cursor.execute("SELECT 1").fetchone()) == (1,)


def test_a_server_that_hangs_is_given_up(dsn: str) -> None:
    database = SharedDatabase(dsn, Limits(answer_s=0.1))
    row = database.read(lambda cursor: cursor.execute("SELECT pg_backend_pid()").fetchone())
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    try:
        with pytest.raises(IndexUnavailable, match="did not answer within"):
            database.read(lambda cursor: cursor.execute("SELECT 1"))
        assert database.read(lambda cursor: cursor.execute("SELECT 1").fetchone()) == (1,)
    finally:
        os.kill(row[0], signal.SIGCONT)


def test_a_lost_connection_is_opened_again(cluster: Cluster, dsn: str) -> None:
    database = SharedDatabase(dsn)
    store = PostgresDocStore(database, ["shop"])
    before = store.search("total", 3).hits
    cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'magray'")
    assert store.search("total", 3).hits == before


def test_a_server_killed_in_the_middle_of_a_question_is_away_until_it_is_back(own_cluster: Cluster, shop: Path) -> None:
    dsn = own_cluster.database()
    publish(shop, SharedDatabase(dsn), "shop")
    database = SharedDatabase(dsn)
    store = PostgresDocStore(database, ["shop"])
    before = store.search("total", 3).hits
    met: list[MagrayError] = []

    def ask() -> None:
        try:
            database.read(lambda cursor: cursor.execute("SELECT pg_sleep(60)"))
        except MagrayError as error:
            met.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(
        lambda: own_cluster.execute(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(60)'"
        )
    )
    own_cluster.stop(signal.SIGQUIT)
    asking.join(PATIENCE_S)
    assert isinstance(met[0], IndexUnavailable)
    assert "own index works" in met[0].hint or "again" in met[0].hint
    assert refused(dsn).message == "the PostgreSQL server is away"
    own_cluster.start()
    assert store.search("total", 3).hits == before


def test_a_server_killed_while_somebody_publishes_keeps_the_old_generation(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    root = write(tmp_path / "shop", SHOP)
    build(root, IndexSettings(workers=1))
    database = SharedDatabase(own_cluster.database())
    publish(root, database, "shop")
    write(root, {"shop/prices.py": "x = 1\n"})
    build(root, IndexSettings(workers=1))

    class Killing:
        def report(self, message: str, fraction: float | None = None) -> None:
            own_cluster.stop(signal.SIGQUIT)

    with pytest.raises(IndexUnavailable):
        publish(root, database, "shop", progress=Killing())
    own_cluster.start()
    store = PostgresDocStore(database, ["shop"])
    assert store.freshness().generation == 1
    assert [hit.symbol for hit in store.search("Basket", 1).hits] == ["Basket"]
    assert publish(root, database, "shop").sent == 1


def test_a_server_without_pgvector_is_refused_with_what_to_install(
    shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL with pgvector is not installed: tests/tools/install.sh")
    folder = tmp_path_factory.mktemp("plain")
    temporary = Path(tempfile.gettempdir())
    for above in (folder, *folder.parents):
        if above == temporary or temporary not in above.parents:
            break
        above.chmod(0o755)  # the server runs as somebody else
    with running(without_pgvector(binaries, folder)) as plain:
        dsn = plain.database()
        with pytest.raises(IndexingError, match="has no pgvector") as raised:
            publish(shop, SharedDatabase(dsn), "shop")
        assert "postgresql-17-pgvector" in raised.value.hint
        assert plain.execute("SELECT to_regnamespace('magray') IS NULL", dsn) == [(True,)]


def test_the_rights_that_the_guide_lists_are_enough(own_cluster: Cluster, shop: Path) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/guides/shared-index.md").read_text(encoding="utf-8")
    first, later = re.findall(r"```sql\n(.*?)```", guide, re.DOTALL)[:2]
    for statement in first.split(";\n"):
        if "CREATE DATABASE" in statement or "CREATE ROLE" in statement:
            own_cluster.execute(statement)
        elif statement.strip():
            own_cluster.execute(statement, own_cluster.dsn("magray"))
    publish(shop, SharedDatabase(own_cluster.dsn("magray", user="magray_publisher")), "shop")
    for statement in later.split(";\n"):
        if statement.strip():
            own_cluster.execute(statement, own_cluster.dsn("magray"))
    reader = SharedDatabase(own_cluster.dsn("magray", user="magray_reader"))
    assert PostgresDocStore(reader, ["shop"]).search("total", 1).hits
    embed_all(shop, WordEmbedder())
    publish(shop, SharedDatabase(own_cluster.dsn("magray", user="magray_publisher")), "shop")
    assert PostgresDocStore(reader, ["shop"], embedder_for=serving(WordEmbedder())).search("total", 1).hits
    with pytest.raises(IndexingError, match="refuses this to your role"):
        publish(shop, reader, "shop")
