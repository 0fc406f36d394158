"""A secret that is left anywhere in a workspace is in no file that Magray writes, in no form."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pygit2
import pytest
from magray_testkit.console import SCRIPT
from magray_testkit.indexed import opened
from magray_testkit.lsp import LspError, session
from magray_testkit.planted import TOKENS, private_key

from magray_configs.settings import IndexSettings, Settings
from magray_core.memory import MemoryRecord
from magray_indexers.building import build, update
from magray_indexers.git import commits_touching
from magray_indexers.privacy.proof import prove
from magray_indexers.reader import IndexReader
from magray_indexers.remembering import records, sessions
from magray_orchestration.explain.facts import explain
from magray_orchestration.memories import open_memories
from magray_orchestration.usecases.doctor import examine
from magray_orchestration.workspace import Workspace

KINDS = ("github classic", "aws access key", "openai project", "slack bot", "stripe", "gitlab")


def notebook(token: str) -> str:
    cell = {"cell_type": "code", "source": ["connect()\n"], "metadata": {}, "execution_count": 1}
    cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [f"connected with {token}\n"]}]
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


FILES: dict[str, Callable[[str], str]] = {
    "string.py": lambda t: f'def connect():\n    return open_session("{t}")\n',
    "comment.py": lambda t: f"def deploy():\n    # use {t} here\n    return 1\n",
    "docstring.py": lambda t: f'def call():\n    """Call with {t}.\n\n    Twice.\n    """\n',
    "todo.py": lambda t: f"x = 1  # TODO: take {t} out\n",
    "default.py": lambda t: f'def login(key="{t}"):\n    return key\n',
    "guide.md": lambda t: f"# Set up {t}\n\nUse `{t}` for staging.\n",
    "settings.yaml": lambda t: f"service:\n  value: {t}\n",
    "settings.toml": lambda t: f'[service]\nvalue = "{t}"\n',
    "settings.json": lambda t: json.dumps({"service": {"value": t}}),
    "work.ipynb": notebook,
    "env.sh": lambda t: f"export VALUE={t}\n",
    ".env": lambda t: f"VALUE={t}\n",
    "page.html": lambda t: f'<p data-key="{t}">hello</p>\n',
    "query.sql": lambda t: f"INSERT INTO keys VALUES ('{t}');\n",
    "Main.java": lambda t: f'class Main {{ static final String VALUE = "{t}"; }}\n',
    "main.c": lambda t: f'static const char *value = "{t}";\n',
    "utf16.txt": lambda t: f"value {t}\n",
}


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests here: rules are compiled into it once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's folder."""
    folder = shared_home
    monkeypatch.setenv("MAGRAY_HOME", str(folder))
    return folder


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """A repository with a secret of its own in every kind of file and in its history; all the secrets."""
    root, chance = tmp_path / "root", random.Random(20)
    root.mkdir()
    canaries = []
    for number, (name, write) in enumerate(FILES.items()):
        token = TOKENS[KINDS[number % len(KINDS)]](chance)
        canaries.append(token)
        (root / name).write_bytes(write(token).encode("utf-16" if name == "utf16.txt" else "utf-8"))
    key = private_key(chance)
    (root / "tls.py").write_text(f'KEY = """{key}"""\n')
    canaries += key.splitlines()[1:-1]
    canaries.append(TOKENS["github classic"](chance))
    commit(root, f"Rotate {canaries[-1]}")
    yield root, canaries


def commit(root: Path, message: str) -> None:
    repository = pygit2.init_repository(str(root))
    repository.index.add_all()
    repository.index.write()
    author = pygit2.Signature("Ada", "ada@example.org", 1_700_000_000, 0)
    repository.create_commit("HEAD", author, author, message, repository.index.write_tree(), [])


def nothing_left(folder: Path, canaries: list[str]) -> None:
    assert folder.exists()
    assert prove(folder, canaries).hits == ()


def test_secrets_in_every_kind_of_file_and_place_are_kept_nowhere(planted: tuple[Path, list[str]], home: Path) -> None:
    root, canaries = planted
    build(root, IndexSettings(workers=1))
    reader = IndexReader.open(root)
    workspace = Workspace(root, reader)
    chance = random.Random(21)

    saved, unsaved, noted = (TOKENS["anthropic"](chance) for _ in range(3))
    canaries += [saved, unsaved, noted]
    (root / "string.py").write_text(f'def connect():\n    return open_session("{saved}")  # again\n')
    update(root, ["string.py"], IndexSettings())
    editing = opened(workspace, "comment.py", f"def deploy():\n    # {unsaved}\n    return 2\n")
    shown = [reader.search("deploy", 5, overlay=editing.overlay), explain(editing, "comment.py", 1)]
    shown += [reader.occurrences("deploy", overlay=editing.overlay), explain(workspace, "default.py", 1)]

    with open_memories(root, Settings()) as memories:
        for store in (memories.project, memories.user):
            assert store is not None
            note = MemoryRecord("", "note", f"log in with {noted}", "ada", 0.0, "string.py", name=f"The {noted}")
            shown.append(records.keep(store, note))
            for role, tool in (("user", ""), ("tool", "shell.run")):
                passage = sessions.Passage(role, f"it said {noted}", tool=tool, arguments="0" * 64)
                shown.append(sessions.remember(store, "talk", passage))
            sessions.fold(store, "talk", budget=1)
            shown += [records.search(store, "log in", 9), sessions.recall(store, "said", 9), sessions.sessions(store)]
    shown += [reader.search(word, 20) for word in ("session", "deploy", "value", "staging", "TODO", "login")]
    shown += [reader.file(name) for name in FILES] + [examine(root)]
    reader.close()

    nothing_left(root / ".magray", canaries)
    nothing_left(home, canaries)
    said = repr(shown)
    assert [canary for canary in canaries if canary in said] == []
    (secrets,) = [check for check in examine(root).checks if check.name == "secrets"]
    assert secrets.state == "ok"
    assert "secrets in 17 files masked before indexing" in secrets.text


def test_a_servers_session_and_its_log_keep_no_secret(
    planted: tuple[Path, list[str]], home: Path, tmp_path: Path
) -> None:
    root, canaries = planted
    canary = TOKENS["anthropic"](random.Random(22))
    with session(root, env={"MAGRAY_HOME": str(home)}) as client:
        client.expects_errors = True
        uri = client.open(root / "default.py", f'def login(key="{canary}"):\n    return key\n')
        position = {"line": 0, "character": 5}
        client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        client.until(lambda: search(client, "connect"), "the index")
        search(client, f"who uses {canary}")
        for wrong in ({"query": canary}, {"path": canary}, {"planId": canary, "goal": canary}):
            with pytest.raises(LspError):
                client.request("magray/plan/get", wrong)
        with pytest.raises(LspError):
            client.request("workspace/executeCommand", {"command": "magray.nothing", "arguments": [canary]})
    nothing_left(root / ".magray", [*canaries, canary])
    nothing_left(home, [*canaries, canary])


def search(client: Any, query: str) -> list[object]:
    try:
        return list(client.request("magray/search", {"query": query})["hits"])
    except LspError:
        return []


def test_the_command_line_keeps_and_shows_no_secret(planted: tuple[Path, list[str]], home: Path) -> None:
    root, canaries = planted
    said = ""
    for arguments in (
        ["index"],
        ["search", "connect"],
        ["explain", "default.py:1"],
        ["doctor"],
        ["search", canaries[0]],
    ):
        done = subprocess.run(
            [SCRIPT, *arguments], cwd=root, env={**os.environ, "MAGRAY_HOME": str(home)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        said += done.stdout + done.stderr.replace(canaries[0], "")
    assert [canary for canary in canaries if canary in said] == []
    nothing_left(root / ".magray", canaries)
    nothing_left(home, canaries)


def test_a_commit_message_is_shown_without_its_secret(planted: tuple[Path, list[str]]) -> None:
    root, canaries = planted
    (found,) = commits_touching(root, "todo.py")
    assert found.summary.startswith("Rotate ")
    assert canaries[-1] not in found.summary


@pytest.mark.parametrize(
    "leave",
    [
        lambda t: t.encode(),
        lambda t: f"x{t}y".encode("utf-16-le"),
        lambda t: t.encode("utf-16-be"),
        lambda t: base64.b64encode(f"{t} and more".encode()),
        lambda t: base64.b64encode(f"a{t} and more".encode()),
        lambda t: base64.b64encode(f"ab{t}".encode()),
        lambda t: base64.urlsafe_b64encode(f"abcd{t}~~??".encode()),
        lambda t: t.encode().hex().encode(),
        lambda t: json.dumps({"key": t}).encode(),
        lambda t: t[::-1].encode(),
        lambda t: b"\0" * 9_000_000 + t.encode(),
        lambda t: b"head" + gzip.compress(f"many words {t}".encode() * 50),
        lambda t: zlib.compress(b"many words " * 50 + t.encode(), 1),
    ],
    ids=range(13),
)
def test_the_proof_finds_what_is_left_in_any_form(tmp_path: Path, leave: Callable[[str], bytes]) -> None:
    token = TOKENS["anthropic"](random.Random(4))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.bin").write_bytes(leave(token))
    (tmp_path / "other").write_bytes(random.Random(5).randbytes(100_000))
    proof = prove(tmp_path, [token])
    assert [name for name, _ in proof.hits] == ["deep/file.bin"]
    assert proof.files == 2
    assert prove(tmp_path, [TOKENS["anthropic"](random.Random(6))]).hits == ()
