"""What one file says by itself: which names it calls and mentions in which of its definitions, imports, salient words.

Nothing is resolved here, so the result depends on the file alone and is kept until the file changes.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from magray_core.memory import Symbol, SymbolKind
from magray_indexers.definitions import LEAVES
from magray_indexers.graph.imports import ImportSpec, imports_in
from magray_indexers.graph.lexing import BARE_CALLS, KEYWORDS, SELVES, is_prose, masked, names, tie_before
from magray_indexers.languages import LANGUAGES
from magray_indexers.offsets import Lines
from magray_indexers.ranking.paths import path_words
from magray_indexers.ranking.terms import STOPWORDS, stem
from magray_indexers.tokens import code_tokens

CALL, MENTION = 0, 1
MODULE_SCOPE = -1
NO_RECEIVER, SELF_RECEIVER = 0, 1
_MAX_REFS = 20_000
_MAX_TEXT = 2_000_000
_MAX_NAME = 100
_N_TERMS = 10
_MIN_TERM = 3
_WORD, _OWNERS = r"[^\W\d]\w*", r"(?:[^\W\d]\w*(?:\.|::|#))"
_CODE_IN_PROSE = re.compile(
    rf"(?<![\w/.-])(?:`({_OWNERS}*)({_WORD})|({_OWNERS}+)({_WORD})"
    rf"|(?=\w*?(?:[a-z\d][A-Z]|[^\W_]_[^\W_]))({_WORD})|({_WORD})(?=\())"
)
_SEPARATOR = re.compile(r"\.|::|#")
_DULL_WORDS = """
self init main test tests get set new make name names value values data info item items list dict key keys type types
index file files path paths line lines text str int bool func function class object obj args kwargs default base count
result results node error errors none true false return import use using note notes see usage example examples overview
introduction installation install license changes changelog todo version contents table api reference setup call
"""
_DULL = frozenset(stem(word) for word in _DULL_WORDS.split()) | {stem(word) for word in STOPWORDS}
_TIES = (".", ":", ">")
_NO_TERMS = frozenset({SymbolKind.VARIABLE, SymbolKind.FIELD, SymbolKind.PROPERTY, SymbolKind.KEY})


@dataclass(frozen=True, slots=True)
class Ref:
    """A name that the file uses. ``scope`` is the index of the definition around it or MODULE_SCOPE.

    ``name`` is its key, ``receiver`` the key of the word it hangs on, NO_RECEIVER or SELF_RECEIVER, ``hint`` the key of
    that word's last part (0: none); ``line`` is that of the first of ``count`` uses, from 1.
    """

    scope: int
    kind: int
    name: int
    receiver: int
    hint: int
    count: int
    line: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Everything that the graph keeps of one file. ``terms`` are (stem, word as written, weight in 0..1)."""

    path: str
    language: str
    is_test: bool
    symbols: Sequence[Symbol]
    refs: list[Ref]
    imports: list[ImportSpec]
    terms: list[tuple[str, str, float]]


def name_key(name: str) -> int:
    """62 bits that stand for a name, the same on every machine and above those that mean something else."""
    known = _KEYS.get(name)
    if known is None:
        if len(_KEYS) > _MAX_KEYS:
            _KEYS.clear()
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        known = _KEYS[name] = (int.from_bytes(digest, "big") >> 2) | 2
    return known


_KEYS: dict[str, int] = {}
_MAX_KEYS = 100_000


def tail_key(word: str) -> int:
    """The key of the last part of a word in lower case: one for ``http_adapter``, ``HTTPAdapter`` and ``adapter``."""
    tokens = code_tokens(word)
    return name_key(f"*{tokens[-1]}") if tokens else 0


def facts_of(path: str, language: str, text: str, symbols: Sequence[Symbol]) -> FileFacts:
    """Read one file. Linear in its length; of a file longer than 2,000,000 code points the beginning is read."""
    text = text[:_MAX_TEXT]
    known = LANGUAGES.get(language)
    refs: list[Ref] = []
    if is_prose(language):
        refs = _mentions_in_prose(text)
    elif known is not None and known.is_code:
        refs = _refs_in_code(text, language, symbols)
    is_test = path_words(path).is_test and not is_prose(language)
    return FileFacts(path, language, is_test, symbols, refs, imports_in(text, language), _terms(symbols))


def scope_at(symbols: Sequence[Symbol], offset: int) -> int:
    """The index of the innermost definition around an offset, or MODULE_SCOPE."""
    best, size = MODULE_SCOPE, 0
    for index, symbol in enumerate(symbols):
        length = symbol.span.end - symbol.span.start
        if symbol.span.start <= offset < symbol.span.end and (best == MODULE_SCOPE or length <= size):
            best, size = index, length
    return best


def names_in_prose(text: str) -> list[tuple[str, str, int]]:
    """(qualifier's last word, name, offset) of the words of prose that look like code, in order.

    Code is what stands in back ticks or is called, has an inner capital or underscore, or hangs on another name.
    """
    found: list[tuple[str, str, int]] = []
    for match in _CODE_IN_PROSE.finditer(text):
        ticked, in_ticks, qualifier, owned, shaped, called = match.groups()
        name = in_ticks or owned or shaped or called
        if _MIN_TERM <= len(name) <= _MAX_NAME and name not in KEYWORDS:
            owners = _SEPARATOR.split(ticked or qualifier or "")
            found.append((owners[-2] if len(owners) > 1 else "", name, match.end() - len(name)))
    return found


def _mentions_in_prose(text: str) -> list[Ref]:
    lines = Lines(text)
    first: dict[tuple[int, int], int] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for owner, name, at in names_in_prose(text):
        key = (name_key(name), name_key(owner) if owner else NO_RECEIVER)
        counts[key] += 1
        first.setdefault(key, at)
    return [
        Ref(MODULE_SCOPE, MENTION, name, receiver, 0, counts[name, receiver], lines.number(at))
        for (name, receiver), at in list(first.items())[:_MAX_REFS]
    ]


def _refs_in_code(text: str, language: str, symbols: Sequence[Symbol]) -> list[Ref]:
    """Calls by the definition they stand in; other names once for the file, where their shape says more than a word."""
    borders, scopes = _scopes(symbols)
    own_names = {symbol.name_span.start for symbol in symbols}
    bare = language in BARE_CALLS
    first: dict[tuple[int, int, str, str], int] = {}
    counts: Counter[tuple[int, int, str, str]] = Counter()
    last_name, last_end, at_border, scope, next_border = "", -1, 0, MODULE_SCOPE, borders[0]
    code = masked(text, language)
    for match in names(code):
        name, called = match.groups()
        start = match.start()
        tie = tie_before(code, start) if code[start - 1 : start] in _TIES else 0
        receiver = (last_name if start - tie == last_end else "?") if tie else ""
        last_name, last_end = name, start + len(name)
        if name in KEYWORDS or start in own_names:
            continue
        if start >= next_border:
            at_border = bisect_right(borders, start, at_border) - 1
            scope, next_border = scopes[at_border], borders[at_border + 1]
        if called or bare:
            key = (scope, CALL, name, receiver)
        elif len(name) >= _MIN_TERM and (not name.islower() or "_" in name):
            key = (MODULE_SCOPE, MENTION, name, "")
        else:
            continue
        if key not in first:
            first[key] = start
        counts[key] += 1
    return _numbered(text, first, counts)


def _numbered(
    text: str, first: dict[tuple[int, int, str, str], int], counts: Counter[tuple[int, int, str, str]]
) -> list[Ref]:
    lines = Lines(text)
    called = {key[2] for key in first if key[1] == CALL}
    refs: list[Ref] = []
    for key, at in first.items():
        scope, kind, name, receiver = key
        if len(name) > _MAX_NAME or (kind == MENTION and name in called):
            continue
        owner = NO_RECEIVER if not receiver else SELF_RECEIVER if receiver in SELVES else name_key(receiver)
        hint = tail_key(receiver) if owner > SELF_RECEIVER else 0
        refs.append(Ref(scope, kind, name_key(name), owner, hint, counts[key], lines.number(at)))
        if len(refs) >= _MAX_REFS:
            break
    return refs


def _scopes(symbols: Sequence[Symbol]) -> tuple[list[int], list[int]]:
    """Offsets at which the innermost definition changes, the last beyond any text, and what it is from each on."""
    borders, scopes = [0], [MODULE_SCOPE]
    open_: list[tuple[int, int]] = []

    def until(offset: int) -> None:
        while open_ and open_[-1][0] <= offset:
            end = open_.pop()[0]
            borders.append(end)
            scopes.append(open_[-1][1] if open_ else MODULE_SCOPE)

    for index, symbol in sorted(enumerate(symbols), key=lambda pair: (pair[1].span.start, -pair[1].span.end)):
        if symbol.kind in LEAVES and symbol.start_line == symbol.end_line:
            continue
        until(symbol.span.start)
        borders.append(symbol.span.start)
        scopes.append(index)
        open_.append((min(symbol.span.end, open_[-1][0]) if open_ else symbol.span.end, index))
    until(1 << 60)
    borders.append(1 << 60)
    return borders, scopes


def _terms(symbols: Iterable[Symbol]) -> list[tuple[str, str, float]]:
    """The words that most of the file's definitions or headings are made of, the weightiest first."""
    weights: Counter[str] = Counter()
    written: dict[str, str] = {}
    for symbol in symbols:
        if symbol.kind in _NO_TERMS:
            continue
        tokens = code_tokens(symbol.name)
        for token in tokens[1:] if len(tokens) > 1 and symbol.kind is not SymbolKind.SECTION else tokens:
            root = stem(token)
            if len(token) >= _MIN_TERM and root not in _DULL and not token.isdigit():
                weights[root] += 1
                written.setdefault(root, token)
    if not weights:
        return []
    best = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:_N_TERMS]
    return [(root, written[root], round(count / best[0][1], 3)) for root, count in best]
