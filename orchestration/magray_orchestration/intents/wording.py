"""The person's words made ready for the grammar: quoted pieces set aside, invisible characters and courtesies gone.

A quoted piece becomes one private-use character, so that its spaces, connectors and punctuation cannot be mistaken
for the sentence around it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_UNQUOTED = 4000
"""Longer goals are not sentences; code belongs in backticks."""

_FIRST_MARK, _LAST_MARK = 0xE000, 0xF8FF
MARK = "[\ue000-\uf8ff]"
"""Regular expression of one quoted piece."""

_PRIVATE_USE = re.compile(MARK)
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_QUOTED = re.compile(
    r"```(?:[\w+#-]*\n)?(?P<fence>.*?)```"
    r"|``(?P<double_tick>.+?)``"
    r"|`(?P<tick>[^`]+)`"
    r"|«(?P<guillemet>[^«»]+)»"
    r"|“(?P<curly>[^“”]+)”"
    r"|„(?P<low>[^„“”]+)[“”]"
    r"|‘(?P<single_curly>[^‘’]+)’"
    r'|(?<![\w\])\'"=(\[{,])"(?P<double>[^"\n]+)"(?![\w"])'
    r"|(?<![\w\])'\"=(\[{,])'(?P<single>[^'\n]+)'(?![\w'])",
    re.DOTALL,
)
_SPACES = re.compile(r"\s+")
_END_PUNCTUATION = " \t\r\n.,:…"


@dataclass(frozen=True, slots=True)
class Wording:
    """A goal with its quoted pieces set aside. ``text`` keeps line ends, ``flat`` has single spaces only."""

    text: str
    quotes: tuple[str, ...]
    originals: tuple[str, ...]

    @property
    def flat(self) -> str:
        """The sentence with every run of white space as one space."""
        return _SPACES.sub(" ", self.text).strip()

    def with_text(self, text: str) -> Wording:
        """The same quoted pieces in another sentence."""
        return Wording(text, self.quotes, self.originals)

    def plain(self, piece: str) -> str:
        """A slot's text: a quoted piece without its quotes, anything else as the person wrote it."""
        piece = piece.strip()
        if len(piece) == 1 and _PRIVATE_USE.match(piece):
            return self.quotes[ord(piece) - _FIRST_MARK]
        return self.as_written(piece)

    def as_written(self, piece: str) -> str:
        """The text with its quoted pieces put back, quotes and all."""
        return _PRIVATE_USE.sub(lambda mark: self.originals[ord(mark.group()) - _FIRST_MARK], piece)


def is_quoted(piece: str) -> bool:
    """Whether a slot's raw text is exactly one quoted piece."""
    return len(piece.strip()) == 1 and _PRIVATE_USE.match(piece.strip()) is not None


def prepare(goal: str) -> Wording:
    """The goal's wording: quoted pieces exactly, the rest composed (NFC) and without invisible characters."""
    quotes: list[str] = []
    originals: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        inner = next(group for group in match.groups() if group is not None)
        if len(quotes) > _LAST_MARK - _FIRST_MARK or not inner.strip():
            return match.group()
        quotes.append(inner.strip("\r\n") if match.group().startswith("```") else inner)
        originals.append(match.group())
        return chr(_FIRST_MARK + len(quotes) - 1)

    text = _QUOTED.sub(set_aside, _PRIVATE_USE.sub(" ", goal))
    text = unicodedata.normalize("NFC", _CONTROL.sub(" ", _INVISIBLE.sub("", text)))
    return Wording(text.strip().rstrip(_END_PUNCTUATION), tuple(quotes), tuple(originals))
