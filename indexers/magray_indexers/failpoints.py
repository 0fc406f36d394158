"""Named places where a test can make the process fail: ``MAGRAY_FAIL=name:kill|raise|enospc|delay``."""

from __future__ import annotations

import errno
import os
import signal
import time

_VARIABLE = "MAGRAY_FAIL"


def failpoint(name: str) -> None:
    """Fail here if the environment asks for it. ``name#3:kill`` fails the third time the place is reached."""
    asked = os.environ.get(_VARIABLE)
    if asked is None:
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
            time.sleep(5.0)
        case _:
            raise RuntimeError(f"failpoint {name}")


_reached: dict[str, int] = {}
