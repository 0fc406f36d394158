"""Qwen3's embedder and reranker compute what transformers computes, from every kind of file that people have."""

from __future__ import annotations

import inspect
import json
import shutil
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from magray_testkit import qwen3_exports as exports
from magray_testkit.qwen3_gguf import Kind, write_gguf
from magray_testkit.tiny_qwen3 import STOP, TinyQwen3

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import ProviderError
from magray_models.qwen.embedding import load_qwen3_embedder
from magray_models.qwen.prompts import CODE_SEARCH, END_OF_TEXT, JUDGE_PREFIX, JUDGE_SUFFIX, judge_question, query_text
from magray_models.qwen.reranking import BATCH, load_qwen3_reranker
from magray_models.qwen.tokens import MAX_QUESTION_TOKENS, FileVocabulary, JudgePrompt

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = json.loads(Path(__file__).with_name("qwen3_golden.json").read_text(encoding="utf-8"))
TEXTS: list[str] = GOLDEN["cases"]["texts"]
PAIRS: list[tuple[str, str, str]] = [tuple(pair) for pair in GOLDEN["cases"]["pairs"]]
WHOLE = 2000  # a passage limit beyond every pair's length
CLOSE = 1e-5


@pytest.fixture(scope="module")
def tiny() -> TinyQwen3:
    return TinyQwen3()


@pytest.fixture(scope="module")
def embedding_model(tiny: TinyQwen3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as published, converted by loading it; never changed by a test."""
    folder = tiny.write_checkpoint(tmp_path_factory.mktemp("qwen") / "embedding", prefix="")
    load_qwen3_embedder(folder)
    return folder


@pytest.fixture(scope="module")
def reranking_model(tiny: TinyQwen3, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.write_checkpoint(tmp_path_factory.mktemp("qwen") / "reranking")
    load_qwen3_reranker(folder)
    return folder


@pytest.fixture(scope="module")
def vocabulary(embedding_model: Path) -> FileVocabulary:
    return FileVocabulary(embedding_model / "tokenizer.json")


def check_embeddings(folder: Path, *, within: float = CLOSE) -> None:
    """All golden texts in one request, and each alone, equal transformers' vectors; empty ones are zeros."""
    embedder = load_qwen3_embedder(folder, max_tokens=GOLDEN["cases"]["limit"])
    vectors = embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), embedder.model.dim) == (len(TEXTS), 64)
    for idx, text in enumerate(TEXTS):
        if not text.strip():
            assert not vectors[idx].any()
            continue
        assert np.abs(vectors[idx] - GOLDEN["embeddings"][idx]).max() < within, text[:40]
        assert np.abs(embedder.embed([text])[0] - vectors[idx]).max() < 1e-6
    assert embedder.embed([]).shape == (0, 64)


def check_judgments(folder: Path, *, within: float = CLOSE) -> None:
    """Every golden pair has transformers' P(yes), alone and among others."""
    expected = dict(zip(PAIRS, GOLDEN["judgments"], strict=True))
    for task in {task for task, _, _ in PAIRS}:
        reranker = load_qwen3_reranker(folder, task=task, max_passage_tokens=WHOLE)
        for query in {query for asked, query, _ in PAIRS if asked == task}:
            passages = [passage for asked, about, passage in PAIRS if (asked, about) == (task, query)]
            scores = reranker.score(query, [*passages, *TEXTS[:7]])[: len(passages)]
            for passage, score in zip(passages, scores, strict=True):
                assert abs(score - expected[task, query, passage]) < within, (query, passage[:40])
                assert abs(score - reranker.score(query, [passage])[0]) < 1e-6
    assert reranker.score("anything", []) == []


def test_the_plain_reference_computes_what_transformers_computed(tiny: TinyQwen3) -> None:
    for text, vector in zip(TEXTS, GOLDEN["embeddings"], strict=True):
        assert np.abs(tiny.embedding(text) - vector).max() < CLOSE
    for (task, query, passage), score in zip(PAIRS, GOLDEN["judgments"], strict=True):
        assert abs(tiny.judgment(task, query, passage) - score) < CLOSE


def test_a_published_checkpoint_embeds_as_transformers_does(embedding_model: Path) -> None:
    check_embeddings(embedding_model)


def test_a_published_checkpoint_judges_as_transformers_does(reranking_model: Path) -> None:
    check_judgments(reranking_model)


def test_a_question_is_embedded_with_its_instruction(tiny: TinyQwen3, embedding_model: Path) -> None:
    embedder = load_qwen3_embedder(embedding_model)
    for query in ("where is the file read?", "где читается файл?", "🦄"):
        expected = tiny.embedding(f"Instruct: {CODE_SEARCH}\nQuery:{query}")
        assert np.abs(embedder.embed_query(query) - expected).max() < CLOSE
    assert not embedder.embed_query(" \n").any()


def test_a_long_text_is_cut_and_keeps_the_end_token(tiny: TinyQwen3, embedding_model: Path) -> None:
    embedder = load_qwen3_embedder(embedding_model, max_tokens=32)
    text = "def read(self, path): return file " * 100
    assert np.abs(embedder.embed([text])[0] - tiny.embedding(text, limit=32)).max() < CLOSE
    million = embedder.embed_query("search " * 150_000)
    assert abs(np.linalg.norm(million) - 1) < 1e-6


def test_the_first_numbers_of_a_vector_are_a_vector(embedding_model: Path) -> None:
    whole, short = load_qwen3_embedder(embedding_model), load_qwen3_embedder(embedding_model, dim=16)
    first = whole.embed(TEXTS[:1])[0, :16]
    assert np.allclose(short.embed(TEXTS[:1])[0], first / np.linalg.norm(first), atol=1e-6)
    assert short.model.dim == 16
    assert short.model.id != whole.model.id
    assert load_qwen3_embedder(embedding_model).model.id == whole.model.id
    with pytest.raises(ProviderError, match="64 numbers, not 65"):
        load_qwen3_embedder(embedding_model, dim=65)


def test_a_passage_is_cut_where_it_reaches_its_limit(tiny: TinyQwen3, reranking_model: Path) -> None:
    reranker = load_qwen3_reranker(reranking_model, max_passage_tokens=20)
    words = ["z"] * 60
    assert len(tiny.text_ids(" " + " ".join(words))) == 2 * len(words)  # each a token, and its space another
    (score,) = reranker.score("q", [" ".join(words)])
    assert abs(score - tiny.judgment(CODE_SEARCH, "q", " ".join(words[:10]))) < CLOSE


def test_a_question_of_a_megabyte_is_cut_and_the_passage_still_counts(reranking_model: Path) -> None:
    reranker = load_qwen3_reranker(reranking_model)
    scores = reranker.score("где это? \x00🦄" * 80_000, ["def read(path)", "search index"])
    assert len(set(scores)) == 2
    assert all(0 < score < 1 for score in scores)


@given(st.text(max_size=40), st.text(max_size=60))
@settings(deadline=None, max_examples=150)
def test_the_prompt_in_parts_has_the_tokens_of_the_whole(
    tiny: TinyQwen3, vocabulary: FileVocabulary, query: str, passage: str
) -> None:
    clean_query, clean_passage = (text.encode("utf-8", "replace").decode() for text in (query, passage))
    prompt = JudgePrompt(vocabulary, max_passage_tokens=WHOLE)
    question = prompt.question(query)
    frame = len(prompt.pair(question, "")) - len(question) - 1  # the suffix; the 1 is the space before the passage
    whole = tiny.text_ids(f"<Instruct>: {CODE_SEARCH}\n<Query>: {clean_query}\n<Document>: {clean_passage}")
    ids = prompt.pair(question, passage)
    assert ids[-len(whole) - frame : -frame] == whole
    assert ids[-frame:].count(tiny.ids[STOP]) == ids.count(tiny.ids[STOP]) - 1 == 1


def change_export(change: str, tiny: TinyQwen3) -> Callable[[Any], None]:
    return {
        "past": exports.with_past(tiny),
        "grouped": exports.with_grouped_attention(tiny),
        "single": exports.one_text_at_a_time,
        "logits": exports.with_logits(tiny, last_only=False),
        "last logits": exports.with_logits(tiny, last_only=True),
        "classifier": exports.as_classifier(tiny),
    }[change]


@pytest.mark.parametrize("change", ["past", "grouped", "single"])
def test_embeddings_do_not_depend_on_who_exported_the_graph(
    change: str, tiny: TinyQwen3, embedding_model: Path, tmp_path: Path
) -> None:
    check_embeddings(exports.rewrite(embedding_model, tmp_path / "export", change_export(change, tiny)))


@pytest.mark.parametrize("change", ["past", "grouped", "single", "logits", "last logits", "classifier"])
def test_judgments_do_not_depend_on_who_exported_the_graph(
    change: str, tiny: TinyQwen3, reranking_model: Path, tmp_path: Path
) -> None:
    half_precision = change == "classifier"
    folder = exports.rewrite(reranking_model, tmp_path / "export", change_export(change, tiny))
    check_judgments(folder, within=1e-3 if half_precision else CLOSE)


def test_the_layout_of_a_hub_is_understood(embedding_model: Path, tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    (graph,) = embedding_model.glob("embedding-*.onnx")
    onnx.save_model(
        onnx.load(graph), tmp_path / "onnx" / "model.onnx", save_as_external_data=True, location="model.onnx_data"
    )
    shutil.copyfile(embedding_model / "tokenizer.json", tmp_path / "tokenizer.json")
    check_embeddings(tmp_path)
    recorded = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert set(recorded) == {"onnx/model.onnx", "onnx/model.onnx_data", "tokenizer.json"}


def test_threads_at_once_get_what_one_gets(embedding_model: Path, reranking_model: Path) -> None:
    embedder, reranker = load_qwen3_embedder(embedding_model), load_qwen3_reranker(reranking_model)
    vectors, scores = embedder.embed(TEXTS), reranker.score("file", TEXTS)
    wrong: list[str] = []

    def work() -> None:
        for _ in range(3):
            if np.abs(embedder.embed(TEXTS) - vectors).max() > 1e-6:
                wrong.append("vectors")
            if np.abs(np.array(reranker.score("file", TEXTS)) - scores).max() > 1e-6:
                wrong.append("scores")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_long_work_stops_between_two_batches(embedding_model: Path, reranking_model: Path) -> None:
    class Patience(CancelToken):
        """Wanted for a number of looks, then no more."""

        def __init__(self, looks: int) -> None:
            super().__init__()
            self.looks = looks

        def check(self) -> None:
            self.looks -= 1
            if self.looks < 0:
                self.cancel()
            super().check()

    embedder, reranker = load_qwen3_embedder(embedding_model), load_qwen3_reranker(reranking_model)
    enough = Patience(3)
    assert len(reranker.score("q", ["passage"] * 24, cancel=enough)) == 24
    assert enough.looks == 0
    with pytest.raises(Cancelled):
        reranker.score("q", ["passage"] * 25, cancel=Patience(3))
    with pytest.raises(Cancelled):
        embedder.embed(["text"] * 65, cancel=Patience(2))


def test_a_gpu_that_is_not_there_is_said_and_auto_uses_the_processor(embedding_model: Path) -> None:
    import onnxruntime

    if any(name.startswith(("CUDA", "ROCM", "MIGraphX", "Dml")) for name in onnxruntime.get_available_providers()):
        assert load_qwen3_embedder(embedding_model, device="gpu").model.dim == 64
        return
    with pytest.raises(ProviderError, match="no provider for a GPU"):
        load_qwen3_embedder(embedding_model, device="gpu")


def test_the_manifests_tell_what_the_code_does() -> None:
    embedding, reranking = (
        tomllib.loads((ROOT / "models" / name / "manifest.toml").read_text(encoding="utf-8"))
        for name in ("qwen3emb", "qwen3_reranker")
    )
    asked = embedding["prompt"]
    assert asked["query"].format(task=asked["task"], query="why?") == query_text("why?")
    assert asked["end_token"] == END_OF_TEXT
    assert embedding["vectors"]["max_tokens"] == default_of(load_qwen3_embedder, "max_tokens")
    judged = reranking["prompt"]
    user = judged["user"].format(task=judged["task"], query="why?", document="because")
    system = f"<|im_start|>system\n{judged['system']}<|im_end|>\n<|im_start|>user\n"
    assert system + user == f"{JUDGE_PREFIX}{judge_question('why?')} because"
    assert f"<|im_end|>\n<|im_start|>assistant\n{judged['assistant']}" == JUDGE_SUFFIX
    assert reranking["scores"]["max_passage_tokens"] == default_of(load_qwen3_reranker, "max_passage_tokens")
    assert (reranking["scores"]["batch"], reranking["scores"]["max_question_tokens"]) == (BATCH, MAX_QUESTION_TOKENS)


def default_of(function: Callable[..., object], name: str) -> object:
    return inspect.signature(function).parameters[name].default


class TestGguf:
    """The same in llama.cpp; needs the extra ``llama``."""

    @pytest.fixture(autouse=True)
    def needs_llama(self) -> None:
        pytest.importorskip("llama_cpp", reason="gguf needs the extra llama, which compiles for ten minutes")

    def test_a_gguf_embeds_as_transformers_does(self, tiny: TinyQwen3, tmp_path: Path) -> None:
        write_gguf(tiny, tmp_path / "any-name.gguf", "embedding")
        check_embeddings(tmp_path, within=1e-5)

    @pytest.mark.parametrize("kind", ["causal", "ranking"])
    def test_a_gguf_judges_as_transformers_does(self, kind: Kind, tiny: TinyQwen3, tmp_path: Path) -> None:
        write_gguf(tiny, tmp_path / "model.gguf", kind)
        check_judgments(tmp_path, within=1e-5)
