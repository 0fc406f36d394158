"""Full-text search over what is remembered: the words of a text as they are looked for, and queries made of them."""

from __future__ import annotations

from magray_indexers.ranking.terms import STOPWORDS, stem
from magray_indexers.tokens import code_tokens

_MAX_QUERY_WORDS = 60


def words_of(text: str) -> str:
    """The words under which a text is found: names whole and in parts, each also as what its forms share."""
    tokens = code_tokens(text)
    return " ".join(word for token in tokens for word in dict.fromkeys((token, stem(token))))


def query_words(query: str) -> tuple[str, ...]:
    """The words of a query that say something, each once; all of them where none does."""
    tokens = tuple(dict.fromkeys(code_tokens(query)))[:_MAX_QUERY_WORDS]
    return tuple(token for token in tokens if token not in STOPWORDS) or tokens


def match_of(query: str) -> str:
    """An FTS5 expression that any word of the query fits, or "" where it has none."""
    wanted = dict.fromkeys(form for word in query_words(query) for form in (word, stem(word)))
    return " OR ".join(f'"{word}"' for word in wanted)


def coverage(query: str, text: str) -> float:
    """The share of the query's words that the text has in any form, 0 to 1."""
    wanted = query_words(query)
    have = set(words_of(text).split())
    return sum(1 for word in wanted if word in have or stem(word) in have) / len(wanted) if wanted else 0.0
