"""What may be written of a text that is to be remembered: notes, sessions, tool passages, commit messages."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast

from magray_indexers.privacy.pii import SENSITIVE, scan_pii
from magray_indexers.privacy.redaction import masked, redacted
from magray_indexers.privacy.scanning import NOTHING_ALLOWED, AllowList, Finding

PiiMode = Literal["redact", "report", "off"]


class Kept(NamedTuple):
    """A text fit to be stored, of the same length, and everything that was found in it, masked or not."""

    text: str
    findings: list[Finding]


def kept(text: str, *, pii: str = "redact", path: str = "", allowed: AllowList = NOTHING_ALLOWED) -> Kept:
    """The text without secrets, and with ``pii`` of "redact" without cards, accounts and national ids.

    Secrets are masked whatever the setting says. ``pii`` is the setting ``memory.pii``; "report" finds personal data
    and leaves it, "off" does not look. Call it before the text goes anywhere: a store, an embedder, a log.
    """
    mode = cast(PiiMode, pii)
    clean, secrets = redacted(text, path=path, allowed=allowed)
    if mode == "off":
        return Kept(clean, secrets)
    personal = scan_pii(clean)
    if mode == "redact":
        clean = masked(clean, [one.span for one in personal if one.kind in SENSITIVE])
    return Kept(clean, sorted([*secrets, *personal], key=lambda one: one.span.start))
