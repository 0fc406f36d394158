"""What is embedded of a chunk, and the key that names it: the same content has the same key wherever it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

KEY_BYTES = 16


def embedded_text(symbol: str, text: str) -> str:
    """The text of a chunk as embedders see it: where it belongs, then what it says.

    The path is left out on purpose: a moved file keeps its vectors, and paths are ranked by rules of their own.
    """
    return f"{symbol}\n{text}" if symbol else text


def chunk_key(symbol: str, text: str) -> bytes:
    """The first 16 bytes of blake2b over the embedded text: the name of its vector under any model."""
    content = embedded_text(symbol, text).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=KEY_BYTES).digest()


def chunk_keys(chunks: Iterable[tuple[str, str]]) -> list[tuple[bytes]]:
    """Rows for the store from the (symbol, text) of a file's chunks, in order."""
    return [(chunk_key(symbol, text),) for symbol, text in chunks]
