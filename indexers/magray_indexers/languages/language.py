"""What a language is to the indexer: how its files are recognised and how its definitions are found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language as data.

    ``definitions`` is a tree-sitter query. Each pattern captures the name as ``@name`` and the whole definition under
    the word of its ``SymbolKind`` (``@class``, ``@function``, ...), or as ``@scope`` where it only lends its name to
    what it holds (a Rust ``impl``). Optional: ``@outer``, a wrapper such as a decorator list or an ``export``, which
    the span includes; ``@receiver``, a type that owns the definition without being around it (Go).

    ``outline`` names the reader of headings and keys in ``outlines.py`` for formats that need no grammar. ``clauses``
    says that neighbouring definitions of one name are one definition. ``attribute`` is a pattern of lines that may
    stand between a doc comment and its definition. ``name_chars`` are characters of names beside letters, digits,
    combining marks and ``_``.
    """

    name: str
    extensions: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    grammar: str = ""
    ast_grep: str = ""
    is_code: bool = False
    line_comments: tuple[str, ...] = ()
    block_comments: tuple[tuple[str, str], ...] = ()
    definitions: str = ""
    outline: str = ""
    attribute: str = ""
    name_chars: str = ""
    docstrings: bool = False
    clauses: bool = False
