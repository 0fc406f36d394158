"""What a reader answers: symbols, occurrences, freshness, many threads, and how fast."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from magray_configs.settings import IndexSettings
from magray_core.contracts import DocStore
from magray_core.documents import open_document
from magray_core.memory import OccurrenceKind
from magray_indexers.building import build, update
from magray_indexers.reader import IndexReader

FILES = {
    "app/models.py": 'class User:\n    """A person."""\n    def load_all(self):\n        return 0\n\ndef load(): ...\n',
    "app/views.py": "from app.models import User, load\n\ndef show():\n    return User().load_all(), load()\n",
    "README.md": "# App\n\nUse `load_all` to get everyone.\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    build(tmp_path, IndexSettings())
    return tmp_path


@pytest.fixture
def reader(root: Path) -> IndexReader:
    return IndexReader.open(root)


def test_a_reader_is_a_doc_store(reader: IndexReader) -> None:
    assert isinstance(reader, DocStore)


def test_paths_come_in_order_with_their_language(reader: IndexReader) -> None:
    assert list(reader.paths()) == [("README.md", "markdown"), ("app/models.py", "python"), ("app/views.py", "python")]


def test_a_files_chunks_are_its_text(reader: IndexReader) -> None:
    for path, text in FILES.items():
        file = reader.file(path)
        assert file is not None
        assert "".join(chunk.text for chunk in file.chunks) == reader.text(path) == text
    assert reader.file("missing.py") is None


def test_symbols_are_found_by_name_and_by_dotted_name(reader: IndexReader) -> None:
    assert [(path, s.qualified_name) for path, s in reader.symbols_named("load_all")] == [
        ("app/models.py", "User.load_all")
    ]
    assert len(reader.symbols_named("User.load_all")) == 1
    assert reader.symbols_named("Other.load_all") == []


@pytest.mark.parametrize(
    ("query", "first"),
    [("load", "load"), ("la", "load_all"), ("all", "load_all"), ("USER", "User"), ("User.la", "load_all")],
)
def test_symbols_are_found_fuzzily_best_first(reader: IndexReader, query: str, first: str) -> None:
    assert reader.find_symbols(query)[0][1].name == first


@pytest.mark.parametrize("query", ["", " ", "%", "_____", "\\", "'", "zz", "."])
def test_odd_queries_find_nothing_and_raise_nothing(reader: IndexReader, query: str) -> None:
    assert reader.find_symbols(query) == []


def test_occurrences_are_every_mention_in_order_of_path_and_offset(reader: IndexReader) -> None:
    found = [(o.path, o.line, o.kind) for o in reader.occurrences("load_all")]
    assert found == [
        ("README.md", 3, OccurrenceKind.TEXT),
        ("app/models.py", 3, OccurrenceKind.DEFINITION),
        ("app/views.py", 4, OccurrenceKind.CALL),
    ]


def test_an_open_document_replaces_its_file(reader: IndexReader) -> None:
    document = open_document("app/views.py", "x = load_all\ny = load_all\n", 3)
    assert [o.path for o in reader.occurrences("load_all", overlay=[document])] == [
        "README.md", "app/models.py", "app/views.py", "app/views.py",
    ]  # fmt: skip
    new = open_document("app/new.py", "load_all()\n", 1)
    assert "app/new.py" in {o.path for o in reader.occurrences("load_all", overlay=[new])}


def test_search_answers_with_freshness(reader: IndexReader) -> None:
    result = reader.search("load all users", 3)
    assert result.hits[0].path == "app/models.py"
    assert (result.freshness.generation, result.freshness.complete) == (1, True)


def test_freshness_counts_what_is_known_to_have_changed(reader: IndexReader) -> None:
    reader.note_changed(["app/views.py"])
    reader.note_changed(["app/views.py", "b.py"])
    freshness = reader.freshness()
    assert freshness.dirty == 2
    assert 0 <= freshness.age_s < 60


def test_many_threads_share_one_reader_while_updates_go_on(root: Path, reader: IndexReader) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                assert len(reader.occurrences("load_all")) == 3
                assert reader.search("load", 3).hits
                assert reader.file("app/models.py") is not None
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        (root / "app" / "views.py").write_text(f"x = {number}\n")
        update(root, ["app/views.py"], IndexSettings())
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_one_saved_file_is_searchable_within_a_tenth_of_a_second(root: Path) -> None:
    durations = []
    for number in range(9):
        (root / "app" / "fresh.py").write_text(f"def brand_new_{number}(): pass\n")
        started = time.perf_counter()
        update(root, ["app/fresh.py"], IndexSettings())
        reader = IndexReader.open(root)
        assert reader.corpus.best("body", [f"brand_new_{number}"], 1)
        durations.append(time.perf_counter() - started)
        reader.close()
    assert sorted(durations)[4] < 0.1
