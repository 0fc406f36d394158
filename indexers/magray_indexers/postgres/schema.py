"""The tables of the shared index, by version, in a schema of their own: ``magray``.

PostgreSQL's full-text index says which chunks have a word but not how often. So a lexeme here is a field's number, one
of our own tokens and how often the field has it, ``0parse 3``: the index answers both, and BM25 comes out as it does
in the embedded index. One more lexeme says whose chunk it is. ``vocabulary`` counts in how many chunks of a
repository each is.

Publishers bring an older database up to date, in the transaction that publishes; readers refuse what they do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_core.contracts import EmbeddingModel
from magray_core.errors import IndexFormatTooNew, IndexingError, IndexUnavailable
from magray_indexers.keyword import FIELDS

if TYPE_CHECKING:
    from magray_indexers.postgres.connection import Cursor

_WORDS = """
CREATE SCHEMA magray;
CREATE TABLE magray.format (one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL);
INSERT INTO magray.format VALUES (1, 0);
CREATE TABLE magray.repositories (number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE,
    generation bigint NOT NULL DEFAULT 0, head text NOT NULL DEFAULT '', finished double precision NOT NULL DEFAULT 0,
    n_files bigint NOT NULL DEFAULT 0, n_chunks bigint NOT NULL DEFAULT 0, lengths bigint[] NOT NULL DEFAULT '{}');
CREATE TABLE magray.files (id bigint PRIMARY KEY, repository integer NOT NULL REFERENCES magray.repositories,
    path text COLLATE "C" NOT NULL, hash text NOT NULL, language text NOT NULL, problems integer NOT NULL,
    n_chunks integer NOT NULL, n_chars bigint NOT NULL, changed double precision NOT NULL, lengths bigint[] NOT NULL,
    content bytea NOT NULL, UNIQUE (repository, path));
CREATE TABLE magray.chunks (id bigint PRIMARY KEY, start_at integer NOT NULL, end_at integer NOT NULL,
    start_line integer NOT NULL, end_line integer NOT NULL, symbol text NOT NULL, kind text NOT NULL,
    text bytea NOT NULL);
CREATE TABLE magray.symbols (id bigint PRIMARY KEY, name text COLLATE "C" NOT NULL, qualified_name text NOT NULL,
    kind text NOT NULL, start_at integer NOT NULL, end_at integer NOT NULL, name_start integer NOT NULL,
    name_end integer NOT NULL, start_line integer NOT NULL, end_line integer NOT NULL, signature text NOT NULL,
    doc text NOT NULL, parent text NOT NULL);
CREATE INDEX symbols_by_name ON magray.symbols (name);
CREATE TABLE magray.markers (id bigint PRIMARY KEY, line integer NOT NULL, word text NOT NULL, text text NOT NULL);
CREATE TABLE magray.words (chunk bigint PRIMARY KEY, body integer NOT NULL, definitions integer NOT NULL,
    path integer NOT NULL, doc integer NOT NULL, lexemes tsvector NOT NULL);
CREATE INDEX words_by_lexeme ON magray.words USING gin (lexemes);
CREATE TABLE magray.vocabulary (lexeme text COLLATE "C", repository integer, n bigint NOT NULL,
    PRIMARY KEY (lexeme, repository));
"""
_VECTORS = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE magray.embedding (one integer PRIMARY KEY CHECK (one = 1), model text NOT NULL, dim integer NOT NULL);
"""
MIGRATIONS = (_WORDS, _VECTORS)
"""What each version adds to the one before. 1: files, chunks, symbols and words. 2: which model's vectors there are."""
VERSION = len(MIGRATIONS)
LARGE = 50_000
"""Vectors from which an HNSW index is kept; below, every search looks at all of them."""
_PUBLISHING = 0x4D475259


def migrate(cursor: Cursor) -> None:
    """Bring the database up to ``VERSION`` and keep other publishers out until this transaction ends.

    Raises IndexFormatTooNew, or as ``failures.translated`` where the role may not or the server has no pgvector.
    """
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_PUBLISHING,))
    cursor.execute("SELECT to_regclass('magray.format') IS NOT NULL")
    version = 0
    if _one(cursor)[0]:
        cursor.execute("SELECT version FROM magray.format")
        version = int(_one(cursor)[0])
    if version > VERSION:
        raise _too_new(version)
    for number in range(version, VERSION):
        cursor.execute(MIGRATIONS[number].encode())
    if version < VERSION:
        cursor.execute("UPDATE magray.format SET version = %s", (VERSION,))


def read_repositories(cursor: Cursor) -> list[tuple[Any, ...]]:
    """(number, name, generation, head, finished, n_files, n_chunks, lengths) of each repository, ordered by name.

    Raises IndexUnavailable where there is no shared index or an older one, IndexFormatTooNew.
    """
    cursor.execute(
        "SELECT f.version, r.number, r.name, r.generation, r.head, r.finished, r.n_files, r.n_chunks, r.lengths"
        ' FROM magray.format f LEFT JOIN magray.repositories r ON r.generation > 0 ORDER BY r.name COLLATE "C"'
    )
    rows = cursor.fetchall()
    version = rows[0][0] if rows else 0
    if version > VERSION:
        raise _too_new(version)
    if version < VERSION:
        raise IndexUnavailable(
            f"the shared index has format {version}, this version reads {VERSION}",
            hint="publish to it once with this version: that brings it up to date",
        )
    return [row[1:] for row in rows if row[1] is not None]


def read_model(cursor: Cursor) -> EmbeddingModel | None:
    """Whose vectors the shared index holds; None for nobody's."""
    cursor.execute("SELECT model, dim FROM magray.embedding")
    row = cursor.fetchone()
    return EmbeddingModel(row[0], row[1]) if row else None


def settle_model(cursor: Cursor, model: EmbeddingModel) -> None:
    """Make the table of vectors for the first model that comes. Raises IndexingError for another one later.

    One database has one model, because one question is compared with all repositories.
    """
    known = read_model(cursor)
    if known is None:
        cursor.execute("INSERT INTO magray.embedding VALUES (1, %s, %s)", (model.id, model.dim))
        # The rows are whole numbers up to 127, which half precision holds exactly.
        cursor.execute(
            f"CREATE TABLE magray.vectors (chunk bigint PRIMARY KEY, repository integer NOT NULL, key bytea NOT NULL,"
            f" embedding halfvec({model.dim:d}) NOT NULL)".encode()
        )
        cursor.execute("CREATE INDEX vectors_by_repository ON magray.vectors (repository)")
    elif (known.id, known.dim) != (model.id, model.dim):
        raise IndexingError(
            f"the shared index holds vectors of {known.id} ({known.dim} numbers), this workspace has those of"
            f" {model.id} ({model.dim} numbers)",
            hint="everybody who publishes uses one model: index with that one, or start another database",
        )


def field_number(field: str) -> int:
    """The digit that a field's lexemes begin with."""
    return FIELDS.index(field)


def _too_new(version: int) -> IndexFormatTooNew:
    error = IndexFormatTooNew(version, VERSION, what="shared index")
    error.hint = "update Magray; the workspace's own index works meanwhile"
    return error


def _one(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return row
