"""Masking: a text in which nothing moves, but secrets cannot be read any more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from magray_core.spans import Span
from magray_indexers.privacy.scanning import NOTHING_ALLOWED, AllowList, Finding, scan, scan_quickly

MASK = "█"
"""Stands for each code point of a secret. No letter: it makes no token of the keyword index and no symbol's name."""

_KEPT = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


class Redacted(NamedTuple):
    """A text of the same length in code points and the same lines, and what was masked in it."""

    text: str
    findings: list[Finding]


def redacted(text: str, *, path: str = "", allowed: AllowList = NOTHING_ALLOWED) -> Redacted:
    """The text without its secrets; ``path`` as for ``scan``. The same text comes back where there are none."""
    findings = scan(text, path=path, allowed=allowed)
    return Redacted(masked(text, (one.span for one in findings)), findings)


def redacted_quickly(text: str, *, path: str = "") -> str:
    """The same by ``scan_quickly``: for hovers, open documents and log lines, which are not kept."""
    return masked(text, (one.span for one in scan_quickly(text, path=path)))


def is_masked_form(stored: str, text: str) -> bool:
    """Whether the stored text is the other one, but for what was masked when it was stored."""
    return len(stored) == len(text) and (
        stored == text or all(kept in (char, MASK) for kept, char in zip(stored, text, strict=True))
    )


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with the spans (in order, apart) covered; line ends stay."""
    parts: list[str] = []
    at = 0
    for span in spans:
        parts.append(text[at : span.start])
        parts.append("".join(char if char in _KEPT else MASK for char in text[span.start : span.end]))
        at = span.end
    return text if not parts else "".join(parts) + text[at:]
