"""Building and updating: what is indexed, what is left out and why, and that every way to a state gives that state."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from pathlib import Path

import pytest
from magray_testkit.memories import change, contents, rebuilt, source

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import IndexCorrupt, IndexFormatTooNew, IndexUnavailable, WorkspaceError
from magray_core.memory import SkipReason
from magray_indexers import store
from magray_indexers.building import build, update
from magray_indexers.reader import IndexReader

SETTINGS = IndexSettings()


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def paths_of(root: Path) -> list[str]:
    reader = IndexReader.open(root)
    try:
        return [path for path, _ in reader.paths()]
    finally:
        reader.close()


def skipped_of(root: Path) -> dict[str, SkipReason]:
    db = store.open_for_reading(WorkspacePaths(root).index_db)
    try:
        return {path: entry.reason for path, entry in store.read_skipped(db).items()}
    finally:
        db.close()


def test_a_build_makes_text_symbols_and_words_findable(tmp_path: Path) -> None:
    write(tmp_path, {"pkg/greeting.py": 'def greet_user(name):\n    """Say hello."""\n    return name\n'})
    report = build(tmp_path, SETTINGS)
    assert (report.files, report.changed, report.generation) == (1, 1, 1)
    reader = IndexReader.open(tmp_path)
    assert [symbol.qualified_name for _, symbol in reader.symbols_named("greet_user")] == ["greet_user"]
    assert reader.text("pkg/greeting.py") == (tmp_path / "pkg/greeting.py").read_text()
    for field, word in [("body", "greet"), ("definitions", "greet_user"), ("path", "greeting"), ("doc", "hello")]:
        assert len(reader.corpus.best(field, [word], 5)) == 1, field
    assert reader.current()
    reader.close()


def test_a_second_build_changes_nothing_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    build(tmp_path, SETTINGS)
    report = build(tmp_path, SETTINGS)
    assert (report.changed, report.generation) == (0, 1)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (".env", "KEY=canary", SkipReason.SECRET),
        (".env.production", "KEY=canary", SkipReason.SECRET),
        ("deploy/id_rsa", "canary", SkipReason.SECRET),
        ("tls/server.pem", "canary", SkipReason.SECRET),
        ("tls/server.key", "canary", SkipReason.SECRET),
        (".netrc", "canary", SkipReason.SECRET),
        ("credentials.json", "canary", SkipReason.SECRET),
        ("image.png", b"\x89PNG", SkipReason.BINARY),
        ("blob.txt", b"a\0b", SkipReason.BINARY),
        ("big.py", "x = 1\n" * 200_000, SkipReason.TOO_LARGE),
        ("lib.min.js", "var a=1", SkipReason.MINIFIED),
        ("bundle.js", "var a=1;" * 2_000, SkipReason.MINIFIED),
        ("poetry.lock", "[[package]]\n", SkipReason.LOCKFILE),
        ("package-lock.json", "{}\n", SkipReason.LOCKFILE),
        ("line\nend.py", "x = 1\n", SkipReason.BAD_NAME),
        ("node_modules/x/index.js", "x\n", SkipReason.INSTALLED),
        ("env/pyvenv.cfg", "home = x\n", SkipReason.INSTALLED),
        ("sub/.git", "gitdir: ../.git/modules/sub\n", SkipReason.NESTED_REPOSITORY),
    ],
)
def test_what_is_left_out_has_its_reason(tmp_path: Path, name: str, content: str | bytes, reason: SkipReason) -> None:
    write(tmp_path, {name: content, "kept.py": "x = 1\n", ".env.example": "KEY=\n"})
    report = build(tmp_path, SETTINGS)
    assert paths_of(tmp_path) == [".env.example", "kept.py"]
    assert report.skipped == {reason: 1}
    assert list(skipped_of(tmp_path).values()) == [reason]


def test_no_byte_of_a_secret_file_reaches_the_index(tmp_path: Path) -> None:
    write(tmp_path, {".env": "TOKEN=canary_7f3a\n", "key.pem": "canary_7f3a\n", "a.py": "x = 1\n"})
    build(tmp_path, SETTINGS)
    update(tmp_path, [".env", "key.pem"], SETTINGS)
    for path in WorkspacePaths(tmp_path).base.rglob("*"):
        assert path.is_dir() or b"canary_7f3a" not in path.read_bytes()


def test_links_pipes_sockets_loops_and_odd_names_never_stall_a_build(tmp_path: Path) -> None:
    write(tmp_path, {"pkg/a.py": "x = 1\n"})
    (tmp_path / "pkg" / "up").symlink_to(tmp_path)
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.py"))
        os.mkdir(os.fsencode(tmp_path) + b"/\xff\xfe")
        (tmp_path / ("n" * 252 + ".py")).write_text("y = 1\n")
        build(tmp_path, SETTINGS)
    assert paths_of(tmp_path) == ["n" * 252 + ".py", "pkg/a.py"]
    reasons = skipped_of(tmp_path)
    assert reasons["pkg/up"] == reasons["zero.py"] == SkipReason.SYMLINK
    assert reasons["pipe.py"] == reasons["s.py"] == SkipReason.NOT_A_FILE
    assert reasons["\\xff\\xfe"] == SkipReason.BAD_NAME


def test_texts_in_other_encodings_are_kept_as_texts(tmp_path: Path) -> None:
    write(tmp_path, {"utf16.py": "имя = 1\n".encode("utf-16"), "latin.py": "n = 'é'\n".encode("latin-1")})
    build(tmp_path, SETTINGS)
    reader = IndexReader.open(tmp_path)
    assert reader.text("utf16.py") == "имя = 1\n"
    assert reader.text("latin.py") == "n = 'é'\n"
    reader.close()


def test_a_root_that_cannot_be_indexed_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="there is no folder"):
        build(tmp_path / "missing", SETTINGS)
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="is a file"):
        build(tmp_path / "file", SETTINGS)
    (tmp_path / ".magray").write_text("x")
    with pytest.raises(WorkspaceError, match=r"cannot create \.magray"):
        build(tmp_path, SETTINGS)


def test_an_empty_root_has_an_empty_index(tmp_path: Path) -> None:
    assert build(tmp_path, SETTINGS).files == 0
    assert paths_of(tmp_path) == []


def test_without_an_index_the_reader_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable):
        IndexReader.open(tmp_path)


def test_a_newer_format_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    build(tmp_path, SETTINGS)
    db = store.open_for_writing(WorkspacePaths(tmp_path).index_db)
    db.execute(f"PRAGMA user_version={store.FORMAT_VERSION + 1}")
    db.close()
    before = WorkspacePaths(tmp_path).index_db.read_bytes()
    with pytest.raises(IndexFormatTooNew):
        build(tmp_path, SETTINGS)
    with pytest.raises(IndexFormatTooNew):
        IndexReader.open(tmp_path)
    assert WorkspacePaths(tmp_path).index_db.read_bytes() == before


def test_an_older_format_is_made_again(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    build(tmp_path, SETTINGS)
    db = store.open_for_writing(WorkspacePaths(tmp_path).index_db)
    db.execute(f"PRAGMA user_version={store.FORMAT_VERSION - 1}")
    db.close()
    with pytest.raises(IndexCorrupt, match="older version"):
        IndexReader.open(tmp_path)
    assert build(tmp_path, SETTINGS).changed == 1
    assert paths_of(tmp_path) == ["a.py"]


def test_an_edit_that_keeps_size_and_times_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n"})
    os.utime(tmp_path / "a.py", ns=(10**18, 10**18))
    build(tmp_path, SETTINGS)
    write(tmp_path, {"a.py": "x = 2\n"})
    os.utime(tmp_path / "a.py", ns=(10**18, 10**18))
    assert build(tmp_path, SETTINGS).changed == 1


def test_edits_right_after_a_build_are_never_missed(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path, {"a.py": f"x = {number % 10}\n"})
        build(tmp_path, SETTINGS)
        reader = IndexReader.open(tmp_path)
        assert reader.text("a.py") == f"x = {number % 10}\n"
        reader.close()


@pytest.mark.parametrize("seed", range(6))
def test_any_history_of_updates_and_builds_equals_a_build_from_nothing(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    root = tmp_path / "root"
    write(root, {f"pkg/m{number}.py": source(chance) for number in range(4)})
    (root / ".gitignore").write_text("ignored*\n")
    build(root, SETTINGS)
    for _ in range(25):
        paths = change(root, chance)
        if chance.random() < 0.8:
            update(root, paths, SETTINGS)
        else:
            build(root, SETTINGS)
    reader = IndexReader.open(root)
    texts = {path: reader.text(path) for path, _ in reader.paths()}
    reader.close()
    build(root, SETTINGS)
    assert texts.keys() == set(paths_of(root))
    assert contents(root) == rebuilt(root, tmp_path / "fresh")


def test_an_update_is_searchable_at_once_and_old_text_is_gone(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def old_name(): pass\n", "b.py": "import a\n"})
    build(tmp_path, SETTINGS)
    write(tmp_path, {"a.py": "def new_name(): pass\n"})
    report = update(tmp_path, ["a.py"], SETTINGS)
    assert (report.changed, report.generation, report.files) == (1, 2, 2)
    reader = IndexReader.open(tmp_path)
    assert reader.corpus.best("body", ["old_name"], 5) == []
    assert len(reader.corpus.best("definitions", ["new_name"], 5)) == 1
    assert [o.path for o in reader.occurrences("new_name")] == ["a.py"]
    assert reader.symbols_named("old_name") == []
    reader.close()


def test_an_update_obeys_ignore_files_and_reads_a_changed_one(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1\n", ".gitignore": "b.py\n"})
    build(tmp_path, SETTINGS)
    write(tmp_path, {"b.py": "x = 1\n"})
    assert update(tmp_path, ["b.py"], SETTINGS).changed == 0
    write(tmp_path, {".gitignore": "a.py\n"})
    update(tmp_path, [".gitignore"], SETTINGS)
    assert paths_of(tmp_path) == [".gitignore", "b.py"]


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", "", "a/../../x"])
def test_an_update_outside_the_workspace_is_refused(tmp_path: Path, path: str) -> None:
    build(tmp_path, SETTINGS)
    with pytest.raises(WorkspaceError):
        update(tmp_path, [path], SETTINGS)


def test_an_update_through_a_linked_folder_reads_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"root/a.py": "x = 1\n", "outside/secret.py": "canary = 1\n"})
    root = tmp_path / "root"
    build(root, SETTINGS)
    (root / "link").symlink_to(tmp_path / "outside")
    update(root, ["link/secret.py", "link"], SETTINGS)
    assert paths_of(root) == ["a.py"]


def test_a_reader_keeps_its_generation_while_others_are_written(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "def first(): pass\n"})
    build(tmp_path, SETTINGS)
    reader = IndexReader.open(tmp_path)
    for number in range(4):
        write(tmp_path, {"a.py": f"def later_{number}(): pass\n", f"n{number}.py": "y = 1\n"})
        build(tmp_path, SETTINGS)
    assert reader.text("a.py") == "def first(): pass\n"
    assert len(reader.corpus.best("definitions", ["first"], 5)) == 1
    assert not reader.current()
    reader.close()


def test_a_cancelled_build_changes_nothing_and_stops_at_once(tmp_path: Path) -> None:
    write(tmp_path, {f"m{number}.py": source(random.Random(number)) for number in range(400)})
    cancel = CancelToken()

    class CancelsInTheMiddle:
        asked = 0.0

        def report(self, message: str, fraction: float | None = None) -> None:
            if fraction and not self.asked:
                self.asked = time.monotonic()
                cancel.cancel()

    progress = CancelsInTheMiddle()
    with pytest.raises(Cancelled):
        build(tmp_path, SETTINGS, progress=progress, cancel=cancel)
    assert time.monotonic() - progress.asked < 0.5
    with pytest.raises(IndexUnavailable):
        IndexReader.open(tmp_path)
    assert build(tmp_path, SETTINGS).files == 400


def test_two_writers_take_turns_and_both_succeed(tmp_path: Path) -> None:
    write(tmp_path, {f"m{number}.py": source(random.Random(number)) for number in range(60)})
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(build(tmp_path, SETTINGS))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.changed for report in reports) == [0, 0, 60]
