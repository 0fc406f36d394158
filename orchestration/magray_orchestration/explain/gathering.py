"""The facts about one definition: who calls it, which tests mention it, what was said beside it, who changed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from magray_core.errors import WorkspaceError
from magray_core.memory import Marker, MemoryRecord, Occurrence, OccurrenceKind
from magray_indexers.git import Commit, commits_touching
from magray_indexers.languages import language_of
from magray_orchestration.explain.counting import Mentioned
from magray_orchestration.explain.resolving import Definition, Resolution, family_of, is_test_path, read
from magray_orchestration.workspace import Workspace

MAX_SHOWN = 10
_BESIDE_LINES = 3
_COMMITS = 3

Notes = Callable[[str, str], Sequence[MemoryRecord]]
"""What is remembered of a path and a qualified name."""


@dataclass(frozen=True, slots=True)
class Mentions:
    """Counted mentions with the most telling ones, in order."""

    count: int
    files: int
    telling: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a name. Counts go by name: ``shared`` says that other definitions bear it too.

    Not ``counted`` means that there may be more mentions than these.
    """

    resolution: Resolution
    calls: Mentions
    imports: Mentions
    references: Mentions
    tests: Mentions
    shared: int
    markers: tuple[Marker, ...] = ()
    notes: tuple[MemoryRecord, ...] = ()
    commits: tuple[Commit, ...] = ()
    counted: bool = True

    @property
    def definition(self) -> Definition:
        """The likeliest definition."""
        return self.resolution.definitions[0]


def gather(workspace: Workspace, resolution: Resolution, notes: Notes, mentioned: Mentioned) -> Facts:
    """Everything but the history, which needs a walk through git."""
    definition = resolution.definitions[0]
    symbol = definition.symbol
    family = family_of(language_of(definition.path))
    found = [one for one in mentioned.found if family_of(language_of(one.path)) == family]
    code = [one for one in found if not is_test_path(one.path)]
    tests = [one for one in found if is_test_path(one.path) and one.kind is not OccurrenceKind.DEFINITION]
    home = definition.path.split("/", 1)[0]
    outside = [one for one in code if not _within(one, definition)]
    outside.sort(key=lambda one: not one.path.startswith(home))
    return Facts(
        resolution=resolution,
        calls=_counted([one for one in found if one.kind is OccurrenceKind.CALL], outside, OccurrenceKind.CALL),
        imports=_counted([one for one in found if one.kind is OccurrenceKind.IMPORT], outside, OccurrenceKind.IMPORT),
        references=_counted(
            [one for one in found if one.kind is OccurrenceKind.REFERENCE], outside, OccurrenceKind.REFERENCE
        ),
        tests=Mentions(len(tests), len({one.path for one in tests}), _telling(_in_tests(tests))),
        shared=sum(1 for one in found if one.kind is OccurrenceKind.DEFINITION),
        markers=_markers(workspace, definition),
        notes=tuple(notes(definition.path, symbol.qualified_name))[:MAX_SHOWN],
        counted=mentioned.complete,
    )


def history(workspace: Workspace, definition: Definition) -> tuple[Commit, ...]:
    """The last commits that changed the definition, as far as git is read in a moment."""
    symbol = definition.symbol
    return tuple(commits_touching(workspace.root, definition.path, symbol.start_line, symbol.end_line, _COMMITS))


def _counted(found: list[Occurrence], outside: list[Occurrence], kind: OccurrenceKind) -> Mentions:
    telling = _telling([one for one in outside if one.kind is kind])
    return Mentions(len(found), len({one.path for one in found}), telling)


def _telling(found: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    """One mention per enclosing definition, in the given order; those from files not shown yet come first."""
    firsts: dict[tuple[str, str], Occurrence] = {}
    for one in found:
        firsts.setdefault((one.path, one.inside), one)
    seen: set[str] = set()
    new: list[Occurrence] = []
    again: list[Occurrence] = []
    for one in sorted(firsts.values(), key=lambda one: not one.inside):
        (again if one.path in seen else new).append(one)
        seen.add(one.path)
    return tuple((new + again)[:MAX_SHOWN])


def _in_tests(found: list[Occurrence]) -> list[Occurrence]:
    """Calls inside test functions first: they show how the thing is used."""
    return sorted(found, key=lambda one: (one.kind is not OccurrenceKind.CALL, not one.inside))


def _within(one: Occurrence, definition: Definition) -> bool:
    symbol = definition.symbol
    return one.path == definition.path and symbol.start_line <= one.line <= symbol.end_line


def _markers(workspace: Workspace, definition: Definition) -> tuple[Marker, ...]:
    try:
        parsed = read(workspace, definition.path).parsed
    except WorkspaceError:
        return ()
    first, last = definition.symbol.start_line - _BESIDE_LINES, definition.symbol.end_line
    return tuple(marker for marker in parsed.markers if first <= marker.line <= last)[:MAX_SHOWN]
