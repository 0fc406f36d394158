"""Which repositories of the shared index are asked, and how their files are called."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from magray_core.errors import IndexingError
from magray_core.memory import Freshness
from magray_indexers.keyword import FIELDS
from magray_indexers.postgres.schema import read_repositories

if TYPE_CHECKING:
    from magray_indexers.postgres.connection import Cursor

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository of the shared index. ``finished`` is in seconds since 1970, ``lengths`` are tokens by field."""

    number: int
    name: str
    generation: int
    head: str
    finished: float
    n_files: int
    n_chunks: int
    lengths: Sequence[int]


@dataclass(frozen=True, slots=True)
class Selection:
    """The repositories that are asked, out of ``every`` one.

    Where one repository was named its files are called as in its workspace, otherwise ``repository/path``. How rare a
    word is, is judged by those that are asked: one alone is ranked as in its workspace.
    """

    every: tuple[Repository, ...]
    chosen: tuple[Repository, ...]
    alone: bool

    @property
    def numbers(self) -> list[int] | None:
        """Numbers to look for, None for all."""
        return None if len(self.chosen) == len(self.every) else [one.number for one in self.chosen]

    @property
    def n_chunks(self) -> int:
        """Chunks of the chosen repositories."""
        return sum(one.n_chunks for one in self.chosen)

    def mean_length(self, field: str) -> float:
        """Mean tokens of a field in a chunk of the chosen repositories."""
        place = FIELDS.index(field)
        return sum(one.lengths[place] for one in self.chosen if one.lengths) / max(1, self.n_chunks)

    def path(self, repository: int, path: str) -> str:
        """What a file is called outside."""
        if self.alone:
            return path
        return f"{next(one.name for one in self.chosen if one.number == repository)}/{path}"

    def place(self, path: str) -> tuple[int, str] | None:
        """(repository number, path within it) of a file called so, or None where no such repository was chosen."""
        if self.alone:
            return self.chosen[0].number, path
        name, _, rest = path.partition("/")
        return next(((one.number, rest) for one in self.chosen if one.name == name), None)

    def freshness(self) -> Freshness:
        """How current this is: of one repository its own, of several the sum of generations and the oldest age."""
        oldest = min((one.finished for one in self.chosen), default=time.time())
        head = self.chosen[0].head if len(self.chosen) == 1 else ""
        generation = sum(one.generation for one in self.chosen)
        return Freshness(generation, head, head, 0, max(0.0, time.time() - oldest), True)


def select(cursor: Cursor, names: Sequence[str]) -> Selection:
    """The repositories with these names, all for none. Raises IndexingError for one that is not there."""
    every = tuple(Repository(*row) for row in read_repositories(cursor))
    known = {one.name: one for one in every}
    missing = [name for name in names if name not in known]
    if missing:
        there = ", ".join(list(known)[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
        raise IndexingError(
            f"the shared index has no repository {missing[0]!r}",
            hint=f"it has {there}" if known else "nothing was published yet: magray index --publish NAME",
        )
    wanted = set(names)
    chosen = tuple(one for one in every if not wanted or one.name in wanted)
    return Selection(every, chosen, len(wanted) == 1)
