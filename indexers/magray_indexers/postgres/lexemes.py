"""Our tokens as PostgreSQL's lexemes, and lengths as Tantivy rounds them: both indexes then give the same BM25."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from magray_indexers.keyword import FIELDS

_MAX_BYTES = 900_000
"""A tsvector holds a megabyte of lexemes. What is beyond is not found by words, as in no real file."""
_FREE = 24


def lexemes_of(fields: Sequence[str]) -> list[str]:
    """A chunk's lexemes: field number, token, how often the field has it. ``fields`` as ``keyword.ChunkTokens``."""
    found: list[str] = []
    size = 0
    for number, text in enumerate(fields):
        for token, count in Counter(text.split()).items():
            lexeme = f"{number}{token} {count}"
            size += len(lexeme.encode())
            if size > _MAX_BYTES:
                return found
            found.append(lexeme)
    return found


def of_repository(number: int) -> str:
    """The lexeme that every chunk of a repository has: the full-text index then looks at no other repository's."""
    return f"r{number}"


def lengths_of(fields: Sequence[str]) -> list[int]:
    """Tokens by field, exactly."""
    return [text.count(" ") + 1 if text else 0 for text in fields]


def frequencies(
    field: str, tokens: Iterable[str], counts: Iterable[tuple[str, int]]
) -> dict[str, list[tuple[int, int]]]:
    """(how often, in how many chunks) by token, from rows of the vocabulary; tokens that are nowhere are left out."""
    digit = str(FIELDS.index(field))
    wanted = set(tokens)
    found: dict[str, list[tuple[int, int]]] = {}
    for lexeme, n in counts:
        token, _, often = lexeme[1:].rpartition(" ")
        if lexeme[0] == digit and token in wanted:
            found.setdefault(token, []).append((int(often), n))
    return found


def rounded(length: int) -> int:
    """The length as Tantivy keeps it, in one byte: exact up to 40, then three bits of it.

    Source: Lucene's SmallFloat.intToByte4, which Tantivy's fieldnorm table is.
    """
    above = length - _FREE
    if above < 16:
        return length
    shift = above.bit_length() - 4
    return ((above >> shift) << shift) + _FREE


def storable(text: str) -> str:
    """The text as PostgreSQL takes it: NUL and halves of surrogate pairs become U+FFFD, one for one."""
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    return "".join("\ufffd" if char == "\x00" or "\ud800" <= char <= "\udfff" else char for char in text)
