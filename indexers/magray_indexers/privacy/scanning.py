"""Finding secrets in a text: by format, by a private key's armour, by the name a random value is given."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from magray_core.spans import Span
from magray_indexers.privacy.entropy import is_placeholder, is_template
from magray_indexers.privacy.pem import private_keys
from magray_indexers.privacy.secret_rules import FORMATS, NAMED, UNQUOTED, UNQUOTED_SUFFIXES, SecretRule

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOW_COMMENT = "magray:allow"
"""On a line of the text: nothing that begins on this line is a secret."""

MASKED = "SECRET"
"""The word of the marker rows that say where something was masked; they are counted, never shown as comments."""

_UNQUOTED = frozenset(rule.id for rule in UNQUOTED)
_LEAST = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text. ``span`` is in code points; ``kind`` is ``token``, ``password`` or ``private key``."""

    rule: str
    span: Span
    kind: str
    confidence: str


@dataclass(frozen=True, slots=True)
class AllowList:
    """Values that are no secrets: glob patterns of values, and sha256 (hex) of single ones."""

    patterns: tuple[str, ...] = ()
    hashes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, entries: Iterable[str]) -> AllowList:
        """From the setting: 64 hex digits are a hash, anything else is a pattern with ``*`` and ``?``."""
        hashes = frozenset(entry.lower() for entry in entries if re.fullmatch(r"[0-9a-fA-F]{64}", entry))
        return cls(tuple(entry for entry in entries if entry.lower() not in hashes), hashes)

    def allows(self, value: str) -> bool:
        """Whether the value was said to be none."""
        if any(fnmatch.fnmatchcase(value, pattern) for pattern in self.patterns):
            return True
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest() if self.hashes else ""
        return digest in self.hashes


NOTHING_ALLOWED = AllowList()


def scan(text: str, *, path: str = "", allowed: AllowList = NOTHING_ALLOWED) -> list[Finding]:
    """The secrets in a text in order of place, none overlapping another.

    ``path`` says what the text is: in configuration and prose values need no quotes; "" counts as prose. Pure and
    thread-safe; time is linear in the text's length.
    """
    data = text.encode("utf-8", "surrogatepass")
    place = _Places(text, data)
    found = list(_by_own_rules(text, data, place, path))
    if _is_more_possible(text, data, found):
        found += _by_provider(data, place)
    return _merged([one for one in found if not _is_allowed(text, one, allowed)])


def scan_quickly(text: str, *, path: str = "") -> list[Finding]:
    """The same by this package's own rules alone: for what is shown or logged, where nothing may be waited for."""
    data = text.encode("utf-8", "surrogatepass")
    found = _by_own_rules(text, data, _Places(text, data), path)
    return _merged([one for one in found if not _is_allowed(text, one, NOTHING_ALLOWED)])


def _by_own_rules(text: str, data: bytes, place: _Places, path: str) -> Iterator[Finding]:
    yield from _private_keys(text, data)
    for rule, start, end in _by_format(data, _needs_no_quotes(path)):
        yield Finding(rule.id, place.span(start, end), rule.kind, rule.confidence)


def secret_markers(text: str, findings: Sequence[Finding]) -> list[tuple[int, str, str]]:
    """(line from 1, ``MASKED``, rule) of each finding: what the index remembers of a secret."""
    return [(text.count("\n", 0, one.span.start) + 1, MASKED, one.rule) for one in findings]


def _needs_no_quotes(path: str) -> bool:
    pure = PurePosixPath(path)
    suffix = pure.suffix.removeprefix(".").lower()
    return suffix in UNQUOTED_SUFFIXES or (pure.name.startswith(".") and not pure.suffix)


def _private_keys(text: str, data: bytes) -> Iterator[Finding]:
    if b"PRIVATE KEY" in data or b"PuTTY-User-Key" in data:
        for start, end in private_keys(text):
            yield Finding("private-key", Span(start, end), "private key", "high")


def _by_format(data: bytes, unquoted: bool) -> Iterator[tuple[SecretRule, int, int]]:
    rules, first_pass = _compiled()
    for index in first_pass.Match(data) or ():
        rule = rules[index]
        if rule.id in _UNQUOTED and not unquoted:
            continue
        at, pattern = 0, _pattern(rule)
        while (match := pattern.search(data, at)) is not None:
            start, end = match.span(1)
            value = data[start:end].decode("utf-8", "replace")
            if rule.accept is None or rule.accept(value):
                yield rule, start, end
                at = end
            else:
                # What follows the name may itself be a name: look again from within the refused value.
                at = max(start, match.start() + 1)


@cache
def _compiled() -> tuple[Sequence[SecretRule], Any]:
    """The rules, and one automaton that finds all their triggers in a single pass.

    The whole patterns together would make an automaton too large to keep.
    """
    import re2

    rules = (*FORMATS, *NAMED, *UNQUOTED)
    first_pass = re2.Set.SearchSet(_options())
    for rule in rules:
        first_pass.Add(rule.trigger)
    first_pass.Compile()
    return rules, first_pass


@cache
def _pattern(rule: SecretRule) -> Any:
    import re2

    return re2.compile(rule.pattern, _options())


def _options() -> Any:
    import re2

    options = re2.Options()
    options.max_mem = 64 << 20
    options.log_errors = False
    return options


def _is_more_possible(text: str, data: bytes, found: Sequence[Finding]) -> bool:
    """Whether the providers' rules, which take time to load, could find something that was not found yet."""
    from magray_indexers.privacy.provider_rules import could_match

    if not could_match(data):
        return False
    if not found:
        return True
    rest, at = [], 0
    for one in _merged(list(found)):
        rest.append(text[at : one.span.start])
        at = one.span.end
    return could_match(" ".join([*rest, text[at:]]).encode("utf-8", "surrogatepass"))


def _by_provider(data: bytes, place: _Places) -> Iterator[Finding]:
    from magray_indexers.privacy.provider_rules import provider_findings

    for start, end, rule, confidence in provider_findings(data):
        value = data[start:end].decode("utf-8", "replace")
        private = "private-key" in rule
        if private:
            continue  # the armour is understood better above: marks stay, code between two marks is no key
        if is_template(value) or (confidence == "low" and (is_placeholder(value) or len(value) < 8)):
            continue
        if is_placeholder(value) and "credential-uri" in rule:
            continue
        yield Finding(rule, place.span(start, end), "token", confidence)


class _Places:
    """Byte offsets of the UTF-8 form as code points."""

    def __init__(self, text: str, data: bytes) -> None:
        self._data = data
        self._same = len(text) == len(data)
        self._known: Mapping[int, int] = {}

    def span(self, start: int, end: int) -> Span:
        return Span(self._at(start), self._at(end))

    def _at(self, byte: int) -> int:
        return byte if self._same else len(self._data[:byte].decode("utf-8", "surrogatepass"))


def _is_allowed(text: str, one: Finding, allowed: AllowList) -> bool:
    value = text[one.span.start : one.span.end]
    if len(value) < _LEAST or "█" in value or allowed.allows(value):
        return True
    line_start = text.rfind("\n", 0, one.span.start) + 1
    line_end = text.find("\n", one.span.start)
    return ALLOW_COMMENT in text[line_start : len(text) if line_end < 0 else line_end]


def _merged(found: list[Finding]) -> list[Finding]:
    """In order; of findings that overlap, one that covers them all under the name of the surest and longest."""
    kept: list[Finding] = []
    for one in sorted(found, key=lambda f: (f.span.start, -f.span.end, f.confidence != "high")):
        if kept and one.span.start < kept[-1].span.end:
            last = kept[-1]
            if one.span.end > last.span.end:
                kept[-1] = Finding(last.rule, Span(last.span.start, one.span.end), last.kind, last.confidence)
            continue
        kept.append(one)
    return kept
