"""The tiny Qwen3 as gguf files, as llama.cpp's own converter would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from magray_testkit.tiny_qwen3 import END, TinyQwen3

Kind = Literal["embedding", "causal", "ranking"]

_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def write_gguf(tiny: TinyQwen3, path: Path, kind: Kind, *, architecture: str = "qwen3") -> Path:
    """Write the model; ``ranking`` adds the head of two that llama.cpp's ranking needs."""
    import gguf

    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = tiny.sizes
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(4096)
    writer.add_embedding_length(sizes.hidden)
    writer.add_block_count(sizes.layers)
    writer.add_feed_forward_length(sizes.inner)
    writer.add_head_count(sizes.heads)
    writer.add_head_count_kv(sizes.kv_heads)
    writer.add_key_length(sizes.head_dim)
    writer.add_value_length(sizes.head_dim)
    writer.add_rope_freq_base(sizes.theta)
    writer.add_layer_norm_rms_eps(sizes.eps)
    _write_vocabulary(writer, tiny)
    if kind == "embedding":
        writer.add_pooling_type(gguf.PoolingType.LAST)
    if kind == "ranking":
        writer.add_pooling_type(gguf.PoolingType.RANK)
        writer.add_classifier_output_labels(["yes", "no"])
        head = tiny.weights["embed_tokens.weight"][[tiny.ids["yes"], tiny.ids["no"]]]
        writer.add_tensor("cls.output.weight", np.ascontiguousarray(head))
    for name, weight in tiny.weights.items():
        writer.add_tensor(_tensor_name(name), weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_vocabulary(writer: object, tiny: TinyQwen3) -> None:
    import gguf

    assert isinstance(writer, gguf.GGUFWriter)
    tokens = sorted(tiny.ids, key=lambda token: tiny.ids[token])
    special = {entry["content"]: entry["special"] for entry in tiny.tokenizer_json["added_tokens"]}
    kinds = {True: gguf.TokenType.CONTROL, False: gguf.TokenType.USER_DEFINED}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([kinds[special[token]] if token in special else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tiny.tokenizer_json["model"]["merges"]])
    writer.add_eos_token_id(tiny.ids[END])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(True)


def _tensor_name(name: str) -> str:
    if not name.startswith("layers."):
        return {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]
    _, layer, part = name.removesuffix(".weight").split(".", 2)
    return f"blk.{layer}.{_NAMES[part]}.weight"
