"""What PostgreSQL and libpq say, in the person's words: what happened to the shared index and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable

if TYPE_CHECKING:
    import psycopg

_MEANWHILE = "the workspace's own index works meanwhile"
_NO_PGVECTOR = (
    "the PostgreSQL server has no pgvector",
    "install it there (Debian: postgresql-17-pgvector, 0.8 or newer), then publish again",
)
_NOTHING = (
    "there is no shared index in that database",
    "publish a workspace to it: magray index --publish NAME",
)
_DAMAGED = ("the shared index is damaged", "restore the database, or drop its schema magray and publish again")
_BY_STATE: dict[str, tuple[type[IndexingError], str, str]] = {
    "57014": (IndexUnavailable, "the shared index took too long to answer", f"try again later; {_MEANWHILE}"),
    "53300": (
        IndexUnavailable, "the PostgreSQL server takes no more connections", f"try again in a moment; {_MEANWHILE}",
    ),
    "57P03": (IndexUnavailable, "the PostgreSQL server is starting or stopping", "try again in a moment"),
    "55P03": (IndexUnavailable, "somebody else is publishing to the shared index", "try again in a moment"),
    "40001": (IndexUnavailable, "the shared index changed meanwhile", "try again"),
    "40P01": (IndexUnavailable, "the shared index changed meanwhile", "try again"),
    "42P01": (IndexUnavailable, *_NOTHING),
    "3F000": (IndexUnavailable, *_NOTHING),
    "42501": (
        IndexingError, "the database refuses this to your role",
        "ask for the rights that the guide to shared indexes lists",
    ),
    "25006": (IndexingError, "that PostgreSQL server only reads", "publish to the primary server"),
    "53100": (IndexingError, "the PostgreSQL server's disk is full: the shared index is as it was", "free some space"),
    "0A000": (IndexingError, *_NO_PGVECTOR),
    "58P01": (IndexingError, *_NO_PGVECTOR),
    "42704": (IndexingError, *_NO_PGVECTOR),
    "XX001": (IndexCorrupt, *_DAMAGED),
    "XX002": (IndexCorrupt, *_DAMAGED),
}  # fmt: skip
_BY_WORDS: tuple[tuple[str, type[IndexingError], str, str], ...] = (
    (
        "password authentication failed", IndexingError, "the PostgreSQL server refused the password",
        "correct it in ~/.pgpass or PGPASSWORD",
    ),
    (
        "no password supplied", IndexingError, "the PostgreSQL server wants a password",
        "put it into ~/.pgpass (mode 0600) or PGPASSWORD",
    ),
    (
        "too many clients", IndexUnavailable, "the PostgreSQL server takes no more connections",
        f"try again in a moment; {_MEANWHILE}",
    ),
    (
        "connection slots are reserved", IndexUnavailable, "the PostgreSQL server takes no more connections",
        f"try again in a moment; {_MEANWHILE}",
    ),
    (
        "too many connections", IndexUnavailable, "the PostgreSQL server takes no more connections from your role",
        f"try again in a moment; {_MEANWHILE}",
    ),
    ("the database system is", IndexUnavailable, "the PostgreSQL server is starting or stopping", "try again soon"),
    ("timeout expired", IndexUnavailable, "the PostgreSQL server does not answer", f"check the network; {_MEANWHILE}"),
    (
        "no pg_hba.conf entry", IndexingError, "the PostgreSQL server does not admit you from this machine",
        "ask its administrator",
    ),
    (
        "does not exist", IndexingError, "the database or role in memory.shared_dsn does not exist",
        "correct memory.shared_dsn in ~/.magray/config/config.toml",
    ),
)  # fmt: skip


def translated(error: psycopg.Error) -> IndexingError:
    """The error in the person's words. Never quotes the server, whose words may quote code or settings."""
    words = str(error).lower()
    known = _BY_STATE.get(error.sqlstate or "")
    if known is not None and (known[1:] != _NO_PGVECTOR or "vec" in words):
        kind, message, hint = known
        return kind(message, hint=hint)
    for part, kind, message, hint in _BY_WORDS:
        if part in words and not error.sqlstate:
            return kind(message, hint=hint)
    import psycopg

    if isinstance(error, psycopg.OperationalError) or (error.sqlstate or "").startswith(("08", "57", "53")):
        return IndexUnavailable("the PostgreSQL server is away", hint=f"check that it runs; {_MEANWHILE}")
    state = f" ({error.sqlstate})" if error.sqlstate else ""
    return IndexingError(
        f"the shared index cannot be used: {type(error).__name__}{state}", hint=f"tell its administrator; {_MEANWHILE}"
    )


def lost(error: psycopg.Error, connection: psycopg.Connection[Any]) -> bool:
    """Whether the connection is gone, so that asking again on a new one may help."""
    import psycopg

    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
        connection.broken or connection.closed or (error.sqlstate or "").startswith("57P")
    )
