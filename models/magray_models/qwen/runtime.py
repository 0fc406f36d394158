"""What a runtime (onnxruntime or llama.cpp) offers to the embedder and the reranker, and how it may be run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Device = Literal["auto", "cpu", "gpu"]
Batch = Sequence[Sequence[int]]
"""Token ids of several texts, none of them empty, each within the runtime's limit."""


@dataclass(frozen=True, slots=True)
class Compute:
    """Where a model runs. ``threads`` bounds the processor's threads; 0 means half of the machine's, at least one."""

    device: Device = "auto"
    threads: int = 0

    @property
    def n_threads(self) -> int:
        """The bound itself, at least 1."""
        return self.threads if self.threads > 0 else max(1, (os.cpu_count() or 1) // 2)


class Vocabulary(Protocol):
    """A model's own tokenizer. Thread-safe."""

    def encode(self, text: str, *, markup: bool = False) -> list[int]:
        """Token ids without any that the model adds by itself.

        Control tokens written in the text (``<|im_end|>`` …) are read as such only in ``markup``, which is ours;
        in a person's text they are ordinary characters, so that a file cannot speak for the assistant.
        """

    def id_of(self, token: str) -> int | None:
        """The id of a whole token, or None."""


class LastStates(Protocol):
    """The network up to its last hidden layer. Thread-safe, blocks."""

    def states(self, batch: Batch) -> NDArray[np.float32]:
        """(n_texts, width) hidden states of each text's last token. Raises ProviderError."""


class YesNoLogits(Protocol):
    """The network up to the logits of two answers. Thread-safe, blocks."""

    def odds(self, batch: Batch) -> NDArray[np.float64]:
        """(n_texts,) logit of "yes" less logit of "no" after each text's last token. Raises ProviderError."""
