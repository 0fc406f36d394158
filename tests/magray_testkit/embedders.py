"""A small embedder for tests: words hashed into a few numbers. Deterministic, no weights, counts what it embeds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from magray_core.contracts import EmbedderFor, EmbeddingModel
from magray_core.memory import EmbeddingReport
from magray_indexers.vectors.embedding import embed


class WordEmbedder:
    """Texts that share words are near each other."""

    def __init__(self, name: str = "words-1", dim: int = 64, *, quick: bool = True) -> None:
        self.model = EmbeddingModel(name, dim, quick)
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(self.model.dim, np.float32)
        for word in re.findall(r"[^\W_]+", text.lower()):
            number = zlib.crc32(f"{self.model.id}:{word}".encode())
            vector[number % self.model.dim] += 1.0 if number & 0x10000 else -1.0
        length = np.linalg.norm(vector)
        return vector / length if length else vector


def words_1() -> WordEmbedder:
    """For a child process: pickles by reference."""
    return WordEmbedder()


def serving(*embedders: WordEmbedder) -> EmbedderFor:
    """The embedder of each model by its id."""
    known = {embedder.model.id: embedder for embedder in embedders}
    return known.get


def embed_all(root: Path, embedder: WordEmbedder) -> EmbeddingReport:
    """Embed until nothing remains; the last report."""
    while (report := embed(root, embedder, budget_s=60)).remaining:
        pass
    return report
