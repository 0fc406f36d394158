"""Qwen3-Reranker: a question and a passage in the judge's prompt, scored by how likely it answers yes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from magray_core.cancel import CancelToken
from magray_core.errors import ProviderError
from magray_models.qwen.gguf import GgufModel
from magray_models.qwen.onnx_session import ANSWERS, OnnxModel
from magray_models.qwen.opening import open_model
from magray_models.qwen.prompts import CODE_SEARCH, END_OF_TEXT, NO, YES
from magray_models.qwen.runtime import Batch, Compute, Device, Vocabulary, YesNoLogits
from magray_models.qwen.tokens import FileVocabulary, JudgePrompt, judge_tokens, required_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 8
"""Pairs between two looks at the cancel token."""

_FORMAT = "1"  # of the prompt: bump it when the same pair would get another score


class Qwen3Reranker:
    """Implements ``Reranker`` with Qwen3-Reranker. Make it with ``load_qwen3_reranker``."""

    def __init__(self, judge: YesNoLogits, prompt: JudgePrompt, name: str) -> None:
        self._judge = judge
        self._prompt = prompt
        self._id = name

    @property
    def id(self) -> str:
        """See ``Reranker``."""
        return self._id

    def score(self, query: str, passages: Sequence[str], *, cancel: CancelToken | None = None) -> list[float]:
        """See ``Reranker``. Looks at ``cancel`` before every 8 pairs and raises Cancelled.

        A pair costs some 0.9 GFLOP for each of its tokens: ask for the first few hits, not for all.
        """
        import numpy as np

        question = self._prompt.question(query)
        pairs = [self._prompt.pair(question, passage) for passage in passages]
        order = sorted(range(len(pairs)), key=lambda idx: len(pairs[idx]))  # like lengths share a run
        scores = [0.0] * len(pairs)
        for start in range(0, len(order), BATCH):
            if cancel is not None:
                cancel.check()
            group = order[start : start + BATCH]
            odds = self._judge.odds([pairs[idx] for idx in group])
            for idx, score in zip(group, 1 / (1 + np.exp(-np.clip(odds, -700, 700))), strict=True):
                scores[idx] = float(score)
        return scores


class OnnxJudge:
    """The two logits out of whatever an export has for an output."""

    def __init__(self, model: OnnxModel, yes: int, no: int) -> None:
        self._model = model
        self._answers = (yes, no)

    def odds(self, batch: Batch) -> NDArray[np.float64]:
        """See ``YesNoLogits``."""
        import numpy as np

        if self._model.output != "logits":  # a head of two: yes, no
            found = self._model.states(batch, columns=(0, 1)).astype(np.float64)
        elif self._model.width == 1:  # a classifier: the difference itself
            return self._model.states(batch)[:, 0].astype(np.float64)
        else:
            found = self._model.states(batch, columns=self._answers).astype(np.float64)
        odds: NDArray[np.float64] = found[:, 0] - found[:, 1]
        return odds


def load_qwen3_reranker(
    folder: Path,
    *,
    device: Device = "auto",
    threads: int = 0,
    max_passage_tokens: int = 512,
    task: str = CODE_SEARCH,
) -> Qwen3Reranker:
    """The reranker whose weights lie in a folder: ONNX or gguf, whichever is there, verified before it is opened.

    ``max_passage_tokens`` is what is read of a passage, ``task`` the English sentence that says what a good passage
    is, ``threads`` as in ``Compute``. Raises ProviderError.
    """
    if max_passage_tokens < 1:
        raise ProviderError("a passage needs room for a token", hint="512 tokens are usual")
    compute = Compute(device, threads)
    files = open_model(folder, "reranking")
    judge: YesNoLogits
    vocabulary: Vocabulary
    if files.tokenizer is None:
        judge = gguf = GgufModel(files, compute, max_tokens=judge_tokens(max_passage_tokens), judge=True)
        vocabulary = gguf.vocabulary
    else:
        vocabulary = FileVocabulary(files.tokenizer)
        model = OnnxModel(files, ANSWERS, compute, pad_id=required_id(vocabulary, END_OF_TEXT))
        judge = OnnxJudge(model, required_id(vocabulary, YES), required_id(vocabulary, NO))
    prompt = JudgePrompt(vocabulary, max_passage_tokens=max_passage_tokens, task=task)
    judge.odds([prompt.pair(prompt.question(""), "")])  # the proof that it runs
    asked = hashlib.sha256(f"{_FORMAT}\0{task}\0{max_passage_tokens}".encode()).hexdigest()[:6]
    return Qwen3Reranker(judge, prompt, f"qwen3_reranker-{files.fingerprint}-{asked}")
