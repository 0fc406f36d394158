"""all-MiniLM-L6-v2 through onnxruntime: sentences of up to 256 word pieces to 384 numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_core.contracts import EmbeddingModel
from magray_core.errors import ProviderError
from magray_models.embedders.bert_graph import INPUTS, OUTPUT
from magray_models.installed import checked_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRAPH_FILE, TOKENIZER_FILE = "model.onnx", "tokenizer.json"
DIM = 384
MAX_TOKENS = 256
"""What the model was trained with; its tokenizer file says 128, which cuts half of most chunks."""
_TRUST = 6.0
_THREADS = 2
_BATCH = 16
_MAX_CHARS = 4_000


class MiniLmEmbedder:
    """Implements ``Embedder``. One onnxruntime session, safe for threads."""

    def __init__(self, graph: bytes, tokenizer: bytes, model_id: str) -> None:
        """``graph`` and ``tokenizer`` are the very bytes whose hashes were checked. Raises ProviderError."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.model = EmbeddingModel(model_id, DIM, trust=_TRUST)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = _THREADS, 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            self._tokenizer: Any = Tokenizer.from_buffer(tokenizer)
        except Exception as error:  # onnxruntime and tokenizers raise their own kinds and plain Exception
            raise ProviderError("the model's files cannot be loaded", hint="run `magray models verify`") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n_texts, 384) float32, L2-normalised; zeros for texts of white space."""
        import numpy as np

        rows = np.zeros((len(texts), DIM), np.float32)
        said = [i for i, text in enumerate(texts) if text.strip()]
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch([texts[i][:_MAX_CHARS] for i in said])]
        # Texts of like length together: a batch costs as much as its longest text.
        order = sorted(range(len(said)), key=lambda i: len(tokens[i]))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            rows[[said[i] for i in batch]] = self._run([tokens[i] for i in batch])
        return rows

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """(384,) float32 of a question; the model has no prompt for questions."""
        row: NDArray[np.float32] = self.embed([text])[0]
        return row

    def _run(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import numpy as np

        width = max(map(len, tokens))
        ids, mask = np.zeros((len(tokens), width), np.int64), np.zeros((len(tokens), width), np.int64)
        for row, some in enumerate(tokens):
            ids[row, : len(some)], mask[row, : len(some)] = some, 1
        inputs: Mapping[str, Any] = dict(zip(INPUTS, (ids, mask), strict=True))
        result: NDArray[np.float32] = self._session.run([OUTPUT], inputs)[0]
        return result


def load_minilm(folder: Path) -> MiniLmEmbedder:
    """The installed model. Raises ProviderError if its files are not those that were installed."""
    graph, tokenizer = checked_bytes(folder, GRAPH_FILE), checked_bytes(folder, TOKENIZER_FILE)
    return MiniLmEmbedder(graph, tokenizer, f"minilm-{hashlib.sha256(graph).hexdigest()[:8]}")
