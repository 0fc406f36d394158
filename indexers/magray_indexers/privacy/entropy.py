"""How random a value looks: what tells a key from a word, a name or a placeholder."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^\W\d_]+")
_PLACEHOLDER = re.compile(
    r"""(?ix)
    pass(?:word|wd|phrase)? | pwd | secret | token | change.?(?:me|it|this) | example | sample | dummy | fake | mock
    | placeholder | redacted | removed | masked | insert | replace | default | undefined | null | none | todo | fixme
    | your | my[-_. ] | foo | bar(?![a-z0-9]{6}) | baz | qux | lorem | hunter2 | test | demo | abc ?123 | qwerty | xxx
    | admin | user(?:name)? | anonymous | required | optional | valid | wrong | correct | plain.?text | пароль
    | секрет | пример | токен | тест
    """
)
_TEMPLATE = re.compile(
    r"\$\{|\$\(|\{\{|\}\}|\{[\w.!:]*\}|<[^<>]{0,60}>|%[({]\w|^%\w$|%s(?!\w)|\$\w+|@\w+@|\.{3}|…|#\{|\*{3}|█|\\\("
)
_CODE = re.compile(
    r"[\w.!?:>-]+[(\[{].*|[A-Za-z_]\w*(?:(?:\.|::|->)\w+)+[!?]?|[/~.][\w./-]+|[a-z]+://\S+|[\w.+-]+@[\w.-]+"
)
"""A call, a dotted name, a path, an address."""
_NAME = re.compile(r"[a-z]+(?:[_-][a-z]+)+|[A-Z]+(?:[_-][A-Z]+)+|[A-Za-z][a-z]{2,}(?:[A-Z][a-z]{2,})+")
"""Words without a digit, joined in one of the usual ways."""
_VOWELS = frozenset("aeiouyAEIOUYаеёиоуыэюяАЕЁИОУЫЭЮЯ")


def shannon(text: str) -> float:
    """Bits per character by the frequencies within the text itself; 0 for an empty one.

    Source: Shannon 1948. 32 random hex digits have about 3.6, 40 random base64 characters about 4.7.
    """
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def is_template(value: str) -> bool:
    """Whether the value is filled in elsewhere: ``${NAME}``, ``{{ name }}``, ``%s``, ``<your key>``, an ellipsis."""
    return _TEMPLATE.search(value) is not None


def is_placeholder(value: str) -> bool:
    """Whether the value says that it is none: ``changeme``, ``my-password``, one character repeated, ``12345678``."""
    if len(set(value)) <= max(2, len(value) // 8) or _is_sequence(value):
        return True
    named = sum(len(found.group()) for found in _PLACEHOLDER.finditer(value))
    return named * 4 >= len(value)


def looks_random(value: str, *, bits: float) -> bool:
    """Whether a token of letters, digits and ``+/=_-`` is more likely drawn than written.

    ``bits`` is the least entropy a character. Names of any case, paths and dotted names are written: most of their
    letters stand in pieces that can be spoken.
    """
    return (
        not _CODE.fullmatch(value)
        and not _NAME.fullmatch(value)
        and shannon(value) >= bits
        and _spoken(value) * 10 < len(value) * 6
        and not _is_sequence(value)
    )


def looks_chosen(value: str) -> bool:
    """Whether a person or generator could have chosen the value as a password: kinds of characters mixed.

    A password of words alone cannot be told from text.
    """
    kinds = [
        any(c.isalpha() and c.islower() for c in value),
        any(c.isupper() for c in value),
        any(c.isdigit() for c in value),
        any(not c.isalnum() for c in value),
    ]
    digits_or_signs = sum(1 for c in value if not c.isalpha() and c not in "_-. /:")
    if _CODE.fullmatch(value):
        return False
    return (sum(kinds) >= 3 or (sum(kinds) == 2 and kinds[2] and _spoken(value) * 2 < len(value))) and (
        digits_or_signs > 0 or looks_random(value, bits=3.3)
    )


def _spoken(value: str) -> int:
    """Characters that stand in pieces which read like words: three letters or more with vowels among them."""
    count = 0
    for piece in _WORD.findall(value):
        if len(piece) < 3 or piece.isdigit():
            continue
        vowels = sum(1 for char in piece if char in _VOWELS)
        if len(piece) * 2 <= vowels * 10 and vowels * 10 <= len(piece) * 7:
            count += len(piece)
    return count


def _is_sequence(value: str) -> bool:
    """Whether the characters count up or down (``abcdef``, ``0123456789``), or repeat a short piece."""
    if len(value) < 4:
        return True
    steps = Counter(ord(b) - ord(a) for a, b in pairwise(value))
    step, n = steps.most_common(1)[0]
    if step in (1, -1, 0) and n * 4 >= (len(value) - 1) * 3:
        return True
    return any(value == (value[:size] * (len(value) // size + 1))[: len(value)] for size in range(1, 7))
