"""What ranking asks of an index: a narrow seam, so that it can be tested on any corpus. One consistent generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from magray_core.memory import Chunk, Freshness, Symbol
from magray_indexers.keyword import FieldStatistics


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file as ranking needs it; ``n_chars`` is its length in code points."""

    path: str
    language: str
    n_chars: int


class SearchView(Protocol):
    """One generation, read by one search. Chunk ids are ``file id << CHUNK_BITS | index``."""

    def best(
        self, field: str, tokens: Sequence[str], limit: int, weights: Mapping[str, float] | None = None
    ) -> list[tuple[int, float]]:
        """(chunk id, BM25) of the chunks with any of the tokens in the field, best first, ties by id."""

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

    def freshness(self) -> Freshness:
        """How current the generation is."""
