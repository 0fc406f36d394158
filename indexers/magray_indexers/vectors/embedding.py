"""Embedding what the index holds, a slice at a time: what is known is never embedded again, nothing waits for it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.cancel import CancelToken
from magray_core.contracts import Embedder, Progress
from magray_core.errors import IndexCorrupt
from magray_core.failpoints import failpoint
from magray_core.memory import EmbeddingReport
from magray_indexers import generations, store
from magray_indexers.locking import writer_lock
from magray_indexers.media.reading import plain_text
from magray_indexers.store import CHUNK_BITS, checked, id_range
from magray_indexers.vectors.cache import CacheCorrupt, VectorCache
from magray_indexers.vectors.keys import embedded_text
from magray_indexers.vectors.publishing import VectorGeneration, publish, read_vector_generation
from magray_indexers.vectors.quantizing import quantized
from magray_indexers.writing import opened_store, set_aside

_QUICK_BATCH, _SLOW_BATCH = 512, 16
_MANY_PENDING = 64
_FIRST_PUBLISH, _PUBLISH_GROWTH = 1_000, 2
_KEPT_ROWS, _KEPT_TIMES = 20_000, 4


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who embeds, until when, and who is told."""

    embedder: Embedder
    until: float
    progress: Progress | None
    cancel: CancelToken


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What lacks a vector: one chunk id for each key, in order, and how many keys there are in all."""

    ids: dict[bytes, int]
    total: int
    whole: bool


def embed(
    root: Path,
    embedder: Embedder,
    *,
    budget_s: float,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> EmbeddingReport:
    """Give vectors to chunks that have none, for about ``budget_s`` seconds, and publish them when that is worth it.

    Call again while the report says that something remains. Vectors of an earlier model go on serving until those of
    a new one are complete. What was embedded stays when this is cancelled or killed. Needs no network; takes the
    writer's lock. Raises IndexingError, ProviderError, Cancelled.
    """
    cancel = cancel or CancelToken()
    paths = WorkspacePaths(root)
    if not paths.index_db.exists():
        return EmbeddingReport(0, 0, 0)
    paths.create()
    with writer_lock(paths.memory, cancel), opened_store(paths) as db:
        if not store.read_generation(db).keyword:
            return EmbeddingReport(0, 0, 0)
        asked = _Asked(embedder, time.monotonic() + budget_s, progress, cancel)
        try:
            return _embed(db, paths, asked)
        except CacheCorrupt:
            set_aside(paths.vector_cache)
            return _embed(db, paths, asked)


def _embed(db: sqlite3.Connection, paths: WorkspacePaths, asked: _Asked) -> EmbeddingReport:
    with contextlib.closing(VectorCache.open(paths.vector_cache)) as cache:
        return _Slice(db, cache, paths.vectors, asked).run()


class _Slice:
    """One call's work on an opened store."""

    def __init__(self, db: sqlite3.Connection, cache: VectorCache, folder: Path, asked: _Asked) -> None:
        self._db, self._cache, self._folder, self._asked = db, cache, folder, asked
        self._model = asked.embedder.model

    def run(self) -> EmbeddingReport:
        asked = self._asked
        before = self._sound_generation()
        serving = before.model == self._model.id
        pending = self._db.execute("SELECT count(*) FROM vector_pending").fetchone()[0]
        if serving and before.complete and not pending:
            return EmbeddingReport(0, 0, before.n_vectors)
        wanted = self._wanted(whole=not (serving and before.complete))
        done = 0
        for batch in _batches(list(wanted.ids.items()), _QUICK_BATCH if self._model.quick else _SLOW_BATCH):
            asked.cancel.check()
            self._embed(batch)
            done += len(batch)
            if asked.progress is not None:
                known = wanted.total - len(wanted.ids) + done
                asked.progress.report(f"{known:,} of {wanted.total:,} chunks embedded", known / max(1, wanted.total))
            if time.monotonic() > asked.until:
                break
        remaining = len(wanted.ids) - done
        if self._worth_publishing(before, wanted, remaining, pending):
            published = publish(self._db, self._cache, self._folder, self._model)
            if published.complete:
                self._prune(published.n_vectors)
            elif not remaining:
                remaining = 1  # a damaged vector was found and forgotten: the next slice makes it again
            return EmbeddingReport(done, remaining, published.n_vectors)
        return EmbeddingReport(done, remaining, before.n_vectors)

    def _sound_generation(self) -> VectorGeneration:
        """What is published, or nothing if its files are not what they were."""
        generation = read_vector_generation(self._db)
        if generation.folder:
            try:
                generations.verify(self._folder, generation.folder, generation.manifest)
            except IndexCorrupt:
                return VectorGeneration()
        return generation

    def _wanted(self, *, whole: bool) -> _Wanted:
        """Of all chunks, or of those in files that changed since vectors were published."""
        sql = "SELECT * FROM embedded"
        if whole:
            rows = [checked(row) for row in self._db.execute(f"{sql} ORDER BY id")]
            known = self._cache.known(self._model.id)
        else:
            files = self._db.execute("SELECT file FROM vector_pending ORDER BY file").fetchall()
            spans = [id_range(file) for (file,) in files]
            rows = [checked(row) for span in spans for row in self._db.execute(f"{sql} WHERE id BETWEEN ? AND ?", span)]
            keys = [key for _, key in rows]
            known = set(keys) - set(self._cache.unknown(self._model.id, keys))
        ids: dict[bytes, int] = {}
        for number, key in rows:
            if key not in known:
                ids.setdefault(key, number)
        return _Wanted(ids, len({key for _, key in rows}), whole)

    def _embed(self, batch: Sequence[tuple[bytes, int]]) -> None:
        numbers = [number for _, number in batch]
        sql = f"SELECT * FROM chunks WHERE id IN ({','.join('?' * len(numbers))})"
        chunks = {row[0]: row for row in map(checked, self._db.execute(sql, numbers))}
        languages = self._languages({number >> CHUNK_BITS for number in numbers})
        texts = [embedded_text(chunks[n][5], plain_text(languages[n >> CHUNK_BITS], chunks[n][7])) for n in numbers]
        rows = quantized(self._asked.embedder.embed(texts))
        self._cache.put(self._model.id, self._model.dim, [key for key, _ in batch], rows)
        failpoint("embedded")

    def _languages(self, files: set[int]) -> dict[int, str]:
        marks = ",".join("?" * len(files))
        return dict(self._db.execute(f"SELECT id, language FROM files WHERE id IN ({marks})", sorted(files)))

    def _worth_publishing(self, before: VectorGeneration, wanted: _Wanted, remaining: int, pending: int) -> bool:
        if not remaining:
            return wanted.whole or pending > _MANY_PENDING
        if before.complete:
            return False  # a complete generation, of whichever model, serves better than a part
        known = wanted.total - remaining
        return known >= max(_FIRST_PUBLISH, _PUBLISH_GROWTH * before.n_vectors)

    def _prune(self, n_vectors: int) -> None:
        """Keep what other branches may need again, but not for ever."""
        most = _KEPT_ROWS + _KEPT_TIMES * n_vectors
        if self._cache.count() > most:
            used = {key for (key,) in self._db.execute("SELECT key FROM embedded")}
            self._cache.prune(self._model.id, used, most)


def _batches(items: list[tuple[bytes, int]], size: int) -> Iterator[list[tuple[bytes, int]]]:
    for i in range(0, len(items), size):
        yield items[i : i + size]
