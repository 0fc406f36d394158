"""What a search scope admits: files by path, language and what they hold; chunks by the kind of what they define."""

from __future__ import annotations

from collections.abc import Callable

from magray_core.memory import SearchScope, SymbolKind
from magray_indexers.ignore import IgnoreRules, to_bytes_form
from magray_indexers.ranking.paths import is_prose, path_words

_OF_FILES = frozenset({"code", "docs", "tests"})
_OF_SYMBOLS = frozenset(kind.value for kind in SymbolKind)
KINDS = _OF_FILES | _OF_SYMBOLS
"""Every kind that a scope may name."""


def admitted_by(scope: SearchScope) -> Callable[[str, str], bool] | None:
    """Whether a file (path, language) may be found; None where every file may.

    Globs are git's: a pattern without a slash matches names at any depth, ``src/`` everything below a folder.
    """
    of_files = {kind for kind in scope.kinds if kind in _OF_FILES}
    if not (scope.paths or scope.languages or of_files):
        return None
    rules = IgnoreRules([line for path in scope.paths for line in (path.lstrip("!"),)]) if scope.paths else None
    languages = {language.lower() for language in scope.languages}

    def admits(path: str, language: str) -> bool:
        if languages and language.lower() not in languages:
            return False
        if of_files and _kind_of_file(path) not in of_files:
            return False
        return rules is None or _matches(rules, path)

    return admits


def symbol_kinds(scope: SearchScope) -> frozenset[str]:
    """Kinds of definitions that a chunk must hold to be found; empty admits all."""
    return frozenset(scope.kinds) & _OF_SYMBOLS


def unknown_kinds(scope: SearchScope) -> list[str]:
    """Kinds that nothing has, as given."""
    return [kind for kind in scope.kinds if kind not in KINDS]


def _kind_of_file(path: str) -> str:
    if path_words(path).is_test:
        return "tests"
    return "docs" if is_prose(path) else "code"


def _matches(rules: IgnoreRules, path: str) -> bool:
    """Whether the file or a folder above it matches."""
    form = to_bytes_form(path)
    if rules.verdict(form, is_folder=False):
        return True
    parts = form.split("/")
    return any(rules.verdict("/".join(parts[:i]), is_folder=True) for i in range(1, len(parts)))
