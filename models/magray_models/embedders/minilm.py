"""all-MiniLM-L6-v2 through onnxruntime: the first 256 word pieces of a text to 384 numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_core.contracts import EmbeddingModel
from magray_core.errors import ProviderError
from magray_models.embedders.bert_graph import INPUT, OUTPUT
from magray_models.installed import checked_bytes, read_origin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRAPH_FILE, TOKENIZER_FILE = "model.onnx", "tokenizer.json"
GRAPH_FORMAT = "1"
"""Of the graph that ``converting`` writes: another one would give other vectors and must be pulled again."""
_READING = "1"  # of how texts become tokens here: bump it when the same text would get another vector
DIM = 384
MAX_TOKENS = 256
"""What the model was trained with; its tokenizer file says 128, which cuts half of most chunks."""
_TRUST = 6.0
_MAX_CHARS = 4_000
"""White space counts once: the tokenizer does not see it, and deeply indented code has much of it."""


class MiniLmEmbedder:
    """Implements ``Embedder``. One onnxruntime session that every thread may run.

    Each text is computed alone and by one thread: vectors do not depend on the company they come in, and several
    threads take several texts, which needs half of the processor time that several threads for one text need.
    """

    def __init__(self, graph: bytes, tokenizer: bytes, model_id: str, *, threads: int = 0) -> None:
        """``graph`` and ``tokenizer`` are the very bytes whose hashes were checked.

        ``threads`` bounds the texts that are computed at once; 0 is two, or one where the machine has fewer than four
        cores. Raises ProviderError.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        self.model = EmbeddingModel(model_id, DIM, trust=_TRUST)
        self._threads = threads or (1 if (os.cpu_count() or 1) < 4 else 2)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
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
        said = [idx for idx, text in enumerate(texts) if text.strip()]
        if self._threads == 1 or len(said) == 1:
            for idx in said:
                rows[idx] = self._vector(texts[idx])
            return rows
        with ThreadPoolExecutor(self._threads, thread_name_prefix="magray-minilm") as pool:
            for idx, row in zip(said, pool.map(self._vector, (texts[idx] for idx in said)), strict=True):
                rows[idx] = row
        return rows

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """(384,) float32 of a question; the model has no prompt for questions."""
        row: NDArray[np.float32] = self.embed([text])[0]
        return row

    def _vector(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        # Halves of surrogate pairs are no text for the tokenizer.
        kept = " ".join(text.split())[:_MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
        ids = np.array([self._tokenizer.encode(kept).ids], np.int64)
        try:
            vector: NDArray[np.float32] = self._session.run([OUTPUT], {INPUT: ids})[0][0]
        except Exception as error:  # onnxruntime's own kinds
            raise ProviderError("the model failed on a text", hint="see Magray's log") from error
        return vector


def load_minilm(folder: Path, *, threads: int = 0) -> MiniLmEmbedder:
    """The installed model; ``threads`` as in ``MiniLmEmbedder``.

    Raises ProviderError if it is not installed, if its files are not those that were, or if they come from a Magray
    that converted it differently.
    """
    origin = read_origin(folder)
    if origin.format != GRAPH_FORMAT:
        hint = f"run `magray models pull {folder.name}` again"
        raise ProviderError(f"the installed model {folder.name} was converted by another version of Magray", hint=hint)
    graph, tokenizer = checked_bytes(folder, GRAPH_FILE), checked_bytes(folder, TOKENIZER_FILE)
    model_id = f"minilm-{origin.precision}-{origin.weights[:8]}-{GRAPH_FORMAT}.{_READING}"
    return MiniLmEmbedder(graph, tokenizer, model_id, threads=threads)
