"""Which words get a row of their own: counted over the pairs, by how many sources use them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from magray_models.embedders.static import words_of

MIN_SOURCES = 3
REPEATS = 8
_IDENTIFIER = re.compile(r"\w+")


def choose_words(rows: Iterable[dict[str, str]], n_words: int, n_compounds: int, always: Iterable[str]) -> list[str]:
    """At most ``n_words`` words, the most used first, of which ``n_compounds`` are whole identifiers like ``read_csv``.

    A word must be used by several sources, so that one library's jargon takes no room; words in ``always`` are kept.
    """
    parts: dict[str, tuple[str, ...]] = {}
    uses: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    sources: dict[str, int] = {}
    last: dict[str, str] = {}
    for row in rows:
        identifiers = set(_IDENTIFIER.findall(row["a"])) | set(_IDENTIFIER.findall(row["b"]))
        found: set[str] = set()
        for identifier in identifiers:
            split = parts.get(identifier)
            if split is None:
                split = parts[identifier] = tuple(words_of(identifier))
            found.update(split)
            if 2 <= len(split) <= 3:
                compound = "_".join(split)
                whole[compound] += 1
                found.add(compound)
        for word in found:
            uses[word] += 1
            if last.get(word) != row["s"]:
                last[word] = row["s"]
                sources[word] = sources.get(word, 0) + 1
    kept = [w for w, _ in whole.most_common() if sources[w] >= 3 * MIN_SOURCES and not w.replace("_", "").isdigit()][
        :n_compounds
    ]
    wanted = [*dict.fromkeys([*always, *(w for w, n in uses.most_common() if _is_word(w, n, sources[w]))])]
    chosen = {*kept, *wanted[: n_words - len(kept)]}
    return sorted(chosen, key=lambda word: (-uses[word], word))


def _is_word(word: str, n_uses: int, n_sources: int) -> bool:
    cyrillic = "а" <= word[0] <= "я"
    if "_" in word or len(word) > 24 or (len(word) == 1 and not word.isascii()):
        return False
    if word.isdigit():
        return len(word) <= 2
    return n_uses >= 3 if cyrillic else word.isascii() and n_sources >= MIN_SOURCES and n_uses >= 5


def glossary_pairs(text: str) -> list[dict[str, str]]:
    """Pairs of the hand-made glossary: lines of ``русское слово, другое = english word, another``."""
    pairs = []
    for line in text.splitlines():
        if "=" not in line or line.startswith("#"):
            continue
        russian, english = (side.split(",") for side in line.split("=", 1))
        pairs += [
            {"k": "glossary", "l": "russian", "s": "glossary", "a": e.strip(), "b": r.strip()}
            for e in english
            for r in russian
        ]
    return pairs * REPEATS


def glossary_words(text: str) -> list[str]:
    """Every word on either side of the glossary, as the table knows words."""
    return [word for pair in glossary_pairs(text) for side in "ab" for word in words_of(pair[side].replace(" ", "_"))]
