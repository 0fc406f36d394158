"""Qwen3-Embedding: questions with their instruction, documents bare, the end token's state, normalized."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from magray_core.cancel import CancelToken
from magray_core.contracts import EmbeddingModel
from magray_core.errors import ProviderError
from magray_models.qwen.gguf import GgufModel
from magray_models.qwen.onnx_session import HIDDEN, OnnxModel
from magray_models.qwen.opening import open_model
from magray_models.qwen.prompts import CODE_SEARCH, END_OF_TEXT, query_text
from magray_models.qwen.runtime import Compute, Device, LastStates, Vocabulary
from magray_models.qwen.tokens import FileVocabulary, embedding_tokens, required_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FORMAT = "1"  # of what is embedded: bump it when the same text would get another vector
_GROUP = 32  # texts between two looks at the cancel token


class Qwen3Embedder:
    """Implements ``Embedder`` with Qwen3-Embedding. Make it with ``load_qwen3_embedder``."""

    def __init__(self, states: LastStates, vocabulary: Vocabulary, model: EmbeddingModel, *, max_tokens: int) -> None:
        self._states = states
        self._vocabulary = vocabulary
        self._max_tokens = max_tokens
        self._model = model

    @property
    def model(self) -> EmbeddingModel:
        """See ``Embedder``."""
        return self._model

    def embed(self, texts: Sequence[str], *, cancel: CancelToken | None = None) -> NDArray[np.float32]:
        """See ``Embedder``. Looks at ``cancel`` every 32 texts and raises Cancelled."""
        import numpy as np

        vectors = np.zeros((len(texts), self._model.dim), np.float32)
        filled = [idx for idx, text in enumerate(texts) if text.strip()]
        # Texts of like lengths share a run, so the whole request is sorted before it is cut into groups.
        ids = {idx: embedding_tokens(self._vocabulary, texts[idx], self._max_tokens) for idx in filled}
        filled.sort(key=lambda idx: len(ids[idx]))
        for start in range(0, len(filled), _GROUP):
            if cancel is not None:
                cancel.check()
            group = filled[start : start + _GROUP]
            states = self._states.states([ids[idx] for idx in group])[:, : self._model.dim]
            vectors[group] = states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-12)
        return vectors

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See ``Embedder``."""
        import numpy as np

        if not text.strip():
            return np.zeros(self._model.dim, np.float32)
        vector: NDArray[np.float32] = self.embed([query_text(text)])[0]
        return vector


def load_qwen3_embedder(
    folder: Path, *, device: Device = "auto", threads: int = 0, dim: int | None = None, max_tokens: int = 1024
) -> Qwen3Embedder:
    """The embedder whose weights lie in a folder: ONNX or gguf, whichever is there, verified before it is opened.

    ``dim`` keeps the first numbers of each vector (Matryoshka; None: all, 1024 for the 0.6B model), ``max_tokens``
    is what is read of a text, its end token included. ``threads`` as in ``Compute``. Raises ProviderError.
    """
    if max_tokens < 2:
        raise ProviderError("a text needs room for two tokens", hint="512 or 1024 tokens are usual")
    compute = Compute(device, threads)
    files = open_model(folder, "embedding")
    states: LastStates
    vocabulary: Vocabulary
    if files.tokenizer is None:
        gguf = GgufModel(files, compute, max_tokens=max_tokens, judge=False)
        states, vocabulary = gguf, gguf.vocabulary
    else:
        vocabulary = FileVocabulary(files.tokenizer)
        states = OnnxModel(files, HIDDEN, compute, pad_id=required_id(vocabulary, END_OF_TEXT))
    width = states.states([[required_id(vocabulary, END_OF_TEXT)]]).shape[1]  # also the proof that it runs
    if dim is not None and not 1 <= dim <= width:
        raise ProviderError(f"the model's vectors have {width} numbers, not {dim}", hint=f"choose 1 to {width}")
    asked = hashlib.sha256(f"{_FORMAT}\0{CODE_SEARCH}\0{max_tokens}".encode()).hexdigest()[:6]
    model = EmbeddingModel(id=f"qwen3emb-{files.fingerprint}-{asked}-{dim or width}", dim=dim or width)
    return Qwen3Embedder(states, vocabulary, model, max_tokens=max_tokens)
