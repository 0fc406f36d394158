"""What ranking asks of an index: a narrow seam, so that it can be tested on any corpus. One consistent generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from magray_core.memory import Chunk, Freshness, SearchScope, Symbol
from magray_indexers.keyword import FieldStatistics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from magray_core.contracts import KeepRows


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as ranking needs it; ``n_chars`` is its length in code points.

    ``changed`` is when it was last written, in seconds, by whatever clock; ``problems`` counts syntax errors.
    """

    path: str
    language: str
    n_chars: int
    changed: float = 0.0
    problems: int = 0


class VectorView(Protocol):
    """The vectors of one generation."""

    @property
    def quick(self) -> bool:
        """Whether texts can be embedded while somebody waits."""

    @property
    def trust(self) -> float:
        """What similarity weighs against words where names of files tell nothing."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """(dim,) float32, L2-normalised, of a question."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n_texts, dim) of texts that the index does not hold."""

    def search(self, vector: NDArray[np.float32], k: int, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (chunk id, cosine) pairs, best first, among the chunks that ``keep`` admits."""

    def cosines(self, vector: NDArray[np.float32], ids: Sequence[int]) -> dict[int, float]:
        """The cosine with each of these chunks that has a vector."""


class SearchView(Protocol):
    """One generation, read by one search. Chunk ids are ``file id << CHUNK_BITS | index``."""

    @property
    def vectors(self) -> VectorView | None:
        """Vectors beside the words, or None where there are none."""

    def best(
        self,
        field: str,
        tokens: Sequence[str],
        limit: int,
        weights: Mapping[str, float] | None = None,
        among: frozenset[int] | None = None,
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25) of the chunks with any of the tokens in the field, best first, ties by id.

        ``among`` are the ids of the files that may be found; None admits all.
        """

    def files_in(self, scope: SearchScope) -> frozenset[int] | None:
        """Ids of the files that the scope's paths, languages and kinds of file admit; None for all."""

    def statistics(self, field: str, tokens: Iterable[str]) -> FieldStatistics:
        """The corpus as BM25 sees it, with the document frequency of each token; 0 for unknown ones."""

    def files(self, numbers: Iterable[int]) -> Mapping[int, FileEntry]:
        """The files with these ids; unknown ids are left out."""

    def chunk(self, chunk_id: int) -> Chunk | None:
        """A chunk with its text, or None if there is none with this id."""

    def chunk_at(self, file: int, offset: int) -> int | None:
        """The id of the file's chunk that holds the offset (code points), or None."""

    def named(self, names: Sequence[str], limit: int) -> list[tuple[int, Symbol]]:
        """(file id, symbol) of the definitions with exactly one of these names, ordered by file id and place."""

    def named_in(self, files: Iterable[int], names: Sequence[str]) -> list[tuple[int, Symbol]]:
        """The same in these files alone, without a limit."""

    def affinity(self, near: Sequence[str], paths: Iterable[str]) -> Mapping[str, float]:
        """How near each path is to the files in ``near``, 0 to 1; what is not known is left out."""

    def freshness(self) -> Freshness:
        """How current the generation is."""
