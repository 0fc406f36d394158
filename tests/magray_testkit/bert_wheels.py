"""Wheels that carry a tiny sentence encoder, and the encoder itself in plain numpy."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from magray_models.catalog import MODELS, CatalogEntry, PinnedFile, Wheel

Weights = Mapping[str, NDArray[np.float32]]
TINY_CONFIG = {"num_hidden_layers": 2, "num_attention_heads": 12, "hidden_size": 384, "layer_norm_eps": 1e-12}
_INNER, _POSITIONS = 32, 512
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_WORDS = (*_SPECIAL, "read", "write", "file", "json", "a", "the", "config", "sort", "list", "open", "socket")


def tiny_wheel(folder: Path, *, seed: int = 1, without: str = "") -> CatalogEntry:
    """A wheel of a small encoder in the folder, and how the catalog would pin it; ``without`` leaves a file out."""
    files = {
        "model.safetensors": save(tiny_weights(seed)),
        "config.json": json.dumps(TINY_CONFIG).encode(),
        "tokenizer.json": json.dumps(tokenizer_json()).encode(),
        "../outside.txt": b"never taken",
    }
    name = f"tiny_bert-1.{seed}-py3-none-any.whl"
    written = {f"tiny_bert/model/{path}": content for path, content in files.items() if path != without}
    written["tiny_bert/__init__.py"] = b"raise SystemExit('the package is never imported')\n"
    written[f"tiny_bert-1.{seed}.dist-info/METADATA"] = (
        f"Metadata-Version: 2.1\nName: tiny-bert\nVersion: 1.{seed}\n".encode()
    )
    written[f"tiny_bert-1.{seed}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{path},sha256={_urlsafe(content)},{len(content)}\n" for path, content in written.items())
    written[f"tiny_bert-1.{seed}.dist-info/RECORD"] = record.encode()
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as packed:
        for path, content in written.items():
            packed.writestr(path, content)
    archive = (folder / name).read_bytes()
    pins = tuple(
        PinnedFile(f"tiny_bert/model/{path}", path, hashlib.sha256(content).hexdigest(), len(content))
        for path, content in files.items()
        if not path.startswith("..")
    )
    wheel = Wheel(f"tiny-bert==1.{seed}", hashlib.sha256(archive).hexdigest(), len(archive), pins)
    return dataclasses.replace(MODELS["minilm"], wheel=wheel)


def tiny_weights(seed: int) -> Weights:
    """Random weights of two layers, with the names that published encoders have."""
    random = np.random.default_rng(seed)
    hidden = TINY_CONFIG["hidden_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(_WORDS), int(hidden)),
        "embeddings.position_embeddings.weight": (_POSITIONS, int(hidden)),
        "embeddings.token_type_embeddings.weight": (2, int(hidden)),
    }
    for layer in range(2):
        at = f"encoder.layer.{layer}."
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes[f"{at}{part}.weight"] = (int(hidden), int(hidden))
        shapes[f"{at}intermediate.dense.weight"] = (_INNER, int(hidden))
        shapes[f"{at}output.dense.weight"] = (int(hidden), _INNER)
    weights = {name: random.normal(0, 0.06, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if name.startswith("encoder"):
            weights[name.replace(".weight", ".bias")] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    norms = ["embeddings.LayerNorm."]
    norms += [f"encoder.layer.{n}.{part}.LayerNorm." for n in range(2) for part in ("attention.output", "output")]
    for norm in norms:
        weights[f"{norm}weight"] = random.normal(1, 0.1, int(hidden)).astype(np.float32)
        weights[f"{norm}bias"] = random.normal(0, 0.1, int(hidden)).astype(np.float32)
    return weights


def tokenizer_json() -> dict[str, Any]:
    """A tokenizer of a few whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(_WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content


def sentence_vector(weights: Weights, config: Mapping[str, Any], ids: Sequence[int]) -> NDArray[np.float64]:
    """The encoder as its paper says it, in float64 and without any of our code: (hidden,), normalised."""
    w = {name: value.astype(np.float64) for name, value in weights.items() if value.dtype == np.float32}
    heads, eps = int(config["num_attention_heads"]), float(config["layer_norm_eps"])

    def dense(rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return np.asarray(rows @ w[f"{name}.weight"].T + w[f"{name}.bias"])

    def norm(rows: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = rows - rows.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps)
        return np.asarray(scaled * w[f"{name}.weight"] + w[f"{name}.bias"])

    rows = w["embeddings.word_embeddings.weight"][list(ids)] + w["embeddings.position_embeddings.weight"][: len(ids)]
    rows = norm(rows + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    width = rows.shape[1] // heads
    for layer in range(int(config["num_hidden_layers"])):
        at = f"encoder.layer.{layer}."
        query, key, value = (dense(rows, f"{at}attention.self.{part}") for part in ("query", "key", "value"))
        mixed = np.empty_like(rows)
        for head in range(heads):
            own = slice(head * width, (head + 1) * width)
            scores = query[:, own] @ key[:, own].T / math.sqrt(width)
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, own] = shares / shares.sum(-1, keepdims=True) @ value[:, own]
        rows = norm(dense(mixed, f"{at}attention.output.dense") + rows, f"{at}attention.output.LayerNorm")
        inner = dense(rows, f"{at}intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        rows = norm(dense(inner, f"{at}output.dense") + rows, f"{at}output.LayerNorm")
    mean = rows.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
