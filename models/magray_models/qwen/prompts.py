"""The texts around a text: what the models were trained to be asked, word for word.

Source: the model cards of Qwen3-Embedding-0.6B and Qwen3-Reranker-0.6B.
"""

from __future__ import annotations

CODE_SEARCH = "Given a question about a code base, retrieve the code and documentation that answer it"
"""The task that both models are told; the cards advise an English sentence made for the use."""

END_OF_TEXT = "<|endoftext|>"
"""The token whose hidden state is the embedding; also the padding."""

JUDGE_PREFIX = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
JUDGE_SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
YES, NO = "yes", "no"


def query_text(query: str, task: str = CODE_SEARCH) -> str:
    """What is embedded for a question; documents are embedded bare."""
    return f"Instruct: {task}\nQuery:{query}"


def judge_question(query: str, task: str = CODE_SEARCH) -> str:
    """What stands between the judge's prefix and the passage, up to the space before the passage."""
    return f"<Instruct>: {task}\n<Query>: {query}\n<Document>:"
