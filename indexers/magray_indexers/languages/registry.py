"""All languages by name, and the recognition of a file's language by its name or its first line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from magray_indexers.languages import (
    bash,
    c,
    cpp,
    csharp,
    elixir,
    formats,
    go,
    haskell,
    java,
    javascript,
    kotlin,
    lua,
    php,
    python,
    ruby,
    rust,
    scala,
    swift,
    typescript,
    zig,
)
from magray_indexers.languages.language import Language

_MODULES = (
    python, javascript, typescript, go, rust, java, kotlin, scala, c, cpp, csharp, ruby, php, swift, lua, bash,
    haskell, elixir, zig,
)  # fmt: skip

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {one.name: one for one in (*(module.LANGUAGE for module in _MODULES), typescript.TSX, *formats.LANGUAGES)}
)
"""Every language by name: an allow-list. What is not here is plain text, however many grammars are installed."""

_BY_EXTENSION = {ending: one.name for one in LANGUAGES.values() for ending in one.extensions}
_BY_FILE_NAME = {name: one.name for one in LANGUAGES.values() for name in one.file_names}
_BY_INTERPRETER = {word: one.name for one in LANGUAGES.values() for word in one.interpreters}
_SHEBANG = re.compile(r"\ufeff?#!\s*(?:\S*/)?env\s+(?:-\S+\s+|\w+=\S*\s+)*(\S+)|\ufeff?#!\s*(\S+)")
_EMACS_MODE = re.compile(r"-\*-\s*(?:.*mode:\s*)?([\w+-]+)\s*(?:;.*)?-\*-", re.IGNORECASE)
_VERSION = re.compile(r"[\d.]+$")


def language_of(path: str, first_line: str = "") -> str:
    """The language's name: by file name, then extension, then by the first line's ``#!`` or ``-*- mode -*-``.

    "text" where nothing tells. Never looks at the disk.
    """
    name = path.rpartition("/")[2]
    known = _BY_FILE_NAME.get(name)
    if known is not None:
        return known
    stem, dot, ending = name.rpartition(".")
    if dot and stem:
        known = _BY_EXTENSION.get("." + ending) or _BY_EXTENSION.get("." + ending.lower())
        if known is not None:
            return known
    known = _BY_FILE_NAME.get(name.partition(".")[0])  # Dockerfile.dev, Makefile.am, LICENSE.APACHE
    if known is not None:
        return known
    return _from_first_line(first_line) if first_line else "text"


def _from_first_line(line: str) -> str:
    shebang = _SHEBANG.match(line)
    if shebang is not None:
        program = (shebang.group(1) or shebang.group(2)).rpartition("/")[2]
        return _BY_INTERPRETER.get(program) or _BY_INTERPRETER.get(_VERSION.sub("", program)) or "text"
    mode = _EMACS_MODE.search(line)
    if mode is not None:
        word = mode.group(1).lower()
        word = {"c++": "cpp", "shell-script": "bash", "sh": "bash", "emacs-lisp": "elisp", "js": "javascript"}.get(
            word, word
        )
        return word if word in LANGUAGES else "text"
    return "text"
