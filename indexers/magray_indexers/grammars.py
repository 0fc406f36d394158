"""Tree-sitter, loaded language by language when first needed and kept for the life of the process.

Only grammars of the languages in ``LANGUAGES`` are ever loaded: of all that are installed some are known to loop.
"""

from __future__ import annotations

import threading
import time
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, cast

from magray_indexers.languages import LANGUAGES

if TYPE_CHECKING:
    from tree_sitter import Language as Grammar
    from tree_sitter import Query, Tree
    from tree_sitter_language_pack import SupportedLanguage

# Processor time, so that a busy machine does not turn code into text. Grammars need 0.1 to 0.4 s for a megabyte.
_TIME_LIMIT_S = 1.0
_MORE_TIME_S_PER_BYTE = 4e-6
_READ_BYTES = 1 << 16
_local = threading.local()


@cache
def grammar(language: str) -> Grammar | None:
    """The tree-sitter grammar of a language of ``LANGUAGES``, or None where it has none."""
    known = LANGUAGES.get(language)
    if known is None or not known.grammar:
        return None
    from tree_sitter_language_pack import get_language

    return get_language(cast("SupportedLanguage", known.grammar))


@cache
def compiled(language: str, source: str) -> Query:
    """A query compiled for a language that has a grammar. Raises ValueError if it does not fit the grammar."""
    from tree_sitter import Query

    loaded = grammar(language)
    if loaded is None:
        raise ValueError(f"{language} has no grammar")
    return Query(loaded, source)


def syntax_tree(language: str, data: bytes) -> Tree | None:
    """The tree of UTF-8 text, or None where the language has no grammar or the time limit passed.

    Blocks and holds the interpreter's lock; safe from any thread.
    """
    loaded = grammar(language)
    if loaded is None:
        return None
    parsers = _local.__dict__.setdefault("parsers", {})
    parser = parsers.get(language)
    if parser is None:
        from tree_sitter import Parser

        parser = parsers[language] = Parser(loaded)
    clock, steps = time.thread_time, count()
    deadline = clock() + _TIME_LIMIT_S + _MORE_TIME_S_PER_BYTE * len(data)
    try:
        tree: Tree = parser.parse(
            lambda at, _point: data[at : at + _READ_BYTES],
            # Reading the clock costs a system call, so not at every step.
            progress_callback=lambda _at, _error: not next(steps) & 63 and clock() > deadline,
        )
    except ValueError:  # how the binding says that the progress callback stopped it
        del parsers[language]
        return None
    return tree
