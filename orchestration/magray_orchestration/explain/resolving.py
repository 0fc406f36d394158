"""From a name at a place to the definitions it can mean: the one in scope, the imported one, else all candidates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from magray_core.documents import Document
from magray_core.errors import WorkspaceError
from magray_core.memory import Occurrence, OccurrenceKind, ParsedFile, Symbol, SymbolKind
from magray_indexers.languages import language_of
from magray_indexers.occurrences import occurrences_in
from magray_indexers.parsing import parse
from magray_indexers.privacy.redaction import redacted_quickly
from magray_orchestration.explain.imports import SCRIPTS, imported_words, imports_of, module_files
from magray_orchestration.explain.naming import Named, looks_like_code
from magray_orchestration.workspace import Workspace

_HOPS = 5
_SELF = frozenset({"self", "cls", "this", "Self", "super"})
_MEMBERS = frozenset({SymbolKind.METHOD, SymbolKind.PROPERTY, SymbolKind.FIELD, SymbolKind.CONSTRUCTOR})
_PROSE = frozenset({OccurrenceKind.STRING, OccurrenceKind.COMMENT, OccurrenceKind.TEXT})
_FAMILIES = (SCRIPTS, frozenset({"c", "cpp", "objc"}), frozenset({"java", "kotlin", "scala", "groovy"}))
_DECLARES = r"(?:let|const|var|val|auto|final|mut|my|local)"
_ASSIGNED_AFTER = re.compile(r"\s*=(?![=>])")
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testing", "testdata"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition and the file it stands in."""

    path: str
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name can mean, likeliest first; ``certain`` when scope or imports leave exactly one."""

    named: Named
    definitions: tuple[Definition, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A document with its symbols, parsed once per content."""

    document: Document
    language: str
    parsed: ParsedFile


def read(workspace: Workspace, path: str) -> Reading:
    """The document as it is now, parsed. Raises WorkspaceError."""
    document = workspace.read(path)
    language = language_of(path, document.text[:200].split("\n", 1)[0])
    return Reading(document, language, _parsed(path, document.text, language))


def resolve(workspace: Workspace, reading: Reading, named: Named) -> Resolution | None:
    """The definitions that the name can mean, or None if none is known or the place is prose."""
    own = [symbol for symbol in reading.parsed.symbols if symbol.name == named.name]
    here = next((symbol for symbol in own if symbol.name_span == named.span), None)
    if here is not None:
        return _sure(named, reading.document.path, here)
    # Most words are no definition's name: asking the syntax tree what this one is comes last.
    resolution = _meant(workspace, reading, named, own)
    if resolution is None:
        return None
    kind = _kind_at(reading, named)
    if kind is None or (kind in _PROSE and not looks_like_code(reading.document.text, named)):
        return None
    return resolution


def _meant(workspace: Workspace, reading: Reading, named: Named, own: list[Symbol]) -> Resolution | None:
    in_scope = _in_scope(reading, named, own)
    if in_scope is not None:
        return _sure(named, reading.document.path, in_scope)
    imported = _imported(workspace, reading, named)
    if imported is not None:
        return Resolution(named, (imported,), certain=True)
    if not named.qualifier and _is_local(reading, named):
        return None
    return _candidates(workspace, reading, named, own)


@lru_cache(maxsize=4096)
def is_test_path(path: str) -> bool:
    """Whether a file belongs to tests, by the names that test runners look for."""
    pure = PurePosixPath(path)
    stem = pure.name.lower()
    first = stem.split(".")[0]
    return bool(
        _TEST_FOLDERS & {part.lower() for part in pure.parts[:-1]}
        or first.startswith("test_")
        or first.endswith(("_test", "_spec"))
        or ".test." in stem
        or ".spec." in stem
        or first == "conftest"
        or pure.stem.endswith(("Test", "Tests", "Spec"))
    )


def enclosing(symbols: Iterable[Symbol], offset: int) -> list[Symbol]:
    """The definitions around an offset, innermost first."""
    around = [symbol for symbol in symbols if symbol.span.start <= offset < symbol.span.end]
    return sorted(around, key=lambda symbol: symbol.span.end - symbol.span.start)


def occurrences_here(reading: Reading, name: str) -> tuple[Occurrence, ...]:
    """Every mention of a name in one document as it is now."""
    document = reading.document
    return _occurrences(document.path, document.text, reading.language, name)


@lru_cache(maxsize=64)
def _parsed(path: str, text: str, language: str) -> ParsedFile:
    # What is explained may be shown elsewhere than in the person's own editor.
    return parse(path, redacted_quickly(text, path=path), language=language)


@lru_cache(maxsize=256)
def _occurrences(path: str, text: str, language: str, name: str) -> tuple[Occurrence, ...]:
    clean = redacted_quickly(text, path=path)
    return tuple(occurrences_in(path, clean, language, name, _parsed(path, text, language).symbols))


def _kind_at(reading: Reading, named: Named) -> OccurrenceKind | None:
    found = occurrences_here(reading, named.name)
    return next((occurrence.kind for occurrence in found if occurrence.span.start == named.span.start), None)


def _sure(named: Named, path: str, symbol: Symbol) -> Resolution:
    return Resolution(named, (Definition(path, symbol),), certain=True)


def _in_scope(reading: Reading, named: Named, own: list[Symbol]) -> Symbol | None:
    """The definition that the document's own scopes give the name."""
    around = enclosing(reading.parsed.symbols, named.span.start)
    if named.qualifier in _SELF:
        classes = [symbol.qualified_name for symbol in around if symbol.kind not in _MEMBERS]
        return next((symbol for name in classes for symbol in own if symbol.parent == name), None)
    if named.qualifier:
        matching = [symbol for symbol in own if symbol.parent.split(".")[-1] == named.receiver]
        return matching[0] if len(matching) == 1 else None
    scopes = ["", *(symbol.qualified_name for symbol in around if symbol.kind not in _CLASSES or symbol is around[0])]
    visible = [symbol for symbol in own if symbol.parent in scopes and symbol.kind not in _MEMBERS]
    return max(visible, key=lambda symbol: len(symbol.parent), default=None)


_CLASSES = frozenset({SymbolKind.CLASS, SymbolKind.INTERFACE, SymbolKind.STRUCT, SymbolKind.ENUM, SymbolKind.TRAIT})


def _is_local(reading: Reading, named: Named) -> bool:
    """Whether the name is a parameter, a variable of the function around it, or an argument's name in a call.

    In tests a parameter may be a fixture, which is a definition elsewhere.
    """
    text = reading.document.text
    if _ASSIGNED_AFTER.match(text, named.span.end):
        return True
    name = re.escape(named.name)
    for symbol in enclosing(reading.parsed.symbols, named.span.start):
        if symbol.kind in _CLASSES or symbol.kind is SymbolKind.MODULE:
            continue
        if not is_test_path(reading.document.path) and re.search(rf"[(,*&\s]{name}\s*[?,:=)]", symbol.signature):
            return True
        body = text[symbol.name_span.end : symbol.span.end]
        if re.search(rf"(?m)^\s*(?:{_DECLARES}\s+)?{name}\s*(?::[^=\n]+)?:?=(?!=)|\b(?:for|as)\s+{name}\b", body):
            return True
    return False


def _imported(workspace: Workspace, reading: Reading, named: Named) -> Definition | None:
    """The definition that the document's imports lead to, through re-exports."""
    known = imports_of(reading.document.text, reading.language)
    path = reading.document.path
    if not named.qualifier:
        source = known.get(named.name)
        if source is None:
            return None
        return _follow(workspace, path, reading.language, source.module, source.name or named.name)
    for cut in range(named.qualifier.count(".") + 1):
        head, rest = _split(named.qualifier, cut)
        source = known.get(head)
        if source is None:
            continue
        if not source.name:
            module = ".".join(part for part in (source.module, rest) if part)
            return _follow(workspace, path, reading.language, module, named.name)
        # The receiver is an imported class or submodule.
        owner = _follow(workspace, path, reading.language, source.module, source.name)
        if owner is not None and not rest:
            return _member(workspace, owner, named.name)
        module = source.module + ("" if source.module.endswith(".") else ".") + source.name
        return _follow(workspace, path, reading.language, module + (f".{rest}" if rest else ""), named.name)
    return None


def _split(qualifier: str, cut: int) -> tuple[str, str]:
    words = qualifier.split(".")
    keep = len(words) - cut
    return ".".join(words[:keep]), ".".join(words[keep:])


def _follow(workspace: Workspace, path: str, language: str, module: str, name: str) -> Definition | None:
    for _ in range(_HOPS):
        for file in module_files(module, path, language, workspace.exists):
            try:
                reading = read(workspace, file)
            except WorkspaceError:
                continue
            symbol = next((s for s in reading.parsed.symbols if s.name == name and not s.parent), None)
            if symbol is not None:
                return Definition(file, symbol)
            source = imports_of(reading.document.text, reading.language).get(name)
            if source is not None and source.name:
                path, module, name = file, source.module, source.name
                break
        else:
            return None
    return None


def _member(workspace: Workspace, owner: Definition, name: str) -> Definition | None:
    try:
        symbols = read(workspace, owner.path).parsed.symbols
    except WorkspaceError:
        return None
    owned = (s for s in symbols if s.name == name and s.parent == owner.symbol.qualified_name)
    symbol = next(owned, None)
    return None if symbol is None else Definition(owner.path, symbol)


def _candidates(workspace: Workspace, reading: Reading, named: Named, own: list[Symbol]) -> Resolution | None:
    """Every definition of the name in a language that this one can reach, likeliest first."""
    path = reading.document.path
    found = [Definition(path, symbol) for symbol in own]
    open_paths = {*workspace.documents, path}
    found += [Definition(p, s) for p, s in workspace.index.symbols_named(named.name) if p not in open_paths]
    for other in sorted(open_paths - {path}):
        found += [Definition(other, s) for s in read(workspace, other).parsed.symbols if s.name == named.name]
    family = family_of(reading.language)
    related = [definition for definition in found if family_of(language_of(definition.path)) == family]
    if not related and family not in ("markdown", "text", "rst"):
        return None
    hints = imported_words(reading.document.text)
    ranked = sorted(related or found, key=lambda definition: _unlikeliness(definition, reading, named, hints))
    if not ranked:
        return None
    return Resolution(named, tuple(ranked), certain=len(ranked) == 1)


def _unlikeliness(definition: Definition, reading: Reading, named: Named, hints: frozenset[str]) -> tuple[object, ...]:
    pure = PurePosixPath(definition.path)
    is_member = definition.symbol.kind in _MEMBERS
    hinted = pure.stem in hints or pure.parent.name in hints
    return (
        is_member != bool(named.qualifier),
        definition.path != reading.document.path,
        not hinted,
        is_test_path(definition.path) and not is_test_path(reading.document.path),
        pure.parent != PurePosixPath(reading.document.path).parent,
        definition.path,
        definition.symbol.start_line,
    )


@lru_cache(maxsize=256)
def family_of(language: str) -> str:
    """One word for languages whose definitions can use each other."""
    return next((min(family) for family in _FAMILIES if language in family), language)
