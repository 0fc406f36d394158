"""Forgetting by path, text and time leaves no byte; export gives everything that is remembered."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings, Settings
from magray_core.errors import WorkspaceError
from magray_core.memory import MemoryRecord, SkipReason
from magray_indexers.building import build, update
from magray_indexers.privacy.proof import prove
from magray_indexers.reader import IndexReader
from magray_indexers.remembering import records, sessions
from magray_indexers.vectors.cache import VectorCache
from magray_orchestration.memories import open_memories
from magray_orchestration.usecases.privacy import (
    Forgettable,
    exclusions,
    export,
    forget,
    lift,
    masked_counts,
    scan_memory,
)

SETTINGS = IndexSettings(workers=1)
FILES = {
    "app/__init__.py": "",
    "app/orders.py": 'def ship(order):\n    """Send the Kaleidoscope order to Petropavlovsk."""\n    return order\n',
    "app/prices.py": "def total(prices):\n    return sum(prices)  # ordinary arithmetic for everyone\n",
    "private/diary.md": "# Diary\n\nToday Zinaida told me about the marmalade conspiracy.\n",
    "private/deep/more.md": "The marmalade conspiracy grows beyond every measure.\n",
    "README.md": "# App\n\nShips orders and counts prices.\n",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    folder = tmp_path / "root"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    build(folder, SETTINGS)
    yield folder


def found(root: Path, query: str) -> set[str]:
    with closing(IndexReader.open(root)) as reader:
        return {hit.path for hit in reader.search(query, 20).hits}


def indexed(root: Path) -> set[str]:
    with closing(IndexReader.open(root)) as reader:
        return {path for path, _ in reader.paths()}


def test_a_forgotten_folder_is_gone_to_the_last_byte_and_stays_out(root: Path) -> None:
    base = root / ".magray"
    assert prove(base, ["marmalade", "Zinaida"]).hits != ()
    gone = forget(root, Forgettable(paths=("private/",)), SETTINGS)
    assert gone.files == ("private/deep/more.md", "private/diary.md")
    assert gone.proof.hits == ()
    assert gone.proof.files > 3
    # Words, too: of the keyword index only what the other files have is left.
    assert prove(base, ["marmalade", "Zinaida", "conspiracy"]).hits == ()
    assert indexed(root) == set(FILES) - set(gone.files)

    (root / "private/diary.md").write_text("marmalade again\n")
    update(root, ["private/diary.md"], SETTINGS)
    report = build(root, SETTINGS, full=True)
    assert report.skipped[SkipReason.FORGOTTEN] == 1
    assert prove(base, ["marmalade"]).hits == ()
    assert [one.pattern for one in exclusions(root)] == ["private/"]

    assert lift(root, "private/") and not lift(root, "private/")
    build(root, SETTINGS)
    assert "private/diary.md" in found(root, "marmalade")


def test_every_file_that_has_a_text_is_forgotten_and_no_other(root: Path) -> None:
    gone = forget(root, Forgettable(text="Petropavlovsk"), SETTINGS)
    assert gone.files == ("app/orders.py",)
    assert gone.proof.hits == ()
    assert prove(root / ".magray", ["Petropavlovsk", "Kaleidoscope"]).hits == ()
    assert found(root, "prices total") >= {"app/prices.py"}
    assert [one.pattern for one in exclusions(root)] == ["/app/orders.py"]
    assert lift(root, "app/orders.py")
    build(root, SETTINGS)
    assert "app/orders.py" in found(root, "Petropavlovsk")


def test_files_changed_in_a_time_are_forgotten(root: Path) -> None:
    os.utime(root / "private/diary.md", (1_000_000_000, 1_000_000_000))
    build(root, SETTINGS)
    gone = forget(root, Forgettable(since=999_999_000, until=1_000_001_000), SETTINGS)
    assert gone.files == ("private/diary.md",)
    assert gone.proof.hits == ()


def test_what_people_wrote_goes_too(root: Path) -> None:
    with open_memories(root, Settings()) as memories:
        for text, path in (("ask Zinaida first", ""), ("about the diary", "private/diary.md"), ("other", "README.md")):
            records.keep(memories.project, MemoryRecord("", "note", text, "ada", 0.0, path))
        sessions.remember(memories.project, "talk", sessions.Passage("user", "who is Zinaida anyway"))
    gone = forget(root, Forgettable(paths=("private",), text="Zinaida"), SETTINGS)
    assert len(gone.notes) == 3
    assert prove(root / ".magray", ["Zinaida", "zinaida", "the diary"]).hits == ()
    with open_memories(root, Settings()) as memories:
        assert [record.text for record in records.listed(memories.project)] == ["other"]


def test_wrecks_old_generations_and_logs_of_the_stores_go(root: Path) -> None:
    paths = WorkspacePaths(root)
    (paths.memory / "index.db.damaged").write_bytes(b"marmalade")
    (paths.keyword / "gen-999").mkdir()
    (paths.keyword / "gen-999" / "x.term").write_bytes(b"marmalade")
    db = sqlite3.connect(paths.index_db)  # deleted rows stay in free pages and in the log until the store is compacted
    db.execute("PRAGMA secure_delete=OFF")
    db.execute("CREATE TABLE scratch (x)")
    db.execute("INSERT INTO scratch VALUES (?)", ("the marmalade conspiracy " * 400,))
    db.execute("DROP TABLE scratch")
    db.commit()
    gone = forget(root, Forgettable(paths=("/private",)), SETTINGS)
    db.close()
    assert prove(paths.base, ["marmalade"]).hits == gone.proof.hits == ()


def test_vectors_of_what_was_forgotten_go_and_those_of_other_files_stay(root: Path) -> None:
    paths = WorkspacePaths(root)
    (root / "copy.md").write_text(FILES["README.md"])  # the same content has the same vector wherever it stands
    build(root, SETTINGS)
    with closing(sqlite3.connect(paths.index_db)) as db:
        keys = sorted({key for (key,) in db.execute("SELECT key FROM embedded")})
    cache = VectorCache.open(paths.vector_cache)
    cache.put("model", 8, keys, np.ones((len(keys), 8), np.int8))
    cache.close()
    gone = forget(root, Forgettable(paths=("private/", "/copy.md")), SETTINGS)
    assert gone.vectors == 2
    cache = VectorCache.open(paths.vector_cache)
    with closing(sqlite3.connect(paths.index_db)) as db:
        assert cache.known("model") == {key for (key,) in db.execute("SELECT key FROM embedded")}
    cache.close()


def test_a_reader_that_holds_the_old_state_is_no_proof(root: Path) -> None:
    """Another process that is in the middle of reading keeps the log: the report says so instead of claiming."""
    with closing(sqlite3.connect(WorkspacePaths(root).index_db, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM chunks").fetchone()
        gone = forget(root, Forgettable(paths=("private/",)), SETTINGS)
        assert {name for name, _ in gone.proof.hits} <= {"memory/index.db", "memory/index.db-wal"}
        assert gone.proof.hits
    assert forget(root, Forgettable(text="marmalade"), SETTINGS).proof.hits == ()
    assert prove(root / ".magray", ["marmalade"]).hits == ()


@pytest.mark.parametrize(
    "wish",
    [
        Forgettable(),
        Forgettable(text="ab"),
        Forgettable(since=1.0),
        Forgettable(since=2.0, until=1.0),
        Forgettable(paths=("!private",)),
        Forgettable(paths=("",)),
        Forgettable(paths=("# notes",)),
    ],
)
def test_a_wish_that_says_nothing_is_refused_and_changes_nothing(root: Path, wish: Forgettable) -> None:
    with pytest.raises(WorkspaceError) as caught:
        forget(root, wish, SETTINGS)
    assert caught.value.message
    assert indexed(root) == set(FILES)


def test_a_pattern_that_fits_nothing_keeps_future_files_out(root: Path) -> None:
    gone = forget(root, Forgettable(paths=("*.secret.txt",)), SETTINGS)
    assert gone.files == ()
    (root / "a.secret.txt").write_text("late arrival")
    update(root, ["a.secret.txt"], SETTINGS)
    assert "a.secret.txt" not in indexed(root)


def test_a_damaged_list_of_forgotten_paths_stops_indexing_instead_of_indexing_all(root: Path) -> None:
    forget(root, Forgettable(paths=("private/",)), SETTINGS)
    file = WorkspacePaths(root).memory / "forgotten.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for damage in (b"{", b"\xff\xfe", b"[1]\n", b'{"pattern": "x"}\n'):
        file.write_bytes(damage)
        with pytest.raises(WorkspaceError, match="forgotten paths"):
            build(root, SETTINGS)


def test_names_with_special_characters_are_forgotten_alone(root: Path) -> None:
    for name in ("a[1].py", "a1.py", "star*.py", "stars.py", "имя.py"):
        (root / name).write_text(f"# quixotic{'ness' if name in ('a[1].py', 'star*.py', 'имя.py') else ''}\n")
    build(root, SETTINGS)
    gone = forget(root, Forgettable(text="quixoticness"), SETTINGS)
    assert set(gone.files) == {"a[1].py", "star*.py", "имя.py"}
    build(root, SETTINGS)
    assert {"a1.py", "stars.py"} <= indexed(root)
    assert not set(gone.files) & indexed(root)


def test_export_is_whole_private_and_says_what_it_holds(root: Path, tmp_path: Path) -> None:
    with open_memories(root, Settings()) as memories:
        records.keep(memories.project, MemoryRecord("", "note", "ask Zinaida", "ada", 0.0))
    forget(root, Forgettable(paths=("nothing-here",)), SETTINGS)
    target = tmp_path / "memory.zip"
    done = export(root, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for kind, described in manifest["members"].items():
            member = archive.read(f"{kind}.jsonl")
            assert hashlib.sha256(member).hexdigest() == described["sha256"]
            assert member.count(b"\n") == described["records"] == done.counts[kind]
        files = {one["path"]: one["text"] for one in map(json.loads, archive.read("files.jsonl").splitlines())}
        assert files == FILES
        assert [json.loads(line)["text"] for line in archive.read("records.jsonl").splitlines()] == ["ask Zinaida"]
        assert json.loads(archive.read("forgotten.jsonl"))["pattern"] == "nothing-here"
    with pytest.raises(WorkspaceError, match="exists already"):
        export(root, target)
    with pytest.raises(WorkspaceError, match="cannot write"):
        export(root, tmp_path / "missing" / "memory.zip")


def test_scanning_counts_what_was_masked_and_what_is_personal(root: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    (root / "key.py").write_text(f'KEY = "{token}"\n')
    (root / "people.md").write_text("Ada, ada@math.org, 4111 1111 1111 1111\n")
    build(root, SETTINGS)
    assert masked_counts(root) == (1, 1)
    scanned = scan_memory(root)
    assert (dict(scanned.masked), scanned.leaks) == ({"github": 1}, 0)
    assert scanned.personal == {"e-mail": 1, "payment card": 1}
    assert {(place.where, place.line) for place in scanned.places} == {("people.md", 1)}
    assert masked_counts(root / "app") == (0, 0)
