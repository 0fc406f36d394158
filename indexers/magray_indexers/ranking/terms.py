"""Words of a query and their other forms: what carries no meaning, and which words are one word inflected."""

from __future__ import annotations

from functools import lru_cache

_ENGLISH_STOPWORDS = """
a an and any are as at be been by can could did do does for from get gets had has have how i if in into is it its me my
of on or should show so than that the their them then there these they this to via was we were what when where which who
whose why will with within would you your find
"""
_RUSSIAN_STOPWORDS = """
а без бы был была были было быть в во вот все всё где для до его ее её если есть еще ещё же за и из или им их к как
какая какие какой когда который которая которые ли между мы на над не него нее неё ни но о об он она они оно от по под
при про с со так там то тот тут у уже чем что чтобы эта эти это этот я
"""
STOPWORDS = frozenset((_ENGLISH_STOPWORDS + _RUSSIAN_STOPWORDS).split())
"""Words that say nothing about the place asked for. A query of these alone is searched as it is."""

_ENGLISH = (
    "", "e", "s", "es", "ed", "ing", "ings", "er", "ers", "or", "ors", "ion", "ions", "ation", "ations", "y", "ies",
    "ied", "ier",
)  # fmt: skip
_ENGLISH_BY_LENGTH = tuple(sorted((ending for ending in _ENGLISH if ending), key=len, reverse=True))
_DOUBLED = ("ing", "ed", "er", "ers", "or")
_RUSSIAN_ENDINGS = """
а ам ами ах ая е ев его ей ем ение ением ений ения ению ет и ие ий им ими ит их ию ия иях й о ов ого ое ой ом ому у ует
уют ую ы ые ый ым ыми ых ь ю я ям ями ях ят ать ить ется ются
"""
_RUSSIAN = ("", *_RUSSIAN_ENDINGS.split())
_RUSSIAN_BY_LENGTH = tuple(sorted((ending for ending in _RUSSIAN if ending), key=len, reverse=True))
_MIN_STEM = 3


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """What the forms of a lower-case word share: ``parse``, ``parser`` and ``parsing`` give ``pars``.

    English and Russian; other words, and words of three letters, are their own stem. Coarse on purpose: it compares
    words of a query with names, and never says how a word is spelled.
    """
    if len(word) <= _MIN_STEM or not word.isalpha():
        return word
    if word.isascii():
        return _english(word)
    if "а" <= word[0] <= "я":
        return _cut(word, _RUSSIAN_BY_LENGTH)
    return word


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[str, ...]:
    """The word and words with its stem that an index may hold, itself first. Not all of them exist."""
    base = stem(word)
    if base == word and (len(word) <= _MIN_STEM or not word.isalpha()):
        return (word,)
    endings = _ENGLISH if word.isascii() else _RUSSIAN
    made = [base + ending for ending in endings]
    if word.isascii():
        made += [base + base[-1] + ending for ending in _DOUBLED]
        if base[-1] == "y":
            made += [base[:-1] + ending for ending in ("ies", "ied", "ier", "ication")]
    return (word, *(form for form in dict.fromkeys(made) if form != word and stem(form) == base))


def _english(word: str) -> str:
    if word.endswith("ss"):
        return word
    word = _cut(word, _ENGLISH_BY_LENGTH)
    if word[-1] == "i":
        word = word[:-1] + "y"
    if len(word) > _MIN_STEM and word[-1] == word[-2] and word[-1] in "bdgmnprt":
        word = word[:-1]
    return word[:-1] if len(word) > _MIN_STEM and word[-1] == "e" else word


def _cut(word: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word[: -len(ending)]
    return word
