"""ast-grep: finds code by its shape in every language that it has a grammar for. Offsets are code points.

Runs in this process: it reads text that it is given and executes nothing. A language it does not know makes it panic,
so it is only ever asked for those of ``LANGUAGES`` that name an ast-grep grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from magray_core.errors import RefactoringRefused
from magray_core.spans import Span

METAVARIABLE = re.compile(r"\$\$\$(?P<many>[A-Z_][A-Z0-9_]*)?(?![\w$])|\$(?P<one>[A-Z_][A-Z0-9_]*)(?!\w)")
"""``$A`` is one node, ``$$$ARGS`` any number, ``$_NAME`` and ``$$$`` match without being kept."""

# Where a fragment has no meaning of its own at the top of a file, the pattern is read in this place.
_CONTEXTS = {
    "c": "void magray(void) {{ {0}; }}",
    "cpp": "void magray() {{ {0}; }}",
    "csharp": "class A {{ int F = {0}; }}",
    "css": "a {{ {0} }}",
    "go": "func magray() {{ {0} }}",
    "hcl": "a = {0}",
    "java": "class A {{ void f() {{ {0}; }} }}",
    "lua": "local magray = {0}",
    "php": "{0};",
    "rust": "fn magray() {{ {0}; }}",
    "zig": "const magray = {0};",
}
# Outside of functions these take a call or a name for a declaration.
_CONTEXT_FIRST = ("c", "cpp")
_ONE, _MANY = "magray", "magrays"
_NAME = re.compile(r"[^\W\d]\w*")
_NAME_KIND = re.compile(r"identifier|IDENTIFIER|^(?:\w+_)?(?:name|constant|constructor|variable|alias)$")
_STRING_KINDS = ("string", "template", "heredoc", "comment", "char", "text")


@dataclass(frozen=True, slots=True)
class Capture:
    """What a metavariable stands for in one match; ``span`` is empty where ``$$$ARGS`` matched nothing."""

    span: Span
    verbatim: tuple[Span, ...] = ()
    """Strings and comments of several lines in it, whose inner lines must not be indented anew."""


@dataclass(frozen=True, slots=True)
class Match:
    """One piece of code of the pattern's shape."""

    span: Span
    captures: Mapping[str, Capture] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A pattern that a language's grammar accepts. ``rule`` is what ast-grep is given."""

    text: str
    language: str
    grammar: str
    rule: Mapping[str, Any]
    kept: tuple[str, ...]
    kept_many: tuple[str, ...]


def grammar_of(language: str) -> str:
    """ast-grep's name of a language, or "" if it has none."""
    from magray_indexers.languages import LANGUAGES

    known = LANGUAGES.get(language)
    return known.ast_grep if known is not None else ""


def supported_languages() -> tuple[str, ...]:
    """The languages that patterns can be written for, ordered."""
    from magray_indexers.languages import LANGUAGES

    return tuple(sorted(name for name, language in LANGUAGES.items() if language.ast_grep))


def metavariables(text: str) -> tuple[str, ...]:
    """The names of the metavariables that are kept, in order, once each."""
    names = (match["one"] or match["many"] for match in METAVARIABLE.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name and not name.startswith("_")))


def compile_pattern(text: str, language: str) -> CodePattern:
    """The pattern, ready to search with. Raises RefactoringRefused with what is wrong with it."""
    grammar = grammar_of(language)
    if not grammar:
        raise RefactoringRefused(
            f"patterns cannot be written for {language}", hint=f"they can for {', '.join(supported_languages())}"
        )
    one = tuple(dict.fromkeys(match["one"] for match in METAVARIABLE.finditer(text) if match["one"]))
    many = tuple(dict.fromkeys(match["many"] for match in METAVARIABLE.finditer(text) if match["many"]))
    rule = _rule(text, language, grammar)
    kept = tuple(name for name in one if not name.startswith("_"))
    return CodePattern(text, language, grammar, rule, kept, tuple(name for name in many if not name.startswith("_")))


def find_matches(pattern: CodePattern, text: str) -> tuple[Match, ...]:
    """Every match, nested ones too, by place; of two at one place the longer first."""
    root = _parse(text, pattern.grammar)
    found = {match.span: match for match in (_match(node, pattern) for node in _nodes(root, pattern))}
    return tuple(found[span] for span in sorted(found, key=lambda span: (span.start, -span.end)))


def literal_words(text: str) -> tuple[str, ...]:
    """Identifiers that stand in every match of the pattern: a text without one of them has no match."""
    plain = METAVARIABLE.sub(" ", text)
    return tuple(dict.fromkeys(re.findall(r"[^\W\d]\w+", plain)))


def _nodes(root: Any, pattern: CodePattern) -> list[Any]:
    found = root.find_all(**pattern.rule)
    if "regex" not in pattern.rule:
        return list(found)
    return [node for node in found if node.is_named_leaf() and _is_name(node)]


def _is_name(node: Any) -> bool:
    parent = node.parent()
    is_command = node.kind() == "word" and parent is not None and parent.kind() == "command_name"
    return is_command or _NAME_KIND.search(node.kind()) is not None


def _match(node: Any, pattern: CodePattern) -> Match:
    captures: dict[str, Capture] = {}
    span = _span(node)
    for name in pattern.kept:
        captured = node.get_match(name)
        if captured is not None:
            captures[name] = Capture(_span(captured), tuple(_verbatim([captured])))
    for name in pattern.kept_many:
        nodes = node.get_multiple_matches(name)
        if nodes:
            first, last = _span(nodes[0]), _span(nodes[-1])
            captures[name] = Capture(Span(first.start, last.end), tuple(_verbatim(nodes)))
        else:
            captures[name] = Capture(Span(span.start, span.start))
    has_more = node.text().endswith(";") and not pattern.text.rstrip().endswith(";")
    if has_more and all(capture.span.end < span.end for capture in captures.values()):
        # ast-grep lets a pattern without the closing semicolon match one with it: that one stays where it is.
        span = Span(span.start, span.end - 1)
    return Match(span, captures)


def _verbatim(nodes: Sequence[Any]) -> list[Span]:
    """Strings and comments that go over several lines, within the nodes."""
    found: list[Span] = []
    waiting = [node for node in nodes if "\n" in node.text()]
    while waiting:
        node = waiting.pop()
        if any(word in node.kind() for word in _STRING_KINDS):
            found.append(_span(node))
            continue
        waiting.extend(child for child in node.children() if child.range().start.line != child.range().end.line)
    return sorted(found)


def _rule(text: str, language: str, grammar: str) -> Mapping[str, Any]:
    if _NAME.fullmatch(text):
        # A name alone is a name wherever it stands: a variable, a type, an attribute.
        return {"regex": f"^{re.escape(text)}$"}
    if language in _CONTEXT_FIRST and not text.rstrip().endswith("}"):
        return _rule_in_context(text, language, grammar) or _bare_rule(text, language, grammar)
    try:
        return _bare_rule(text, language, grammar)
    except RefactoringRefused:
        rule = _rule_in_context(text, language, grammar)
        if rule is None:
            raise
        return rule


def _bare_rule(text: str, language: str, grammar: str) -> Mapping[str, Any]:
    stand_in = _with_stand_ins(text)
    root = _parse(stand_in, grammar)
    if _has_error(root) and _has_error(_parse(text, grammar)):
        raise _not_code(text, language)
    try:
        _parse(" ", grammar).find(pattern=text)
    except RuntimeError as error:
        if "Multiple AST nodes" in str(error):
            raise RefactoringRefused(
                f"the pattern {_short(text)} is more than one piece of {language} code",
                hint="a pattern is one expression, statement or definition; leave out a closing semicolon",
            ) from error
        raise _not_code(text, language) from error
    return {"pattern": text}


def _rule_in_context(text: str, language: str, grammar: str) -> Mapping[str, Any] | None:
    context = _CONTEXTS.get(language)
    if context is None:
        return None
    stand_in = _with_stand_ins(text)
    whole = context.format(stand_in)
    root = _parse(whole, grammar)
    start = len(context.partition("{0}")[0].format())
    node = None if _has_error(root) else _exactly_at(root, Span(start, start + len(stand_in)))
    # ast-grep takes the first node of the kind, so the context must have none before it.
    if node is None or _span(root.find(kind=node.kind())) != _span(node):
        return None
    return {"pattern": {"context": context.format(text), "selector": node.kind()}}


def _exactly_at(root: Any, span: Span) -> Any | None:
    """The innermost node that covers exactly the span: an expression rather than the statement made of it."""
    found, waiting = None, [root]
    while waiting:
        node = waiting.pop()
        if _span(node) == span and node.is_named():
            found = node
        waiting.extend(child for child in node.children() if _span(child).overlaps(span))
    return found


def _parse(text: str, grammar: str) -> Any:
    from ast_grep_py import SgRoot

    try:
        return SgRoot(text, grammar).root()
    except BaseException as error:
        # A Rust panic is no Exception, so that nothing hides it by accident; this one means an unknown grammar.
        if type(error).__name__ != "PanicException":
            raise
        raise RefactoringRefused(f"this build of ast-grep has no grammar for {grammar}") from error


def _with_stand_ins(text: str) -> str:
    return METAVARIABLE.sub(lambda match: _ONE if match["one"] else _MANY, text)


def _has_error(root: Any) -> bool:
    """Whether the code does not parse. ``$$$BODY`` where only statements may stand is an error that does no harm."""
    return root.kind() == "ERROR" or any(error.text() != _MANY for error in root.find_all(kind="ERROR"))


def _span(node: Any) -> Span:
    place = node.range()
    return Span(place.start.index, place.end.index)


def _not_code(text: str, language: str) -> RefactoringRefused:
    lowercase = re.search(r"\$[a-z]\w*", text)
    hint = (
        f"metavariables are in capitals: {lowercase.group().upper()}"
        if lowercase is not None
        else "a pattern is a whole expression, statement or definition, with $A for one part and $$$ARGS for several"
    )
    return RefactoringRefused(f"the pattern {_short(text)} is not {language} code", hint=hint)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"`{flat if len(flat) <= 60 else flat[:59] + '…'}`"
