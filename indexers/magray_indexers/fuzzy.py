"""How well a name fits letters that were typed: for ``workspace/symbol``."""

from __future__ import annotations


def fuzzy_rank(name: str, wanted: str) -> tuple[int, int, int]:
    """Smaller is better: how the name holds the query, then its length."""
    if name == wanted:
        return (0, 0, 0)
    lowered, query = name.lower(), wanted.lower()
    if lowered == query:
        return (1, 0, 0)
    at = lowered.find(query)
    if at == 0:
        return (2, len(name), 0)
    if at > 0 and _starts_part(name, at):
        return (3, len(name), at)
    initials = "".join(char for i, char in enumerate(name) if _starts_part(name, i)).lower()
    if initials.startswith(query):
        return (3, len(name), 0)
    return (4, len(name), at) if at > 0 else (5, len(name), 0)


def _starts_part(name: str, at: int) -> bool:
    """Whether a part of a camel or snake name begins here."""
    if at == 0 or name[at] == "_":
        return at == 0 and name[0] != "_"
    return name[at - 1] == "_" or (name[at].isupper() and not name[at - 1].isupper())
