"""How much confirmation a step needs: a deterministic score with the reasons that made it.

A score adds up what can go wrong: how far the step reaches, what it removes, what was not proved, what it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from magray_core.plans import CreateFile, FileChange, Grade, Proof, RenameFile, Risk, RiskLevel
from magray_orchestration.refactoring.contract import StepDraft

MEDIUM_FROM = 25
HIGH_FROM = 60

_PROTECTED = re.compile(
    r"^(?:\.git|\.github|\.gitlab|\.circleci|\.vscode|\.idea|\.husky|\.magray|\.devcontainer)(?:/|$)"
    r"|(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|package\.json|Cargo\.toml|go\.mod|pom\.xml|Dockerfile|Makefile"
    r"|\.pre-commit-config\.yaml|conftest\.py|\.gitlab-ci\.yml|mcp\.json)$",
    re.IGNORECASE,
)
_TEST = re.compile(r"(?:^|/)(?:tests?|spec|__tests__)/|(?:^|/)(?:test_[^/]*|[^/]*(?:_test|\.test|\.spec))\.\w+$")


def assess(draft: StepDraft, proof: Proof, *, in_git: bool = True) -> Risk:
    """The step's risk. The same step with the same proof always scores the same."""
    parts = list(_parts(draft, proof, in_git=in_git))
    score = min(100, sum(points for points, _ in parts))
    level = RiskLevel.HIGH if score >= HIGH_FROM else RiskLevel.MEDIUM if score >= MEDIUM_FROM else RiskLevel.LOW
    return Risk(level, score, tuple(reason for _, reason in parts))


def is_test(path: str) -> bool:
    """Whether a path looks like a test by the conventions of common languages."""
    return _TEST.search(path) is not None


def is_protected(path: str) -> bool:
    """Whether a path steers builds, checks or tools, so that a change there deserves a look of its own."""
    return _PROTECTED.search(path) is not None


def _parts(draft: StepDraft, proof: Proof, *, in_git: bool) -> Iterator[tuple[int, str]]:
    paths = sorted({change.path for change in draft.changes})
    yield _reach(len(paths))
    yield from _structure(draft.changes)
    if not proof.parses:
        yield 50, "the result does not parse"
    if proof.diagnostics_delta > 0:
        yield min(40, 20 + proof.diagnostics_delta), f"{_count(proof.diagnostics_delta, 'new problem')} in the result"
    n_unproved = len(proof.problems)
    if n_unproved:
        yield min(30, 10 + 5 * n_unproved), f"{_count(n_unproved, 'thing')} could not be proved"
    if proof.grade is Grade.TEXTUAL_RESIDUE:
        yield 20, "found by text, not by meaning"
    if proof.n_left:
        yield min(20, 2 + proof.n_left // 5), f"{_count(proof.n_left, 'mention')} of the name left"
    public = draft.args.get("old", "")
    if public and not public.rpartition(".")[2].startswith("_") and any(not is_test(path) for path in paths):
        yield 8, f"{public} is public: code outside this workspace may use it"
    n_tests = sum(is_test(path) for path in paths)
    if n_tests:
        yield 2, f"{_count(n_tests, 'test file')} changed"
    for path in (path for path in paths if is_protected(path)):
        yield 15, f"{path} steers builds or tools"
    if not in_git:
        yield 5, "the workspace is not under git: Magray's own undo is the only way back"


def _reach(n_files: int) -> tuple[int, str]:
    points = 2 if n_files <= 1 else 6 if n_files <= 5 else 12 if n_files <= 20 else 20 if n_files <= 100 else 30
    return points, f"{_count(n_files, 'file')} changed"


def _structure(changes: tuple[FileChange, ...]) -> Iterator[tuple[int, str]]:
    deleted = sorted(change.path for change in changes if change.kind == "delete")
    if deleted:
        yield min(40, 20 + 5 * len(deleted)), f"{_count(len(deleted), 'file')} deleted: {', '.join(deleted[:3])}"
    moved = [change for change in changes if isinstance(change, RenameFile)]
    if moved:
        yield 10, f"{_count(len(moved), 'file')} moved"
    created = [change for change in changes if isinstance(change, CreateFile)]
    if created:
        names = ", ".join(PurePosixPath(change.path).name for change in created[:3])
        yield 3, f"{_count(len(created), 'file')} created: {names}"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
