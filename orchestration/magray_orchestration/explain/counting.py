"""Every mention of a name, counted once per index generation, file by file: a hover shows what it found in time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from magray_core.memory import Occurrence
from magray_orchestration.explain.resolving import Definition, is_test_path, occurrences_here, read
from magray_orchestration.workspace import Workspace

_KEPT = 64


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The mentions found, ordered by path. Not ``complete`` means that there may be more: the time was over."""

    found: Sequence[Occurrence]
    complete: bool


def mentions(workspace: Workspace, definition: Definition, *, within_s: float | None = None) -> Mentioned:
    """The mentions of a definition's name; open documents as they are now.

    With ``within_s`` it ends soon after that many seconds, with the files that tell most: the definition's own, then
    code, then tests. Asked again it goes on where it ended.
    """
    name = definition.symbol.name
    key = (workspace.root, workspace.index.freshness().generation, name)
    count = _kept.get(key)
    if count is None:
        count = _kept.put(key, _Count(_ordered(workspace.index.mentioning(name), definition)))
    deadline = None if within_s is None else time.monotonic() + within_s
    found = [one for one in count.go_on(workspace, name, deadline) if one.path not in workspace.documents]
    for path, document in workspace.documents.items():
        if name in document.text:
            found += occurrences_here(read(workspace, path), name)
    return Mentioned(sorted(found, key=lambda one: (one.path, one.span.start)), complete=not count.left)


def _ordered(paths: list[str], definition: Definition) -> list[str]:
    """Files in the order of what they tell, the last one first so that it can be popped."""
    home = definition.path.split("/", 1)[0]
    return sorted(
        paths,
        key=lambda path: (path == definition.path, not is_test_path(path), path.startswith(home), path),
    )


@dataclass
class _Count:
    """One name being counted: the files that are left, and what was found in the others."""

    left: list[str]
    found: list[Occurrence] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def go_on(self, workspace: Workspace, name: str, deadline: float | None) -> list[Occurrence]:
        """Count until nothing is left or the deadline passes; at least one file a call."""
        with self.lock:
            while self.left:
                self.found += workspace.index.occurrences_in(self.left[-1], name)
                self.left.pop()
                if deadline is not None and time.monotonic() > deadline:
                    break
            return list(self.found)


class _Kept:
    """The last names' counts: the mouse comes back to the same names."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[object, ...], _Count] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> _Count | None:
        with self._lock:
            if key in self._counts:
                self._counts.move_to_end(key)
            return self._counts.get(key)

    def put(self, key: tuple[object, ...], count: _Count) -> _Count:
        with self._lock:
            count = self._counts.setdefault(key, count)
            while len(self._counts) > _KEPT:
                self._counts.popitem(last=False)
            return count


_kept = _Kept()
