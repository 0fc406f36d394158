"""Rename where no engine knows the language: by text and syntax, in graded steps, and it says so.

Code is told from strings and comments by the parser; which of several things of one name is meant is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import RefactoringRefused, WorkspaceError
from magray_core.memory import Occurrence, OccurrenceKind, Symbol
from magray_core.plans import EditFile, Grade, Intent, IntentKind, Place, Residue
from magray_core.spans import TextEdit
from magray_core.tools import Capability, ToolSpec
from magray_indexers.privacy.redaction import is_masked_form
from magray_orchestration.intents.locating import matches as in_scope
from magray_orchestration.intents.pointing import word_at
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.residue import leftovers
from magray_orchestration.workspace import Workspace

TOOL = ToolSpec(
    name="text.rename",
    title="Rename by text",
    description="Renames every mention of a name in code of one language; strings and comments are steps of their own.",
    arguments={
        "type": "object",
        "properties": {
            "old": {"type": "string", "minLength": 1},
            "new": {"type": "string", "minLength": 1},
            "path": {"type": "string"},
        },
        "required": ["old", "new"],
        "additionalProperties": False,
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)

CODE = (OccurrenceKind.DEFINITION, OccurrenceKind.CALL, OccurrenceKind.IMPORT, OccurrenceKind.REFERENCE)

_FAMILIES = (
    frozenset(("javascript", "typescript", "tsx", "jsx", "vue", "svelte")),
    frozenset(("c", "cpp", "objc")),
    frozenset(("java", "kotlin", "scala", "groovy")),
    frozenset(("css", "scss", "less", "html")),
)
"""Languages whose code names each other's things."""


def last_part(name: str) -> str:
    """The name itself without what it is in: ``get`` of ``Context.get``."""
    return re.split(r"\.|::|#", name)[-1]


def family_of(language: str) -> frozenset[str]:
    """The languages in which code may mention a thing of this language."""
    return next((family for family in _FAMILIES if language in family), frozenset((language,)))


def definitions(workspace: Workspace, intent: Intent, place: Place | None) -> list[tuple[str, Symbol]]:
    """The definitions that the goal may mean: those under the cursor's file first, then in the path that was said."""
    found = workspace.index.symbols_named(intent.slots["old"])
    scope = intent.slots.get("path", "")
    found = [(path, symbol) for path, symbol in found if in_scope(path, scope)]
    if place is not None:
        here = [(path, symbol) for path, symbol in found if path == place.path and symbol.name_span == place.span]
        return here or found
    return found


def language_meant(workspace: Workspace, intent: Intent, place: Place | None) -> str:
    """The language of what is renamed: that of the document pointed at, else of its definition, else of a mention."""
    from magray_indexers.languages import LANGUAGES, language_of

    if place is not None:
        return language_of(place.path)
    known = dict(workspace.index.paths())
    candidates = [path for path, _ in definitions(workspace, intent, None)]
    if not candidates:
        mentions = workspace.index.occurrences(last_part(intent.slots["old"]), overlay=workspace.overlay)
        candidates = [mention.path for mention in mentions if mention.kind in CODE]
    languages = [known.get(path) or language_of(path) for path in candidates]
    code = [language for language in languages if language in LANGUAGES and LANGUAGES[language].is_code]
    return next(iter(code), languages[0] if languages else "")


class TextualRename:
    """Renames what reads alike."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Renames."""
        return (IntentKind.RENAME,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Rename the name at the cursor, in code that is not Python."""
        from magray_indexers.languages import LANGUAGES, language_of

        language = language_of(place.path)
        text = workspace.read(place.path).text
        word = word_at(text, place.span.start)
        if word is None or language == "python" or language not in LANGUAGES or not LANGUAGES[language].is_code:
            return ()
        name = text[word.start : word.end]
        return (Offer(f"Rename {name}…", "refactor.rename", goal_prefix=f"rename {name} to "),)

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Whether it is a name in code of some language other than Python."""
        if intent.slots.get("target") in ("file", "module"):
            return False
        return language_meant(workspace, intent, place) not in ("", "python")

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step for code, and unticked ones for strings and for comments and prose. Raises RefactoringRefused."""
        old, new = last_part(intent.slots["old"]), intent.slots["new"]
        language = language_meant(workspace, intent, place)
        progress.report(f"looking for {old}", None)
        mentions = workspace.index.occurrences(old, overlay=workspace.overlay, cancel=cancel)
        cancel.check()
        found = _Mentions(workspace, mentions, family_of(language))
        if not found.code:
            raise RefactoringRefused(f"no {language or 'indexed'} code mentions {old}")
        problems = collision(workspace, intent, place) + other_definitions(workspace, intent, place)
        problems += tuple(f"{path} differs from the index and was left out" for path in found.stale)
        problems += ("found by text and syntax, not by meaning: no language server answered",)
        return tuple(_steps(workspace, found, (old, new, language), problems))


class _Mentions:
    """Mentions by what they stand in. Those not where the index says are left out; ``stale`` has their files."""

    def __init__(self, workspace: Workspace, mentions: Iterable[Occurrence], family: frozenset[str]) -> None:
        from magray_indexers.languages import LANGUAGES, language_of

        known = dict(workspace.index.paths())
        self.code: list[Occurrence] = []
        self.strings: list[Occurrence] = []
        self.prose: list[Occurrence] = []
        self.elsewhere: list[Occurrence] = []
        stale: set[str] = set()
        texts: dict[str, str] = {}
        for mention in mentions:
            if mention.path not in texts:
                try:
                    texts[mention.path] = workspace.read(mention.path).text
                except WorkspaceError:
                    texts[mention.path] = ""
            if not _still_there(mention, texts[mention.path]):
                stale.add(mention.path)
                continue
            language = known.get(mention.path) or language_of(mention.path)
            is_code = language in LANGUAGES and LANGUAGES[language].is_code
            self._group(mention, ours=language in family, is_code=is_code).append(mention)
        self.stale = tuple(sorted(stale))

    def _group(self, mention: Occurrence, *, ours: bool, is_code: bool) -> list[Occurrence]:
        if mention.kind is OccurrenceKind.TEXT and not is_code:
            return self.prose
        if not ours:
            return self.elsewhere
        if mention.kind in CODE:
            return self.code
        return self.strings if mention.kind is OccurrenceKind.STRING else self.prose

    @property
    def all(self) -> list[Occurrence]:
        """Every mention that is where the index says."""
        return [*self.code, *self.strings, *self.prose, *self.elsewhere]


def _still_there(mention: Occurrence, text: str) -> bool:
    line_end = len(mention.line_text)
    at = mention.span.start - (mention.column - 1)
    return is_masked_form(mention.line_text, text[at : at + line_end]) and mention.span.end <= len(text)


def _steps(
    workspace: Workspace, found: _Mentions, names: tuple[str, str, str], problems: tuple[str, ...]
) -> Iterable[StepDraft]:
    old, new, language = names
    code = edits_for(workspace, found.code, new)
    yield StepDraft(
        title=f"Rename {old} to {new} in {language} code",
        why=f"{_count(found.code, 'mention')} in {_files(code)}; other things of the same name change as well",
        tool=TOOL.name,
        args={"old": old, "new": new, "part": "code"},
        changes=code,
        engines=("tree-sitter",),
        grade=Grade.TEXTUAL_RESIDUE,
        residue=tuple(_left(found, code)),
        problems=problems,
    )
    for mentions, part, why in (
        (found.strings, "strings", "a string may be data that others rely on"),
        (found.prose, "comments and documents", "a word in prose may mean something else"),
    ):
        changes = edits_for(workspace, mentions, new)
        if changes:
            yield StepDraft(
                title=f"Rename {old} to {new} in {part}",
                why=f"{_count(mentions, 'mention')} in {_files(changes)}; {why}",
                tool=TOOL.name,
                args={"old": old, "new": new, "part": part},
                changes=changes,
                engines=("text",),
                grade=Grade.TEXTUAL_RESIDUE,
                problems=(why,),
                accepted=False,
            )


def edits_for(workspace: Workspace, mentions: Sequence[Occurrence], new: str) -> tuple[EditFile, ...]:
    """One change per file that puts the new name for every mention."""
    by_path: dict[str, list[TextEdit]] = {}
    for mention in mentions:
        by_path.setdefault(mention.path, []).append(TextEdit(mention.span, new))
    changes: list[EditFile] = []
    for path, edits in sorted(by_path.items()):
        document = workspace.read(path)
        changes.append(EditFile(path, document.content_hash, tuple(sorted(edits)), document.version))
    return tuple(changes)


def collision(workspace: Workspace, intent: Intent, place: Place | None) -> tuple[str, ...]:
    """Where the new name exists already. Raises RefactoringRefused where both would stand side by side."""
    new = intent.slots["new"]
    taken = workspace.index.symbols_named(new)
    beside = {(path, symbol.parent) for path, symbol in definitions(workspace, intent, place)}
    for path, symbol in taken:
        if (path, symbol.parent) in beside:
            where = f" in {symbol.parent}" if symbol.parent else ""
            raise RefactoringRefused(
                f"{path} already has a {symbol.kind.value} {new}{where} (line {symbol.start_line})",
                hint="choose another name, or rename that one first",
            )
    return tuple(f"{new} is also defined at {path}:{symbol.start_line}" for path, symbol in taken[:5])


def other_definitions(workspace: Workspace, intent: Intent, place: Place | None) -> tuple[str, ...]:
    """Definitions of the old name beside the one that is meant, which a textual rename changes with it."""
    old = last_part(intent.slots["old"])
    meant = {(path, symbol.name_span) for path, symbol in definitions(workspace, intent, place)[:1]}
    others = [one for one in workspace.index.symbols_named(old) if (one[0], one[1].name_span) not in meant]
    shown = [f"{path}:{symbol.start_line} ({symbol.qualified_name})" for path, symbol in others[:5]]
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return (f"{old} is also defined at {', '.join(shown)}{more}",) if others else ()


def _left(found: _Mentions, changes: tuple[EditFile, ...]) -> tuple[Residue, ...]:
    ordered = sorted(found.all, key=lambda mention: (mention.path, mention.span))
    return leftovers(ordered, changes)


def _count(mentions: Sequence[Occurrence], noun: str) -> str:
    return f"{len(mentions)} {noun}{'' if len(mentions) == 1 else 's'}"


def _files(changes: Sequence[EditFile]) -> str:
    return f"{len(changes)} {'file' if len(changes) == 1 else 'files'}"
