"""Replace code by its shape, in every language that ast-grep reads; replace plain text only if the person says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.documents import Document, document_from_bytes
from magray_core.errors import RefactoringRefused, WorkspaceError
from magray_core.plans import EditFile, Grade, Intent, IntentKind, Place
from magray_core.spans import Span, TextEdit
from magray_core.tools import Capability, ToolSpec
from magray_orchestration.intents.locating import matches as in_scope
from magray_orchestration.refactoring.contract import Offer, StepDraft
from magray_orchestration.refactoring.engines import astgrep_engine as engine
from magray_orchestration.refactoring.rewriting import rewrite
from magray_orchestration.workspace import Workspace, read_bytes

TOOL = ToolSpec(
    name="code.replace",
    title="Replace code by its shape",
    description="Replaces every piece of code that has the shape of a pattern. $A is one part, $$$ARGS any number.",
    arguments={
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "minLength": 1},
            "replacement": {"type": "string"},
            "language": {"type": "string"},
            "path": {"type": "string"},
            "mode": {"enum": ["code", "text"]},
        },
        "required": ["pattern", "replacement"],
        "additionalProperties": False,
    },
    permissions=(Capability.FS_READ, Capability.FS_WRITE),
    effects="writes",
)
_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for. ``scope`` is a path, folder or glob; "" is the whole workspace."""

    pattern: str
    replacement: str
    scope: str
    textual: bool


class StructuralReplace:
    """``replace PATTERN with PATTERN``: one step for each language that the pattern is found in."""

    @property
    def tool(self) -> ToolSpec:
        """The refactoring as a tool."""
        return TOOL

    @property
    def intents(self) -> tuple[IntentKind, ...]:
        """Replacements."""
        return (IntentKind.REPLACE,)

    def offers(self, workspace: Workspace, place: Place) -> tuple[Offer, ...]:
        """Replace what is selected, in this language."""
        from magray_indexers.languages import language_of

        selected = workspace.read(place.path).text[place.span.start : place.span.end].strip()
        if not selected or "\n" in selected or "`" in selected or len(selected) > 120:
            return ()
        language = language_of(place.path)
        if not engine.grammar_of(language):
            return ()
        return (
            Offer(
                f"Replace code like “{selected if len(selected) <= 30 else selected[:29] + '…'}”…",
                "refactor.rewrite.replace",
                goal_prefix=f"replace `{selected}` with ",
            ),
        )

    def fits(self, workspace: Workspace, intent: Intent, place: Place | None) -> bool:
        """Always: it is the only one for replacements."""
        return True

    def compute(
        self, workspace: Workspace, intent: Intent, place: Place | None, progress: Progress, cancel: CancelToken
    ) -> tuple[StepDraft, ...]:
        """One step per language. Raises RefactoringRefused where the pattern is wrong or matches nothing."""
        slots = intent.slots
        wanted = _Wanted(
            slots["pattern"], slots["replacement"], slots.get("path", ""), textual=slots.get("mode") == "text"
        )
        if wanted.pattern == wanted.replacement:
            raise RefactoringRefused("the pattern and its replacement are the same")
        if wanted.textual:
            return (_text_step(workspace, wanted, progress, cancel),)
        _check_metavariables(wanted)
        files = _files_by_language(workspace, wanted.scope)
        languages = _languages(slots.get("language", ""), place, files)
        patterns, problem = _compiled(wanted.pattern, languages, explicit=len(languages) == 1)
        drafts: list[StepDraft] = []
        for i, (language, pattern) in enumerate(patterns.items()):
            progress.report(f"looking through {language} files", i / len(patterns))
            draft = _code_step(workspace, wanted, pattern, files.get(language, ()), cancel)
            if draft is not None:
                drafts.append(draft)
        if not drafts:
            raise problem or _nothing_found(wanted, tuple(patterns))
        return tuple(drafts)


def _check_metavariables(wanted: _Wanted) -> None:
    if not engine.METAVARIABLE.sub("", wanted.pattern).strip():
        raise RefactoringRefused(
            f"the pattern {wanted.pattern} matches any code", hint="add what the code must have, such as print($A)"
        )
    known = engine.metavariables(wanted.pattern)
    unknown = [name for name in engine.metavariables(wanted.replacement) if name not in known]
    if unknown:
        raise RefactoringRefused(
            f"${unknown[0]} is in the replacement but not in the pattern",
            hint=f"the pattern has {', '.join('$' + name for name in known) or 'no metavariables'}",
        )
    dropped = [match.group() for match in engine.METAVARIABLE.finditer(wanted.replacement) if not _kept(match)]
    if dropped:
        raise RefactoringRefused(
            f"{dropped[0]} matches without being kept, so it cannot stand in the replacement", hint="give it a name: $A"
        )


def _kept(match: re.Match[str]) -> bool:
    name = match["one"] or match["many"] or ""
    return bool(name) and not name.startswith("_")


def _files_by_language(workspace: Workspace, scope: str) -> dict[str, tuple[str, ...]]:
    """The paths in scope by language, open documents included."""
    from magray_indexers.languages import language_of

    known = dict(workspace.index.paths())
    for path, document in workspace.documents.items():
        known.setdefault(path, language_of(path, document.text.partition("\n")[0]))
    found: dict[str, list[str]] = {}
    for path in sorted(known):
        if in_scope(path, scope):
            found.setdefault(known[path], []).append(path)
    return {language: tuple(paths) for language, paths in sorted(found.items())}


def _languages(said: str, place: Place | None, files: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The language that was said, else that of the document the person is in, else all that the files have."""
    from magray_indexers.languages import language_of

    if said:
        family = _FAMILIES.get(said, (said,))
        present = tuple(one for one in family if one in files)
        return present or (said,)
    if place is not None and engine.grammar_of(language_of(place.path)):
        here = language_of(place.path)
        family = _FAMILIES.get(here, (here,))
        return tuple(one for one in family if one in files) or (here,)
    return tuple(language for language in files if engine.grammar_of(language))


_FAMILIES = {"typescript": ("typescript", "tsx"), "tsx": ("tsx", "typescript")}
"""Languages that are one to the person but two to a parser."""


def _compiled(
    text: str, languages: Iterable[str], *, explicit: bool
) -> tuple[dict[str, engine.CodePattern], RefactoringRefused | None]:
    """The pattern in every language that accepts it, and what the first other one said."""
    patterns: dict[str, engine.CodePattern] = {}
    problem: RefactoringRefused | None = None
    for language in languages:
        try:
            patterns[language] = engine.compile_pattern(text, language)
        except RefactoringRefused as error:
            problem = problem or error
    if explicit and problem is not None:
        raise problem
    return patterns, None if patterns else problem


def _code_step(
    workspace: Workspace, wanted: _Wanted, pattern: engine.CodePattern, paths: Iterable[str], cancel: CancelToken
) -> StepDraft | None:
    words = tuple(word.encode("utf-8", "surrogatepass") for word in engine.literal_words(wanted.pattern))
    changes: list[EditFile] = []
    counts = [0, 0, 0]
    for document in _candidates(workspace, paths, words, cancel):
        matches = engine.find_matches(pattern, document.text)
        if not matches:
            continue
        done = rewrite(document.text, matches, wanted.replacement)
        counts = [counts[0] + done.n_matches, counts[1] + done.n_nested, counts[2] + done.n_lost]
        if done.edits:
            changes.append(EditFile(document.path, document.content_hash, done.edits, document.version))
    if not changes:
        return None
    return StepDraft(
        title=f"Replace {_short(wanted.pattern)} with {_short(wanted.replacement)} in {pattern.language}",
        why=_why(counts, len(changes)),
        tool=TOOL.name,
        args=_arguments(wanted, pattern.language),
        changes=tuple(changes),
        engines=("ast-grep",),
        grade=Grade.SINGLE_ENGINE,
        problems=_lost(counts[2]),
    )


def _candidates(
    workspace: Workspace, paths: Iterable[str], words: tuple[bytes, ...], cancel: CancelToken
) -> Iterator[Document]:
    """The documents that hold every word; files that are gone or unreadable by now are passed over."""
    for path in paths:
        cancel.check()
        open_document = workspace.documents.get(path)
        if open_document is not None:
            yield open_document
            continue
        try:
            data = read_bytes(workspace.root, path)
        except WorkspaceError:
            continue
        # Words are looked for in the bytes first: most files need no decoding. UTF-16 and non-ASCII words do.
        plain = not data.startswith(_BOMS)
        if plain and any(word not in data for word in words if word.isascii()):
            continue
        document = document_from_bytes(path, data)
        if document is not None:
            yield document


def _text_step(workspace: Workspace, wanted: _Wanted, progress: Progress, cancel: CancelToken) -> StepDraft:
    files = _files_by_language(workspace, wanted.scope)
    paths = sorted(path for paths in files.values() for path in paths)
    word = re.compile(_literal(wanted.pattern))
    changes: list[EditFile] = []
    n_edits = 0
    progress.report("looking through all files", None)
    first = wanted.pattern.split("\n")[0].strip("\r")
    for document in _candidates(workspace, paths, (first.encode("utf-8", "surrogatepass"),), cancel):
        edits = tuple(
            TextEdit(Span(match.start(), match.end()), wanted.replacement) for match in word.finditer(document.text)
        )
        if edits:
            n_edits += len(edits)
            changes.append(EditFile(document.path, document.content_hash, edits, document.version))
    if not changes:
        raise _nothing_found(wanted, ())
    return StepDraft(
        title=f"Replace the text {_short(wanted.pattern)} with {_short(wanted.replacement)}",
        why=_why([n_edits, 0, 0], len(changes)),
        tool=TOOL.name,
        args=_arguments(wanted, ""),
        changes=tuple(changes),
        engines=("text",),
        grade=Grade.TEXTUAL_RESIDUE,
        problems=("found as text: code, strings and comments alike",),
    )


def _literal(text: str) -> str:
    """The text as whole words where it begins or ends with one, with any line end for a line end."""
    inner = r"\r?\n".join(re.escape(line) for line in text.replace("\r\n", "\n").split("\n"))
    before = r"(?<!\w)" if text[:1].isalnum() or text[:1] == "_" else ""
    after = r"(?!\w)" if text[-1:].isalnum() or text[-1:] == "_" else ""
    return f"{before}{inner}{after}"


def _why(counts: list[int], n_files: int) -> str:
    n_matches, n_nested, _ = counts
    matches = f"{n_matches} {'place' if n_matches == 1 else 'places'}"
    nested = f", {n_nested} of them inside another" if n_nested else ""
    return f"{matches} in {n_files} {'file' if n_files == 1 else 'files'}{nested}"


def _lost(n_lost: int) -> tuple[str, ...]:
    if not n_lost:
        return ()
    return (f"{n_lost} {'match stands' if n_lost == 1 else 'matches stand'} in code that the replacement leaves out",)


def _arguments(wanted: _Wanted, language: str) -> dict[str, str]:
    said = {
        "pattern": wanted.pattern,
        "replacement": wanted.replacement,
        "language": language,
        "path": wanted.scope,
        "mode": "text" if wanted.textual else "",
    }
    return {name: value for name, value in said.items() if value or name == "replacement"}


def _nothing_found(wanted: _Wanted, languages: tuple[str, ...]) -> RefactoringRefused:
    where = f" in {wanted.scope}" if wanted.scope else ""
    if wanted.textual:
        return RefactoringRefused(f"the text {_short(wanted.pattern)} is not in any indexed file{where}")
    looked = (
        f" ({', '.join(languages)})" if languages else ": there are no files in a language that patterns can be for"
    )
    hint = "strings and comments are not code: say “replace text …” for those"
    if re.search(r"\$[a-z]", wanted.pattern):
        hint = "metavariables are in capitals, as in $A"
    elif re.search(r"\(\$[A-Z]+\)", wanted.pattern):
        hint = "$A is exactly one argument; $$$ARGS is any number of them"
    return RefactoringRefused(f"no code has the shape {_short(wanted.pattern)}{where}{looked}", hint=hint)


def _short(code: str) -> str:
    flat = " ".join(code.split())
    return f"`{flat if len(flat) <= 60 else flat[:59] + '…'}`"
