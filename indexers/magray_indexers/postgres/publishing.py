"""From a workspace's own index into the shared one: a whole generation of one repository, in one transaction.

Readers see the generation before or this one. Only files that differ are sent; what is sent is what the embedded index
holds, so secrets are masked already.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_configs.paths import WorkspacePaths
from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexingError
from magray_core.failpoints import failpoint
from magray_indexers import store
from magray_indexers.corpus import Rows, written_at
from magray_indexers.postgres import schema
from magray_indexers.postgres.connection import SharedDatabase, Step
from magray_indexers.postgres.lexemes import lengths_of, lexemes_of, of_repository, rounded, storable
from magray_indexers.postgres.source import Source, opened_source
from magray_indexers.postgres.vector_index import PostgresVectorIndex
from magray_indexers.store import CHUNK_BITS, file_id, id_range

if TYPE_CHECKING:
    from magray_indexers.postgres.connection import Cursor

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_BATCH = 200
_VECTOR_BATCH = 5_000
_ANALYZED = 1_000


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What publishing did: what the repository now holds, files sent and taken away, vectors sent, seconds."""

    repository: str
    generation: int
    files: int
    chunks: int
    sent: int
    removed: int
    vectors: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Telling:
    """Who hears how far it is, who may stop it, and whom to tell that a step is done."""

    progress: Progress | None
    cancel: CancelToken
    step: Step

    def stepped(self, message: str, fraction: float) -> None:
        self.cancel.check()
        self.step()
        if self.progress is not None:
            self.progress.report(message, fraction)


def checked_name(repository: str) -> str:
    """The name. Raises IndexingError unless it is letters, digits, ``.``, ``_`` and ``-``: it is a folder in paths."""
    if not _NAME.match(repository):
        raise IndexingError(
            f"a repository cannot be called {repository[:60]!r}",
            hint="use letters, digits, '.', '_' and '-', at most 100 of them",
        )
    return repository


def publish(
    root: Path,
    database: SharedDatabase,
    repository: str,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> PublishReport:
    """Make what the workspace's index holds the repository's new generation in the shared index.

    Raises IndexUnavailable where there is no complete index, IndexCorrupt for a damaged one, Cancelled, and as
    ``SharedDatabase.write``; then the shared index is as it was.
    """
    started = time.perf_counter()
    checked_name(repository)
    paths = WorkspacePaths(root)
    with opened_source(paths) as source:
        generation = source.generation

        def work(cursor: Cursor, step: Step) -> tuple[int, int, int, int]:
            return _copied(cursor, database, source, repository, _Telling(progress, cancel or CancelToken(), step))

        number, sent, removed, vectors = database.write(work)
        return PublishReport(
            repository, number, generation.n_files, generation.n_chunks, sent, removed, vectors,
            time.perf_counter() - started,
        )  # fmt: skip


def withdraw(database: SharedDatabase, repository: str) -> bool:
    """Take a repository out of the shared index, whole; False where it is not there."""

    def work(cursor: Cursor, step: Step) -> bool:
        schema.migrate(cursor)
        cursor.execute("SELECT number FROM magray.repositories WHERE name = %s", (repository,))
        row = cursor.fetchone()
        if row is None:
            return False
        cursor.execute("SELECT id FROM magray.files WHERE repository = %s", row)
        _delete(cursor, row[0], [number for (number,) in cursor.fetchall()])
        if schema.read_model(cursor) is not None:
            cursor.execute("DELETE FROM magray.vectors WHERE repository = %s", row)
        cursor.execute("DELETE FROM magray.repositories WHERE number = %s", row)
        return True

    return database.write(work)


def _copied(
    cursor: Cursor, database: SharedDatabase, source: Source, repository: str, telling: _Telling
) -> tuple[int, int, int, int]:
    """(generation, files sent, files removed, vectors sent)."""
    schema.migrate(cursor)
    cursor.execute("INSERT INTO magray.repositories (name) VALUES (%s) ON CONFLICT DO NOTHING", (repository,))
    cursor.execute("SELECT number, generation FROM magray.repositories WHERE name = %s FOR UPDATE", (repository,))
    number, generation = cursor.fetchall()[0]
    telling.stepped("comparing", 0.0)
    theirs, ours = _known(cursor, number), source.files()
    same = {path for path, (_, content, _) in ours.items() if path in theirs and theirs[path][1] == content}
    _delete(cursor, number, [one for path, (one, *_) in theirs.items() if path not in same])
    touched = {theirs[path][0]: ours[path][2] for path in same if theirs[path][2] != ours[path][2]}
    cursor.execute(
        "UPDATE magray.files f SET changed = a.changed FROM unnest(%s::bigint[], %s::float8[]) AS a(id, changed)"
        " WHERE f.id = a.id",
        (list(touched), list(touched.values())),
    )
    ids = {ours[path][0]: theirs[path][0] for path in same}
    changed = sorted(ours.keys() - same)
    _assign(cursor, repository, {path: ours[path][0] for path in changed}, ids)
    failpoint("shared-deleted")
    vocabulary: Counter[str] = Counter()
    for start in range(0, len(changed), _BATCH):
        telling.stepped(f"sending {len(changed):,} files", 0.7 * start / len(changed))
        some = {ours[path][0]: ours[path][1] for path in changed[start : start + _BATCH]}
        _send(cursor, number, _Batch(source.rows, some, ids), vocabulary)
        failpoint("shared-sending")
    telling.stepped("counting words", 0.7)
    _count(cursor, number, vocabulary)
    n_vectors = _send_vectors(cursor, database, source, (number, ids), telling)
    telling.stepped("finishing", 1.0)
    _finish(cursor, number, generation + 1, source.generation)
    if len(vocabulary) > _ANALYZED:
        for table in ("files", "chunks", "symbols", "words", "vocabulary"):
            cursor.execute(f"ANALYZE magray.{table}".encode())
    failpoint("shared-before-commit")
    removed = len(theirs.keys() - ours.keys())
    return generation + 1, len(changed), removed, n_vectors


def _known(cursor: Cursor, number: int) -> dict[str, tuple[int, bytes, float]]:
    cursor.execute("SELECT path, id, content, changed FROM magray.files WHERE repository = %s", (number,))
    return {path: (one, bytes(content), changed) for path, one, content, changed in cursor.fetchall()}


def _delete(cursor: Cursor, repository: int, files: Sequence[int]) -> None:
    """Forget files and what they added to the counts of words. Their vectors go when vectors are compared."""
    if not files:
        return
    cursor.execute("CREATE TEMP TABLE gone (first bigint PRIMARY KEY, last bigint) ON COMMIT DROP")
    with cursor.copy("COPY gone FROM STDIN") as copy:
        for number in files:
            copy.write_row(id_range(number))
    cursor.execute("ANALYZE gone")
    cursor.execute(
        "WITH lost AS (DELETE FROM magray.words USING gone WHERE chunk BETWEEN first AND last RETURNING lexemes),"
        " counted AS (SELECT lexeme, count(*) AS n FROM lost, unnest(lost.lexemes) GROUP BY lexeme)"
        " UPDATE magray.vocabulary v SET n = v.n - c.n FROM counted c"
        " WHERE v.lexeme = c.lexeme AND v.repository = %s",
        (repository,),
    )
    cursor.execute("DELETE FROM magray.vocabulary WHERE n <= 0")
    for table in ("chunks", "symbols", "markers"):
        cursor.execute(f"DELETE FROM magray.{table} USING gone WHERE id BETWEEN first AND last".encode())
    cursor.execute(f"DELETE FROM magray.files USING gone WHERE id = first >> {CHUNK_BITS}".encode())
    cursor.execute("DROP TABLE gone")


def _assign(cursor: Cursor, repository: str, files: dict[str, int], ids: dict[int, int]) -> None:
    """Choose the shared id of each file: made from repository and path, as the embedded one is from the path."""
    wanted = {path: file_id(f"{repository}/{path}") for path in files}
    cursor.execute("SELECT id FROM magray.files WHERE id = ANY(%s)", (list(wanted.values()),))
    taken = {number for (number,) in cursor.fetchall()} | set(ids.values())
    for path, number in wanted.items():
        salt, chosen = 0, number
        while chosen in taken:
            salt += 1
            chosen = file_id(f"{repository}/{path}", salt)
            cursor.execute("SELECT 1 FROM magray.files WHERE id = %s", (chosen,))
            if cursor.fetchone():
                taken.add(chosen)
        taken.add(chosen)
        ids[files[path]] = chosen


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files to send: their ids here and fingerprints, and what ids become there."""

    rows: Rows
    files: dict[int, bytes]
    ids: dict[int, int]

    def of(self, table: str) -> Iterator[tuple[Any, ...]]:
        """The table's rows of these files with the ids they have there."""
        for number in self.files:
            shift = (self.ids[number] - number) << CHUNK_BITS
            sql = f"SELECT * FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id"
            for first, *rest in self.rows.whole(sql, id_range(number)):
                yield first + shift, *rest


def _send(cursor: Cursor, repository: int, batch: _Batch, vocabulary: Counter[str]) -> None:
    words: list[tuple[Any, ...]] = []
    with cursor.copy("COPY magray.files FROM STDIN") as copy:
        for number, *rest in batch.rows.among("SELECT * FROM files WHERE id IN", batch.files):
            path, content_hash, stat, language, problems, n_chunks, n_chars = rest
            of_chunks = batch.rows.tokens_of(number)
            lengths = [lengths_of(fields) for fields in of_chunks]
            totals = [sum(column) for column in zip(*lengths, strict=True)] if lengths else []
            first = batch.ids[number] << CHUNK_BITS
            for index, fields in enumerate(of_chunks):
                lexemes = lexemes_of(fields)
                vocabulary.update(lexemes)
                quoted = " ".join(f"'{lexeme}'" for lexeme in (*lexemes, of_repository(repository)))
                words.append((first + index, *map(rounded, lengths[index]), quoted))
            copy.write_row(
                (batch.ids[number], repository, path, content_hash, language, problems, n_chunks, n_chars,
                 written_at(stat), totals, batch.files[number])
            )  # fmt: skip
    with cursor.copy("COPY magray.words FROM STDIN") as copy:
        for row in words:
            copy.write_row(row)
    with cursor.copy("COPY magray.chunks FROM STDIN") as copy:
        for *head, symbol, kind, text in batch.of("chunks"):
            copy.write_row((*head, storable(symbol), kind, text.encode("utf-8", "surrogatepass")))
    for table in ("symbols", "markers"):
        with cursor.copy(f"COPY magray.{table} FROM STDIN".encode()) as copy:
            for row in batch.of(table):
                copy.write_row([storable(value) if isinstance(value, str) else value for value in row])


def _count(cursor: Cursor, repository: int, vocabulary: Counter[str]) -> None:
    if not vocabulary:
        return
    cursor.execute('CREATE TEMP TABLE counted (lexeme text COLLATE "C", n bigint) ON COMMIT DROP')
    with cursor.copy("COPY counted FROM STDIN") as copy:
        for row in vocabulary.items():
            copy.write_row(row)
    cursor.execute(
        "INSERT INTO magray.vocabulary AS v SELECT lexeme, %s, n FROM counted ORDER BY lexeme"
        " ON CONFLICT (lexeme, repository) DO UPDATE SET n = v.n + excluded.n",
        (repository,),
    )
    cursor.execute("DROP TABLE counted")


def _send_vectors(
    cursor: Cursor, database: SharedDatabase, source: Source, here: tuple[int, dict[int, int]], telling: _Telling
) -> int:
    """Make the repository's vectors those of the workspace's model, touching only what differs; how many were sent."""
    import numpy as np

    repository, ids = here
    model = source.model
    if model is not None:
        schema.settle_model(cursor, model)
    elif schema.read_model(cursor) is None:
        return 0
    cursor = database.with_vectors(cursor)
    index = PostgresVectorIndex(cursor, model.dim if model else 0, [repository])
    cursor.execute("SELECT chunk, key FROM magray.vectors WHERE repository = %s", (repository,))
    theirs = {chunk: bytes(key) for chunk, key in cursor.fetchall()}
    ours: dict[int, bytes] = {}
    if model is not None:
        for chunk, key in source.keys().items():
            file = chunk >> CHUNK_BITS
            ours[chunk + ((ids[file] - file) << CHUNK_BITS)] = key
    index.remove(np.array([chunk for chunk, key in theirs.items() if ours.get(chunk) != key], np.int64))
    missing = sorted(chunk for chunk, key in ours.items() if theirs.get(chunk) != key)
    sent = 0
    for start in range(0, len(missing), _VECTOR_BATCH):
        telling.stepped("sending vectors", 0.7 + 0.2 * start / len(missing))
        some = missing[start : start + _VECTOR_BATCH]
        assert model is not None
        vectors = source.vectors(model, sorted({ours[chunk] for chunk in some}))
        sent += index.put((chunk, ours[chunk], vectors[ours[chunk]]) for chunk in some if ours[chunk] in vectors)
    telling.stepped("indexing vectors", 0.9)
    index.make_hnsw()
    return sent


def _finish(cursor: Cursor, number: int, generation: int, source: store.Generation) -> None:
    cursor.execute(
        "UPDATE magray.repositories SET generation = %s, head = %s, finished = %s, (n_files, n_chunks, lengths) ="
        " (SELECT count(*), coalesce(sum(n_chunks), 0), ARRAY(SELECT sum(length) FROM magray.files AS f,"
        "  unnest(f.lengths) WITH ORDINALITY AS one(length, field) WHERE f.repository = %s GROUP BY field"
        "  ORDER BY field)::bigint[] FROM magray.files WHERE repository = %s) WHERE number = %s",
        (generation, source.head, time.time(), number, number, number),
    )
    # Words that wait in the full-text index's own list make every search look through that list.
    cursor.execute("SELECT gin_clean_pending_list('magray.words_by_lexeme')")
