"""Secrets are found by form and by name, wherever people leave them; ordinary text is left alone."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from magray_testkit.planted import ALNUM, NAMED, NAMES, SURROUNDINGS, TOKENS, draw, password, private_key

from magray_indexers.privacy.redaction import MASK, is_masked_form, redacted, redacted_quickly
from magray_indexers.privacy.scanning import AllowList, scan

ROOT = Path(__file__).resolve().parents[2]
LEFT = 12
"""A piece of a secret of this length that can still be read counts as the secret."""


def readable(secret: str, text: str) -> bool:
    return any(secret[at : at + LEFT] in text for at in range(max(1, len(secret) - LEFT + 1)))


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_masked_wherever_it_stands(name: str) -> None:
    missed = []
    for seed in range(6):
        chance = random.Random(f"{name} {seed}")
        for path, surroundings in SURROUNDINGS.items():
            token = TOKENS[name](chance)
            text = surroundings.format(token)
            clean = redacted(text, path=path).text
            assert is_masked_form(clean, text)
            if readable(token, clean):
                missed.append((path, token))
    # Of the formats that only their randomness gives away a few look like words.
    assert len(missed) <= (6 if name == "of nobody" else 0), missed


NAMING = {
    "a.py": '{} = "{}"\n',
    "b.py": 'os.environ["{}"] = "{}"\n',
    "c.py": 'configure("{}", "{}")\n',
    "a.yaml": "{}: {}\n",
    "a.json": '{{"{}": "{}"}}',
    "a.ini": "{}={}\n",
    "a.ts": "const x = {{ {}: '{}' }};",
    "a.go": '{} := "{}"\n',
    "a.rb": 'config = {{ "{}" => "{}" }}\n',
    "a.xml": '<add key="{}" value="{}"/>',
    "b.xml": "<{0}>{1}</{0}>",
    "a.md": "Set {0} to this, or `{0}={1}`.\n",
}


@pytest.mark.parametrize("kind", NAMED)
def test_a_random_value_is_masked_when_its_name_says_that_it_is_secret(kind: str) -> None:
    chance = random.Random(kind)
    missed = total = 0
    for path, line in NAMING.items():
        for name in NAMES:
            for _ in range(5):
                value = NAMED[kind](chance)
                total += 1
                missed += readable(value, redacted(line.format(name, value), path=path).text)
    assert missed <= total // 50


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", 'password = "{}"\n'),
        ("a.py", "connect(user='app', password='{}')\n"),
        ("a.yaml", "db_password: {}\n"),
        ("a.json", '{{"password": "{}"}}'),
        ("a.ini", "passwd={}\n"),
        ("a.properties", "spring.datasource.password = {}\n"),
        ("a.cs", '"Server=db;User Id=sa;Password={};Encrypt=true"'),
        ("a.py", 'url = "postgres://app:{}@db.example.org/shop"\n'),
        ("a.js", "const url = `amqp://guest:{}@queue:5672`;\n"),
        ("a.sh", "mysql --password={} shop\n"),
        ("a.sh", "curl -s -u bob:{} https://x.example.org\n"),
        ("a.md", "Пароль: {}\n"),
        ("", "the password: {}\n"),
        ("a.ipynb", '   "password = \\"{}\\"\\n",\n'),
        ("a.ipynb", '   "The password: {}\\n",\n'),
        ("a.json", '{{"text": "{{\\"db_password\\": \\"{}\\"}}"}}'),
        ("a.pdf", "password: {}\n"),
    ],
)
def test_a_password_is_masked_where_it_is_given(path: str, line: str) -> None:
    chance = random.Random(line)
    made = [password(chance) for _ in range(40)]
    missed = [one for one in made if one in redacted(line.format(one), path=path).text]
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda key: key + "\n",
        lambda key: "KEY = '''" + key + "'''\n",
        lambda key: json.dumps({"type": "service_account", "private_key": key + "\n"}),
        lambda key: "\n".join("    # " + line for line in key.splitlines()),
        lambda key: 'k = "' + '\\n" +\n    "'.join(key.splitlines()) + '"\n',
        lambda key: "a: |\n" + "\n".join("  " + line for line in key.splitlines()),
        lambda key: key[: len(key) * 2 // 3],  # torn off
        lambda key: "".join(line + "\r\n" for line in key.splitlines()),
    ],
)
def test_a_private_key_is_masked_whole_and_its_marks_stay(kind: str, wrap: object) -> None:
    key = private_key(random.Random(kind), kind)
    text = wrap(key)  # type: ignore[operator]
    clean = redacted(text, path="a.txt").text
    assert f"BEGIN {kind}" in clean
    assert is_masked_form(clean, text)
    assert clean.splitlines(keepends=True)[-1][-1:] == text.splitlines(keepends=True)[-1][-1:] or not text.endswith(
        "\n"
    )
    assert not [line for line in key.splitlines()[1:-1] if len(line) > 10 and line[:LEFT] in clean]


def test_a_putty_key_and_a_key_beside_code_are_told_apart() -> None:
    body = base64.b64encode(random.Random(1).randbytes(200)).decode()
    putty = f"PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 4\n{body}\nPrivate-MAC: {'0f' * 20}\n"
    assert body[:LEFT] not in redacted(putty).text
    code = 'assert text.startswith("-----BEGIN RSA PRIVATE KEY-----")\nrun(first, second)\n' * 3
    assert redacted(code + "# -----END RSA PRIVATE KEY-----\n", path="a.py").findings == []


@pytest.mark.parametrize(
    "text",
    [
        'password = "password"\npassword = os.environ["PASSWORD"]\npassword = getpass.getpass()\n',
        'api_key = "<your api key>"\napi_key = "YOUR_API_KEY_GOES_HERE"\ntoken = "{{ token }}"\nsecret: ${SECRET}\n',
        "token = access_token_from_request(request)\nsecret_key_base = String.duplicate\n",
        'SECRET_KEY_SETTING_NAME = "django.core.settings.SECRET_KEY_SETTING"\n',
        "const passwordInput = document.querySelector('#password-input');\n",
        "git checkout 9fceb02d0ae598e95dc970b74767f19372d61af8\n",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "import { useAuthenticationTokenProvider } from './authentication/token/provider';\n",
        "url = 'postgres://user:password@localhost/db'\nurl = f'https://{user}:{password}@host'\n",
        "if tokenized_length > requested_length and token_kind == requestedTokenLength: ...\n",
        "def test_password_reset_token_generator_is_valid(): ...\n",
        "id = 'd9428888-122b-11e1-b85c-61cd3cbb3210'\n",
        "Authorization: Bearer <token>\n",
        '"password": "changeme"\npasswd: xxxxxxxxxx\npwd = "12345678"\n',
        "task-sk-circle-animation-wrapper-element { color: red }\n",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    for path in ("a.py", "a.md", "a.yaml"):
        assert redacted(text, path=path) == (text, [])


def test_our_own_sources_hold_hardly_anything_that_looks_secret() -> None:
    folders = ("core", "configs", "indexers", "models", "orchestration", "server")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    found = {
        file.name: [one.rule for one in findings]
        for file in files
        if (findings := scan(file.read_text(encoding="utf-8"), path=file.as_posix()))
    }
    assert found == {}


def test_the_person_can_say_that_a_value_is_none() -> None:
    token = TOKENS["github classic"](random.Random(3))
    text = f'KEY = "{token}"\n'
    digest = hashlib.sha256(token.encode()).hexdigest()
    for entry in (token, token[:8] + "*", digest, digest.upper()):
        assert redacted(text, allowed=AllowList.of([entry])).text == text
    assert redacted(text, allowed=AllowList.of(["other*", "0" * 64])).text != text
    assert redacted(f'KEY = "{token}"  # magray:allow\n').findings == []
    assert len(redacted(f'A = "{token}"  # magray:allow\nB = "{token}"\n').findings) == 1


def test_findings_have_places_in_code_points_and_kinds() -> None:
    token, chosen = TOKENS["stripe"](random.Random(1)), "Zk7!pq2Rw9"
    text = f"# 😀 тест {token}\n😀😀 password: {chosen}\n"
    found = scan(text)
    assert [(text[one.span.start : one.span.end], one.kind) for one in found] == [
        (token, "token"),
        (chosen, "password"),
    ]
    assert redacted(text).text == f"# 😀 тест {MASK * len(token)}\n😀😀 password: {MASK * len(chosen)}\n"


def test_masking_again_changes_nothing() -> None:
    chance = random.Random(9)
    text = "\n".join(line.format(make(chance)) for make in TOKENS.values() for line in list(SURROUNDINGS.values())[:3])
    once = redacted(text, path="a.txt").text
    assert redacted(once, path="a.txt").text == once
    assert not readable(TOKENS["github classic"](random.Random(9)), redacted_quickly(text))


@given(st.text(max_size=400), st.integers(0, 400), st.integers(0, 2**32))
def test_nothing_moves_in_any_text(around: str, at: int, seed: int) -> None:
    token = TOKENS["aws access key"](random.Random(seed))
    text = f"{around[:at]} {token} {around[at:]}"
    clean = redacted(text, path="a.py").text
    assert is_masked_form(clean, text)
    assert token not in clean
    assert clean.splitlines(keepends=True) == [] or len(clean.splitlines()) == len(text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "a" * 300_000,
        "password=" * 15_000,
        "-----BEGIN RSA PRIVATE KEY-----\n" * 8_000,
        'token = "' + "A1b2" * 60_000,
        "://a:" * 60_000,
        ("secret key " * 5 + "\n") * 6_000,
        draw(random.Random(1), ALNUM + "\n", 300_000),
        "\x00\ud800" * 50_000,
    ],
    ids=range(8),
)
def test_hostile_text_takes_time_in_proportion(text: str) -> None:
    """No deadline of its own: with a quadratic rule the suite's time limit strikes."""
    assert is_masked_form(redacted(text, path="a.txt").text, text)


def test_a_masked_notebook_is_still_one() -> None:
    chance = random.Random(12)
    for _ in range(30):
        said = [
            f'password = "{password(chance)}"\n',
            f"The password: {password(chance)}\n",
            f"curl -u a:{password(chance)}",
        ]
        said += [f'key = "{TOKENS["stripe"](chance)}"\n', f"x='{NAMED['base64'](chance)}' # secret_key\n"]
        text = json.dumps({"cells": [{"cell_type": "code", "source": said}]}, indent=1)
        clean = redacted(text, path="a.ipynb").text
        source = json.loads(clean)["cells"][0]["source"]
        assert [len(line) for line in source] == [len(line) for line in said]
        assert all(MASK in line for line in source[:4])
