"""What transformers computes of a Qwen3 checkpoint, as JSON, and its exports by torch; run where both are installed.

``python qwen3_reference.py CHECKPOINT CASES RESULT [EXPORTS]``: ``CASES`` holds ``{"texts", "limit", "pairs"}``.
The steps are the model cards': padding on the left, last position, length 1; yes and no after the judge's prompt.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, PreTrainedTokenizerFast

# Run by its path, in an environment that has nothing else of the tests: the prompt is spelled out once more.
PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


def tokenizer_of(folder: Path) -> Any:
    """The checkpoint's tokenizer, padding on the left, control tokens in texts as ordinary characters."""
    return PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), padding_side="left", pad_token="<|endoftext|>",
        eos_token="<|endoftext|>", extra_special_tokens=["<|im_start|>", "<|im_end|>"],
    )  # fmt: skip


@torch.no_grad()
def embeddings(folder: Path, texts: list[str], limit: int) -> Any:
    """(n_texts, hidden) vectors of one batch; the tokenizer's own template adds the end token."""
    tokenizer, model = tokenizer_of(folder), AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    batch = tokenizer(
        texts, padding=True, truncation=True, max_length=limit, return_tensors="pt", split_special_tokens=True
    )
    ends = batch["input_ids"][:, -1]
    assert bool((ends == tokenizer.eos_token_id).all()), "the template adds no end token"
    states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state[:, -1]
    return torch.nn.functional.normalize(states, p=2, dim=1)


@torch.no_grad()
def judgments(folder: Path, pairs: list[list[str]]) -> Any:
    """P(yes) of (task, query, passage) triples, in one batch."""
    tokenizer, model = tokenizer_of(folder), AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    prefix, suffix = (tokenizer.encode(text, add_special_tokens=False) for text in (PREFIX, SUFFIX))
    texts = [f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {passage}" for task, query, passage in pairs]
    middles = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    batch = tokenizer.pad({"input_ids": [prefix + middle + suffix for middle in middles]}, return_tensors="pt")
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, -1]
    answers = logits[:, [tokenizer.convert_tokens_to_ids(word) for word in ("no", "yes")]]
    return torch.softmax(answers, dim=1)[:, 1]


def export(folder: Path, target: Path) -> None:
    """``embedding/model.onnx`` and ``reranking/model.onnx`` as torch writes them, with dynamic axes."""
    example = {"input_ids": torch.ones(2, 7, dtype=torch.long), "attention_mask": torch.ones(2, 7, dtype=torch.long)}
    axes = {name: {0: "batch", 1: "length"} for name in example}
    for name, loader, output in (
        ("embedding", AutoModel, "last_hidden_state"),
        ("reranking", AutoModelForCausalLM, "logits"),
    ):
        model = loader.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        model.config.use_cache = False
        (target / name).mkdir(parents=True, exist_ok=True)
        torch.onnx.export(
            model, (), target / name / "model.onnx", kwargs=example, dynamo=True, external_data=True,
            dynamic_shapes=axes, input_names=list(example), output_names=[output],
        )  # fmt: skip


if __name__ == "__main__":
    checkpoint, cases = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    if len(sys.argv) > 4:
        export(checkpoint, Path(sys.argv[4]))
    result = {
        "embeddings": embeddings(checkpoint, cases["texts"], cases["limit"]).tolist(),
        "judgments": judgments(checkpoint, cases["pairs"]).tolist(),
    }
    Path(sys.argv[3]).write_text(json.dumps(result), encoding="utf-8")
