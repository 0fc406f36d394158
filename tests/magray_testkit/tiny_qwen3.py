"""A Qwen3 of 100,000 random weights with a tokenizer of its own, and what it computes, in plain numpy.

Nothing here is taken from the code under test. Weights come from the bits of a generator whose stream is fixed, and
the tokenizer from a list of words, so that what transformers computed of them once (``qwen3_golden.json``) stays true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
WORDS = re.findall(
    r"\S+",
    "yes no Instruct Query Document Judge whether the meets requirements based on and provided Note that answer can "
    "only be or Given question about code base retrieve documentation system user assistant def return import class "
    "self path file read write error index search привет поиск файл это не",
)
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Sizes:
    """What ``config.json`` tells of a model."""

    hidden: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    inner: int = 96
    theta: float = 1_000_000.0
    eps: float = 1e-6


@dataclass
class TinyQwen3:
    """The model: its sizes, tokenizer and weights by their published names (without ``model.``)."""

    seed: int = 1
    sizes: Sizes = field(default_factory=Sizes)

    def __post_init__(self) -> None:
        from tokenizers import Tokenizer

        self.tokenizer_json = tokenizer_json()
        self.tokenizer = Tokenizer.from_str(json.dumps(self.tokenizer_json))
        self.tokenizer.encode_special_tokens = True
        self.ids: dict[str, int] = self.tokenizer.get_vocab(with_added_tokens=True)
        self.weights = _weights(self.seed, self.sizes, len(self.ids))

    def config(self) -> dict[str, Any]:
        """As published: with ``rope_theta`` at the top."""
        sizes = self.sizes
        return {
            "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": False, "hidden_act": "silu",
            "hidden_size": sizes.hidden, "num_hidden_layers": sizes.layers, "num_attention_heads": sizes.heads,
            "num_key_value_heads": sizes.kv_heads, "head_dim": sizes.head_dim, "intermediate_size": sizes.inner,
            "rope_theta": sizes.theta, "rms_norm_eps": sizes.eps, "vocab_size": len(self.ids),
            "tie_word_embeddings": True, "max_position_embeddings": 4096, "torch_dtype": "float32",
            "eos_token_id": self.ids[END], "pad_token_id": self.ids[END], "use_sliding_window": False,
        }  # fmt: skip

    def write_checkpoint(self, folder: Path, *, prefix: str = "model.") -> Path:
        """Files as they are published; the embedding model's tensors are published without the prefix."""
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(self.config()))
        (folder / "tokenizer.json").write_text(json.dumps(self.tokenizer_json))
        kind = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": END, "pad_token": END, "padding_side": "left"}
        (folder / "tokenizer_config.json").write_text(json.dumps(kind))
        save_file({prefix + name: weight for name, weight in self.weights.items()}, folder / "model.safetensors")
        return folder

    def hidden(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """(length, hidden) states after the last norm, of one text, in double precision."""
        return _forward(self.weights, self.sizes, ids)

    def text_ids(self, text: str) -> list[int]:
        """Ids of a person's text, in which control tokens are ordinary characters."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def embedding(self, text: str, *, limit: int = 1024) -> NDArray[np.float64]:
        """The reference's vector of a text: end token, last state, length 1."""
        state = self.hidden([*self.text_ids(text)[: limit - 1], self.ids[END]])[-1]
        return np.asarray(state / np.linalg.norm(state))

    def judgment(self, task: str, query: str, passage: str) -> float:
        """The reference's P(yes): the pair is encoded as one text between prefix and suffix."""
        head = self.weights["embed_tokens.weight"].astype(np.float64)
        ids = [*self._framed(PREFIX), *self.text_ids(f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {passage}")]
        state = self.hidden([*ids, *self._framed(SUFFIX)])[-1]
        yes, no = head[self.ids["yes"]] @ state, head[self.ids["no"]] @ state
        return float(1 / (1 + np.exp(no - yes)))

    def _framed(self, text: str) -> list[int]:
        from tokenizers import Tokenizer

        found: list[int] = (
            Tokenizer.from_str(json.dumps(self.tokenizer_json)).encode(text, add_special_tokens=False).ids
        )
        return found


def tokenizer_json() -> dict[str, Any]:
    """Byte pairs that build each of the words from its left, in Qwen's format, with Qwen's control tokens."""
    letters = _byte_letters()
    vocabulary = {letter: idx for idx, letter in enumerate(letters.values())}
    merges: list[list[str]] = []
    for word in (form for plain in WORDS for form in (plain, " " + plain)):
        pieces = [letters[byte] for byte in word.encode()]
        while len(pieces) > 1:
            pair = pieces[:2]
            pieces = ["".join(pair), *pieces[2:]]
            if pieces[0] not in vocabulary:
                vocabulary[pieces[0]] = len(vocabulary)
                merges.append(pair)
    added = [
        {"id": len(vocabulary) + idx, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": token not in ("<think>", "</think>")}
        for idx, token in enumerate((END, START, STOP, "<think>", "</think>"))
    ]  # fmt: skip
    end = {"SpecialToken": {"id": END, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": _SPLIT}, "behavior": "Isolated", "invert": False}, byte_level]},
        "post_processor": {"type": "TemplateProcessing", "single": [text, end], "pair": [text, end],
                           "special_tokens": {END: {"id": END, "ids": [added[0]["id"]], "tokens": [END]}}},
        "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": vocabulary, "merges": merges},
    }  # fmt: skip


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in byte-level tokenizers."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = (byte for byte in range(256) if byte not in plain)
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + idx) for idx, byte in enumerate(other)}}


def _weights(seed: int, sizes: Sizes, n_tokens: int) -> dict[str, NDArray[np.float32]]:
    """Uniform weights, large enough that every token and position changes the result."""
    bits = np.random.PCG64(seed)

    def uniform(*shape: int, scale: float, middle: float = 0.0) -> NDArray[np.float32]:
        raw = bits.random_raw(int(np.prod(shape))) >> np.uint64(11)
        return ((raw / 2.0**53 * 2 - 1) * scale + middle).astype(np.float32).reshape(shape)

    hidden, size, inner = sizes.hidden, sizes.head_dim, sizes.inner
    weights = {"embed_tokens.weight": uniform(n_tokens, hidden, scale=0.35)}
    for layer in range(sizes.layers):
        at = f"layers.{layer}."
        weights |= {
            at + "input_layernorm.weight": uniform(hidden, scale=0.5, middle=1),
            at + "self_attn.q_proj.weight": uniform(sizes.heads * size, hidden, scale=0.3),
            at + "self_attn.k_proj.weight": uniform(sizes.kv_heads * size, hidden, scale=0.3),
            at + "self_attn.v_proj.weight": uniform(sizes.kv_heads * size, hidden, scale=0.3),
            at + "self_attn.o_proj.weight": uniform(hidden, sizes.heads * size, scale=0.3),
            at + "self_attn.q_norm.weight": uniform(size, scale=0.5, middle=1),
            at + "self_attn.k_norm.weight": uniform(size, scale=0.5, middle=1),
            at + "post_attention_layernorm.weight": uniform(hidden, scale=0.5, middle=1),
            at + "mlp.gate_proj.weight": uniform(inner, hidden, scale=0.3),
            at + "mlp.up_proj.weight": uniform(inner, hidden, scale=0.3),
            at + "mlp.down_proj.weight": uniform(hidden, inner, scale=0.3),
        }
    return {**weights, "norm.weight": uniform(hidden, scale=0.5, middle=1)}


def _forward(weights: dict[str, NDArray[np.float32]], sizes: Sizes, ids: Sequence[int]) -> NDArray[np.float64]:
    """Qwen3 as the report describes it, one text, loops over heads: slow and plain."""
    w = {name: weight.astype(np.float64) for name, weight in weights.items()}
    length, size = len(ids), sizes.head_dim

    def norm(x: NDArray[Any], name: str) -> NDArray[Any]:
        return np.asarray(x / np.sqrt((x * x).mean(-1, keepdims=True) + sizes.eps) * w[name])

    turns = np.arange(length)[:, None] * sizes.theta ** (-np.arange(size // 2) * 2 / size)
    turning = np.exp(1j * turns)

    def turn(x: NDArray[Any]) -> NDArray[Any]:
        pairs = (x[:, : size // 2] + 1j * x[:, size // 2 :]) * turning
        return np.concatenate([pairs.real, pairs.imag], axis=1)

    x = w["embed_tokens.weight"][list(ids)]
    future = np.triu(np.ones((length, length), bool), 1)
    for layer in range(sizes.layers):
        at = f"layers.{layer}."
        h = norm(x, at + "input_layernorm.weight")
        q, k, v = (h @ w[f"{at}self_attn.{part}_proj.weight"].T for part in "qkv")
        mixed = []
        for head in range(sizes.heads):
            own, shared = (slice(idx * size, (idx + 1) * size) for idx in (head, head * sizes.kv_heads // sizes.heads))
            query = turn(norm(q[:, own], at + "self_attn.q_norm.weight"))
            key = turn(norm(k[:, shared], at + "self_attn.k_norm.weight"))
            logits = np.where(future, -np.inf, query @ key.T / np.sqrt(size))
            attention = np.exp(logits - logits.max(-1, keepdims=True))
            mixed.append(attention / attention.sum(-1, keepdims=True) @ v[:, shared])
        x = x + np.concatenate(mixed, axis=1) @ w[at + "self_attn.o_proj.weight"].T
        h = norm(x, at + "post_attention_layernorm.weight")
        gate, up = (h @ w[f"{at}mlp.{part}_proj.weight"].T for part in ("gate", "up"))
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[at + "mlp.down_proj.weight"].T
    return norm(x, "norm.weight")
