"""The name that stands at an offset, with what it is reached through."""

from __future__ import annotations

import re
from dataclasses import dataclass

from magray_core.spans import Span

_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]+")
_QUALIFIER = re.compile(r"((?:[^\W\d][\w$]*\s*(?:\.|::|->|\?\.)\s*)+)$")
_RECEIVER = re.compile(r"(\.|::|->)\s*$")
_SEPARATOR = re.compile(r"\s*(?:\.|::|->|\?\.)\s*")
_LOOKS_LIKE_CODE = re.compile(r"_|\d|[a-z][A-Z]|^[A-Z]\w*[a-z]\w*[A-Z]")
_LOOK_BACK = 200

UNKNOWN_RECEIVER = "?"


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a text. ``qualifier`` is the dotted words before it, ``?`` when it hangs on an expression, else ""."""

    name: str
    span: Span
    qualifier: str = ""

    @property
    def receiver(self) -> str:
        """The last word of the qualifier."""
        return self.qualifier.rsplit(".", 1)[-1]


def name_at(text: str, offset: int) -> Named | None:
    """The name that the offset is in or touches, or None."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    end = len(text) if text.find("\n", offset) < 0 else text.find("\n", offset)
    # A line of a megabyte is not worth reading whole.
    start, end = max(start, offset - 1000), min(end, offset + 1000)
    touching = [match for match in _NAME.finditer(text, start, end) if match.start() <= offset <= match.end()]
    if not touching:
        return None
    match = touching[-1]
    return Named(match.group(), Span(match.start(), match.end()), _qualifier(text, match.start()))


def names_in(text: str, span: Span) -> list[Named]:
    """Every name in a part of the text, in order."""
    return [
        Named(match.group(), Span(match.start(), match.end()), _qualifier(text, match.start()))
        for match in _NAME.finditer(text, span.start, span.end)
    ]


def looks_like_code(text: str, named: Named) -> bool:
    """Whether a word of a comment or string means code: ``snake_case``, ``camelCase``, a call, or in back ticks."""
    after = text[named.span.end : named.span.end + 1]
    before = text[max(0, named.span.start - 1) : named.span.start]
    return bool(
        after == "(" or (before == "`" and after in "`.(") or named.qualifier or _LOOKS_LIKE_CODE.search(named.name)
    )


def _qualifier(text: str, start: int) -> str:
    before = text[max(0, start - _LOOK_BACK) : start]
    match = _QUALIFIER.search(before)
    if match is not None:
        words = [word for word in _SEPARATOR.split(match.group(1)) if word]
        chained = _RECEIVER.search(before[: match.start()])
        return ".".join([UNKNOWN_RECEIVER, *words] if chained else words)
    return UNKNOWN_RECEIVER if _RECEIVER.search(before) else ""
