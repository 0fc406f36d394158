"""Personal data by checksum: found where it is real, not where digits only look like it."""

from __future__ import annotations

import random

import pytest
from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from magray_indexers.privacy.keeping import kept
from magray_indexers.privacy.pii import ACCOUNT, CARD, EMAIL, IDENTITY, PHONE, scan_pii


def kinds(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.span.start : one.span.end]) for one in scan_pii(text)]


def card(chance: random.Random) -> str:
    body = "4" + "".join(str(chance.randrange(10)) for _ in range(14))
    return body + luhn.calc_check_digit(body)


def iban(chance: random.Random) -> str:
    bank = "".join(str(chance.randrange(10)) for _ in range(18))
    return f"DE{mod_97_10.calc_check_digits(bank + 'DE')}{bank}"


def snils(chance: random.Random) -> str:
    digits = [chance.randrange(10) for _ in range(9)]
    check = sum(d * w for d, w in zip(digits, range(9, 0, -1), strict=True)) % 101 % 100
    text = "".join(map(str, digits))
    return f"{text[:3]}-{text[3:6]}-{text[6:]} {check:02}"


def test_every_card_account_and_insurance_number_with_a_right_checksum_is_found() -> None:
    chance = random.Random(1)
    for _ in range(200):
        one, other, third = card(chance), iban(chance), snils(chance)
        spaced = " ".join(one[at : at + 4] for at in range(0, 16, 4))
        text = f"She paid with {spaced}, from {other}; her СНИЛС is {third}."
        assert kinds(text) == [(CARD, spaced), (ACCOUNT, other), (IDENTITY, third)]


def test_a_wrong_digit_is_no_card_and_no_account() -> None:
    chance = random.Random(2)
    found = 0
    for _ in range(100):
        for good in (card(chance), iban(chance)):
            at = chance.randrange(5, len(good))
            wrong = good[:at] + str((int(good[at]) + 1) % 10) + good[at + 1 :]
            found += len(scan_pii(f"number {wrong} here"))
    assert found == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ИНН 7707083893", [(IDENTITY, "7707083893")]),
        ("ИНН организации: 7707083894", []),
        ("ИНН 500100732259 физлица", [(IDENTITY, "500100732259")]),
        ("order 7707083893 was sent", []),
        ("снилс 11223344595", [(IDENTITY, "11223344595")]),
        ("SSN: 536-90-4399", [(IDENTITY, "536-90-4399")]),
        ("range 536-90-4399", []),
        ("CPF 390.533.447-05", [(IDENTITY, "390.533.447-05")]),
        ("codice fiscale RCCMNL83S18D969H", [(IDENTITY, "RCCMNL83S18D969H")]),
        ("DNI 54362315K", [(IDENTITY, "54362315K")]),
        ("PESEL 44051401359", [(IDENTITY, "44051401359")]),
        ("write to ada.lovelace+work@math.co.uk today", [(EMAIL, "ada.lovelace+work@math.co.uk")]),
        ("git@github.com:a/b.git, ada@example.org, @decorator, a@b", []),
        ("call +7 495 123-45-67 or +44 20 7946 0958", [(PHONE, "+7 495 123-45-67"), (PHONE, "+44 20 7946 0958")]),
        ("c = a +1 234 567", []),
        ("192.168.1.1, 10.0.0.255, 2001:db8::1", []),
        ("1234567890123456 0000000000000000 4444444444444444", []),
        ("sha 4111111111111111aa, version 4.111111111111111", []),
        ("2026-11-26 12:00:00 1764158400000", []),
    ],
)
def test_forms_are_told_from_other_numbers(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_in_a_long_text_everything_is_found_at_its_place() -> None:
    chance = random.Random(3)
    numbers = [card(chance) for _ in range(5)]
    lines = [f"строка {i} with ordinary words and value {i * 7}" for i in range(3_000)]
    for number, at in zip(numbers, (0, 5, 6, 1_700, 2_999), strict=True):
        lines[at] += f" paid {number}"
    text = "\n".join(lines)
    assert kinds(text) == [(CARD, number) for number in numbers]


def test_notes_lose_what_identifies_and_keep_what_they_are_for() -> None:
    chance = random.Random(4)
    number, account = card(chance), iban(chance)
    text = f"Ask ada@math.org (+7 495 123-45-67) about {number} and {account}; password: Zk7!pq2Rw9"
    clean, findings = kept(text)
    assert len(clean) == len(text)
    assert "ada@math.org (+7 495 123-45-67)" in clean
    assert not any(secret in clean for secret in (number, account, "Zk7!pq2Rw9"))
    assert [one.kind for one in findings] == [EMAIL, PHONE, CARD, ACCOUNT, "password"]

    reported = kept(text, pii="report")
    assert number in reported.text and account in reported.text and "Zk7!pq2Rw9" not in reported.text
    assert len(reported.findings) == 5
    assert [one.kind for one in kept(text, pii="off").findings] == ["password"]
