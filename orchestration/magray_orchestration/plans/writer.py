"""The only module that writes the person's files: by descriptor, beneath the root, never through a symbolic link.

Every file is first written whole beside its target under a scratch name and flushed; then it changes places with the
target in one step, and what comes out is compared with what was expected. What somebody saved in the meantime is
therefore never overwritten: it changes places again. Where the file system cannot exchange two names, the target is
compared just before it is replaced.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from magray_core.documents import content_hash
from magray_core.errors import ContentChanged, WorkspaceError
from magray_core.failpoints import failpoint
from magray_orchestration.workspace import checked_path

DEFAULT_MODE = -1
"""The mode of a file that had none yet: what the person's umask makes of 0666."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOREPLACE, _EXCHANGE = 1, 2
_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM})


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One location on its way from bytes to bytes, both by sha256; None is absence. ``scratch`` is in its folder."""

    path: str
    before: str | None
    after: str | None
    mode: int
    scratch: str


class Tree:
    """The files beneath one root. ``swaps`` False does without exchanging names, as some file systems must."""

    def __init__(self, root: Path, *, swaps: bool = True) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._swaps = swaps

    def close(self) -> None:
        """Let go of the root."""
        os.close(self._root)

    def read(self, path: str) -> bytes | None:
        """The bytes of a regular file, None if there is nothing. Raises WorkspaceError for anything else."""
        with _explained(path), self._folder_of(path) as (folder, name):
            return None if folder is None else _read_at(folder, name, path)

    def digest(self, path: str) -> str | None:
        """sha256 of the file, None if there is nothing."""
        data = self.read(path)
        return None if data is None else content_hash(data)

    def check_writable(self, path: str) -> int:
        """The file's mode. Raises WorkspaceError if it is protected against writing or has a second name."""
        with _explained(path), self._existing(path) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise WorkspaceError(f"{path} is not a regular file")
            if not status.st_mode & 0o222 or not os.access(name, os.W_OK, dir_fd=folder, effective_ids=_EFFECTIVE):
                raise WorkspaceError(f"{path} is read-only", hint="make it writable, or leave it out of the plan")
            if status.st_nlink > 1:
                raise WorkspaceError(
                    f"{path} is a hard link: the same file has {status.st_nlink} names",
                    hint="copy it over itself to separate them, or leave it out of the plan",
                )
            return stat.S_IMODE(status.st_mode)

    def missing_folders(self, path: str) -> tuple[str, ...]:
        """The folders that have to be made before the path can exist, the outermost first."""
        missing = []
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            with _explained(path), self._folder_of(parent.as_posix()) as (folder, name):
                if folder is None or not _lexists(name, folder):
                    missing.append(parent.as_posix())
        return tuple(missing)

    def make_folder(self, path: str) -> None:
        """Make a folder whose parent exists; one that is there already is fine."""
        with _explained(path), self._existing(path) as (folder, name):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o777, dir_fd=folder)
            os.fsync(folder)

    def remove_folder(self, path: str) -> None:
        """Remove the folder if it is empty and there."""
        with contextlib.suppress(OSError), self._existing(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)

    def prepare(self, write: FileWrite, content: bytes) -> None:
        """Write and flush the scratch file that will take the target's place."""
        failpoint("apply.prepare")
        with _explained(write.path), self._existing(write.scratch) as (folder, name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            mode = 0o666 if write.mode == DEFAULT_MODE else 0o600
            with os.fdopen(os.open(name, flags, mode, dir_fd=folder), "wb") as file:
                file.write(content)
                file.flush()
                if write.mode != DEFAULT_MODE:
                    self._take_after(write.path, file.fileno())
                    os.fchmod(file.fileno(), write.mode)
                os.fsync(file.fileno())

    def publish(self, write: FileWrite) -> None:
        """Let the target become what is prepared. Raises ContentChanged, with the target as it was, if it differs."""
        failpoint("apply.publish")
        with _explained(write.path), self._existing(write.path) as (folder, name):
            scratch = PurePosixPath(write.scratch).name
            if write.before is None:
                _move_to_free_name(folder, scratch, name)
            elif write.after is None:
                _move_to_free_name(folder, name, scratch)
                if not _holds(folder, scratch, write.before):
                    _move_to_free_name(folder, scratch, name)
                    raise _changed(write.path)
            elif self._swaps and _exchange(folder, scratch, name):
                if not _holds(folder, scratch, write.before):
                    _exchange(folder, scratch, name)
                    if not _holds(folder, scratch, write.after):  # saved once more in between: the newest wins
                        _exchange(folder, scratch, name)
                    raise _changed(write.path)
            else:
                if not _holds(folder, name, write.before):
                    raise _changed(write.path)
                os.rename(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
        failpoint("apply.published")

    def put_back(self, write: FileWrite) -> bool:
        """Move the scratch file to the target's name if that is free; False if it is not."""
        with _explained(write.path), self._existing(write.path) as (folder, name):
            try:
                _move_to_free_name(folder, PurePosixPath(write.scratch).name, name)
            except FileExistsError:
                return False
            return True

    def withdraw(self, write: FileWrite) -> None:
        """Take a created file away again. Raises ContentChanged if it is no longer what was created."""
        with _explained(write.path), self._existing(write.path) as (folder, name):
            scratch = PurePosixPath(write.scratch).name
            _move_to_free_name(folder, name, scratch)
            if not _holds(folder, scratch, write.after):
                _move_to_free_name(folder, scratch, name)
                raise _changed(write.path)

    def same_file(self, write: FileWrite) -> bool:
        """Whether target and scratch are two names of one file."""
        with _explained(write.path), self._existing(write.path) as (folder, name):
            one, other = (
                os.stat(item, dir_fd=folder, follow_symlinks=False)
                for item in (name, PurePosixPath(write.scratch).name)
            )
            return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)

    def discard(self, path: str) -> None:
        """Remove a scratch file; one that is not there is fine."""
        with _explained(path), self._folder_of(path) as (folder, name):
            if folder is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)

    def flush(self, path: str) -> None:
        """Make what happened to the names of the path's folder last."""
        with _explained(path), self._folder_of(path) as (folder, _):
            if folder is not None:
                os.fsync(folder)

    def _take_after(self, path: str, descriptor: int) -> None:
        """Give a new file the owner and attributes of the one it will replace, as far as this user may."""
        with self._folder_of(path) as (folder, name):
            if folder is None or not _lexists(name, folder):
                return
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):
                    os.fchown(descriptor, status.st_uid, status.st_gid)
            if hasattr(os, "listxattr"):
                old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                try:
                    for attribute in os.listxattr(old):
                        with contextlib.suppress(OSError):  # not every attribute may be set by everyone
                            os.setxattr(descriptor, attribute, os.getxattr(old, attribute))
                except OSError:
                    pass  # the file system has none
                finally:
                    os.close(old)

    @contextlib.contextmanager
    def _folder_of(self, path: str) -> Iterator[tuple[int | None, str]]:
        """The descriptor of the path's folder and the path's last name; None where the folder is missing."""
        *parents, name = PurePosixPath(checked_path(path)).parts
        folder = os.dup(self._root)
        try:
            for parent in parents:
                try:
                    inner = os.open(parent, _FOLDER, dir_fd=folder)
                except FileNotFoundError:
                    yield None, name
                    return
                os.close(folder)
                folder = inner
            yield folder, name
        finally:
            os.close(folder)

    @contextlib.contextmanager
    def _existing(self, path: str) -> Iterator[tuple[int, str]]:
        with self._folder_of(path) as (folder, name):
            if folder is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            yield folder, name


_EFFECTIVE = os.access in os.supports_effective_ids


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    """What the system says of a path, in words for the person."""
    try:
        yield
    except FileExistsError as error:
        raise ContentChanged(
            f"{path} exists now", differences=(f"{path}: exists now",), hint="move it away, or plan again"
        ) from error
    except OSError as error:
        hints = {
            errno.ENOSPC: "free some disk space and try again",
            errno.EDQUOT: "free some disk space and try again",
            errno.EFBIG: "free some disk space and try again",
            errno.EACCES: "check the permissions of the file and its folder",
            errno.EPERM: "check the permissions of the file and its folder",
            errno.EROFS: "the file system is mounted read-only",
        }
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            reason = "a symbolic link or a file stands in the way"
        else:
            reason = (error.strerror or str(error)).lower()
        raise WorkspaceError(f"cannot write {path}: {reason}", hint=hints.get(error.errno or 0, "")) from error


def _read_at(folder: int, name: str, path: str) -> bytes | None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise WorkspaceError(f"{path} is not a regular file")
        return file.read()


def _holds(folder: int, name: str, digest: str | None) -> bool:
    """Whether the name is a regular file with these bytes; a link or folder put there is not."""
    try:
        data = _read_at(folder, name, name)
    except (OSError, WorkspaceError):
        return False
    return data is not None and content_hash(data) == digest


def _changed(path: str) -> ContentChanged:
    return ContentChanged(
        f"{path} changed while the plan was applied",
        differences=(f"{path}: somebody saved it just now",),
        hint="nothing was changed; plan again",
    )


def _lexists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _move_to_free_name(folder: int, name: str, free: str) -> None:
    """Rename within a folder without replacing anything. Raises FileExistsError if the new name is taken."""
    moved = _renameat2(folder, name, free, _NOREPLACE)
    if moved:
        return
    try:
        os.link(name, free, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        if _lexists(free, folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), free) from error
        os.rename(name, free, src_dir_fd=folder, dst_dir_fd=folder)
        return
    os.unlink(name, dir_fd=folder)


def _exchange(folder: int, one: str, other: str) -> bool:
    return _renameat2(folder, one, other, _EXCHANGE)


def _renameat2(folder: int, name: str, new_name: str, flags: int) -> bool:
    """Whether the system could do it; other failures are raised."""
    call = _libc_renameat2()
    if call is None:
        return False
    if call(folder, os.fsencode(name), folder, os.fsencode(new_name), flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), new_name)


@functools.cache
def _libc_renameat2() -> Callable[..., int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
