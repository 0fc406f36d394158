"""A memory that exists becomes encrypted, or plain again; killed at any point it is whole, one way or the other.

What cannot be made again (plans, notes, sessions) and the vectors are copied into files of the other kind beside their
own, checked, and on the disk before the key file appears or goes: that rename decides. After it the old files are
overwritten and replaced, and what is derived is deleted; whoever opens the memory next goes on where this was cut off.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from magray_core.errors import IndexCorrupt, KeyUnavailable, WorkspaceError
from magray_core.failpoints import failpoint
from magray_indexers import generations
from magray_indexers.connecting import (
    CONVERTING,
    DATABASES,
    MARK,
    PROFILE,
    create_profile,
    database_key,
    database_name,
    hold,
    is_sealed,
    key_for,
    new_passphrase,
    sealed_connection,
)
from magray_indexers.privacy import keys
from magray_indexers.privacy.keys import DataKey
from magray_indexers.privacy.sealing import Seal, read_sealed, write_sealed

Direction = Literal["seal", "unseal"]

_CARRIED = ("state.db", "memory.db", "vectors.db")
_OWN = ("state.db", "memory.db")
_SUFFIX = ".converted"
_SQLITE = b"SQLite format 3\0"
_WAIT_S = 10.0
_WINDOW = 1 << 20


@dataclass(frozen=True, slots=True)
class Converted:
    """What was carried over, and what is made again from the files when it is next needed."""

    carried: tuple[str, ...]
    dropped: tuple[str, ...]


def encrypt(memory: Path, by: Literal["keyring", "passphrase"]) -> Converted:
    """Encrypt a memory that is plain; nobody may have it open. Blocks.

    Raises KeyUnavailable, WorkspaceError if it is encrypted already, in use, damaged, or the disk is full: then
    nothing changed.
    """
    settled_or_raise(memory, sealed=False)
    memory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _converting(memory, "seal"):
        staged = memory / f"{PROFILE}{_SUFFIX}"
        staged.unlink(missing_ok=True)
        key = create_profile(staged, by)
        hold(key)
        return _convert(memory, "seal", key)


def decrypt(memory: Path) -> Converted:
    """The way back; raises as ``encrypt`` does. What is in plain afterwards was in plain before it was encrypted."""
    settled_or_raise(memory, sealed=True)
    key = key_for(memory)
    assert key is not None
    with _converting(memory, "unseal"):
        return _convert(memory, "unseal", key)


def rekey(memory: Path, by: Literal["keyring", "passphrase"]) -> None:
    """Guard the key by something else from now on; what it encrypted stays. Raises KeyUnavailable, WorkspaceError."""
    settled_or_raise(memory, sealed=True)
    key = key_for(memory)
    assert key is not None
    file = memory / PROFILE
    if by == "keyring":
        keys.rewrap_with_vault(file, key, keys.system_vault())
    else:
        keys.rewrap_with_passphrase(file, key, new_passphrase())


def settled_or_raise(memory: Path, *, sealed: bool) -> None:
    """Finish what was cut off. Raises WorkspaceError unless the memory is then of this kind."""
    if (memory / CONVERTING).exists():
        settle(memory)
    if is_sealed(memory) != sealed:
        raise WorkspaceError(f"this memory is {'not encrypted' if sealed else 'encrypted already'}")


def settle(memory: Path) -> None:
    """Finish a conversion whose process is gone, or take it back. Raises WorkspaceError while it is under way."""
    with _lock(memory):
        try:
            direction: Direction = json.loads((memory / CONVERTING).read_text(encoding="ascii"))
        except FileNotFoundError:
            return  # another process was quicker
        except ValueError:  # killed before the word was on the disk: nothing else had begun
            (memory / CONVERTING).unlink()
            return
        if ((memory / PROFILE).exists()) == (direction == "seal"):
            _finish(memory, direction)
        else:
            _take_back(memory)


@contextlib.contextmanager
def _lock(memory: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(memory / f"{CONVERTING}.lock", timeout=_WAIT_S, mode=0o600):
            yield
    except Timeout as error:
        raise WorkspaceError("the memory is being encrypted or decrypted", hint="try again in a moment") from error


@contextlib.contextmanager
def _converting(memory: Path, direction: Direction) -> Iterator[None]:
    """From here on nobody else opens the memory; an error before the decision takes everything back."""
    with _lock(memory):
        _write(memory / CONVERTING, json.dumps(direction).encode())
        try:
            yield
        except BaseException:
            if (memory / PROFILE).exists() != (direction == "seal"):
                _take_back(memory)
            raise


def _convert(memory: Path, direction: Direction, key: DataKey) -> Converted:
    with ExitStack() as open_ones:
        carried = []
        for file in _databases(memory):
            db = _alone(file, database_key(key, file) if direction == "unseal" else "", memory)
            if db is None:
                _destroy(file)
                continue
            open_ones.enter_context(closing(db))
            if file.name in _CARRIED:
                _carry(db, file, database_key(key, file) if direction == "seal" else "")
                carried.append(file.name)
        for file in _wrecks(memory):
            _carry_wreck(file, direction, key)
        generations.sync(memory)
        failpoint("converted")
        # This decides. What follows can be done again by anybody.
        if direction == "seal":
            (memory / f"{PROFILE}{_SUFFIX}").rename(memory / PROFILE)
            (memory / MARK).touch(mode=0o600)
        else:
            (memory / MARK).unlink(missing_ok=True)
            (memory / PROFILE).rename(memory / f"{PROFILE}{_SUFFIX}")
        generations.sync(memory)
        failpoint("decided")
    dropped = _finish(memory, direction)
    return Converted(tuple(carried), dropped)


def _databases(memory: Path) -> list[Path]:
    files = [*(memory / name for name in DATABASES), memory.parent / "vec_index" / "vectors.db"]
    return [file for file in files if file.is_file() and not file.is_symlink()]


def _wrecks(memory: Path) -> list[Path]:
    """What was set aside of the person's own: damaged databases, and copies from before a migration."""
    return [
        file
        for file in sorted(memory.glob("*.db.*"))
        if database_name(file) in _OWN and file.is_file() and not file.is_symlink() and file.suffix != _SUFFIX
    ]


def _carry_wreck(file: Path, direction: Direction, key: DataKey) -> None:
    """The bytes as they are, sealed or unsealed, beside the file; one that was never sealed stays."""
    target = file.with_name(file.name + _SUFFIX)
    seal = Seal(key.id, file.name, 0)
    try:
        if direction == "seal":
            write_sealed(target, file.read_bytes(), key, seal)
        else:
            with contextlib.suppress(IndexCorrupt):
                data = read_sealed(file, key, seal)
                _write(target, data)
    except OSError as error:
        raise WorkspaceError(
            f"{file.name} cannot be copied: {error.strerror}", hint="nothing was changed; free some disk space"
        ) from error


def _alone(file: Path, key: str, memory: Path) -> sqlite3.Connection | None:
    """A connection that nobody shares until it is closed; None for a derived file that is damaged.

    Raises WorkspaceError if the file is open elsewhere, or is damaged and cannot be made again.
    """
    db = sealed_connection(file, key, isolation_level=None, timeout=1.0)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Takes the write-ahead log into the file; impossible while another connection exists.
        (mode,) = db.execute("PRAGMA journal_mode = DELETE").fetchone()
        db.execute("BEGIN EXCLUSIVE")
        db.execute("COMMIT")
        if mode == "delete" and db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
            return db
        raise sqlite3.DatabaseError("damaged")
    except sqlite3.Error as error:
        db.close()
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise WorkspaceError(
                "another Magray has this memory open", hint="close the editors that use it and try again"
            ) from error
        if file.name not in _OWN:
            return None
        raise WorkspaceError(
            f"{file.name} is damaged", hint="run `magray doctor`, which sets it aside, and try again"
        ) from error


def _carry(db: sqlite3.Connection, file: Path, key: str) -> None:
    """A checked copy of the other kind beside the file, on the disk when this returns. Raises WorkspaceError."""
    target = file.with_name(file.name + _SUFFIX)
    _remove(target)
    try:
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db.execute(f'ATTACH ? AS other KEY "{key}"', (str(target),))
        db.execute("SELECT sqlcipher_export('other')").fetchall()
        for name in ("user_version", "application_id"):
            db.execute(f"PRAGMA other.{name} = {db.execute(f'PRAGMA main.{name}').fetchone()[0]}")
        db.execute("DETACH other")
        with closing(sealed_connection(target, key, isolation_level=None)) as copy:
            if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok" or _counts(copy) != _counts(db):
                raise WorkspaceError(f"the copy of {file.name} is not like it", hint="nothing was changed; try again")
        generations.sync(target)
        generations.sync(target.parent)
    except (sqlite3.Error, OSError) as error:
        raise WorkspaceError(
            f"{file.name} cannot be copied: {error}", hint="nothing was changed; free some disk space and try again"
        ) from error
    failpoint("carried")


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """Rows by table."""
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _finish(memory: Path, direction: Direction) -> tuple[str, ...]:
    """Put the copies in place of what they were made from, and delete what is derived. Can be cut off anywhere."""
    base = memory.parent
    dropped = []
    for folder in (memory, base / "vec_index"):
        for copy in sorted(folder.glob(f"*{_SUFFIX}")):
            if copy.name.startswith(PROFILE):
                continue
            for suffix in ("-wal", "-shm", "-journal"):
                _remove(copy.with_name(copy.name + suffix))
            file = copy.with_name(copy.name.removesuffix(_SUFFIX))
            _destroy(file, keep=True)
            failpoint("destroyed")
            copy.replace(file)
        for file in sorted(folder.iterdir() if folder.is_dir() else ()):
            is_ours = file.is_file() and not file.is_symlink() and ".db" in file.name
            if is_ours and database_name(file) not in _OWN and file.name != "vectors.db":
                dropped.append(file.name)
                _destroy(file)
        for generation in folder.glob("gen-*"):
            _destroy_tree(generation)
        if folder.is_dir():
            generations.sync(folder)
    _destroy_tree(memory / "keyword")
    if direction == "unseal":
        with contextlib.suppress(KeyUnavailable):
            keys.discard(memory / f"{PROFILE}{_SUFFIX}")
    (memory / CONVERTING).unlink(missing_ok=True)
    return tuple(name for name in dropped if name in DATABASES)


def _take_back(memory: Path) -> None:
    for folder in (memory, memory.parent / "vec_index"):
        for copy in folder.glob(f"*{_SUFFIX}*"):
            if copy.name.startswith(PROFILE):
                with contextlib.suppress(KeyUnavailable):
                    keys.discard(copy)
            else:
                _destroy(copy)
    (memory / CONVERTING).unlink(missing_ok=True)


def _destroy_tree(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink():
            _destroy(file, keep=True)
    generations.remove(folder)


def _destroy(file: Path, *, keep: bool = False) -> None:
    """Overwrite the bytes, as far as file system and disk write in place, then delete unless ``keep``."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
        try:
            left = os.fstat(descriptor).st_size
            while left > 0:
                left -= os.write(descriptor, bytes(min(left, _WINDOW)))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if not keep:
            file.unlink()


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)


def _write(file: Path, data: bytes) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    generations.sync(file.parent)
