"""Named places where tests make a process die or fail: ``MAGRAY_FAIL=name:kill|raise|enospc|delay``.

``name#3:kill`` fails the third time the place is reached, without a number every time.
Without the variable a place costs one look-up.
"""

from __future__ import annotations

import errno
import os
import signal
import time

_DELAY_S = 5.0
_reached: dict[str, int] = {}


def failpoint(name: str) -> None:
    """Fail here if the environment asks for it; ``raise`` is an I/O error, ``enospc`` a full disk."""
    asked = os.environ.get("MAGRAY_FAIL")
    if not asked:
        return
    where, _, how = asked.partition(":")
    where, _, nth = where.partition("#")
    if where != name:
        return
    _reached[name] = _reached.get(name, 0) + 1
    if nth and _reached[name] != int(nth):
        return
    match how:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "delay":
            time.sleep(_DELAY_S)
        case _:
            raise OSError(errno.EIO, f"failpoint {name}")
