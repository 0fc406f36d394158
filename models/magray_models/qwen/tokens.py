"""Texts to token ids: the tokenizer file, the embedding's end token, the judge's prompt, and a cache of passages."""

from __future__ import annotations

import hashlib
import json
import threading
from array import array
from collections import OrderedDict
from pathlib import Path

from magray_core.errors import ProviderError
from magray_models.qwen.prompts import CODE_SEARCH, END_OF_TEXT, JUDGE_PREFIX, JUDGE_SUFFIX, judge_question
from magray_models.qwen.runtime import Vocabulary

MAX_QUESTION_TOKENS = 512
"""Tokens of task and question before the passage; a longer question loses its end."""

_FRAME_TOKENS = 256  # what prefix and suffix may take; Qwen3's own tokenizer needs about 50
_CHARS_PER_TOKEN = 128  # no token of these vocabularies is longer: what lies beyond cannot be within the limit
_CACHED_PASSAGES = 2048


class FileVocabulary:
    """The tokenizer of a ``tokenizer.json``. Raises ProviderError if the file is not one."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            text = path.read_text(encoding="utf-8")
            json.loads(text)
            self._tokenizer = Tokenizer.from_str(text)
        except OSError as error:
            raise ProviderError(f"{path} cannot be read: {error.strerror}") from error
        except Exception as error:
            raise ProviderError(f"{path} is not a tokenizer: {error}", hint="fetch the file again") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._lock = threading.Lock()

    def encode(self, text: str, *, markup: bool = False) -> list[int]:
        """See ``Vocabulary``. Halves of surrogate pairs become question marks."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        with self._lock:  # how control tokens are read is a switch of the whole tokenizer
            self._tokenizer.encode_special_tokens = not markup
            ids: list[int] = self._tokenizer.encode(clean, add_special_tokens=False).ids
        return ids

    def id_of(self, token: str) -> int | None:
        """See ``Vocabulary``."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found


def required_id(vocabulary: Vocabulary, token: str) -> int:
    """The id of a token that the model must have. Raises ProviderError."""
    found = vocabulary.id_of(token)
    if found is None:
        raise ProviderError(f"the tokenizer has no token {token}", hint="this is not a tokenizer of Qwen3")
    return found


def embedding_tokens(vocabulary: Vocabulary, text: str, limit: int) -> list[int]:
    """Up to ``limit`` ids, the last of them the end token, however long the text is."""
    ids = vocabulary.encode(text[: limit * _CHARS_PER_TOKEN])
    return [*ids[: limit - 1], required_id(vocabulary, END_OF_TEXT)]


class PassageCache:
    """Token ids by content: the same passages are judged again for the next question. Thread-safe, bounded."""

    def __init__(self, vocabulary: Vocabulary, max_tokens: int) -> None:
        self._vocabulary = vocabulary
        self._max_tokens = max_tokens
        self._ids: OrderedDict[bytes, array[int]] = OrderedDict()
        self._lock = threading.Lock()

    def tokens(self, passage: str) -> array[int]:
        """Ids of the passage with the space before it, cut at the limit."""
        text = " " + passage[: self._max_tokens * _CHARS_PER_TOKEN]
        key = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        with self._lock:
            found = self._ids.get(key)
            if found is not None:
                self._ids.move_to_end(key)
                return found
        ids = array("i", self._vocabulary.encode(text)[: self._max_tokens])
        with self._lock:
            self._ids[key] = ids
            if len(self._ids) > _CACHED_PASSAGES:
                self._ids.popitem(last=False)
        return ids


def judge_tokens(max_passage_tokens: int) -> int:
    """What the longest prompt may have."""
    return _FRAME_TOKENS + MAX_QUESTION_TOKENS + max_passage_tokens


class JudgePrompt:
    """The reranker's prompt as token ids.

    Prefix, question, passage and suffix are encoded apart and joined: the tokenizer's words never reach across
    ``<Document>:`` and the space after it, so the ids are those of the whole text.
    """

    def __init__(self, vocabulary: Vocabulary, *, max_passage_tokens: int, task: str = CODE_SEARCH) -> None:
        self._vocabulary = vocabulary
        self._task = task
        self._prefix = vocabulary.encode(JUDGE_PREFIX, markup=True)
        self._suffix = vocabulary.encode(JUDGE_SUFFIX, markup=True)
        self._passages = PassageCache(vocabulary, max_passage_tokens)
        if len(self._prefix) + len(self._suffix) > _FRAME_TOKENS:
            raise ProviderError("the tokenizer takes the prompt apart", hint="this is not a tokenizer of Qwen3")

    def question(self, query: str) -> list[int]:
        """Ids of everything before the passage; a question beyond the limit is cut at its end."""
        kept = query[: MAX_QUESTION_TOKENS * _CHARS_PER_TOKEN]
        while len(ids := self._vocabulary.encode(judge_question(kept, self._task))) > MAX_QUESTION_TOKENS:
            if not kept:
                raise ProviderError("the task leaves no room for a question", hint="make the task shorter")
            kept = kept[: len(kept) * MAX_QUESTION_TOKENS // len(ids)]
        return [*self._prefix, *ids]

    def pair(self, question: list[int], passage: str) -> list[int]:
        """Ids of the whole prompt for one passage."""
        return [*question, *self._passages.tokens(passage), *self._suffix]
