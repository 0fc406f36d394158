"""One writer for each workspace; readers need no lock. The kernel frees a dead process's lock."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexingError, IndexUnavailable

_POLL_S = 0.1
_LONGEST_S = 600.0


@contextlib.contextmanager
def writer_lock(memory: Path, cancel: CancelToken, progress: Progress | None = None) -> Iterator[bool]:
    """Hold the right to write; True if the last holder ended without letting go (its work needs a check).

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
        unclean = marker.exists()
        with contextlib.suppress(OSError):
            marker.write_text(str(os.getpid()), encoding="ascii")
        yield unclean
    finally:
        # An exception was rolled back and is clean; only a killed process leaves the marker.
        with contextlib.suppress(OSError):
            marker.unlink()
        lock.release()


def _holder(marker: Path) -> str:
    try:
        return f"(process {int(marker.read_text(encoding='ascii'))})"
    except (OSError, ValueError):
        return "process"
