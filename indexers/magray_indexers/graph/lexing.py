"""The names in code, without those in comments and strings, for any language and without a grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from magray_indexers.languages import LANGUAGES


def word_set(words: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(words.split())


_CHAR_QUOTES = word_set(
    "rust haskell ocaml ocaml_interface fsharp elisp clojure commonlisp scheme erlang zig scala swift java kotlin c "
    "cpp csharp go objc"
)
"""Languages in which an apostrophe holds one character, or belongs to a name or a lifetime."""
_LONG_QUOTES = word_set("php ruby bash perl r julia elixir fish powershell haskell rust")
"""Languages in which a plain string may go over lines."""
_TEMPLATES = word_set("javascript typescript tsx vue svelte go dart")
BARE_CALLS = word_set(
    "haskell ruby elixir ocaml fsharp elisp clojure commonlisp scheme erlang bash fish nix powershell perl julia"
)
"""Languages in which a name alone can be a call."""
IMPLICIT_SELF = word_set("java kotlin scala c cpp csharp ruby swift php groovy dart objc")
"""Languages in which a method is called inside its class by its bare name."""
_FAMILIES = (
    word_set("javascript typescript tsx vue svelte"),
    word_set("c cpp objc"),
    word_set("java kotlin scala groovy"),
    word_set("ocaml ocaml_interface"),
    word_set("bash fish make dockerfile"),
    word_set("css scss html"),
)
_TRIPLE = r'"""(?:\\[\s\S]|[^\\])*?"""' + r"|'''(?:\\[\s\S]|[^\\])*?'''"
_NOTHING = r"(?!)"
_NOT_A_LINE_END = re.compile(r"[^\n]")


@cache
def family(language: str) -> str:
    """One word for languages that can use each other's definitions."""
    return next((min(group) for group in _FAMILIES if language in group), language)


def is_prose(language: str) -> bool:
    """Whether a text of this language speaks about code instead of being code."""
    return language in ("markdown", "rst", "text", "html", "latex")


def masked(text: str, language: str) -> str:
    """The text with comments and strings as blanks; lengths and line ends stay, so offsets are the same."""
    return _hidden(language).sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    hidden = match.group()
    return " " * len(hidden) if "\n" not in hidden else _NOT_A_LINE_END.sub(" ", hidden)


@cache
def _hidden(language: str) -> re.Pattern[str]:
    """Comments and strings of a language. What a string interpolates is hidden with it."""
    known = LANGUAGES.get(language) or LANGUAGES["text"]
    end = "" if language in _LONG_QUOTES else r"\n"
    parts = [f"{re.escape(a)}[\\s\\S]*?(?:{re.escape(b)}|\\Z)" for a, b in known.block_comments]
    parts += [
        (r"(?<![$\w{])" if mark == "#" and language in ("bash", "perl", "php") else "") + re.escape(mark) + r"[^\n]*"
        for mark in known.line_comments
    ]
    if known.docstrings or language in ("elixir", "julia", "kotlin", "scala", "swift", "java"):
        parts.append(_TRIPLE)
    parts.append(rf'"(?:\\[\s\S]|[^"\\{end}])*"')
    if language in _CHAR_QUOTES:
        parts.append(r"'(?:\\[^'\n]{1,8}|[^'\\\n])'")
    else:
        parts.append(rf"'(?:\\[\s\S]|[^'\\{end}])*'")
    if language in _TEMPLATES:
        parts.append(r"`(?:\\[\s\S]|[^`\\])*`")
    return re.compile("|".join(parts) or _NOTHING)


_CALLED = r"(?:[!?]?[ \t]*(?:::<[^<>()]*>|<[\w ,.]{1,60}>)?(\())?"
_NAME = re.compile(r"\b([^\W\d]\w*)" + _CALLED)
_ASCII_NAME = re.compile(r"\b([A-Za-z_]\w*)" + _CALLED, re.ASCII)


def names(masked_text: str) -> Iterator[re.Match[str]]:
    """The names in masked text in order: group 1 is the name, group 2 an opening bracket if it is called."""
    return (_ASCII_NAME if masked_text.isascii() else _NAME).finditer(masked_text)


def tie_before(masked_text: str, start: int) -> int:
    """How many characters tie a name at ``start`` to the name before it: ``.``, ``::``, ``->``, ``?.``; 0 for none."""
    before = masked_text[start - 1 : start]
    if before == ".":
        return 2 if masked_text[start - 2 : start - 1] == "?" else 1
    return 2 if before in (":", ">") and masked_text[start - 2 : start] in ("::", "->") else 0


KEYWORDS = word_set("""
    if for while switch return catch function and or not in is else elif with def class assert del lambda yield await
    new sizeof typeof match case do end then fn func fun let var const val try except finally raise throw import from as
    self cls this super Self None True False null nil true false undefined void int str float bool string static public
    private protected final abstract async impl struct enum trait interface type where use mod pub crate module require
    include print default break continue pass global nonlocal unless until begin rescue ensure package namespace using
    extends implements instanceof goto volatile unsigned signed long short char double auto mut ref move unsafe dyn
    """)
"""Words that are never worth a link in any of the languages."""
EVERYONES = word_set("""
    append extend insert remove pop push shift unshift clear copy index count sort reverse add discard update keys
    values items get set has setdefault join split strip lstrip rstrip replace startswith endswith format encode decode
    lower upper title find map filter reduce each forEach some every includes indexOf slice splice concat length size
    empty isEmpty contains put first last begin end toString equals hashCode clone len unwrap expect iter collect into
    close open read write flush seek call apply bind then catch next send group match search sub exists mkdir exec run
    test trim substring charAt min max sum abs round floor ceil now
    """)
"""Names of everyone's containers, strings and files: called on an unknown thing they mean nothing."""
SELVES = frozenset(("self", "cls", "this", "Self", "super"))
