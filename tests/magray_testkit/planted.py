"""Secrets made up from their published formats, new for every seed, and the texts in which people leave them."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable

ALNUM = string.ascii_letters + string.digits
URLSAFE = ALNUM + "-_"
HEX = "0123456789abcdef"
UPPER32 = string.ascii_uppercase + "234567"


def draw(chance: random.Random, alphabet: str, size: int) -> str:
    """Random characters."""
    return "".join(chance.choice(alphabet) for _ in range(size))


def _jwt(chance: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join(
        [
            part({"alg": "HS256", "typ": "JWT"}),
            part({"sub": draw(chance, string.digits, 10), "iat": 1516239022}),
            draw(chance, URLSAFE, 43),
        ]
    )


TOKENS: dict[str, Callable[[random.Random], str]] = {
    "aws access key": lambda c: "AKIA" + draw(c, UPPER32, 16),
    "aws session key": lambda c: "ASIA" + draw(c, UPPER32, 16),
    "gcp api key": lambda c: "AIza" + draw(c, URLSAFE, 35),
    "gcp oauth secret": lambda c: "GOCSPX-" + draw(c, URLSAFE, 28),
    "azure client secret": lambda c: draw(c, ALNUM, 3) + "8Q~" + draw(c, ALNUM + "_.~", 33) + "a",
    "github classic": lambda c: "ghp_" + draw(c, ALNUM, 36),
    "github oauth": lambda c: "gho_" + draw(c, ALNUM, 36),
    "github server": lambda c: "ghs_" + draw(c, ALNUM, 36),
    "github fine-grained": lambda c: "github_pat_" + draw(c, ALNUM, 22) + "_" + draw(c, ALNUM, 59),
    "gitlab": lambda c: "glpat-" + draw(c, URLSAFE, 20),
    "slack bot": lambda c: f"xoxb-{draw(c, string.digits, 11)}-{draw(c, string.digits, 12)}-{draw(c, ALNUM, 24)}",
    "slack app": lambda c: f"xapp-1-A{draw(c, ALNUM, 10)}-{draw(c, string.digits, 13)}-{draw(c, HEX, 64)}",
    "stripe": lambda c: "sk_live_" + draw(c, ALNUM, 24),
    "stripe long": lambda c: "rk_live_" + draw(c, ALNUM, 99),
    "openai": lambda c: "sk-" + draw(c, ALNUM, 20) + "T3BlbkFJ" + draw(c, ALNUM, 20),
    "openai project": lambda c: "sk-proj-" + draw(c, URLSAFE, 120),
    "anthropic": lambda c: "sk-ant-api03-" + draw(c, URLSAFE, 93) + "AA",
    "hugging face": lambda c: "hf_" + draw(c, string.ascii_letters, 34),
    "npm": lambda c: "npm_" + draw(c, ALNUM, 36),
    "pypi": lambda c: "pypi-AgEIcHlwaS5vcmc" + draw(c, URLSAFE, 150),
    "docker": lambda c: "dckr_pat_" + draw(c, URLSAFE, 27),
    "telegram": lambda c: f"{c.randint(10**9, 9 * 10**9)}:AA" + draw(c, URLSAFE, 33),
    "sendgrid": lambda c: f"SG.{draw(c, URLSAFE, 22)}.{draw(c, URLSAFE, 43)}",
    "mailchimp": lambda c: draw(c, HEX, 32) + "-us12",
    "twilio": lambda c: "SK" + draw(c, HEX, 32),
    "digitalocean": lambda c: "dop_v1_" + draw(c, HEX, 64),
    "jwt": _jwt,
    # Formats that our own rules do not list: the providers' rules are there for these.
    "shopify": lambda c: "shpat_" + draw(c, HEX, 32),
    "linear": lambda c: "lin_api_" + draw(c, ALNUM, 40),
    "postman": lambda c: f"PMAK-{draw(c, HEX, 24)}-{draw(c, HEX, 34)}",
    "new relic": lambda c: "NRAK-" + draw(c, string.ascii_uppercase + string.digits, 27),
    "grafana": lambda c: "glsa_" + draw(c, ALNUM, 32) + "_" + draw(c, HEX, 8),
    "databricks": lambda c: "dapi" + draw(c, HEX, 32),
    "doppler": lambda c: "dp.pt." + draw(c, ALNUM, 43),
    "of nobody": lambda c: "acme_key_" + draw(c, URLSAFE, 43),
    "planetscale": lambda c: "pscale_tkn_" + draw(c, URLSAFE, 43),
}
"""Tokens that can be told from their form alone, wherever they stand."""

NAMED: dict[str, Callable[[random.Random], str]] = {
    "hex": lambda c: draw(c, HEX, c.choice([32, 40, 64])),
    "base64": lambda c: base64.b64encode(c.randbytes(32)).decode(),
    "urlsafe": lambda c: base64.urlsafe_b64encode(c.randbytes(24)).decode(),
    "alphanumeric": lambda c: draw(c, ALNUM, c.randint(20, 48)),
}
"""Values that are secrets because of what they are called."""

NAMES = ["api_key", "SECRET_KEY", "clientSecret", "auth-token", "access_token", "private_key", "DB_PASSWORD", "apiKey"]


def password(chance: random.Random) -> str:
    """As a generator of passwords makes them: letters of both cases, digits, a sign."""
    made = [
        *draw(chance, string.ascii_lowercase, 5),
        *draw(chance, string.ascii_uppercase, 3),
        *draw(chance, string.digits, 3),
        chance.choice("!#%^&*+-_?"),
    ]
    chance.shuffle(made)
    return "".join(made) if made[0].isalnum() else "k" + "".join(made)


def private_key(chance: random.Random, kind: str = "RSA PRIVATE KEY") -> str:
    """An armoured block with a random body."""
    body = base64.b64encode(chance.randbytes(609)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])


SURROUNDINGS: dict[str, str] = {
    "app.py": 'import os\n\nclient = connect("{}")  # production\n',
    "deploy.py": "def deploy():\n    # the key is {} until March\n    return 1\n",
    "doc.py": 'def call():\n    """Call it with {} as the key."""\n',
    "notes.md": "# Set up\n\nUse `{}` for staging.\n",
    "guide.rst": "Set up\n======\n\n::\n\n    login {}\n",
    "settings.yaml": "service:\n  name: shop\n  value: {}\n",
    "settings.toml": '[service]\nvalue = "{}"\n',
    "settings.json": '{{"service": {{"value": "{}"}}}}\n',
    "main.go": 'package main\n\nvar client = New("{}")\n',
    "web.ts": "export const client = make('{}');\n",
    "Shop.java": 'class Shop {{\n    static String CLIENT = "{}";\n}}\n',
    "run.sh": '#!/bin/sh\nexport VALUE={}\ncurl -H "X-Value: $VALUE" https://example.org\n',
    "log.txt": "2026-01-02 12:00:00 ERROR refused {}\n",
}
"""A path and a text with a place for a token, for every way people leave one."""
