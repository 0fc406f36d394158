"""What a search asks for: a symbol, a path, something in words, or words that name symbols. Pure text, no index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from magray_indexers.ranking.russian import english_for
from magray_indexers.ranking.terms import STOPWORDS, stem
from magray_indexers.tokens import code_tokens

_MAX_CHARS = 4_000
_MAX_WORDS = 48
_MAX_NAMES = 12

_NAME = r"[^\W\d]\w*[?!]?"
_QUALIFIED = re.compile(rf"{_NAME}(?:(?:\.|::|->|\\|#|/){_NAME})*", re.UNICODE)
_SEPARATOR = re.compile(r"\.|::|->|\\|#|/")
_IDENTIFIER = re.compile(r"[^\W_]_[^\W_]|[a-z\d][A-Z]|[A-Z]{2}[a-z]")
_PATH = re.compile(r"(?:[\w.@+-]+/)*[\w.@+-]+")
_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,5}$")
_POSITION = re.compile(r":\d+(?:[:-]\d+)?$")
_CAPITALIZED = re.compile(r"\b[A-Z][a-z]+\b")
_WORD = re.compile(r"[^\W\d_]+")
_MAX_ACRONYM = 4
_QUOTED = re.compile(r"`([^`\n]+)`")
_TESTS = frozenset(map(stem, ("test", "tests", "testing", "spec", "mock", "fixture", "тест")))


class QueryKind(str, Enum):
    """How a query is meant, which decides what its words weigh."""

    EMPTY = "empty"
    SYMBOL = "symbol"
    PATH = "path"
    WORDS = "words"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Query:
    """A query, understood.

    ``words`` are distinct tokens without stopwords, in order, then English for Russian ones. ``names`` are what may
    be defined somewhere, as written and without qualifiers; ``qualified`` the same with them, joined by dots.
    ``hints`` are capitalized words of a sentence, which may be names of types. ``acronyms`` are initials of words in
    a row, with those words. ``path`` is a path or file name, or "". ``wants_tests`` says that tests are what is asked
    for.
    """

    text: str
    kind: QueryKind
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    qualified: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    acronyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    path: str = ""
    wants_tests: bool = False


def parse_query(text: str) -> Query:
    """Understand a query. Only its first 4,000 characters count; one with no letter or digit is empty."""
    text = text[:_MAX_CHARS].strip()
    tokens = list(dict.fromkeys(code_tokens(text)))
    if not tokens:
        return Query(text, QueryKind.EMPTY)
    said = [token for token in tokens if token not in STOPWORDS] or tokens
    meant = [english for word in said for english in english_for(word)]
    words = tuple(dict.fromkeys(said + meant))[:_MAX_WORDS]
    wants_tests = any(stem(word) in _TESTS for word in words)
    bare = _POSITION.sub("", text.strip("`'\"")).removesuffix("()")
    path = _path(bare)
    if path:
        return Query(text, QueryKind.PATH, words, path=path, wants_tests=wants_tests)
    if _QUALIFIED.fullmatch(bare):
        return Query(text, QueryKind.SYMBOL, words, (_last(bare),), (_dotted(bare),), wants_tests=wants_tests)
    named = _named(text)
    kind = QueryKind.MIXED if named else QueryKind.WORDS
    names = tuple(dict.fromkeys(_last(name) for name in named))
    return Query(
        text,
        kind,
        words,
        names,
        tuple(map(_dotted, named)),
        tuple(dict.fromkeys(_CAPITALIZED.findall(text)))[:_MAX_NAMES],
        _acronyms(text),
        _path_within(text),
        wants_tests,
    )


def _path(text: str) -> str:
    """The text as a path if it is one: it has a slash and no other separator of names, or ends like a file name."""
    candidate = text.replace("\\", "/").removeprefix("./").strip("/")
    if not _PATH.fullmatch(candidate):
        return ""
    if _EXTENSION.search(candidate) and _is_file_name(candidate):
        return candidate
    return candidate if "/" in text.strip("/") else ""


def _is_file_name(text: str) -> bool:
    """Whether the last dot starts an extension rather than a member: ``reader.py``, not ``reader.open``."""
    from magray_indexers.languages import language_of

    return language_of(text) != "text" or text.endswith((".txt", ".log", ".cfg", ".ini"))


def _path_within(text: str) -> str:
    """The first word of a sentence that is a path with a known file name, or ""."""
    for word in text.split():
        bare = _POSITION.sub("", word.strip("`'\"(),;:?!"))
        if _PATH.fullmatch(bare) and _EXTENSION.search(bare) and _is_file_name(bare):
            return bare
    return ""


def _named(text: str) -> list[str]:
    """Words of a sentence that are names of code by their look: quoted, qualified, called, or joined of parts."""
    found = [name for quoted in _QUOTED.findall(text) for name in _QUALIFIED.findall(quoted)]
    for match in _QUALIFIED.finditer(text):
        name = match.group().rstrip("?!")
        called = text.startswith("()", match.end())
        joined = _IDENTIFIER.search(name) or (_SEPARATOR.search(name) and "/" not in name)
        if called or joined:
            found.append(name)
    return list(dict.fromkeys(found))[:_MAX_NAMES]


def _acronyms(text: str) -> dict[str, tuple[str, ...]]:
    """Initials of two to four words in a row that are no stopwords: ``server-sent events`` gives ``sse``."""
    words = [word.lower() for word in _WORD.findall(text)][:_MAX_WORDS]
    found: dict[str, tuple[str, ...]] = {}
    for start in range(len(words)):
        for end in range(start + 2, min(len(words), start + _MAX_ACRONYM) + 1):
            some = words[start:end]
            if any(word in STOPWORDS for word in some):
                break
            found.setdefault("".join(word[0] for word in some), tuple(some))
    return found


def _last(name: str) -> str:
    return _SEPARATOR.split(name)[-1]


def _dotted(name: str) -> str:
    return ".".join(_SEPARATOR.split(name))
