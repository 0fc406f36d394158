"""What has become of a file, in one sentence: how the bytes that are there differ from those that were expected."""

from __future__ import annotations

from magray_core.display import one_line
from magray_core.documents import decode

_EXCERPT = 80


def difference(path: str, expected: bytes | None, found: bytes | None) -> str:
    """``src/a.py: line 12 is now '…'`` and its like; "" where there is no difference."""
    if expected == found:
        return ""
    if expected is None:
        return f"{path}: exists now"
    if found is None:
        return f"{path}: is gone"
    old, new = decode(expected), decode(found)
    if old is None or new is None:
        return f"{path}: its bytes changed"
    if old[0] == new[0]:
        return f"{path}: its encoding is now {_encoding(new[1].encoding, bom=new[1].bom)}"
    old_lines, new_lines = old[0].splitlines(), new[0].splitlines()
    if old_lines == new_lines:
        return f"{path}: its line ends changed"
    for number, (was, now) in enumerate(zip(old_lines, new_lines, strict=False), start=1):
        if was != now:
            return f"{path}: line {number} is now {_shown(now)}"
    if len(new_lines) > len(old_lines):
        return f"{path}: line {len(old_lines) + 1} is new: {_shown(new_lines[len(old_lines)])}"
    return f"{path}: it ends after line {len(new_lines)} now"


def _shown(line: str) -> str:
    return f"'{one_line(line, _EXCERPT)}'"


def _encoding(name: str, *, bom: bool) -> str:
    return f"{name} with a byte order mark" if bom else name
