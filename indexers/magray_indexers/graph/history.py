"""What git's history says about files: which change together, and which commits record a decision. Read by libgit2.

Only paths, commit ids and times are kept; the words of a message are read again from git when they are shown.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_core.cancel import Cancelled, CancelToken
from magray_indexers import git
from magray_indexers.graph.model import EdgeKind

if TYPE_CHECKING:
    from pygit2 import Repository

KIND = EdgeKind.CHANGED_WITH
_MAX_COMMITS = 500
_MAX_FILES = 30
_MAX_WALKED = 5_000
_BUDGET_S = 3.0
_HALF_LIFE_S = 365 * 86_400.0
_KEPT = 16
_MIN_WEIGHT = 0.05
_DECIDES = re.compile(
    r"\bdecision\s*:|\bdecided\s+(?:to|on|that|against)\b|\bwe\s+decided\b|\bADR[- ]?\d+|\brationale\s*:"
    r"|\btrade-?offs?\b|BREAKING[ -]CHANGE|\bdesign\s+decision\b|\bрешили\b|\bрешение\s*:|\bрешено\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """A commit whose message says why something is as it is; ``when`` is seconds since 1970."""

    sha: str
    when: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """``changed_with`` maps a path to (other path, weight), heaviest first; weights are about 0..1."""

    changed_with: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)


def read_history(root: Path, paths: frozenset[str], cancel: CancelToken) -> Past:
    """What the last 500 commits say about these paths (relative to the root); nothing outside git.

    Merges and commits that touch more than 30 files are left out. A commit of n files ties each pair of them by
    1 / (n - 1), halved for every year that it is older than the newest; the sum w is saturated as 1 - exp(-w). Stops
    after three seconds with what was read until then. Raises Cancelled.
    """
    repository = git.repository_at(root)
    if repository is None:
        return Past()
    pairs: dict[str, Counter[str]] = defaultdict(Counter)
    decisions: list[Decision] = []
    newest = 0
    for commit, changed in _commits(repository, _prefix(repository, root), cancel):
        newest = newest or commit.commit_time
        touched = sorted(changed & paths)
        if _DECIDES.search(commit.message or "") and touched:
            decisions.append(Decision(str(commit.id), commit.commit_time, tuple(touched)))
        if len(changed) < 2:
            continue
        age = max(0.0, newest - commit.commit_time)
        weight = 0.5 ** (age / _HALF_LIFE_S) / (len(changed) - 1)
        for one in touched:
            for other in touched:
                if other != one:
                    pairs[one][other] += weight
    return Past({path: kept for path, others in sorted(pairs.items()) if (kept := _kept(others))}, decisions)


def message_of(root: Path, sha: str) -> str:
    """The message of a commit, "" where it cannot be had."""
    repository = git.repository_at(root)
    try:
        return "" if repository is None else str(repository[sha].message or "")
    except Exception:  # noqa: BLE001 - pruned, damaged or no commit
        return ""


def deciding_line(message: str) -> str:
    """The line of a commit's message that records the decision, else its first."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    return next((line for line in lines if _DECIDES.search(line)), lines[0] if lines else "")


def _kept(others: Counter[str]) -> list[tuple[str, float]]:
    weights = [(path, round(1 - math.exp(-weight), 4)) for path, weight in others.items()]
    best = sorted((pair for pair in weights if pair[1] >= _MIN_WEIGHT), key=lambda pair: (-pair[1], pair[0]))
    return best[:_KEPT]


def _prefix(repository: Repository, root: Path) -> str | None:
    """Where the root lies in the work tree, with a trailing ``/`` or ""; None if it does not."""
    if repository.workdir is None:
        return None
    try:
        inside = root.resolve().relative_to(Path(repository.workdir).resolve())
    except (ValueError, OSError):
        return None
    return "" if inside == Path() else f"{inside.as_posix()}/"


def _commits(repository: Repository, prefix: str | None, cancel: CancelToken) -> Iterator[tuple[Any, frozenset[str]]]:
    """(commit, paths below the root that it changed), newest first. A damaged repository ends it early."""
    from pygit2.enums import SortMode

    deadline, found = time.monotonic() + _BUDGET_S, 0
    try:
        if prefix is None or repository.head_is_unborn:
            return
        for walked, commit in enumerate(repository.walk(repository.head.target, SortMode.TIME)):
            cancel.check()
            if found >= _MAX_COMMITS or walked >= _MAX_WALKED or time.monotonic() > deadline:
                return
            if len(commit.parents) != 1:
                continue
            changed = _changed(commit, prefix)
            if changed:
                found += 1
                yield commit, changed
    except Cancelled:
        raise
    except Exception:  # noqa: BLE001 - a damaged or shallow repository costs the rest of the history, nothing else
        return


def _changed(commit: Any, prefix: str) -> frozenset[str]:
    """The paths that a commit changed, without those outside the root; none if it changed too many."""
    diff = commit.parents[0].tree.diff_to_tree(commit.tree, context_lines=0, interhunk_lines=0)
    paths = set()
    for delta in diff.deltas:
        paths.add(delta.new_file.path)
        if len(paths) > _MAX_FILES:
            return frozenset()
    return frozenset(path[len(prefix) :] for path in paths if path.startswith(prefix))
