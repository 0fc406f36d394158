"""What a grammar of one language consists of, and the pieces of sentence that all languages share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    pattern: re.Pattern[str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Split:
    """How a sentence names what is replaced and by what: ``head`` old ``connector`` new, or the other way round.

    ``code_only`` sentences ("change A to B") mean a structural replacement only if A is clearly code.
    """

    head: re.Pattern[str]
    connector: re.Pattern[str]
    new_first: bool = False
    code_only: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's words. ``stems`` tells from any word of a goal which kinds it may have been about."""

    language: str
    courtesy_before: re.Pattern[str]
    courtesy_after: re.Pattern[str]
    rules: tuple[Rule, ...]
    splits: tuple[Split, ...]
    tail: re.Pattern[str]
    everywhere: re.Pattern[str]
    text_marker: re.Pattern[str]
    kinds: Mapping[str, str]
    verbs: tuple[str, ...]
    stems: Mapping[IntentKind, re.Pattern[str]]
    templates: Mapping[str, str]
    clause: re.Pattern[str]


def words(*alternatives: str) -> str:
    """A group of alternatives; the longest first, so that no word hides a longer one."""
    return "(?:" + "|".join(sorted(alternatives, key=len, reverse=True)) + ")"


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern with the flags that every grammar shares."""
    return re.compile(pattern, FLAGS)
