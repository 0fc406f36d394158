"""A Qwen3 network in llama.cpp, by its C interface: pooled at the last token, or its logits read there.

One text is one run: on a processor a text of some hundred tokens fills the cores, and a lone text cannot differ from
the same text in a batch.
"""

from __future__ import annotations

import ctypes
import logging
import math
import os
import threading
import unicodedata
import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from magray_core.errors import ProviderError
from magray_models.qwen.files import ModelFiles
from magray_models.qwen.gguf_header import GgufHeader, read_header
from magray_models.qwen.prompts import NO, YES
from magray_models.qwen.runtime import Batch, Compute

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_ARCHITECTURE = "qwen3"
_POOLING_NONE, _POOLING_LAST, _POOLING_RANK = 0, 3, 4
_HEAD = "cls.output.weight"
_SMALLEST = 1e-30  # a probability of 0 has no logarithm


class GgufVocabulary:
    """The tokenizer inside a gguf file."""

    def __init__(self, library: Any, vocabulary: Any) -> None:
        self._library = library
        self._vocabulary = vocabulary

    def encode(self, text: str, *, markup: bool = False) -> list[int]:
        """See ``Vocabulary``. The text is composed (NFC) first, as the published tokenizer does and llama.cpp not."""
        raw = unicodedata.normalize("NFC", text).encode("utf-8", "replace")
        ids = (ctypes.c_int32 * (len(raw) + 1))()
        n_ids = self._library.llama_tokenize(self._vocabulary, raw, len(raw), ids, len(ids), False, markup)
        if n_ids < 0:
            raise ProviderError("llama.cpp cannot read the text")
        return list(ids[:n_ids])

    def id_of(self, token: str) -> int | None:
        """See ``Vocabulary``."""
        ids = self.encode(token, markup=True)
        return ids[0] if len(ids) == 1 else None


class GgufModel:
    """One model with one context. Thread-safe: a run waits for the one before it."""

    def __init__(self, files: ModelFiles, compute: Compute, *, max_tokens: int, judge: bool) -> None:
        """Load the weights, whose hash must have been checked. ``max_tokens`` is that of one text.

        Raises ProviderError if llama-cpp-python is not installed or the file is no Qwen3.
        """
        header = read_header(files.weights)
        if header.architecture != _ARCHITECTURE:
            raise ProviderError(
                f"{files.weights} holds a model of the kind {header.architecture or '?'}, not {_ARCHITECTURE}",
                hint="see the README beside the model's manifest for the files that fit",
            )
        self._path = files.weights
        self._library = _library()
        self._lock = threading.Lock()
        self._answers = _answers(header) if judge else None
        pooling = _POOLING_NONE if judge else _POOLING_LAST
        if self._answers is not None:
            pooling = _POOLING_RANK
        self._model, self._context = self._open(compute, max_tokens, pooling)
        self._embeds = pooling != _POOLING_NONE
        self.vocabulary = GgufVocabulary(self._library, self._library.llama_model_get_vocab(self._model))
        self._width = int(self._library.llama_model_n_embd(self._model))

    def states(self, batch: Batch) -> NDArray[np.float32]:
        """(n_texts, width) hidden states of each text's last token. Raises ProviderError."""
        import numpy as np

        with self._lock:
            rows = [np.ctypeslib.as_array(self._pooled(ids), (self._width,)).copy() for ids in batch]
        found: NDArray[np.float32] = np.stack(rows)
        _require_finite(found, self._path)
        return found

    def odds(self, batch: Batch) -> NDArray[np.float64]:
        """See ``YesNoLogits``: from the model's own answers where it has a head for them, else from its words."""
        import numpy as np

        with self._lock:
            pairs = list(self._judged(batch))
        found = np.array([yes - no for yes, no in pairs], np.float64)
        _require_finite(found, self._path)
        return found

    def _judged(self, batch: Batch) -> Iterator[tuple[float, float]]:
        if self._answers is not None:
            yes, no = self._answers
            for ids in batch:
                found = self._pooled(ids)  # the first values are the answers' probabilities, whatever follows them
                yield math.log(max(found[yes], _SMALLEST)), math.log(max(found[no], _SMALLEST))
            return
        yes_id, no_id = (self.vocabulary.id_of(word) for word in (YES, NO))
        if yes_id is None or no_id is None:
            raise ProviderError(f"the vocabulary of {self._path} has no yes and no", hint="this is no Qwen3")
        for ids in batch:
            self._decode(ids)
            logits = self._library.llama_get_logits_ith(self._context, -1)
            yield logits[yes_id], logits[no_id]

    def _pooled(self, ids: Sequence[int]) -> Any:
        self._decode(ids)
        found = self._library.llama_get_embeddings_seq(self._context, 0)
        if not found:
            raise ProviderError(f"{self._path} computes no embedding")
        return found

    def _decode(self, ids: Sequence[int]) -> None:
        library = self._library
        library.llama_memory_clear(library.llama_get_memory(self._context), True)
        batch = library.llama_batch_init(len(ids), 0, 1)
        try:
            batch.n_tokens = len(ids)
            for position, token in enumerate(ids):
                batch.token[position] = token
                batch.pos[position] = position
                batch.n_seq_id[position] = 1
                batch.seq_id[position][0] = 0
                batch.logits[position] = self._embeds or position == len(ids) - 1
            status = library.llama_decode(self._context, batch)
        finally:
            library.llama_batch_free(batch)
        if status != 0:
            raise ProviderError(f"llama.cpp cannot run a text of {len(ids)} tokens (status {status})")

    def _open(self, compute: Compute, max_tokens: int, pooling: int) -> tuple[Any, Any]:
        library = self._library
        offload = bool(library.llama_supports_gpu_offload())
        if compute.device == "gpu" and not offload:
            raise ProviderError(
                "this llama-cpp-python was built without a GPU", hint="build it with one, or use the CPU"
            )
        model_options = library.llama_model_default_params()
        model_options.n_gpu_layers = -1 if offload and compute.device != "cpu" else 0
        model = library.llama_model_load_from_file(os.fsencode(self._path), model_options)
        if not model:
            raise ProviderError(f"{self._path} cannot be loaded by llama.cpp", hint="fetch the model again")
        options = library.llama_context_default_params()
        options.n_ctx = options.n_batch = options.n_ubatch = max_tokens
        options.n_seq_max = 1
        options.n_threads = options.n_threads_batch = compute.n_threads
        options.pooling_type = pooling
        options.embeddings = pooling != _POOLING_NONE
        options.no_perf = True
        if not offload or compute.device == "cpu":
            # Flash attention and a half-precision cache, the defaults, cost three digits on a processor.
            options.flash_attn_type = library.LLAMA_FLASH_ATTN_TYPE_DISABLED
            options.type_k = options.type_v = library.GGML_TYPE_F32
        context = library.llama_init_from_model(model, options)
        if not context:
            library.llama_model_free(model)
            raise ProviderError(f"there is no memory for a context of {max_tokens} tokens", hint="use a shorter limit")
        weakref.finalize(self, _free, library, model, context).atexit = False  # a thread may be inside it then
        return model, context


def _answers(header: GgufHeader) -> tuple[int, int] | None:
    """Where "yes" and "no" stand among the outputs of the model's own head, or None where it has no such head."""
    labels = header.values.get(f"{_ARCHITECTURE}.classifier.output_labels")
    if header.values.get(f"{_ARCHITECTURE}.pooling_type") != _POOLING_RANK or _HEAD not in header.tensors:
        return None  # asking llama.cpp to rank without a head aborts the process
    if not isinstance(labels, tuple) or sorted(map(str, labels)) != [NO, YES]:
        raise ProviderError("the model's head does not answer yes or no", hint="convert it with a newer llama.cpp")
    return labels.index(YES), labels.index(NO)


def _library() -> Any:
    """llama.cpp, quiet. Raises ProviderError if it is not installed."""
    # It prints what llama.cpp says and takes its warnings for errors; what matters is raised here instead.
    logging.getLogger("llama-cpp-python").setLevel(logging.CRITICAL)
    try:
        import llama_cpp
    except ImportError as error:
        raise ProviderError("gguf models need llama-cpp-python", hint='pip install "magray[llama]"') from error
    except (OSError, RuntimeError) as error:  # built for another processor, or its libraries are gone
        raise ProviderError(f"llama-cpp-python cannot be loaded: {error}", hint="install it again") from error
    llama_cpp.llama_backend_init()
    return llama_cpp


def _free(library: Any, model: Any, context: Any) -> None:
    library.llama_free(context)
    library.llama_model_free(model)


def _require_finite(values: NDArray[Any], path: object) -> None:
    import numpy as np

    if not np.isfinite(values).all():
        raise ProviderError(f"{path} computes no numbers", hint="the weights are damaged; fetch the model again")
