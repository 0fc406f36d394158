"""Named points where tests make a process die or fail: ``MAGRAY_FAIL=name:kill``, ``:raise`` or ``:enospc``.

``name@3:kill`` waits for the third time that the point is passed. Without the variable a point costs one look-up.
"""

from __future__ import annotations

import errno
import os
import signal

_passed: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Do here what ``MAGRAY_FAIL`` asks for this point; nothing where it asks nothing."""
    wanted = os.environ.get("MAGRAY_FAIL")
    if not wanted:
        return
    point, _, action = wanted.partition(":")
    point, _, count = point.partition("@")
    if point != name:
        return
    _passed[name] = _passed.get(name, 0) + 1
    if _passed[name] != int(count or 1):
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise OSError(errno.EIO, f"failpoint {name}")
