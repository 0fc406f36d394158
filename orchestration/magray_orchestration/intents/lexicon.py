"""What a grammar of one language consists of, and the pieces of sentence that all languages share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from magray_core.plans import IntentKind
from magray_orchestration.intents.wording import MARK

FLAGS = re.IGNORECASE | re.DOTALL

_IDENTIFIER = r"[@$]{0,2}[^\W\d][\w$]*"
NAME = rf"(?:{MARK}|(?:[\w./+-]+::)?{_IDENTIFIER}(?:(?:\.|::|\#){_IDENTIFIER})*(?:\(\))?)"
"""A name as people write it: quoted, dotted, ``path.py::name``, with or without ``()``."""

ARROW = r"(?:\s*(?:-{1,2}>|=>|[→⇒➔➜⟶⟹➝])\s*)"
TOKEN = rf"(?:{MARK}|[^\s,;]+)"
"""A path, module or new name: one word, whatever it holds."""

_ENDINGS = (
    r"(?:py|pyi|js|jsx|mjs|cjs|ts|tsx|go|rs|java|kt|scala|c|h|cc|cpp|hpp|cs|rb|php|swift|lua|sh|hs|ex|exs|zig|md|rst"
    r"|txt|json|ya?ml|toml|html|css)"
)
PATHLIKE = rf"(?:{MARK}|[^\s,;]*/[^\s,;]*|[^\s,;/]*[^\s,;/.]\.{_ENDINGS})"
"""A word that can only be a path."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence pattern that must match the whole goal. Groups are slot names; ``fixed`` adds slots of its own.

    Groups: ``old``, ``kind``, ``kind2``, ``this``, ``this_kind``, ``new``, ``within``, ``within2``, ``dest``,
    ``dest_kind``, ``fresh``, ``query``, ``path``, ``everywhere``.
    """

    kind: IntentKind
    pattern: Pattern
    fixed: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Split:
    """How a sentence names what is replaced and by what: ``head`` old ``connector`` new, or the other way round.

    ``code_only`` sentences ("change A to B") mean a structural replacement only if A is clearly code.
    """

    head: Pattern
    connector: Pattern
    new_first: bool = False
    code_only: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words. ``stems`` tells from any word of a goal which kinds it may have been about."""

    language: str
    courtesy_before: Pattern
    courtesy_after: Pattern
    rules: tuple[Rule, ...]
    splits: tuple[Split, ...]
    tail: Pattern
    everywhere: Pattern
    text_marker: Pattern
    kinds: Mapping[str, str]
    verbs: tuple[str, ...]
    stems: Mapping[IntentKind, Pattern]
    templates: Mapping[str, str]
    clause: Pattern


def words(*alternatives: str) -> str:
    """A group of alternatives; the longest first, so that no word hides a longer one."""
    return "(?:" + "|".join(sorted(alternatives, key=len, reverse=True)) + ")"


class Pattern:
    """A regular expression that is compiled when it is first used: all of them together take a third of a second."""

    def __init__(self, source: str) -> None:
        self.source = source

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.source, FLAGS)

    def match(self, text: str, at: int = 0) -> re.Match[str] | None:
        """As ``re.Pattern.match``."""
        return self._compiled.match(text, at)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """As ``re.Pattern.fullmatch``."""
        return self._compiled.fullmatch(text)

    def search(self, text: str, at: int = 0) -> re.Match[str] | None:
        """As ``re.Pattern.search``."""
        return self._compiled.search(text, at)

    def findall(self, text: str) -> list[str]:
        """As ``re.Pattern.findall``; the pattern has at most one group."""
        return self._compiled.findall(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As ``re.Pattern.finditer``."""
        return self._compiled.finditer(text)

    def split(self, text: str) -> list[str]:
        """As ``re.Pattern.split``."""
        return self._compiled.split(text)


def compiled(pattern: str) -> Pattern:
    """The pattern with the flags that every grammar shares."""
    return Pattern(pattern)
