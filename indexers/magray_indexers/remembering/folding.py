"""Folding: what is kept of many messages in few words, without a model. Sentences are chosen, never written."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from magray_indexers.ranking.terms import STOPWORDS, stem
from magray_indexers.tokens import code_tokens

Summarise = Callable[[Sequence["Said"], int], str]
"""A summary of what was said, of at most so many tokens. A model may take the place of ``extract``."""

_BETWEEN = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_NAME = re.compile(r"`[^`\n]+`|\b\w+(?:[._/]\w+)+\b|\b\w+\(\)|\b[a-z]+[A-Z]\w*\b|\b[A-Z]{2,}_\w+\b")
_DECISION = re.compile(
    r"\b(?:decid\w*|agree\w*|we (?:will|use|keep|chose)|must|never|always|instead of|because|let'?s|fixed|root cause"
    r"|реши\w*|договор\w*|долж\w+|нельзя|всегда|никогда|вместо|потому что|будем|оставля\w+|исправ\w+)\b",
    re.IGNORECASE,
)
_NAME_BONUS, _DECISION_BONUS, _PERSON_BONUS, _TOOL_MALUS = 0.35, 0.8, 0.25, 0.5
_MAX_SENTENCE, _MAX_SENTENCES = 400, 4_000
_CHARS_PER_TOKEN = 4


class Said(NamedTuple):
    """One message as it is folded."""

    role: str
    text: str


class _Sentence(NamedTuple):
    at: int
    message: int
    role: str
    text: str
    words: tuple[str, ...]


def estimate_tokens(text: str) -> int:
    """About how many tokens a language model makes of the text: a quarter of its UTF-8 bytes, at least one."""
    return max(1, math.ceil(len(text.encode("utf-8", "replace")) / _CHARS_PER_TOKEN))


def extract(said: Sequence[Said], limit: int) -> str:
    """The sentences that carry most, in the order they were said, of at most ``limit`` tokens together.

    A sentence counts by how many of the conversation's frequent words it has, more where it names code or decides
    something, less where a tool said it. One that repeats another is left out.
    """
    sentences = _sentences(said)
    # Counted by message: a tool that says one thing a hundred times has said it once.
    frequent = Counter(
        word for _, word in {(sentence.message, word) for sentence in sentences for word in sentence.words}
    )
    ranked = sorted(sentences, key=lambda sentence: (-_salience(sentence, frequent), sentence.at))
    chosen: list[_Sentence] = []
    seen: list[set[str]] = []
    left = limit
    for sentence in ranked:
        words = set(sentence.words)
        cost = estimate_tokens(f"{sentence.role}: {sentence.text}\n")
        if cost > left or any(_alike(words, other) for other in seen):
            continue
        chosen.append(sentence)
        seen.append(words)
        left -= cost
    return "\n".join(_line(sentence) for sentence in sorted(chosen, key=lambda sentence: sentence.at))


def _line(sentence: _Sentence) -> str:
    # A summary that is folded again keeps the speakers it names.
    return sentence.text if sentence.role == "summary" else f"{sentence.role}: {sentence.text}"


def _sentences(said: Sequence[Said]) -> list[_Sentence]:
    found: list[_Sentence] = []
    for message, (role, text) in enumerate(said):
        pieces = text.splitlines() if role == "summary" else _BETWEEN.split(text)
        for piece in pieces:
            sentence = " ".join(piece.split())[:_MAX_SENTENCE]
            words = tuple(stem(word) for word in code_tokens(sentence) if word not in STOPWORDS)
            if words:
                found.append(_Sentence(len(found), message, role, sentence, words))
            if len(found) >= _MAX_SENTENCES:
                return found
    return found


def _salience(sentence: _Sentence, frequent: Counter[str]) -> float:
    words = set(sentence.words)
    # Between 0 and 1: what is said often is the topic, but a decision that was said once counts more.
    most = math.log(max(frequent.values()) + 1)
    score = sum(math.log(frequent[word]) for word in words) / (most * len(words))
    score += _NAME_BONUS * min(3, len(_NAME.findall(sentence.text)))
    score += _DECISION_BONUS if _DECISION.search(sentence.text) else 0.0
    score += _PERSON_BONUS if sentence.role == "person" else 0.0
    return score - (_TOOL_MALUS if sentence.role == "tool" else 0.0)


def _alike(words: set[str], other: set[str]) -> bool:
    return len(words & other) >= 0.8 * max(len(words), len(other))
