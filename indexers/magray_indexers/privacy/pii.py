"""Personal data that can be told by a checksum or a strict form: addresses, telephone numbers, cards, accounts, ids.

Names, street addresses and dates of birth are not looked for: nothing but guessing finds them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from magray_core.spans import Span
from magray_indexers.privacy.scanning import Finding

EMAIL, PHONE, CARD, ACCOUNT, IDENTITY = "e-mail", "phone", "payment card", "bank account", "national id"
SENSITIVE = frozenset({CARD, ACCOUNT, IDENTITY})
"""The kinds that ``memory.pii = redact`` masks in notes and sessions. An address or number is often why a note is."""

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w-])")
_NOBODY = re.compile(r"@(?:[\w-]+\.)*(?:example|test|invalid|localhost)(?:\.\w+)?$|@users\.noreply|^(?:git|no-?reply)@")
_CARD = re.compile(r"(?<![\w.,:/#-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_PLUS = re.compile(r"\+\d")


@dataclass(frozen=True, slots=True)
class _Identity:
    """A form of id, the module of python-stdnum that checks it, and words one of which must stand near it.

    Ids of digits alone fit one number in ten by chance: without such a word they are no finding.
    """

    form: re.Pattern[str]
    checker: str
    words: re.Pattern[str] | None = None


def _near(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<![^\W\d_])(?:{words})(?![^\W\d_])")


_IDENTITIES: tuple[_Identity, ...] = (
    _Identity(re.compile(r"(?<![\d-])\d{3}-\d{3}-\d{3}[ -]\d{2}(?![\d-])"), "ru.snils"),
    _Identity(re.compile(r"(?<!\d)\d{11}(?!\d)"), "ru.snils", _near("снилс|snils")),
    _Identity(re.compile(r"(?<!\d)(?:\d{12}|\d{10})(?!\d)"), "ru.inn", _near("инн|inn")),
    _Identity(re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"), "us.ssn", _near("ssn|social security|taxpayer")),
    _Identity(re.compile(r"(?<!\d)\d{3} ?\d{3} ?\d{4}(?!\d)"), "gb.nhs", _near("nhs")),
    _Identity(re.compile(r"(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)"), "it.codicefiscale"),
    _Identity(re.compile(r"(?<!\w)(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z](?!\w)"), "es.nif", _near("dni|nie|nif")),
    _Identity(re.compile(r"(?<!\d)[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\d)"), "fr.nir",
        _near("nir|sécu\\w*|insee"),
    ),
    _Identity(re.compile(r"(?<!\d)\d{2} ?\d{3} ?\d{3} ?\d{3}(?!\d)"), "de.idnr", _near("steuer\\w*|idnr|tin")),
    _Identity(re.compile(r"(?<!\d)\d{11}(?!\d)"), "pl.pesel", _near("pesel")),
    _Identity(re.compile(r"(?<![\d.])\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)"), "br.cpf"),
    _Identity(re.compile(r"(?<!\d)\d{4} ?\d{4} ?\d{4}(?!\d)"), "in_.aadhaar", _near("aadhaar|uidai")),
    _Identity(re.compile(r"(?<!\w)\d{17}[\dX](?!\w)"), "cn.ric"),
    _Identity(re.compile(r"(?<!\d)\d{9}(?!\d)"), "nl.bsn", _near("bsn|burgerservicenummer")),
    _Identity(re.compile(r"(?<!\d)(?:\d{2})?\d{6}[-+]\d{4}(?!\d)"), "se.personnummer", _near("personnummer|pnr")),
)  # fmt: skip
_WORD_REACH = 60
_SHORT = 2_000


def scan_pii(text: str) -> list[Finding]:
    """The personal data in a text in order of place, none overlapping another; ``kind`` is one of this module's words.

    Addresses of reserved domains (``example.org``) belong to nobody. Telephone numbers count with their ``+``.
    """
    found: list[Finding] = []
    for start, piece in _busy_pieces(text):
        for one in (*_checked_numbers(piece), *_identities(piece), *_emails(piece), *_phones(piece)):
            span = Span(one.span.start + start, one.span.end + start)
            if not any(span.start < other.span.end and other.span.start < span.end for other in found):
                found.append(replace(one, span=span))
    return sorted(found, key=lambda one: one.span.start)


def _busy_pieces(text: str) -> Iterator[tuple[int, str]]:
    """(offset, piece) of the lines that could hold a finding, with a line around them: most of a text cannot."""
    if len(text) < _SHORT:
        yield 0, text
        return
    lines = text.splitlines(keepends=True)
    search = _busy().search
    wanted = {near for i, line in enumerate(lines) if search(line) for near in (i - 1, i, i + 1)}
    offset, piece = 0, ""
    for i, line in enumerate(lines):
        if i in wanted:
            piece += line
        elif piece:
            yield offset - len(piece), piece
            piece = ""
        offset += len(line)
    if piece:
        yield offset - len(piece), piece


@cache
def _busy() -> Any:
    import re2

    return re2.compile(r"@|\d(?:[ .()/-]{0,2}\d){7}|[A-Z]{6}\d{2}[A-Z]\d{2}|[A-Z]{2}\d{2}[ A-Z0-9]{11}")


def _checked_numbers(text: str) -> Iterator[Finding]:
    for match in _IBAN.finditer(text):
        if _is_valid("iban", match.group()):
            yield _finding("iban", match, ACCOUNT)
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if len(set(digits)) > 1 and _is_card(digits) and _is_valid("luhn", digits):
            yield _finding("card", match, CARD)


def _is_card(digits: str) -> bool:
    """Whether an issuer gives out numbers of this beginning and length (ISO/IEC 7812)."""
    return (
        (digits[0] == "4" and len(digits) in (13, 16, 19))
        or (digits[:2] in ("34", "37") and len(digits) == 15)
        or (51 <= int(digits[:2]) <= 55 and len(digits) == 16)
        or (2200 <= int(digits[:4]) <= 2204 and 16 <= len(digits) <= 19)
        or (2221 <= int(digits[:4]) <= 2720 and len(digits) == 16)
        or (digits[:2] in ("62", "65", "60", "35") and 16 <= len(digits) <= 19)
        or (digits[:2] in ("30", "36", "38") and len(digits) == 14)
    )


def _identities(text: str) -> Iterator[Finding]:
    for identity in _IDENTITIES:
        if identity.words is not None and not identity.words.search(text):
            continue
        for match in identity.form.finditer(text):
            around = text[max(0, match.start() - _WORD_REACH) : match.end() + _WORD_REACH]
            named = identity.words is None or identity.words.search(around) is not None
            if named and len(set(match.group())) > 3 and _is_valid(identity.checker, match.group()):
                yield _finding(identity.checker.replace("_", ""), match, IDENTITY)


def _emails(text: str) -> Iterator[Finding]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            if not _NOBODY.search(match.group()):
                yield _finding("e-mail", match, EMAIL)


def _phones(text: str) -> Iterator[Finding]:
    if not _PLUS.search(text):
        return
    from phonenumbers import Leniency, PhoneNumberMatcher

    for match in PhoneNumberMatcher(text, None, leniency=Leniency.VALID):
        yield Finding("phone", Span(match.start, match.end), PHONE, "high")


def _is_snils(value: str) -> bool:
    """Whether the Russian insurance number's last two digits fit: the weighted sum of the others modulo 101."""
    digits = [int(char) for char in value if char.isdigit()]
    total = sum(digit * weight for digit, weight in zip(digits, range(9, 0, -1), strict=False))
    return len(digits) == 11 and total % 101 % 100 == digits[9] * 10 + digits[10]


def _is_valid(checker: str, value: str) -> bool:
    if checker == "ru.snils":  # the one that python-stdnum does not have
        return _is_snils(value)
    is_valid: Callable[[str], bool] = import_module(f"stdnum.{checker}").is_valid
    return is_valid(value)


def _finding(rule: str, match: re.Match[str], kind: str) -> Finding:
    return Finding(rule, Span(match.start(), match.end()), kind, "high")
