"""The one place that opens our SQLite files, plain or encrypted, and that knows which of both a memory is.

What lies on the disk decides: a key file (``sealed.json``) beside the databases means that all of them are encrypted,
so every process finds out the same. The key is unlocked once for a process. Encrypted databases speak as plain ones
do, in ``sqlite3``'s exceptions; nothing is ever written in plain because a key cannot be had.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, cast

from magray_configs.layers import resolve
from magray_configs.paths import WorkspacePaths
from magray_core.errors import KeyUnavailable, WorkspaceError
from magray_indexers.privacy import keys
from magray_indexers.privacy.keys import PASSPHRASE_VARIABLE, DataKey

PROFILE, MARK, CONVERTING = "sealed.json", "sealed.mark", "converting"
"""The key file; that there is one, should it get lost; a change from plain to encrypted or back that is under way."""

DATABASES = ("index.db", "graph.db", "state.db", "memory.db")
"""Files of a memory's folder; ``vectors.db`` lies in ``vec_index`` beside it."""

NEW_PASSPHRASE_VARIABLE = "MAGRAY_NEW_PASSPHRASE"

Asker = Callable[[str], str | None]
"""Asks a person for a passphrase by a question; None if there is nobody or no answer."""

_TRIES = 3
_unlocked: dict[str, DataKey] = {}
_asking: list[Asker] = []
_lock = threading.RLock()


def memory_of(folder: Path) -> Path:
    """The folder whose key file counts for the databases of a folder."""
    return folder.parent / "memory" if folder.name == "vec_index" else folder


def connect(file: Path, *, read_only: bool = False, timeout_s: float = 5.0) -> sqlite3.Connection:
    """A connection for any thread, transactions explicit, to a file that is made where there is none.

    Raises ``sqlite3.Error`` for encrypted files too, KeyUnavailable if their key cannot be had, WorkspaceError while
    the memory is being encrypted or decrypted.
    """
    memory = memory_of(file.parent)
    for _ in range(_TRIES):
        before = _stamp(memory)
        key = key_for(file.parent)
        if key is None and not read_only and not file.exists():
            key = _begun(memory)
            before = _stamp(memory)
        db = _opened(file, key, read_only, timeout_s)
        # The read takes the lock that whoever converts the memory must wait for: from here on it stays what it is.
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            db.execute("PRAGMA schema_version").fetchone()
        if _stamp(memory) == before and not (memory / CONVERTING).exists():
            return db
        db.close()
    raise WorkspaceError("the memory is being encrypted or decrypted", hint="try again in a moment")


def key_for(folder: Path) -> DataKey | None:
    """The key of the memory that a folder belongs to, None for a plain one. May take a moment the first time.

    Raises KeyUnavailable, IndexFormatTooNew, and WorkspaceError while the memory is being converted.
    """
    memory = memory_of(folder)
    if (memory / CONVERTING).exists():
        from magray_indexers.privacy.converting import settle

        settle(memory)
    file = memory / PROFILE
    if not file.exists():
        if (memory / MARK).exists():
            raise KeyUnavailable(
                f"this memory is encrypted and its key file {PROFILE} is gone",
                hint=f"restore {file} from a backup; without it nothing can be read",
            )
        return None
    with _lock:
        number = keys.key_id(file)
        if number not in _unlocked:
            hold(_unlock(file))
            (memory / MARK).touch(mode=0o600)
        return _unlocked[number]


def memory_key(root: Path) -> DataKey | None:
    """The key of a workspace's memory, made where the settings want one and nothing is remembered yet."""
    memory = WorkspacePaths(root).memory
    return key_for(memory) or _begun(memory)


def is_sealed(folder: Path) -> bool:
    """Whether the memory that a folder belongs to is encrypted; asks for no key."""
    memory = memory_of(folder)
    return (memory / PROFILE).exists() or (memory / MARK).exists()


def hold(key: DataKey) -> None:
    """Use this key in this process, which from now on leaves no core dump."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _unlocked[key.id] = key


def ask_with(asker: Asker) -> None:
    """Have passphrases asked for in this way."""
    _asking[:] = [asker]


def asked_passphrase(question: str) -> str | None:
    """The passphrase from the environment, else from a person, else None."""
    given = os.environ.get(PASSPHRASE_VARIABLE)
    if given is None and _asking:
        given = _asking[0](question)
    return given


def new_passphrase() -> str:
    """A passphrase for a key: ``MAGRAY_NEW_PASSPHRASE``, else as ``asked_passphrase``, typed twice by a person.

    Raises KeyUnavailable.
    """
    given = os.environ.get(NEW_PASSPHRASE_VARIABLE)
    if given is not None:
        return given
    first = asked_passphrase("New passphrase for this memory: ")
    if first is None:
        raise KeyUnavailable(
            "there is nobody to ask for a passphrase", hint=f"run this in a terminal, or set {PASSPHRASE_VARIABLE}"
        )
    if asked_passphrase("The same again: ") != first:
        raise KeyUnavailable("the two passphrases differ", hint="nothing was changed; try again")
    return first


def create_profile(file: Path, by: Literal["keyring", "passphrase"]) -> DataKey:
    """A new key in a new key file. Raises KeyUnavailable."""
    _need_driver()
    if by == "keyring":
        return keys.create_with_vault(file, keys.system_vault())
    return keys.create_with_passphrase(file, new_passphrase())


def database_key(key: DataKey, file: Path) -> str:
    """What SQLCipher takes as the key of one database; copies of it under longer names have the same."""
    return f"x'{key.derived(f'sqlite {database_name(file)}').hex()}'"


def database_name(file: Path) -> str:
    """The name without what a copy or a wreck of the file has behind it."""
    return file.name.partition(".db")[0] + ".db"


def sealed_driver() -> Any:
    """SQLCipher's module. Raises KeyUnavailable if the extra ``encryption`` is not installed."""
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise KeyUnavailable(
            "this memory is encrypted, and what opens it is not installed", hint="pip install 'magray[encryption]'"
        ) from error
    return dbapi2


def _need_driver() -> None:
    sealed_driver()
    for module in ("cryptography", "argon2", "keyring"):
        try:
            __import__(module)
        except ImportError as error:
            raise KeyUnavailable(
                "what encrypts a memory is not installed", hint="pip install 'magray[encryption]'"
            ) from error


def _unlock(file: Path) -> DataKey:
    _need_driver()
    if keys.guard(file) == "vault":
        return keys.unlock(file)
    return keys.unlock(file, passphrase=asked_passphrase(f"Passphrase for {file.parent.parent.parent.name}: "))


def _begun(memory: Path) -> DataKey | None:
    """The key of a memory that begins with its first database, as the user's settings have it; None: a plain one."""
    if any((memory / name).exists() for name in DATABASES) or (memory.parent / "vec_index" / "vectors.db").exists():
        return None
    by = resolve(None).settings.memory.encryption
    if by == "off":
        return None
    from filelock import FileLock

    memory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(memory / f"{CONVERTING}.lock", mode=0o600), _lock:
        if not (memory / PROFILE).exists():
            hold(create_profile(memory / PROFILE, cast("Literal['keyring', 'passphrase']", by)))
            (memory / MARK).touch(mode=0o600)
    return key_for(memory)


def _stamp(memory: Path) -> tuple[int, int] | None:
    try:
        status = (memory / PROFILE).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _opened(file: Path, key: DataKey | None, read_only: bool, timeout_s: float) -> sqlite3.Connection:
    where: str | Path = file
    if read_only:
        # A folder that cannot be written has no room for the shared memory file that readers of a WAL need.
        is_frozen = not os.access(file.parent, os.W_OK) and not file.with_name(f"{file.name}-wal").exists()
        where = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if is_frozen else ''}"
    options: dict[str, Any] = {"uri": read_only, "isolation_level": None, "timeout": timeout_s}
    if key is None:
        db: sqlite3.Connection = sqlite3.connect(where, check_same_thread=False, **options)
        return db
    return sealed_connection(where, database_key(key, file), **options)


def sealed_connection(where: str | Path, key: str, **options: Any) -> sqlite3.Connection:
    """A connection by SQLCipher that looks like one of ``sqlite3``; an empty key opens a plain file."""
    driver = sealed_driver()
    with _in_sqlite_words(driver):
        db = driver.connect(str(where), check_same_thread=False, factory=_factory(), **options)
    try:
        db.execute("PRAGMA cipher_log_level = NONE")
        if key:
            db.execute(f'PRAGMA key = "{key}"')
        db.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        db.close()
        raise
    return cast("sqlite3.Connection", db)


@contextlib.contextmanager
def _in_sqlite_words(driver: Any) -> Iterator[None]:
    try:
        yield
    except driver.Error as error:
        raise _in_words(error) from error


def _in_words(error: Exception) -> sqlite3.Error:
    """The same error of ``sqlite3``, so that everything that catches those need not know of this library."""
    same: sqlite3.Error = getattr(sqlite3, type(error).__name__, sqlite3.DatabaseError)(*error.args)
    for name in ("sqlite_errorcode", "sqlite_errorname"):
        if hasattr(error, name):
            setattr(same, name, getattr(error, name))
    return same


@functools.cache
def _factory() -> Any:
    """SQLCipher's connection with translated errors; a class of its own because the library may be missing."""
    driver = sealed_driver()

    def translated(name: str, kind: Any) -> Any:
        method = getattr(kind, name)

        @functools.wraps(method)
        def call(self: Any, *values: Any, **named: Any) -> Any:
            try:
                return method(self, *values, **named)
            except driver.Error as error:
                raise _in_words(error) from error

        return call

    def rows(self: Any) -> Iterator[Any]:
        try:
            yield from iter(functools.partial(driver.Cursor.__next__, self), None)
        except driver.Error as error:
            raise _in_words(error) from error

    running = ["execute", "executemany", "executescript"]
    reading = [*running, "fetchone", "fetchmany", "fetchall", "__next__"]
    members: dict[str, Any] = {name: translated(name, driver.Cursor) for name in reading}
    cursor = type("SealedCursor", (driver.Cursor,), {**members, "__iter__": rows})
    methods: dict[str, Any] = {name: translated(name, driver.Connection) for name in [*running, "commit", "backup"]}
    methods["cursor"] = lambda self, factory=cursor: driver.Connection.cursor(self, factory)
    return type("SealedConnection", (driver.Connection,), methods)
