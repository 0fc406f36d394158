"""An encrypted memory: no plain byte of it on the disk however it ends, the same answers, and refusals in words."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from magray_testkit import sealed
from magray_testkit.console import SHOP, magray, write
from magray_testkit.embedders import WordEmbedder, embed_all, words_1
from magray_testkit.lsp import Client, LspError, session
from magray_testkit.sealed import CANARY, WORDS, found, kept, leaks, live, plant

from magray_configs.paths import WorkspacePaths
from magray_configs.settings import IndexSettings
from magray_core.errors import KeyUnavailable, WorkspaceError
from magray_indexers import connecting
from magray_indexers.building import build
from magray_indexers.privacy import converting, keys
from magray_indexers.process import IndexProcess
from magray_indexers.reader import IndexReader
from magray_orchestration.plans.store import PlanStore

ONE = IndexSettings(workers=1)
KILLED = (
    "before-flip", "embedded", "vectors-written", "graph-read", "before-save", "memory-kept", "message-kept",
    "apply.prepare", "apply.published", "apply.record",
)  # fmt: skip
CONVERSION = ("carried#2", "converted", "decided", "destroyed#2")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "magray-home"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)
    return tmp_path / "magray-home"


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Path]:
    """An encrypted workspace that has lived."""
    plant(tmp_path / "ws")
    live(tmp_path / "ws")
    yield tmp_path / "ws"


def test_no_byte_on_the_disk_is_plain_whenever_a_life_is_killed(tmp_path: Path, home: Path) -> None:
    chance = random.Random(7)
    lives = [{"root": str(tmp_path / name), "how": "live", "fail": f"{name}:kill"} for name in KILLED]
    lives += [
        {"root": str(tmp_path / f"at-{n}"), "how": "live", "after_s": round(chance.uniform(0.05, 1.2), 3)}
        for n in range(2)
    ]
    for life, end in zip(lives, sealed.ran(lives, home), strict=True):
        assert end["signal"] == -9 or "after_s" in life, life
        assert not end["leaks"] and not end["leaks_after"], (life, end)
        assert end["sealed"] and "src/a.py" in end["found"] and not end["notices"], (life, end)
    assert leaks(home) == []


def test_a_conversion_that_is_killed_is_finished_or_taken_back_and_nothing_is_lost(tmp_path: Path, home: Path) -> None:
    lives = [
        {"root": str(tmp_path / f"{how}-{fail}"), "how": how, "fail": f"{fail}:kill"}
        for how in ("seal", "unseal")
        for fail in CONVERSION
    ]
    for life, end in zip(lives, sealed.ran(lives, home), strict=True):
        assert end["signal"] == -9, life
        assert (end["notes"], end["said"], end["plans"], end["notices"]) == (1, 1, 1, 0), (life, end)
        assert end["found"] == ["src/a.py", "src/b.py"]
        was_decided = life["fail"].startswith(("decided", "destroyed"))
        assert end["sealed"] == ((life["how"] == "seal") == was_decided), (life, end)
        assert bool(end["leaks_after"]) != end["sealed"], (life, end)


def test_a_whole_life_answers_as_in_plain_and_only_what_is_made_to_be_read_is_plain(
    tmp_path: Path, lived: Path
) -> None:
    plant(tmp_path / "plain", sealed=False)
    live(tmp_path / "plain")
    assert kept(lived) == kept(tmp_path / "plain") == {"notes": 1, "said": 1, "plans": 1, "notices": 0}
    assert leaks(lived / ".magray") == [] and leaks(tmp_path / "plain" / ".magray") != []
    (document,) = (lived / ".magray" / "artifacts" / "plans").glob("*.plan.md")
    assert CANARY in document.read_text()
    write(tmp_path / "plain", SHOP)
    write(lived, SHOP)
    for root in (tmp_path / "plain", lived):
        build(root, ONE)
        embed_all(root, WordEmbedder())
    assert scores(lived, "total prices") == scores(tmp_path / "plain", "total prices") != []


def scores(root: Path, query: str) -> list[tuple[str, float]]:
    serving = sealed.serving(WordEmbedder())
    with closing(IndexReader.open(root, embedder_for=serving)) as reader:
        return [(hit.path, round(hit.score, 3)) for hit in reader.search(query, 5).hits]


def test_a_reader_that_comes_later_sees_what_was_saved_and_the_one_before_does_not(lived: Path) -> None:
    with closing(IndexReader.open(lived)) as before:
        (lived / "src" / "c.py").write_text("marmalade = 1\n")
        (lived / "src" / "b.py").unlink()
        build(lived, ONE)
        with closing(IndexReader.open(lived)) as after:
            assert [hit.path for hit in after.search("marmalade", 5).hits] == ["src/c.py"]
            assert after.search(f"{CANARY}_b", 5).hits[0].path == "src/a.py"
        assert not before.search("marmalade", 5).hits
        assert before.search(f"{CANARY}_b", 5).hits[0].path == "src/b.py"


@pytest.mark.parametrize("name", ["index.db", "graph.db", "vec_index/vectors.db", "rows.npy", "ids.npy"])
def test_a_changed_bit_in_what_is_derived_is_met_and_it_is_made_again(lived: Path, name: str) -> None:
    base = lived / ".magray"
    file = max(base.rglob(Path(name).name))
    flip(file)
    build(lived, ONE, full=True)
    embed_all(lived, WordEmbedder())
    assert found(lived, CANARY) == ["src/a.py", "src/b.py"]
    assert kept(lived) == {"notes": 1, "said": 1, "plans": 1, "notices": 0}
    assert leaks(base) == []


@pytest.mark.parametrize(("name", "gone"), [("memory.db", {"notes": 0, "said": 0}), ("state.db", {"plans": 0})])
def test_a_changed_bit_in_what_is_the_persons_own_is_reported_and_the_file_is_kept(
    lived: Path, name: str, gone: dict[str, int]
) -> None:
    flip(lived / ".magray" / "memory" / name)
    was = hashlib.sha256((lived / ".magray" / "memory" / name).read_bytes()).digest()
    assert kept(lived) == {"notes": 1, "said": 1, "plans": 1, "notices": 1, **gone}
    (aside,) = [path for path in (lived / ".magray" / "memory").glob(f"{name}.damaged-*") if path.suffix != ".-shm"]
    assert hashlib.sha256(aside.read_bytes()).digest() == was
    assert leaks(lived / ".magray") == []


def test_databases_that_change_places_or_come_from_another_memory_do_not_open(tmp_path: Path, lived: Path) -> None:
    memory = lived / ".magray" / "memory"
    shutil.copy(memory / "memory.db", tmp_path / "other.db")
    (memory / "state.db").rename(memory / "memory.db")
    shutil.copy(tmp_path / "other.db", memory / "state.db")
    assert kept(lived) == {"notes": 0, "said": 0, "plans": 0, "notices": 2}
    plant(tmp_path / "two")
    kept(tmp_path / "two")
    shutil.copy(tmp_path / "other.db", tmp_path / "two" / ".magray" / "memory" / "memory.db")
    assert kept(tmp_path / "two")["notices"] == 1


def test_without_the_right_passphrase_nothing_is_read_written_or_lost(lived: Path) -> None:
    before = bytes_of(lived / ".magray")
    for given, words in (({keys.PASSPHRASE_VARIABLE: "not the one"}, "does not open"), ({}, "locked by a passphrase")):
        for command in (["search", CANARY], ["memory", "note", "x"], ["index"]):
            ran = magray(*command, cwd=lived, env=given)
            assert ran.code == 1 and words in ran.err and ran.err.count("\n") == 2, ran
    assert bytes_of(lived / ".magray") == before
    ran = magray("memory", "list", cwd=lived, env={keys.PASSPHRASE_VARIABLE: WORDS})
    assert ran.code == 0 and CANARY in ran.out


def test_a_lost_or_damaged_key_file_is_said_and_nothing_begins_in_plain(lived: Path) -> None:
    profile = lived / ".magray" / "memory" / connecting.PROFILE
    whole = profile.read_bytes()
    before = bytes_of(lived / ".magray")
    profile.unlink()
    with pytest.raises(KeyUnavailable, match=r"sealed\.json is gone"):
        PlanStore.open(WorkspacePaths(lived))
    profile.write_bytes(whole[:40])
    with pytest.raises(KeyUnavailable, match="cannot be read"):
        IndexReader.open(lived)
    profile.write_bytes(whole)
    assert bytes_of(lived / ".magray") == before
    assert kept(lived)["plans"] == 1


def test_a_memory_that_another_process_has_open_is_not_converted(tmp_path: Path) -> None:
    paths = plant(tmp_path / "ws", sealed=False)
    live(tmp_path / "ws")
    with closing(PlanStore.open(paths)) as store:
        ran = magray("memory", "encrypt", "--passphrase", cwd=tmp_path / "ws", env={keys.PASSPHRASE_VARIABLE: WORDS})
        assert ran.code == 1 and "another Magray has this memory open" in ran.err
        assert len(store.list()) == 1
    assert not connecting.is_sealed(paths.memory) and kept(tmp_path / "ws")["notes"] == 1


def test_a_memory_is_encrypted_rekeyed_and_decrypted_by_commands(tmp_path: Path) -> None:
    root = plant(tmp_path / "ws", sealed=False).root
    live(root)
    vectors = WordEmbedder()
    old, new = {keys.PASSPHRASE_VARIABLE: WORDS}, {keys.PASSPHRASE_VARIABLE: "another one of them"}
    ran = magray("--json", "memory", "encrypt", "--passphrase", cwd=root, env=old)
    assert ran.json["carried"] == ["state.db", "memory.db", "vectors.db"], ran
    assert leaks(root / ".magray") == []
    checks = {check["name"]: check for check in magray("--json", "doctor", cwd=root, env=old).json["checks"]}
    assert checks["encryption"]["state"] == "ok" and ".magray/artifacts" in checks["encryption"]["text"]
    change = {connecting.NEW_PASSPHRASE_VARIABLE: new[keys.PASSPHRASE_VARIABLE]}
    assert magray("memory", "rekey", "--passphrase", cwd=root, env={**old, **change}).code == 0
    assert "does not open" in magray("memory", "list", cwd=root, env=old).err
    assert magray("memory", "encrypt", "--passphrase", cwd=root, env=new).err.startswith("magray: this memory is encr")
    assert magray("memory", "decrypt", cwd=root, env=new).code == 0
    assert kept(root) == {"notes": 1, "said": 1, "plans": 1, "notices": 0}
    build(root, ONE)
    embed_all(root, vectors)
    assert all(f"{CANARY}_b" in text for text in vectors.texts), "what was embedded before is not embedded again"


def test_the_setting_encrypts_what_begins_and_refuses_where_it_cannot(tmp_path: Path, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    settings = home / "config" / "config.toml"
    settings.write_text("[memory]\nencryption = 'keyring'\n")
    root = write(tmp_path / "ws", {"a.py": f"{CANARY} = 1\n"})
    refused = magray("index", cwd=root)
    assert refused.code == 1 and "is no keyring that protects a key" in refused.err
    assert leaks(root / ".magray") == []
    settings.write_text("[memory]\nencryption = 'passphrase'\n")
    assert "nobody to ask for a passphrase" in magray("index", cwd=root).err
    assert magray("index", cwd=root, env={keys.PASSPHRASE_VARIABLE: WORDS}).code == 0
    assert connecting.is_sealed(root / ".magray" / "memory") and leaks(root / ".magray", home) == []


def test_the_index_process_has_the_key_from_its_parent_and_nowhere_else(lived: Path) -> None:
    key = connecting.key_for(lived / ".magray" / "memory")
    assert key is not None
    (lived / "src" / "d.py").write_text("kumquat = 1\n")
    process = IndexProcess(lived, ONE, words_1)
    process.start()
    try:
        assert process.build("the test asks").result(60).changed == 1
        number = process._child._process.pid if process._child else 0
        for name in ("cmdline", "environ"):
            shown = Path(f"/proc/{number}/{name}").read_bytes()
            assert WORDS.encode() not in shown and key.data.hex().encode() not in shown and key.data not in shown
        assert not process.enrich().result(60).remaining
    finally:
        process.close()
    assert found(lived, "kumquat")[0] == "src/d.py" or "src/d.py" in found(lived, "kumquat")
    assert leaks(lived / ".magray") == []


@pytest.mark.parametrize("given", [WORDS, None])
def test_the_server_answers_with_the_key_and_says_what_is_missing_without(
    lived: Path, home: Path, given: str | None
) -> None:
    env = {"MAGRAY_HOME": str(home)} | ({keys.PASSPHRASE_VARIABLE: given} if given else {})

    def asked(client: Client) -> str:
        try:
            return str(client.request("magray/search", {"query": CANARY}))
        except LspError as error:
            return error.message

    with session(lived, env=env) as client:
        client.expects_errors = True
        client.until(lambda: ("src/a.py" if given else "locked by a passphrase") in asked(client), "the answer")
    assert leaks(lived / ".magray", home) == []


def test_what_was_set_aside_is_sealed_too_and_comes_back(tmp_path: Path) -> None:
    paths = plant(tmp_path / "ws", sealed=False)
    live(tmp_path / "ws")
    aside = paths.memory / "memory.db.damaged-20260101-000000"
    aside.write_bytes(b"torn " + CANARY.encode() * 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(keys.PASSPHRASE_VARIABLE, WORDS)
        converting.encrypt(paths.memory, "passphrase")
        assert leaks(paths.base) == []
        converting.decrypt(paths.memory)
    assert aside.read_bytes() == b"torn " + CANARY.encode() * 3
    with pytest.raises(WorkspaceError, match="is not encrypted"):
        converting.decrypt(paths.memory)


def flip(file: Path) -> None:
    """One bit in the middle; the log of what was written last goes, so that the file itself is read."""
    with closing(connecting.connect(file)) if file.suffix == ".db" else closing(file.open("rb")) as opened:
        if file.suffix == ".db":
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    for at in (len(data) // 2, min(100, len(data) - 1)):
        data[at] ^= 1
    file.write_bytes(data)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """What lies below, but for locks and what SQLite keeps for processes that share a file."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal", ".busy"))
    }
