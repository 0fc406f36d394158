"""Documents that are open and unsaved, parsed as the index parses files, remembered while they do not change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from magray_core.documents import Document
from magray_core.memory import Chunk, Symbol
from magray_indexers.keyword import chunk_tokens
from magray_indexers.media.reading import plain_text
from magray_indexers.ranking.view import FileEntry, VectorView
from magray_indexers.store import CHUNK_BITS, file_id
from magray_indexers.vectors.keys import embedded_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A document as the index would hold it; ``counters`` are its tokens by chunk and field."""

    number: int
    entry: FileEntry
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...]
    counters: tuple[tuple[Counter[str], ...], ...]

    def chunk_at(self, offset: int) -> int:
        """The id of the chunk that holds the offset."""
        index = next((chunk.index for chunk in self.chunks if chunk.span.start <= offset < chunk.span.end), 0)
        return (self.number << CHUNK_BITS) + index


def open_files(overlay: Sequence[Document]) -> dict[int, OpenFile]:
    """The documents by the id that their path has in the index; of two with one path the later counts."""
    return {file_id(document.path): _open_file(document.path, document.text) for document in overlay}


def open_cosines(document: OpenFile, vectors: VectorView, vector: NDArray[np.float32]) -> dict[int, float]:
    """The cosine of each of the document's chunks with a question, by chunk id."""
    language = document.entry.language
    texts = [embedded_text(chunk.symbol, plain_text(language, chunk.text)) for chunk in document.chunks]
    cosines = vectors.embed(texts) @ vector
    return {(document.number << CHUNK_BITS) + i: float(cosine) for i, cosine in enumerate(cosines)}


@lru_cache(maxsize=32)
def _open_file(path: str, text: str) -> OpenFile:
    from magray_indexers.parsing import parse
    from magray_indexers.privacy.redaction import redacted_quickly

    parsed = parse(path, redacted_quickly(text, path=path))
    number = file_id(path)
    tokens = chunk_tokens(
        path,
        [(chunk.span.start, chunk.span.end, plain_text(parsed.language, chunk.text)) for chunk in parsed.chunks],
        [(symbol.name_span.start, symbol.qualified_name, symbol.doc) for symbol in parsed.symbols],
    )
    return OpenFile(
        number,
        FileEntry(path, parsed.language, len(text)),
        parsed.chunks,
        parsed.symbols,
        tuple(tuple(Counter(field.split()) for field in fields) for fields in tokens),
    )
