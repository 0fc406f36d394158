"""The keyword index: Tantivy over code tokens, four fields for each chunk, derived from the store, never the truth."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_core.errors import IndexCorrupt, IndexingError
from magray_indexers.store import CHUNK_BITS

FIELDS = ("body", "definitions", "path", "doc")
"""The chunk's text; the names it defines, qualified; its path; the documentation of what it defines."""

_TOKENIZER = "spaces"
_SMALL_HEAP, _LARGE_HEAP = 15_000_000, 96_000_000
_K1, _B = 1.2, 0.75
FileCounters = tuple[dict[str, Counter[str]], ...]
"""Token counts of a file, by chunk and field."""
ChunkTokens = tuple[str, ...]
"""One chunk's tokens joined by spaces, in the order of ``FIELDS``."""


class KeywordWriter:
    """Adds and deletes in one folder; ``commit`` makes it durable. One writer per folder."""

    def __init__(self, folder: Path | None, *, large: bool) -> None:
        """Without a folder everything stays in memory, for ``index``."""
        self._index = _open(folder, create=True)
        self._writer = self._index.writer(_LARGE_HEAP if large else _SMALL_HEAP, 1)

    def add_file(self, number: int, tokens: Sequence[ChunkTokens]) -> None:
        """Add a file's chunks, in order."""
        import tantivy

        first = number << CHUNK_BITS
        for index, fields in enumerate(tokens):
            document = tantivy.Document()
            document.add_unsigned("chunk", first + index)
            document.add_unsigned("file", number)
            for name, text in zip(FIELDS, fields, strict=True):
                if text:
                    document.add_text(name, text)
            try:
                self._writer.add_document(document)
            except ValueError as error:
                raise _unwritable(error) from error

    def delete_file(self, number: int) -> None:
        """Forget a file's chunks that were added before."""
        import tantivy

        # Not delete_documents_by_term: it makes a signed term of the number and silently finds nothing.
        self._writer.delete_documents_by_query(tantivy.Query.term_query(self._index.schema, "file", number))

    def commit(self) -> None:
        """Write segments and the list of them to disk. Raises IndexingError if the disk does not take them."""
        try:
            self._writer.commit()
        except ValueError as error:
            raise _unwritable(error) from error

    def index(self) -> KeywordIndex:
        """What was committed so far, however the writer goes on."""
        return KeywordIndex(self._index)

    def close(self) -> None:
        """Wait for merges; the writer is used up."""
        with contextlib.suppress(ValueError):  # a failed writer has nothing to wait for
            self._writer.wait_merging_threads()


class KeywordIndex:
    """Searches what Tantivy's index holds now."""

    def __init__(self, index: Any) -> None:
        self._index = index
        index.reload()
        self._schema = index.schema
        self._searcher = index.searcher()
        self.mean_lengths: dict[str, float] = {}
        """Mean tokens by field, once somebody computed them: every reader of this folder needs the same."""
        self.counters: dict[tuple[int, str], FileCounters] = {}
        """Token counts of files saved since, by id and content hash, for the readers to come."""

    @classmethod
    def open(cls, folder: Path) -> KeywordIndex:
        """One folder. The caller has checked its files against their hashes: native code trusts them."""
        return cls(_open(folder, create=False))

    @property
    def n_chunks(self) -> int:
        """Chunks that are searched."""
        return int(self._searcher.num_docs)

    def doc_freq(self, field: str, token: str) -> int:
        """Chunks whose field has the token; deleted ones count until segments are merged."""
        return int(self._searcher.doc_freq(field, token))

    def best(
        self,
        field: str,
        tokens: Sequence[str],
        limit: int,
        weights: Mapping[str, float] | None = None,
        among: frozenset[int] | None = None,
    ) -> list[tuple[int, float]]:
        """As ``ranking.view.SearchView.best``."""
        import tantivy

        queries = []
        for token in dict.fromkeys(tokens):
            query = tantivy.Query.term_query(self._schema, field, token, "freq")
            weight = (weights or {}).get(token, 1.0)
            queries.append((tantivy.Occur.Should, query if weight == 1.0 else tantivy.Query.boost_query(query, weight)))
        if not queries or limit < 1:
            return []
        wanted = tantivy.Query.boolean_query(queries)
        if among is not None:
            admitted = tantivy.Query.term_set_query(self._schema, "file", sorted(among))
            unscored = tantivy.Query.const_score_query(admitted, 0.0)
            wanted = tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, unscored)])
        hits = self._searcher.search(wanted, limit, count=False).hits
        ids = self._searcher.fast_field_values("chunk", [address for _, address in hits])
        return sorted(zip(ids, (score for score, _ in hits), strict=True), key=lambda hit: (-hit[1], hit[0]))

    def files_with(self, tokens: Sequence[str]) -> set[int]:
        """Ids of the files that have a chunk whose body has every token."""
        import tantivy

        if not tokens or not self._searcher.num_docs:
            return set()
        queries = [
            (tantivy.Occur.Must, tantivy.Query.term_query(self._schema, "body", token, "basic"))
            for token in dict.fromkeys(tokens)
        ]
        query = tantivy.Query.const_score_query(tantivy.Query.boolean_query(queries), 1.0)
        hits = self._searcher.search(query, self._searcher.num_docs, count=False).hits
        return set(self._searcher.fast_field_values("file", [address for _, address in hits]))


@dataclass(frozen=True, slots=True)
class FieldStatistics:
    """What BM25 needs of the corpus: chunks, mean tokens of the field, and in how many chunks each token is."""

    n_chunks: int
    mean_length: float
    doc_freq: Mapping[str, int]


def bm25(tokens: Sequence[str], field: Counter[str], statistics: FieldStatistics) -> float:
    """The score Tantivy would give (but for its rounding of lengths) to a chunk that it does not hold.

    For documents that changed since the keyword index was written: open in an editor, or saved a moment ago.
    Source: tantivy's Bm25Weight, k1 = 1.2, b = 0.75.
    """
    length = field.total()
    score = 0.0
    for token in dict.fromkeys(tokens):
        frequency = field[token]
        if frequency:
            n = min(max(1, statistics.doc_freq.get(token, 0)), max(1, statistics.n_chunks))
            idf = math.log(1 + (max(n, statistics.n_chunks) - n + 0.5) / (n + 0.5))
            norm = _K1 * (1 - _B + _B * length / max(1.0, statistics.mean_length))
            score += idf * frequency * (_K1 + 1) / (frequency + norm)
    return score


def chunk_tokens(
    path: str, chunks: Sequence[tuple[int, int, str]], symbols: Iterable[tuple[int, str, str]]
) -> list[ChunkTokens]:
    """The tokens of a file's chunks.

    ``chunks`` are (start, end, text) in order; ``symbols`` (offset of the name, qualified name, documentation). A
    definition belongs to the chunk that holds its name. The path belongs to the first chunk alone, so that it counts
    once for a file however long.
    """
    from magray_indexers.tokens import code_tokens

    names: list[list[str]] = [[] for _ in chunks]
    docs: list[list[str]] = [[] for _ in chunks]
    at = 0
    for offset, name, doc in sorted(symbols):
        while at + 1 < len(chunks) and chunks[at][1] <= offset:
            at += 1
        if at < len(chunks):
            names[at] += code_tokens(name)
            if doc:
                docs[at] += code_tokens(doc)
    in_path = " ".join(code_tokens(path))
    return [
        (" ".join(code_tokens(text)), " ".join(names[i]), "" if i else in_path, " ".join(docs[i]))
        for i, (_, _, text) in enumerate(chunks)
    ]


def _open(folder: Path | None, *, create: bool) -> Any:
    import tantivy

    try:
        if folder is None:
            index = tantivy.Index(_schema())
        elif create and not (folder / "meta.json").exists():
            index = tantivy.Index(_schema(), path=str(folder))
        else:
            index = tantivy.Index.open(str(folder))
    except ValueError as error:
        raise IndexCorrupt(f"the keyword index cannot be opened ({error})", hint="run `magray index`") from error
    # Tantivy forgets tokenizers: they are registered again after every opening.
    index.register_tokenizer(_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def _unwritable(error: ValueError) -> IndexingError:
    return IndexingError(f"the keyword index cannot be written ({error})", hint="check the disk and its free space")


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk", fast=True)
    builder.add_unsigned_field("file", indexed=True, fast=True)
    for name in FIELDS:
        builder.add_text_field(name, tokenizer_name=_TOKENIZER, index_option="freq")
    return builder.build()
