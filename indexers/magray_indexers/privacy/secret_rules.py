"""What secrets look like, as data: formats of tokens and keys that can be told at sight, and values that are named so.

The expressions are RE2's: linear in time whatever the text. ``provider_rules`` adds some hundreds more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from magray_indexers.privacy.entropy import is_placeholder, is_template, looks_chosen, looks_random, shannon

Confidence = Literal["high", "medium"]
Kind = Literal["token", "password", "private key"]


@dataclass(frozen=True, slots=True)
class SecretRule:
    """One kind of secret. Group 1 of ``pattern`` is what must be masked; ``accept`` has the last word on it.

    ``trigger`` is a short expression that every match holds: all triggers are looked for in one pass.
    """

    id: str
    trigger: str
    pattern: str
    kind: Kind = "token"
    confidence: Confidence = "high"
    accept: Callable[[str], bool] | None = None


def _mixed(value: str) -> bool:
    digits, upper = (sum(map(is_one, value)) for is_one in (str.isdigit, str.isupper))
    return digits > 0 and upper > 2 and shannon(value) >= 3.0


def _token(value: str) -> bool:
    return (_mixed(value) or looks_random(value, bits=3.0)) and not is_template(value)


_PREFIX = re.compile(r"[a-z]{2,12}_(?:[a-z0-9]{2,8}_)?")


def _prefixed(value: str) -> bool:
    """For formats that nobody listed: an unmistakably random rest."""
    rest = _PREFIX.sub("", value)
    digits, upper, lower = (sum(map(is_one, rest)) for is_one in (str.isdigit, str.isupper, str.islower))
    return digits > 2 and upper > 3 and lower > 3 and looks_random(rest, bits=4.2)


def _named(value: str) -> bool:
    return looks_random(value, bits=3.0) and not is_template(value) and not is_placeholder(value)


def _password(value: str) -> bool:
    return not is_template(value) and not is_placeholder(value) and looks_chosen(value)


def _url_password(value: str) -> bool:
    return not is_template(value) and not is_placeholder(value) and len(value) >= 6


def _key(value: str) -> bool:
    return looks_random(value, bits=3.6)


def _format(name: str, trigger: str, token: str, accept: Callable[[str], bool] | None = None) -> SecretRule:
    """A token that stands for itself and follows no letter or digit."""
    return SecretRule(name, trigger, rf"(?:^|[^A-Za-z0-9_])({token})", accept=accept)


_QUOTE = r"""\\?["'`]"""  # in JSON, notebooks among it, quotes within strings have a backslash
_LAST = r"""[^\s"'`\\]"""
_SEPARATOR = rf"""(?:{_QUOTE}|\]){{0,2}}\s{{0,4}}(?::=|=>|->|==|=|:|,|\(|>|(?i:value)=)\s{{0,4}}"""
_REST = r"[\w.-]{0,24}"
_PASSWORD_NAME = r"(?i:passw(?:or)?d|passphrase|passwort|pwd|парол\p{L}{1,2})"
_SECRET_NAME = (
    r"(?i:passw(?:or)?d|passphrase|pwd|secret|token|api[_.-]?key|apikey|access[_.-]?key|private[_.-]?key|auth[_.-]?key"
    r"|encryption[_.-]?key|signing[_.-]?key|account[_.-]?key|client[_.-]?key|master[_.-]?key|license[_.-]?key"
    r"|credentials?|bearer|salt|парол\p{L}{1,2}|секрет\p{L}{0,2}|токен\p{L}{0,2}|ключ\p{L}{0,2})"
)

FORMATS: tuple[SecretRule, ...] = (
    _format("aws-access-key", "AKIA|ASIA|ABIA|ACCA", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    _format("gcp-api-key", "AIza", r"AIza[\w-]{35}"),
    _format("gcp-oauth", r"ya29\.|GOCSPX-", r"ya29\.[\w-]{20,}|GOCSPX-[\w-]{28}"),
    _format("azure-client-secret", "8Q~", r"[\w~.-]{3}8Q~[\w~.-]{31,34}", _mixed),
    _format("github", "gh[opsur]_|github_pat_", r"gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}"),
    _format(
        "gitlab", "gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-[\w.-]{20,}",
    ),
    _format("slack", "xox[abceoprs]-|xapp-", r"xox[abceoprs]-[\w-]{10,}|xapp-\d-[\w-]{10,}"),
    _format("stripe", "[rs]k_(?:live|test)_|whsec_", r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}|whsec_[\w+/=]{24,}"),
    _format("anthropic", "sk-ant-", r"sk-ant-[\w-]{20,}"),
    _format("openai", "sk-", r"sk-(?:proj-|svcacct-|admin-|or-v1-)?[\w-]{20,}", _token),
    _format("huggingface", "hf_", r"hf_[A-Za-z0-9]{30,}", lambda value: shannon(value) >= 3.5),
    _format("npm", "npm_", r"npm_[A-Za-z0-9]{36}\b"),
    _format("pypi", "pypi-", r"pypi-[\w-]{32,}", _token),
    _format("rubygems", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    _format("docker", "dckr_pat_", r"dckr_pat_[\w-]{20,}"),
    _format("crates", "cio", r"cio[A-Za-z0-9]{32}\b", _token),
    _format("telegram", "[0-9]{8}:AA", r"(?:bot)?\d{8,10}:AA[\w-]{33}", _token),
    _format("discord", r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{9}", r"[MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,}", _mixed),
    _format("sendgrid", r"SG\.", r"SG\.[\w-]{16,32}\.[\w-]{16,64}"),
    _format("mail", "-us[0-9]|key-[0-9a-f]", r"[0-9a-f]{32}-us\d{1,2}\b|key-[0-9a-f]{32}\b"),
    _format("twilio", "SK[0-9a-f]{4}", r"SK[0-9a-f]{32}\b"),
    _format("digitalocean", "do[oprt]_v1_", r"do[oprt]_v1_[0-9a-f]{64}"),
    _format("new-relic", "NRAK-", r"NRAK-[0-9A-Z]{27}"),
    _format("planetscale", "pscale_", r"pscale_(?:tkn|oauth|pw)_[\w.-]{32,}"),
    _format("age", "AGE-SECRET-KEY", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    _format("jwt", "eyJ", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _format("prefixed", "[a-z]_[A-Za-z0-9_-]{24}", r"[a-z]{2,12}_(?:[a-z0-9]{2,8}_)?[A-Za-z0-9_-]{32,200}", _prefixed),
)  # fmt: skip
"""Tokens that their makers gave a form of their own."""

NAMED: tuple[SecretRule, ...] = (
    SecretRule("gcp-key-id", "private_key_id", r'"private_key_id"\s*:\s*"([0-9a-f]{40})"'),
    SecretRule(
        "aws-secret-key", "(?i:secret|aws)",
        rf"(?i:aws|secret)[\w.\s-]{{0,24}}(?i:secret|key){_REST}{_SEPARATOR}{_QUOTE}?"
        r"([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)",
        accept=_key,
    ),
    SecretRule(
        "azure-key", "(?i:AccountKey|SharedAccessKey|AccessKey)",
        r"(?i:AccountKey|SharedAccessKey|AccessKey)\s*=\s*([A-Za-z0-9+/]{40,88}={1,2})",
    ),
    SecretRule("azure-sas", "[?&]sig=", r"[?&]sig=([A-Za-z0-9%+/]{40,}(?:%3D|=))"),
    SecretRule(
        "slack-webhook", r"hooks\.slack\.com/", r"hooks\.slack\.com/(?:services|workflows)/(T\w{6,}/\w{6,}/[\w/]{16,})"
    ),
    SecretRule("npm-auth", "_auth", r"_auth(?:Token)?\s*=\s*([\w+/=.-]{16,})", accept=_token),
    SecretRule(
        "authorization", "(?i:authorization)",
        rf"(?i:authorization){_QUOTE}?\s*[:=,]\s*{_QUOTE}?(?i:bearer|basic|token)\s+([\w+/=.~-]{{12,}})",
        accept=_named,
    ),
    SecretRule(
        "url-password", "://", r"""://[^\s/:@"'`<>]{0,80}:([^\s/@"'`<>]{3,200})@[\w.\[-]""",
        "password", accept=_url_password,
    ),
    SecretRule(
        "named-password", _PASSWORD_NAME,
        rf"""{_PASSWORD_NAME}{_REST}{_SEPARATOR}[bru]?{_QUOTE}([^\s"'`]{{7,200}}{_LAST}){_QUOTE}""",
        "password", "medium", _password,
    ),
    SecretRule(
        "named-secret", _SECRET_NAME,
        rf"{_SECRET_NAME}{_REST}{_SEPARATOR}(?:[bru]?{_QUOTE})?([\w+/=.~-]{{16,500}})", "token", "medium", _named,
    ),
    SecretRule(
        "connection-string", "(?i:password|pwd)",
        rf"""(?i:;|\b)(?i:password|pwd)\s*=\s*([^\s;"'`]{{5,200}}{_LAST})\s*(?:;|{_QUOTE}|$)""",
        "password", "medium", _password,
    ),
    SecretRule(
        "option-password", "--?(?i:password|passwd|pass|token|api-key|secret)",
        rf"""--?(?i:password|passwd|pass|token|api-key|secret)[= ]["']?([^\s"'`]{{7,200}}{_LAST})""",
        "password", "medium", _password,
    ),
    SecretRule(
        "user-password", "curl|wget",
        rf"""(?:curl|wget)\b[^\n]{{0,200}}? -u ["']?[\w.@-]{{1,60}}:([^\s"'`]{{5,200}}{_LAST})""",
        "password", accept=_password,
    ),
)  # fmt: skip
"""Values that are secrets because of what they are called."""

UNQUOTED: tuple[SecretRule, ...] = (
    SecretRule(
        "plain-password", _PASSWORD_NAME,
        rf"""(?m){_PASSWORD_NAME}{_REST}\s{{0,4}}[:=]\s{{0,4}}([^\s"'`,;(){{}}\[\]]{{7,200}}?{_LAST})"""
        r"""(?:\\[nrt])?["',]{0,3}\s*(?:#.*)?$""",
        "password", "medium", _password,
    ),
)  # fmt: skip
"""For text in which values need no quotes: configuration, shell, prose, notes."""

UNQUOTED_SUFFIXES = frozenset(
    [
        "", "adoc", "bash", "cfg", "conf", "config", "csv", "env", "gif", "htm", "html", "ini", "ipynb", "jpeg", "jpg",
        "log", "md", "mdx", "org", "pdf", "png", "properties", "ps1", "rst", "service", "sh", "sql", "tif", "tiff",
        "toml", "tsv", "txt", "webp", "xml", "yaml", "yml", "zsh",
    ]
)  # fmt: skip
"""Suffixes of such files; "" also stands for text that has no path."""
