"""What the workspace's memory holds and answers: chunks, symbols, hits, freshness, notes.

Lines start at 1 and are inclusive, paths are relative to the root with ``/``, offsets are code points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from magray_core.spans import Span


class SkipReason(str, Enum):
    """Why a path of the workspace is not in the index. The value is the words shown to the person."""

    IGNORED = "ignored by .gitignore or .magrayignore"
    SECRET = "may hold secrets"
    FORGOTTEN = "forgotten on request"
    BINARY = "not text"
    TOO_LARGE = "larger than the size limit"
    MINIFIED = "minified or generated in one line"
    LOCKFILE = "a lock file or other generated data"
    UNREADABLE = "cannot be read"
    NOT_A_FILE = "not a regular file"
    SYMLINK = "a symbolic link"
    BAD_NAME = "its name is not valid UTF-8 or has control characters"
    NESTED_REPOSITORY = "a repository of its own"
    INSTALLED = "installed packages, an environment or a cache"
    PARSE_TIMEOUT = "took too long to parse"
    PARSE_FAILED = "the parser failed on it"


class SymbolKind(str, Enum):
    """What a definition is, in words that every language shares."""

    MODULE = "module"
    NAMESPACE = "namespace"
    CLASS = "class"
    INTERFACE = "interface"
    STRUCT = "struct"
    ENUM = "enum"
    TRAIT = "trait"
    TYPE = "type"
    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    PROPERTY = "property"
    FIELD = "field"
    VARIABLE = "variable"
    CONSTANT = "constant"
    MACRO = "macro"
    SECTION = "section"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition. ``span`` covers it whole, ``name_span`` its name; ``parent`` is the qualified name around it.

    ``signature`` is one line (at most 200 code points), ``doc`` the documentation as written, without its quotes or
    comment marks.
    """

    name: str
    qualified_name: str
    kind: SymbolKind
    span: Span
    name_span: Span
    start_line: int
    end_line: int
    signature: str = ""
    doc: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file small enough to show and to embed. A file's chunks in order are its whole text, once.

    ``symbol`` is the qualified name of the definition it begins or lies in, or "".
    """

    index: int
    span: Span
    start_line: int
    end_line: int
    text: str
    symbol: str = ""
    kind: SymbolKind | None = None


@dataclass(frozen=True, slots=True)
class Marker:
    """A TODO, FIXME, HACK or XXX comment; ``line`` starts at 1."""

    line: int
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """One file as the index knows it. ``problems`` counts syntax errors that the parser stepped over."""

    path: str
    language: str
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...]
    markers: tuple[Marker, ...] = ()
    problems: int = 0


class OccurrenceKind(str, Enum):
    """What a mention of a name stands in."""

    DEFINITION = "definition"
    CALL = "call"
    IMPORT = "import"
    REFERENCE = "reference"
    STRING = "string"
    COMMENT = "comment"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A whole-word mention of a name in a file. ``inside`` is the qualified name of the definition around it."""

    path: str
    span: Span
    line: int
    column: int
    kind: OccurrenceKind
    line_text: str
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current an answer is. ``age_s`` is seconds since the generation was completed.

    ``head`` is the commit the index saw ("" outside git), ``head_now`` the commit now; ``dirty`` counts files known to
    have changed since they were indexed; ``complete`` is False while a build is under way.
    """

    generation: int
    head: str = ""
    head_now: str = ""
    dirty: int = 0
    age_s: float = 0.0
    complete: bool = True


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Where a search looks and from where the person looks. Empty fields admit everything.

    ``paths`` are globs against the path relative to the root, as in ``.gitignore`` without negation; ``languages`` are
    names such as ``python``; ``kinds`` are values of ``SymbolKind``, or ``code``, ``docs``, ``tests``. ``near`` are
    the paths of open and recently used files, most important first: they pull related files up and exclude nothing.
    """

    paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    near: tuple[str, ...] = ()


EVERYWHERE = SearchScope()


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result; ``scores`` names every part of ``score``. Lines from 1, inclusive.

    ``also`` names the places, as ``path:line``, whose text is the same but for details.
    """

    path: str
    start_line: int
    end_line: int
    symbol: str
    kind: str
    score: float
    scores: Mapping[str, float]
    snippet: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, with how long they took and how current they are."""

    hits: tuple[Hit, ...]
    took_ms: float
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a build did. ``skipped`` counts paths by reason; ``generation`` is what readers now see."""

    files: int
    chunks: int
    skipped: Mapping[SkipReason, int]
    seconds: float
    generation: int
    changed: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddingReport:
    """What one slice of embedding did: chunks embedded, chunks that still lack a vector, vectors readers can find.

    ``unlinked`` counts files that the graph does not know yet as they are.
    """

    embedded: int
    remaining: int
    vectors: int
    unlinked: int = 0


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """Something remembered beside the code: a note, todo, link, project, recipe. It has provenance, never authority.

    ``source`` says who made it: ``person``, ``import:TODO``, ``session:<id>``, ``tool:<name>``; ``tainted`` that its
    text came from somewhere that nobody vouches for. Times are seconds since 1970 and may jump with the clock;
    ``revision`` grows with every change of the store and orders records. It is about ``path``, ``symbol`` (a qualified
    name) and ``line`` (from 1; 0: none), whose text was ``anchor``. ``due`` is a date such as 2026-12-31, ``done`` when
    it was done. ``key`` names what it was imported from.
    """

    id: str
    kind: str
    text: str
    source: str
    created: float
    path: str = ""
    symbol: str = ""
    tags: tuple[str, ...] = field(default=())
    name: str = ""
    line: int = 0
    anchor: str = ""
    due: str = ""
    done: float | None = None
    tainted: bool = False
    key: str = ""
    changed: float = 0.0
    revision: int = 0
