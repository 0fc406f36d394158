"""A Qwen3 network in onnxruntime, whoever exported it: fed what its inputs ask for, read at each text's last token.

Texts are padded on the right. The cards pad on the left and read the last position; in a causal network a token
sees nothing to its right, so the last real token's state is the same either way, and right padding is the side that
every export handles: GroupQueryAttention counts a text's tokens from its start, and rows that are masked whole, as
left padding has them, are NaN in some.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from magray_core.errors import ProviderError
from magray_models.qwen.batches import batches
from magray_models.qwen.files import ModelFiles
from magray_models.qwen.runtime import Batch, Compute, Device

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

HIDDEN = ("last_hidden_state", "token_embeddings", "hidden_states", "sentence_embedding")
ANSWERS = ("yes_no_logits", "yes_no", "logits")

# The providers that gain from a network of this size and need no preparation of minutes, best first.
_GPU_PROVIDERS = (
    "CUDAExecutionProvider",
    "MIGraphXExecutionProvider",
    "ROCMExecutionProvider",
    "DmlExecutionProvider",
)
_CPU = "CPUExecutionProvider"
_MAX_TEXTS = 8
_MAX_TOKENS = {"cpu": 512, "gpu": 8192}  # of one run, padding included: a processor gains nothing from more
_MAX_OUTPUT_BYTES = 512 << 20  # an export that keeps the logits of every position writes 600 kB for each token


class OnnxModel:
    """One session. Thread-safe: onnxruntime's runs are."""

    def __init__(self, files: ModelFiles, outputs: Sequence[str], compute: Compute, *, pad_id: int) -> None:
        """Load the weights; ``outputs`` are the names to look for, best first. Raises ProviderError."""
        self._session, self.device = _open(files, compute)
        self._pad_id = pad_id
        self._path = files.weights
        self._inputs: dict[str, Any] = {entry.name: entry for entry in self._session.get_inputs()}
        available = {entry.name: entry for entry in self._session.get_outputs()}
        self.output = next((name for name in outputs if name in available), "")
        if not self.output or "input_ids" not in self._inputs:
            raise ProviderError(
                f"{files.weights} is no such model: it has the outputs {', '.join(available)}",
                hint=f"one of these is needed: {', '.join(outputs)}",
            )
        shape = available[self.output].shape
        self._every_position = len(shape) == 3 and shape[1] != 1 and "num_logits_to_keep" not in self._inputs
        self.width = shape[-1] if isinstance(shape[-1], int) else 0
        batch_dim, length_dim = self._inputs["input_ids"].shape
        if isinstance(length_dim, int):
            raise ProviderError(
                f"{files.weights} takes texts of exactly {length_dim} tokens", hint="export it with dynamic axes"
            )
        self._max_texts = _MAX_TEXTS if not isinstance(batch_dim, int) else batch_dim
        self._padded = self._every_position and "attention_mask" in self._inputs and self._max_texts > 1

    def states(self, batch: Batch, *, columns: Sequence[int] | None = None) -> NDArray[np.float32]:
        """(n_texts, width) output at each text's last token, or only these columns of it. Raises ProviderError."""
        import numpy as np

        lengths = [len(ids) for ids in batch]
        max_tokens = _MAX_TOKENS[self.device]
        if self._every_position and self.width:
            max_tokens = min(max_tokens, _MAX_OUTPUT_BYTES // (4 * self.width))
        rows: dict[int, NDArray[np.float32]] = {}
        plan = batches(lengths, max_texts=self._max_texts, max_tokens=max_tokens, padded=self._padded)
        for indexes in plan:
            output = self._run([batch[idx] for idx in indexes])
            for row, idx in zip(output, indexes, strict=True):
                at_end = row if row.ndim == 1 else row[lengths[idx] - 1 if self._every_position else -1]
                rows[idx] = (at_end if columns is None else at_end[list(columns)]).astype(np.float32)
        result = np.stack([rows[idx] for idx in range(len(batch))])
        if not np.isfinite(result).all():
            raise ProviderError(f"{self._path} computes no numbers", hint="the weights are damaged, or need float32")
        return result

    def _run(self, texts: Batch) -> NDArray[Any]:
        try:
            output: NDArray[Any] = self._session.run([self.output], self._feeds(texts))[0]
        except _failures() as error:
            raise ProviderError(f"{self._path} cannot be run: {_first_line(error)}") from error
        return output

    def _feeds(self, texts: Batch) -> dict[str, Any]:
        """What the session's inputs want: ids, mask, positions, and an empty past where the export has one."""
        import numpy as np

        longest = max(len(ids) for ids in texts)
        ids = np.full((len(texts), longest), self._pad_id, np.int64)
        mask = np.zeros((len(texts), longest), np.int64)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = text
            mask[row, : len(text)] = 1
        known = {
            "input_ids": ids,
            "attention_mask": mask,
            "position_ids": np.broadcast_to(np.arange(longest, dtype=np.int64), ids.shape),
            "num_logits_to_keep": np.array(1, np.int64),
            "use_cache_branch": np.array([False]),
        }
        feeds = {}
        for name, entry in self._inputs.items():
            dtype = _numpy_type(entry.type)
            if name in known:
                feeds[name] = known[name].astype(dtype)
            elif name.startswith("past_key_values") and len(entry.shape) == 4:
                heads, head_dim = entry.shape[1], entry.shape[3]
                feeds[name] = np.zeros((len(texts), heads, 0, head_dim), dtype)
            else:
                raise ProviderError(f"{self._path} asks for an input that is not known: {name}")
        return feeds


def _open(files: ModelFiles, compute: Compute) -> tuple[Any, Device]:
    """A session on the best device there is, and which it is. Raises ProviderError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = compute.n_threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads burn no processor
    options.enable_cpu_mem_arena = False  # every length would leave its own largest block behind
    options.log_severity_level = 3
    gpus = [name for name in _GPU_PROVIDERS if name in onnxruntime.get_available_providers()]
    if compute.device == "gpu" and not gpus:
        raise ProviderError("onnxruntime has no provider for a GPU", hint="install onnxruntime-gpu, or use the CPU")
    for provider in gpus[:1] if compute.device != "cpu" else ():
        try:
            session = onnxruntime.InferenceSession(files.weights, options, providers=[provider, _CPU])
        except _failures() as error:
            log.warning("%s cannot be used, so %s runs on the CPU: %s", provider, files.weights, _first_line(error))
            continue
        if session.get_providers()[0] == provider:
            return session, "gpu"
        log.warning("%s did not start, so %s runs on the CPU", provider, files.weights)
        return session, "cpu"
    try:
        return onnxruntime.InferenceSession(files.weights, options, providers=[_CPU]), "cpu"
    except _failures() as error:
        raise ProviderError(
            f"{files.weights} cannot be loaded: {_first_line(error)}", hint="fetch the model again"
        ) from error


def _numpy_type(onnx_type: str) -> str:
    """``tensor(int64)`` as numpy calls it."""
    name = onnx_type.removeprefix("tensor(").removesuffix(")")
    return {"float": "float32", "double": "float64"}.get(name, name)


def _failures() -> tuple[type[Exception], ...]:
    """Everything that onnxruntime raises for a file or a run; its own classes have no common one."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)]
    return (*own, RuntimeError, ValueError, MemoryError)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
