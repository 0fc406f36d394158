"""The tokenizer of the index and of queries: identifiers whole and in parts, words of any script."""

from __future__ import annotations

import re
import unicodedata

# Combining marks belong to the letter before them, else a decomposed letter would end its word.
_WORD = re.compile("[\\w\u0300-\u036f]+")
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_ASCII_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.ASCII)
_MAX_WORD = 200
_MAX_CACHED = 200_000


def code_tokens(text: str) -> list[str]:
    """Lower-cased words in order; a word made of parts is followed by its parts.

    ``getHTTPResponse2`` gives ``gethttpresponse2 get http response 2``, ``MAX_SIZE`` gives ``max_size max size``.
    Words are runs of letters, digits and ``_`` in any script (NFC, ``ё`` as ``е``); a run of more than 200 characters
    is no word and gives nothing.
    """
    tokens: list[str] = []
    extend, known = tokens.extend, _TOKENS_OF_WORD
    for word in (_ASCII_WORD if text.isascii() else _WORD).findall(text):
        extend(known[word])
    if len(known) > _MAX_CACHED:
        known.clear()
    return tokens


class _Cache(dict[str, tuple[str, ...]]):
    """Tokens by word. Most words of a source tree were seen before; threads may at worst do one word twice."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        tokens = _word_tokens(word)
        self[word] = tokens
        return tokens


_TOKENS_OF_WORD = _Cache()


def _word_tokens(word: str) -> tuple[str, ...]:
    if len(word) > _MAX_WORD:
        return ()
    if word.isascii():
        parts = _ASCII_PART.findall(word)
    else:
        word = unicodedata.normalize("NFC", word)
        parts = _unicode_parts(word)
    whole = _folded(word.strip("_"))
    if len(parts) < 2:
        return (whole,) if whole else ()
    return (whole, *map(_folded, parts))


def _folded(word: str) -> str:
    word = word.lower()
    return word if word.isascii() else word.replace("ё", "е")


def _unicode_parts(word: str) -> list[str]:
    """Parts as in ASCII, with the case and digits of Unicode: a capital starts a part, the last of many with it."""
    parts: list[str] = []
    start = 0
    for i in range(1, len(word) + 1):
        if i < len(word) and not _is_border(word, i):
            continue
        part = word[start:i].strip("_")
        if part:
            parts.append(part)
        start = i
    return parts


def _is_border(word: str, i: int) -> bool:
    before, here = word[i - 1], word[i]
    if before == "_" or here == "_":
        return before != here
    if before.isdigit() != here.isdigit():
        return True
    if not here.isupper():
        return False
    return not before.isupper() or (i + 1 < len(word) and word[i + 1].islower())
