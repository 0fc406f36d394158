"""A folder with a Qwen3 in it: what is found there, what is recorded, and how damaged files are refused."""

from __future__ import annotations

import json
import logging
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from magray_testkit.qwen3_gguf import write_gguf
from magray_testkit.tiny_qwen3 import TinyQwen3
from safetensors.numpy import load_file, save_file

from magray_core.errors import ProviderError
from magray_models.installed import problems, write_manifest
from magray_models.qwen.embedding import load_qwen3_embedder
from magray_models.qwen.gguf_header import read_header
from magray_models.qwen.reranking import load_qwen3_reranker


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as it is fetched; copy it before changing it."""
    return TinyQwen3().write_checkpoint(tmp_path_factory.mktemp("published") / "model")


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "model"))


def refusal(folder: Path) -> str:
    """What a person is told when the model cannot be loaded."""
    with pytest.raises(ProviderError) as refused:
        load_qwen3_embedder(folder)
    assert "\n" not in refused.value.message
    return refused.value.message + (f" ({refused.value.hint})" if refused.value.hint else "")


def graph_of(folder: Path) -> Path:
    """The graph that was made of the folder's checkpoint."""
    (graph,) = folder.glob("embedding-*.onnx")
    return graph


def spoil(path: Path, at: int = -10) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x40
    path.write_bytes(content)


def test_files_that_were_placed_are_recorded_and_then_refused_when_they_change(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = load_qwen3_embedder(folder).model
    recorded = json.loads((folder / "manifest.json").read_text())["files"]
    graph = graph_of(folder).name
    assert set(recorded) == {"model.safetensors", "config.json", "tokenizer.json", graph, f"{graph}_data"}
    assert recorded[graph]["bytes"] == (folder / graph).stat().st_size
    assert "converting" in caplog.text
    assert load_qwen3_embedder(folder).model == before
    for name in (graph, f"{graph}_data", "tokenizer.json"):
        whole = (folder / name).read_bytes()
        spoil(folder / name)
        assert refusal(folder).startswith(f"{folder / name} is not the file that was recorded (place the model again")
        (folder / name).write_bytes(whole[:-1])
        assert f"has {len(whole) - 1} bytes, {len(whole)} were recorded" in refusal(folder)
        (folder / name).write_bytes(whole)
    assert load_qwen3_embedder(folder).model == before


def test_a_fetched_checkpoint_is_verified_before_it_is_converted(folder: Path) -> None:
    load_qwen3_embedder(folder)
    graph_of(folder).unlink()
    spoil(folder / "model.safetensors")
    assert f"{folder / 'model.safetensors'} is not the file that was recorded" in refusal(folder)
    assert not list(folder.glob("*.onnx"))


def test_another_checkpoint_in_the_folder_is_converted_anew(folder: Path) -> None:
    first = load_qwen3_embedder(folder)
    old = graph_of(folder)
    other = TinyQwen3(seed=2)
    other.write_checkpoint(folder)
    assert "is not the file that was recorded" in refusal(folder)
    write_manifest(folder)  # as placing the model again does
    second = load_qwen3_embedder(folder)
    assert second.model.id != first.model.id
    assert np.abs(second.embed(["text"])[0] - other.embedding("text")).max() < 1e-5
    assert graph_of(folder) != old
    assert problems(folder) == []


def test_a_file_beside_the_graph_that_nobody_recorded_is_refused(folder: Path) -> None:
    load_qwen3_embedder(folder)
    graph_of(folder).rename(folder / "model.onnx")  # as if it were the person's own, with its weights beside it
    write_manifest(folder)
    (folder / "model.onnx.data").write_bytes(b"weights from somewhere else")
    assert "model.onnx.data is not in the model's manifest.json" in refusal(folder)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"files": []}', '{"files": {"model.onnx": 3}}', "\x00\xff"])
def test_a_manifest_that_is_none_is_said(content: str, folder: Path) -> None:
    load_qwen3_embedder(folder)
    (folder / "manifest.json").write_text(content)
    assert f"the manifest of the model {folder.name} cannot be read" in refusal(folder)


def test_a_folder_without_a_model_says_what_belongs_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").startswith("there is no model in")
    assert "put model.onnx, a .gguf file or model.safetensors with config.json there" in refusal(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"")
    assert "has no tokenizer.json" in refusal(tmp_path)


def test_two_models_in_a_folder_are_not_guessed_between(folder: Path) -> None:
    for name in ("first.onnx", "second.onnx"):
        (folder / name).write_bytes(b"")
    assert "holds several models: first.onnx, second.onnx (keep one, or name it model.onnx)" in refusal(folder)


def break_config(change: dict[str, object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | change))

    return damage


def drop_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors")


def not_numbers(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"] = np.full_like(tensors["model.norm.weight"], np.nan)
    save_file(tensors, folder / "model.safetensors")


def overwrite(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (overwrite("config.json", b"{"), "config.json is not a model's configuration"),
        (overwrite("config.json", b"{}"), "config.json is not a model's configuration"),
        (break_config({"model_type": "llama"}), "config.json describes another network"),
        (break_config({"rope_scaling": {"rope_type": "yarn"}}), "config.json describes another network"),
        (break_config({"num_hidden_layers": 3}), "has no tensor layers.2"),
        (break_config({"hidden_size": 32}), "embed_tokens.weight in model.safetensors has another size"),
        (break_config({"head_dim": 0, "num_attention_heads": 0}), "config.json is not a model's configuration"),
        (drop_tensor, "model.safetensors has no tensor layers.1.mlp.up_proj.weight"),
        (not_numbers, "computes no numbers"),
        (overwrite("model.safetensors", b"\xff" * 100), "model.safetensors is damaged"),
        (overwrite("tokenizer.json", b"not json"), "tokenizer.json is not a tokenizer"),
        (overwrite("tokenizer.json", b"{}"), "tokenizer.json is not a tokenizer"),
    ],
)
def test_a_checkpoint_that_was_never_whole_is_refused(damage: Callable[[Path], None], said: str, folder: Path) -> None:
    damage(folder)
    assert said in refusal(folder)
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_an_onnx_file_that_was_never_whole_is_refused(folder: Path) -> None:
    load_qwen3_embedder(folder)
    graph = graph_of(folder).name
    whole = {name: (folder / name).read_bytes() for name in (graph, f"{graph}_data")}
    for name, content in whole.items():
        for size in (0, 1, len(content) // 3, len(content) - 1):
            (folder / name).write_bytes(content[:size])
            write_manifest(folder)
            assert any(said in refusal(folder) for said in ("cannot be loaded", "cannot be run", "is no such model"))
        (folder / name).write_bytes(content)
    write_manifest(folder)
    load_qwen3_embedder(folder)


def test_the_other_models_files_are_refused(folder: Path) -> None:
    load_qwen3_reranker(folder)
    (graph,) = folder.glob("reranking-*.onnx")
    graph.rename(folder / "model.onnx")  # its weights are still found: the graph names them
    write_manifest(folder)
    assert "is no such model: it has the outputs yes_no_logits (one of these is needed: last_hidden" in refusal(folder)


def test_a_folder_that_cannot_be_written_to_still_loads(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    load_qwen3_embedder(folder)
    (folder / "manifest.json").unlink()
    replace = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if target.name == "manifest.json":
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)  # root may write anywhere, so the refusal is played
    assert load_qwen3_embedder(folder).model.dim == 64
    assert "could not be recorded" in caplog.text


def test_a_gguf_without_llama_cpp_names_the_extra(tmp_path: Path) -> None:
    write_gguf(TinyQwen3(), tmp_path / "model.gguf", "embedding")
    try:
        import llama_cpp  # noqa: F401
    except ImportError:
        assert 'pip install "magray[llama]"' in refusal(tmp_path)
    else:
        assert load_qwen3_embedder(tmp_path).model.dim == 64


def test_a_gguf_of_another_network_is_refused_before_llama_cpp_sees_it(tmp_path: Path) -> None:
    write_gguf(TinyQwen3(), tmp_path / "model.gguf", "embedding", architecture="llama")
    assert "holds a model of the kind llama, not qwen3" in refusal(tmp_path)


def test_the_head_of_a_gguf_is_read_or_refused_whatever_its_bytes(tmp_path: Path) -> None:
    path = write_gguf(TinyQwen3(), tmp_path / "model.gguf", "ranking")
    header = read_header(path)
    assert header.architecture == "qwen3"
    assert header.values["qwen3.classifier.output_labels"] == ("yes", "no")
    assert "cls.output.weight" in header.tensors
    whole = path.read_bytes()
    random_bytes = random.Random(3)
    for round_idx in range(300):
        damaged = bytearray(whole[: random_bytes.randrange(40_000)] if round_idx % 2 else whole)
        for _ in range(random_bytes.randrange(4)):
            if damaged:
                damaged[random_bytes.randrange(min(len(damaged), 30_000))] = random_bytes.randrange(256)
        if round_idx % 5 == 0 and len(damaged) > 24:
            struct.pack_into("<QQ", damaged, 8, random_bytes.getrandbits(63), random_bytes.getrandbits(22))
        path.write_bytes(damaged)
        try:
            read_header(path)
        except ProviderError as refused:
            assert "not a whole gguf file" in refused.message


class TestGguf:
    """Needs the extra ``llama``."""

    @pytest.fixture(autouse=True)
    def needs_llama(self) -> None:
        pytest.importorskip("llama_cpp", reason="gguf needs the extra llama, which compiles for ten minutes")

    def test_a_gguf_that_changed_is_refused_by_its_hash(self, tmp_path: Path) -> None:
        path = write_gguf(TinyQwen3(), tmp_path / "model.gguf", "embedding")
        load_qwen3_embedder(tmp_path)
        whole = path.read_bytes()
        for at in range(0, len(whole), len(whole) // 20):
            path.write_bytes(whole[:at])
            assert "were recorded" in refusal(tmp_path)
            path.write_bytes(whole)
            spoil(path, at)
            assert "is not the file that was recorded" in refusal(tmp_path)

    def test_a_gguf_that_was_never_whole_is_refused_without_a_crash(self, tmp_path: Path) -> None:
        path = write_gguf(TinyQwen3(), tmp_path / "model.gguf", "embedding")
        whole = path.read_bytes()
        for size in range(0, len(whole), len(whole) // 20):
            path.write_bytes(whole[:size])
            (tmp_path / "manifest.json").unlink(missing_ok=True)
            assert any(said in refusal(tmp_path) for said in ("not a whole gguf file", "cannot be loaded"))

    def test_a_reranker_without_its_head_answers_with_its_words(self, tmp_path: Path) -> None:
        tiny = TinyQwen3()
        write_gguf(tiny, tmp_path / "with" / "model.gguf", "ranking")
        write_gguf(tiny, tmp_path / "without" / "model.gguf", "causal")
        ranked, spoken = (load_qwen3_reranker(tmp_path / name) for name in ("with", "without"))
        assert np.allclose(ranked.score("q", ["a", "b"]), spoken.score("q", ["a", "b"]), atol=1e-5)
