"""One writer for each workspace; readers need no lock. The kernel frees a dead process's lock."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexingError, IndexUnavailable

_POLL_S = 0.1
_LONGEST_S = 600.0
_SUSPECT, _UNCLEAN = "index.suspect", "index.unclean"


class Suspicion(Enum):
    """What is known against the store."""

    NONE = "none"
    UNCLEAN = "a writer was killed"
    DAMAGED = "a reader met a damaged row"


@contextlib.contextmanager
def writer_lock(memory: Path, cancel: CancelToken, progress: Progress | None = None) -> Iterator[None]:
    """Hold the right to write. ``suspicion`` says inside whether the last holder ended without letting go.

    Waits for another holder, saying so. Raises IndexUnavailable after ten minutes, Cancelled.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(memory / "index.lock", mode=0o600, thread_local=False)
    marker = memory / "index.busy"
    started = time.monotonic()
    while True:
        cancel.check()
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            holder = _holder(marker)
            if time.monotonic() - started > _LONGEST_S:
                raise IndexUnavailable(f"another Magray {holder} is indexing this workspace") from None
            if progress is not None:
                progress.report(f"waiting for another Magray {holder}")
            time.sleep(_POLL_S)
        except OSError as error:
            raise IndexingError(
                f"cannot lock the index: {error.strerror or error}", hint="check the permissions of .magray"
            ) from error
    try:
        if marker.exists():
            (memory / _UNCLEAN).touch(mode=0o600)
        with contextlib.suppress(OSError):
            marker.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        # An exception was rolled back and is clean; only a killed process leaves the marker.
        with contextlib.suppress(OSError):
            marker.unlink()
        lock.release()


def suspicion(memory: Path) -> Suspicion:
    """How closely the store must be looked at before it is written."""
    if (memory / _SUSPECT).exists():
        return Suspicion.DAMAGED
    return Suspicion.UNCLEAN if (memory / _UNCLEAN).exists() else Suspicion.NONE


def mark_suspect(memory: Path) -> None:
    """A reader met a damaged row: the next writer looks at all of them."""
    with contextlib.suppress(OSError):
        (memory / _SUSPECT).touch(mode=0o600)


def cleared(memory: Path) -> None:
    """The store was looked at and is sound, or is new."""
    for name in (_SUSPECT, _UNCLEAN):
        with contextlib.suppress(OSError):
            (memory / name).unlink()


def _holder(marker: Path) -> str:
    try:
        return f"(process {int(marker.read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return "process"
