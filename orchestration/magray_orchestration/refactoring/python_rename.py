"""Rename for Python: own scope analysis, rope and jedi joined; what none can show becomes a step of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import RefactoringRefused
from magray_core.memory import Occurrence
from magray_core.plans import EditFile, FileChange, Grade, Intent, IntentKind, Place, RenameFile, Residue
from magray_core.spans import Span, TextEdit
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.python.collisions import check_collisions, check_new_name
from magray_orchestration.refactoring.python.family import Family, find_family
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.judging import Judge
from magray_orchestration.refactoring.python.mentions import Mention
from magray_orchestration.refactoring.python.menu import rename_offers
from magray_orchestration.refactoring.python.module_files import module_changes, module_moves
from magray_orchestration.refactoring.python.program import Program
from magray_orchestration.refactoring.python.sorting import Sorted, sort_mentions
from magray_orchestration.refactoring.python.sources import PYTHON_SUFFIXES, PythonSources
from magray_orchestration.refactoring.python.target import find_target
from magray_orchestration.refactoring.python.texts import mentions_in_other_files
from magray_orchestration.refactoring.residue import leftovers
from magray_orchestration.workspace import Workspace

TOOL = ToolSpec(
    name="python.rename",
    title="Rename a Python name",
    description="Renames a function, class, method, attribute, parameter, variable or module everywhere it is used.",
    arguments={
        "type": "object",
        "properties": {"old": {"type": "string"}, "new": {"type": "string"}},
        "required": ["new"],
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)
_LISTED = 3


class PythonRename:
    """Renames what Python code defines."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Renames."""
        return (IntentKind.RENAME,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Rename the name at the cursor; disabled where it is a keyword or the file is broken there."""
        return rename_offers(workspace, place)

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether the name is a Python one: the cursor is in Python, or Python defines it."""
        written = intent.slots.get("old", "")
        if written.endswith(PYTHON_SUFFIXES):
            return True
        if place is not None:
            return place.path.endswith(PYTHON_SUFFIXES)
        name = written.rpartition(":")[2].rpartition(".")[2].removesuffix("()")
        if not name.isidentifier():
            return False
        defined = [path for path, _ in workspace.index.symbols_named(name)]
        if defined:
            return any(path.endswith(PYTHON_SUFFIXES) for path in defined)
        found = workspace.index.occurrences(name, overlay=workspace.overlay)
        return any(one.path.endswith(PYTHON_SUFFIXES) for one in found) or any(
            path.endswith((f"/{name}.py", f"/{name}/__init__.py")) or path in (f"{name}.py", f"{name}/__init__.py")
            for path, _ in workspace.index.paths()
        )

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """Up to five steps: references; doubtful uses; strings that name it; other strings; comments and documents."""
        new = intent.slots.get("new", "").strip().strip("`'\"").removesuffix("()")
        progress.report("reading the Python files", 0.0)
        inference = Inference(Program(PythonSources(workspace)))
        target = find_target(inference, intent, place)
        check_new_name(target.name, new)
        progress.report(f"finding what belongs to {target.label}", 0.2)
        family = find_family(inference, target, cancel)
        progress.report("asking rope and jedi", 0.4)
        found = sort_mentions(inference, family, cancel)
        found.notes += check_collisions(inference, family, found.certain, new)
        progress.report("listing what is left", 0.9)
        return _Steps(workspace, inference, family, found, new).drafts(cancel)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Makes the drafts of one rename."""

    workspace: Workspace
    inference: Inference
    family: Family
    found: Sorted
    new: str

    def drafts(self, cancel: CancelToken) -> tuple[StepDraft, ...]:
        name = self.family.target.name
        judge = Judge(self.inference, self.family)
        occurrences = self.workspace.index.occurrences(name, overlay=self.workspace.overlay, cancel=cancel)
        others = list(mentions_in_other_files(self.workspace, occurrences, judge))
        references = self._references(occurrences)
        moved = {change.path for change in references.changes if not isinstance(change, EditFile)}
        strings = _spans(self.found.strings, ((one.path, one.span) for one, certain in others if certain), moved)
        words = _spans(self.found.words, ((one.path, one.span) for one, certain in others if not certain), moved)
        steps = [references]
        doubtful = _spans(self.found.doubtful, (), moved)
        if doubtful:
            steps.append(self._step("uses that no engine can decide", "uses", doubtful, (
                "no engine knows what these are called on; look at each",)))  # fmt: skip
        if strings:
            steps.append(self._step("strings that name it", "names in strings", strings, ()))
        loose = _spans(self.found.other_strings, (), moved)
        if loose:
            steps.append(self._step("mentions in strings", "strings", loose, (
                "strings may mean something else by the same word",)))  # fmt: skip
        if words:
            steps.append(self._step("mentions in comments and documentation", "words", words, (
                "words about the code are no code; no engine can check them",)))  # fmt: skip
        return tuple(steps)

    def _references(self, occurrences: Sequence[Occurrence]) -> StepDraft:
        target, found = self.family.target, self.found
        edited = list(found.certain)
        if target.kind == "module":
            own = dict(module_moves(self.workspace, target.path, self.new))
            edited += [one for one in found.strings if one.path in own]  # no other step may edit a file that moves
        changes: tuple[FileChange, ...] = self._changes(_spans(edited))
        if target.kind == "module":
            changes = module_changes(self.workspace, target, self.new, changes)
        if not changes:
            raise RefactoringRefused(f"there is nothing to rename: {target.label} is mentioned nowhere")
        residue = leftovers(occurrences, changes)
        problems = tuple(dict.fromkeys((*self._unread(), *found.notes)))
        serious = tuple(
            note for note in problems if "has no opinion" not in note and not note.startswith("jedi judged")
        )
        return StepDraft(
            title=f"Rename {target.kind} {target.label} to {self.new}",
            why=self._why(changes, residue, problems),
            tool=TOOL.name,
            args={"old": target.label, "new": self.new, "part": "references"},
            changes=changes,
            engines=found.engines,
            grade=Grade.AGREED if found.agreed else Grade.SINGLE_ENGINE,
            residue=residue,
            problems=serious,
        )

    def _step(self, what: str, part: str, spans: Mapping[str, list[Span]], problems: tuple[str, ...]) -> StepDraft:
        target = self.family.target
        changes = self._changes(spans)
        count = sum(len(found) for found in spans.values())
        return StepDraft(
            title=f"Rename {target.name} to {self.new} in {what}",
            why=f"{_counted(count, 'mention')} in {_counted(len(changes), 'file')}",
            tool=TOOL.name,
            args={"old": target.label, "new": self.new, "part": part},
            changes=changes,
            engines=("index",),
            grade=Grade.TEXTUAL_RESIDUE,
            problems=problems,
            accepted=not problems,
            depends_on=(1,),
        )

    def _changes(self, spans: Mapping[str, list[Span]]) -> tuple[EditFile, ...]:
        changes = []
        for path, places in sorted(spans.items()):
            document = self.workspace.read(path)
            edits = tuple(TextEdit(span, self.new) for span in sorted(set(places)))
            changes.append(EditFile(path, document.content_hash, edits, document.version))
        return tuple(changes)

    def _why(self, changes: tuple[FileChange, ...], residue: tuple[Residue, ...], notes: tuple[str, ...]) -> str:
        count = sum(len(one.edits) for one in changes if isinstance(one, EditFile | RenameFile))
        agreed = sum(number for voices, number in self.found.voices.items() if len(voices) > 1)
        parts = [f"{_counted(count, 'place')} in {_counted(len(changes), 'file')}, {agreed} agreed by several engines"]
        alone = self.found.alone
        if alone:
            shown = ", ".join(alone[:_LISTED]) + (f" and {len(alone) - _LISTED} more" if len(alone) > _LISTED else "")
            parts.append(f"by one engine alone: {shown}")
        related = len(self.family.classes) - 1
        if related > 0:
            parts.append(f"with {_counted(related, 'class', 'classes')} that override it or are overridden")
        if residue:
            parts.append(f"{_counted(len(residue), 'mention')} left as it is" if len(residue) == 1
                         else f"{len(residue)} mentions left as they are")  # fmt: skip
        return "; ".join((*parts, *notes))

    def _unread(self) -> list[str]:
        program, name = self.inference.program, self.family.target.name
        broken = [
            path
            for path in program.sources.mentioning(name)
            if (model := program.model(path)) is None or model.root.has_error
        ]
        return [f"{path} has a syntax error: mentions there may be missed" for path in broken]


def _spans(
    mentions: Iterable[Mention], more: Iterable[tuple[str, Span]] = (), moved: Collection[str] = ()
) -> dict[str, list[Span]]:
    """Spans by path, but for files that another step moves: these are listed as left, or edited by that step."""
    grouped: dict[str, list[Span]] = {}
    for path, span in chain(((mention.path, mention.span) for mention in mentions), more):
        if path not in moved:
            grouped.setdefault(path, []).append(span)
    return grouped


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
