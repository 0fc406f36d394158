"""The embedded index and the shared one in PostgreSQL answer alike, because they rank by the same code."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from magray_testkit.embedders import WordEmbedder, embed_all, serving
from magray_testkit.postgres import Cluster

from magray_configs.settings import IndexSettings
from magray_core.contracts import DocStore
from magray_core.documents import open_document
from magray_core.memory import SearchResult, SearchScope
from magray_indexers.building import build
from magray_indexers.postgres.connection import SharedDatabase
from magray_indexers.postgres.doc_store import PostgresDocStore
from magray_indexers.postgres.publishing import publish
from magray_indexers.reader import IndexReader

ROOT = Path(__file__).resolve().parents[2]
SAME = 0.01
"""What two scores may differ by: the shared index breaks ties between equal chunks by other ids."""
EXTRA = {
    "русский/отчёт.md": "# Отчёт\n\nКак считается сумма и где она округляется.\n",
    "odd/emoji.py": 'def naïve_größe() -> str:\n    """Größe eines 𝔘nicode-Namens 🎉."""\n    return "🎉"\n',
    "odd/empty.py": "",
    "odd/repeated.py": "spam = 0\n" + "spam += spam  # spam\n" * 60,
}
QUERIES = """
MagrayError | SearchScope | resolve | class Document | open_document | cancel token | errors.py | memory.py
decode bytes so that encoding gives the same bytes back | how are settings merged from layers | unknown settings key
where does magray keep its files | offsets in utf-16 | line and column to offset | span contains offset | apply edits
what is a freshness | hidden secret file | skip reason of a path | symbol kinds | parse toml | too large file
failpoint kill | failpoints | visible control characters | newline style of a document | bom | edit overlaps another
default value of max file bytes | workers | hover lines | editor timeout | find the root folder | user folder
create the .magray folder | symbolic link refused | plan states | tool decision allow deny ask | policy rule
embedding model dimension | reranker scores passages | vector index keep rows | search hit snippet | spam | сумма
где округляется отчёт | größe | naïve_größe | 🎉 | content hash of bytes | frozen dataclass slots
""".replace("\n", " | ").split("|")
QUERIES = [query.strip() for query in QUERIES if query.strip()]


@dataclass(frozen=True)
class Both:
    """The same workspace in both stores."""

    root: Path
    embedded: IndexReader
    shared: PostgresDocStore


@pytest.fixture(scope="module", params=["words", "vectors"])
def both(request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    root = tmp_path_factory.mktemp("shared") / "workspace"
    for folder in ("core", "configs", "docs/guides"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path, text in EXTRA.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    build(root, IndexSettings(workers=1))
    embedder_for = None
    if request.param == "vectors":
        embed_all(root, WordEmbedder())
        embedder_for = serving(WordEmbedder())
    database = SharedDatabase(cluster.database())
    publish(root, database, "magray")
    embedded = IndexReader.open(root, embedder_for=embedder_for)
    shared = PostgresDocStore(database, ["magray"], embedder_for=embedder_for)
    yield Both(root, embedded, shared)
    embedded.close()
    shared.close()


def test_both_are_doc_stores(both: Both) -> None:
    assert isinstance(both.embedded, DocStore)
    assert isinstance(both.shared, DocStore)


def test_both_hold_the_same_files_chunks_symbols_and_markers(both: Both) -> None:
    paths = list(both.embedded.paths())
    assert len(paths) > 25
    assert list(both.shared.paths()) == paths
    for path, _ in paths:
        assert both.shared.file(path) == both.embedded.file(path)
        assert both.shared.text(path) == both.embedded.text(path)
        assert both.shared.content_hash(path) == both.embedded.content_hash(path)
    assert both.shared.file("nowhere.py") is None
    assert both.shared.text("nul\x00.py") is None


@pytest.mark.parametrize("name", ["Document", "MagrayError.__init__", "resolve", "nowhere", "naïve_größe", "a'b"])
def test_both_know_the_same_definitions(both: Both, name: str) -> None:
    assert both.shared.symbols_named(name) == both.embedded.symbols_named(name)


@pytest.mark.parametrize("typed", ["doc", "MErr", "wsp", "Document.text", "größe", "%", "_", "", "zzzz"])
def test_both_complete_typed_letters_alike(both: Both, typed: str) -> None:
    assert both.shared.find_symbols(typed, limit=30) == both.embedded.find_symbols(typed, limit=30)


@pytest.mark.parametrize("name", ["Span", "resolve", "naïve_größe", "сумма", "spam", "Span.start", "nowhere", "'", ""])
def test_both_find_the_same_mentions(both: Both, name: str) -> None:
    assert both.shared.mentioning(name) == both.embedded.mentioning(name)
    assert both.shared.occurrences(name) == both.embedded.occurrences(name)


def alike(one: SearchResult, other: SearchResult) -> bool:
    """Whether both have the same hits with the same scores, in the same order but for equal ones."""
    if len(one.hits) != len(other.hits):
        return False
    near = all(abs(a.score - b.score) <= SAME for a, b in zip(one.hits, other.hits, strict=True))
    lowest = one.hits[-1].score + SAME if one.hits else 0.0
    above = [{(hit.path, hit.start_line) for hit in result.hits if hit.score > lowest} for result in (one, other)]
    return near and above[0] == above[1]


def test_both_rank_fifty_questions_alike(both: Both) -> None:
    assert len(QUERIES) >= 50
    different = [
        query for query in QUERIES if not alike(both.embedded.search(query, 10), both.shared.search(query, 10))
    ]
    assert different == []


def test_both_explain_their_scores_with_the_same_numbers(both: Both) -> None:
    one, other = (
        both.embedded.search("where are settings resolved", 5),
        both.shared.search("where are settings resolved", 5),
    )
    for a, b in zip(one.hits, other.hits, strict=True):
        assert (a.path, a.start_line, a.symbol, a.kind, a.snippet) == (
            b.path,
            b.start_line,
            b.symbol,
            b.kind,
            b.snippet,
        )
        assert a.scores == pytest.approx(b.scores, abs=SAME)


@pytest.mark.parametrize(
    "scope",
    [
        SearchScope(paths=("core/",)), SearchScope(languages=("markdown",)), SearchScope(kinds=("docs",)),
        SearchScope(paths=("*.toml",)), SearchScope(kinds=("function",)), SearchScope(paths=("nowhere/",)),
    ],
)  # fmt: skip
def test_both_narrow_a_search_alike(both: Both, scope: SearchScope) -> None:
    for query in ("settings file", "offset of a line", "resolve"):
        assert alike(both.embedded.search(query, 10, scope=scope), both.shared.search(query, 10, scope=scope))


def test_an_open_document_replaces_what_either_holds(both: Both) -> None:
    text = "def quarterly_zebra_report() -> None:\n    pass\n"
    unsaved = open_document("core/magray_core/spans.py", text, 3)
    for store in (both.embedded, both.shared):
        result = store.search("quarterly zebra report", 3, overlay=[unsaved])
        assert result.hits[0].path == "core/magray_core/spans.py"
        names = [hit.symbol for hit in store.search("apply_edits", 10, overlay=[unsaved]).hits]
        assert "apply_edits" not in names
        mentions = store.occurrences("quarterly_zebra_report", overlay=[unsaved])
        assert [mention.line for mention in mentions] == [1]


@pytest.mark.parametrize(
    "query", ["", "   ", "…", "'; DROP TABLE magray.files; --", "\x00\x01", "a" * 100_000, "%s %(r)s"]
)
def test_no_question_is_too_odd(both: Both, query: str) -> None:
    assert alike(both.embedded.search(query, 10), both.shared.search(query, 10))


def test_no_more_than_k_come_back(both: Both) -> None:
    for store in (both.embedded, both.shared):
        assert store.search("settings", 0).hits == ()
        assert len(store.search("settings", 1).hits) == 1


def test_the_shared_index_says_which_generation_it_holds(both: Both) -> None:
    fresh = both.shared.freshness()
    assert fresh.generation == 1
    assert fresh.head == fresh.head_now == both.embedded.freshness().head
    assert fresh.complete
    assert 0 <= fresh.age_s < 3600
