"""The connection to the shared index: the only module that lets libpq open a socket, and only to what the person named.

Passwords come from where libpq looks for them (``~/.pgpass``, ``PGPASSWORD``, a service file), never from a setting.
Nothing waits longer than ``Limits`` say, not even for a server that has stopped answering altogether.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from magray_core.errors import IndexingError, IndexUnavailable, SettingsError
from magray_indexers.postgres.failures import lost, translated

if TYPE_CHECKING:
    import psycopg

    Cursor = psycopg.Cursor[tuple[Any, ...]]

T = TypeVar("T")
Step = Callable[[], None]
SETTING = "memory.shared_dsn"
_SECRETS = ("password", "sslpassword", "oauth_client_secret")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds. libpq waits at least 2 s for a connection."""

    connect_s: int = 3
    answer_s: float = 10.0
    """One question: a whole search, say."""
    publish_step_s: float = 120.0
    """One step of publishing: a batch of files, an index of vectors."""
    lock_s: float = 10.0
    """Waiting for somebody else who publishes."""


class SharedDatabase:
    """One connection, opened when first needed. Thread-safe; calls take turns.

    Every method raises IndexUnavailable where the server is away, slow or full, IndexingError for anything else that
    it refuses, each with what to do.
    """

    def __init__(self, dsn: str, limits: Limits = Limits()) -> None:
        self._parameters = _checked(dsn)
        self._limits = limits
        self._lock = threading.RLock()
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._vectors_known = False

    def read(self, work: Callable[[Cursor], T]) -> T:
        """What ``work`` gives, all of it from one state of the database that nobody can change through it.

        A connection that is lost on the way is opened once more and ``work`` done again.
        """
        limits = self._limits
        begin = (
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            f"SET LOCAL statement_timeout = {round(limits.answer_s * 1000)}; SET LOCAL jit = off; "
            "SET LOCAL max_parallel_workers_per_gather = 0"
        )
        with self._lock:
            try:
                return self._transacted(begin, lambda cursor, _: work(cursor), limits.answer_s)
            except _Lost:
                self.close()
            try:
                return self._transacted(begin, lambda cursor, _: work(cursor), limits.answer_s)
            except _Lost as again:
                self.close()
                raise again.told from again.__cause__

    def write(self, work: Callable[[Cursor, Step], T]) -> T:
        """What ``work`` gives; all its changes or, if it raises or anything breaks, none. Never done twice.

        ``work`` gets a function to call between steps, each of which may take ``publish_step_s``.
        """
        limits = self._limits
        begin = (
            f"BEGIN; SET LOCAL statement_timeout = {round(limits.publish_step_s * 1000)}; "
            f"SET LOCAL lock_timeout = {round(limits.lock_s * 1000)}; SET LOCAL jit = off; "
            "SET LOCAL client_min_messages = error"
        )
        with self._lock:
            try:
                return self._transacted(begin, work, limits.publish_step_s)
            except _Lost as ended:
                self.close()
                raise ended.told from ended.__cause__

    def with_vectors(self, cursor: Cursor) -> Cursor:
        """A cursor in the same transaction that knows pgvector's types. The extension must be there."""
        from pgvector.psycopg import register_vector

        if not self._vectors_known:
            register_vector(cursor.connection)
            self._vectors_known = True
        return cursor.connection.cursor()

    def close(self) -> None:
        """Let go of the connection; idempotent. The next call opens another."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
                self._vectors_known = False

    def _transacted(self, begin: str, work: Callable[[Cursor, Step], T], patience_s: float) -> T:
        import psycopg

        connection = self._connected()
        deadline = _Deadline(connection.fileno(), patience_s + 1)
        try:
            with deadline:
                connection.execute(begin.encode())
                with connection.cursor() as cursor:
                    result = work(cursor, deadline.push)
                connection.execute("COMMIT")
                return result
        except psycopg.Error as error:
            if deadline.passed:
                self.close()
                raise IndexUnavailable(
                    f"the shared index did not answer within {patience_s:g} s",
                    hint="try again later; the workspace's own index works meanwhile",
                ) from error
            told = translated(error)
            if lost(error, connection):
                raise _Lost(told) from error
            self._roll_back()
            raise told from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        import psycopg

        if self._connection is None:
            return
        try:
            with _Deadline(self._connection.fileno(), self._limits.connect_s):
                self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        if self._connection is None or self._connection.closed:
            self._vectors_known = False
            try:
                self._connection = psycopg.connect(
                    **self._parameters, autocommit=True, prepare_threshold=None, connect_timeout=self._limits.connect_s,
                    client_encoding="utf8", application_name="magray",
                )  # fmt: skip
            except psycopg.Error as error:
                raise translated(error) from error
        return self._connection


class _Lost(Exception):
    """The connection went away; ``told`` is that in the person's words."""

    def __init__(self, told: IndexingError) -> None:
        super().__init__(str(told))
        self.told = told


class _Deadline:
    """Cuts the socket when the time is up: a server that hangs heeds no request to cancel."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        # A descriptor of its own: the connection's may be closed and given to somebody else meanwhile.
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self.passed = False

    def __enter__(self) -> None:
        self.push()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self._socket.close()

    def push(self) -> None:
        """Begin to count again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self._seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        self.passed = True
        with contextlib.suppress(OSError):  # it is gone already
            self._socket.shutdown(socket.SHUT_RDWR)


def _checked(dsn: str) -> dict[str, Any]:
    """The parameters of a connection string. Raises SettingsError, IndexingError where psycopg is missing."""
    if not dsn.strip():
        raise SettingsError(
            "no shared index is configured", hint=f"set {SETTING} in ~/.magray/config/config.toml: host=… dbname=…"
        )
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise IndexingError(
            "the shared index needs packages that are not installed", hint="pip install 'magray[postgres]'"
        ) from error
    try:
        parameters = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        # libpq's words may quote what was written, and with it a password.
        raise SettingsError(
            f"{SETTING} is not a connection string", hint="write host=… dbname=… user=…, or postgresql://user@host/name"
        ) from error
    if any(parameters.get(name) for name in _SECRETS):
        raise SettingsError(
            f"{SETTING} holds a password in plain text, which is refused",
            hint="take it out and put it into ~/.pgpass (mode 0600) or PGPASSWORD",
        )
    parameters.pop("connect_timeout", None)
    return parameters
