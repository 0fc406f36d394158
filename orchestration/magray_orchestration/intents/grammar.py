"""Reads a goal by the grammars of both languages. Knows sentences only: no workspace, no cursor.

A goal is read only if a pattern accounts for all of it; nothing is skipped and nothing is filled in by guessing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from magray_core.plans import IntentKind
from magray_orchestration.intents.english import ENGLISH
from magray_orchestration.intents.lexicon import Lexicon, Rule, Split
from magray_orchestration.intents.russian import RUSSIAN
from magray_orchestration.intents.wording import MAX_UNQUOTED, Wording, is_quoted, prepare

LEXICONS = (ENGLISH, RUSSIAN)
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
_CODE = re.compile(r"[$(\[{=+*/%&|^~<>\"';]|\bawait\b|\bnot\b|\blambda\b")
_METAVARIABLE = re.compile(r"\$+[A-Z_]")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_ACTIONS = frozenset(
    (IntentKind.RENAME, IntentKind.MOVE, IntentKind.ORGANIZE_IMPORTS, IntentKind.REPLACE)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a goal. ``slots`` are the raw words, unquoted; ``quoted`` names the slots that had quotes.

    ``points`` says that the thing is what the cursor or selection shows ("this"). ``doubt`` names another kind that
    the same words may mean; such a reading is never acted on.
    """

    kind: IntentKind
    slots: Mapping[str, str]
    confidence: float
    lexicon: Lexicon
    points: bool = False
    quoted: frozenset[str] = field(default=frozenset())
    doubt: bool = False


def language_of_goal(goal: str) -> Lexicon:
    """The grammar of the language that the goal seems to be in; English where nothing tells."""
    return RUSSIAN if _CYRILLIC.search(prepare(goal).text) else ENGLISH


def too_long(goal: str) -> bool:
    """Whether the unquoted part of the goal is longer than any sentence."""
    return len(prepare(goal).flat) > MAX_UNQUOTED


def read(goal: str) -> tuple[Reading, ...]:
    """Every distinct reading of the whole goal, surest first; those that only look around yield to those that act."""
    wording = prepare(goal)
    if not wording.flat or len(wording.flat) > MAX_UNQUOTED:
        return ()
    found: list[Reading] = []
    # Russian sentences have Russian words; without any, its grammar need not even be compiled.
    for lexicon in LEXICONS if _CYRILLIC.search(wording.text) else (ENGLISH,):
        spoken = _without_courtesy(wording, lexicon)
        polite = spoken.text != wording.text
        for reading in (*_by_rules(spoken, lexicon), *_by_splits(spoken, lexicon, polite)):
            if all((reading.kind, reading.slots) != (other.kind, other.slots) for other in found):
                found.append(reading)
    acting = [reading for reading in found if reading.kind in _ACTIONS]
    kept = acting or [reading for reading in found if not _speaks_of_action(wording.flat)]
    return tuple(sorted(kept, key=lambda reading: (reading.doubt, -reading.confidence)))


def _without_courtesy(wording: Wording, lexicon: Lexicon) -> Wording:
    text = wording.text
    for pattern, end in ((lexicon.courtesy_before, False), (lexicon.courtesy_after, True)):
        while True:
            match = pattern.search(text) if end else pattern.match(text)
            rest = text if match is None else (text[: match.start()] if end else text[match.end() :]).strip()
            if match is None or not rest:
                break
            text = rest
    return wording.with_text(text)


def _speaks_of_action(text: str) -> bool:
    acting = (IntentKind.RENAME, IntentKind.MOVE, IntentKind.REPLACE)
    imperative = re.compile(
        r"\b(?:re-?name|replace|move|переимену\w+|замени\w*|перенес\w+|перемест\w+)\b", re.IGNORECASE
    )
    return any(lexicon.stems[kind].search(text) for lexicon in LEXICONS for kind in acting) and bool(
        imperative.search(text)
    )


def _by_rules(wording: Wording, lexicon: Lexicon) -> Iterator[Reading]:
    flat = wording.flat.rstrip(".,;:!?…")
    for rule in lexicon.rules:
        match = rule.pattern.fullmatch(flat)
        if match is not None:
            reading = _reading(rule, match, wording, lexicon)
            if reading is not None:
                yield reading


def _reading(rule: Rule, match: re.Match[str], wording: Wording, lexicon: Lexicon) -> Reading | None:
    raw = {name: value for name, value in match.groupdict().items() if value}
    needed = rule.fixed.get("needs")
    if needed and needed not in raw:
        return None
    slots = {name: value for name, value in rule.fixed.items() if name != "needs"}
    for name in ("old", "new", "dest", "query", "path"):
        if name in raw:
            slots[name] = wording.plain(raw[name])
    for name in ("within", "within_bare", "within2", "within2_bare"):
        if name in raw:
            slots.setdefault("within", wording.plain(raw[name]))
    kind = next((raw[name] for name in ("kind", "kind2", "this_kind", "bare_kind") if name in raw), "")
    if kind:
        slots["target"] = _canonical_kind(kind, lexicon)
    if "bare_kind" in raw:
        slots["bare"] = raw["bare_kind"]
    if "dest_kind" in raw:
        slots["dest_kind"] = _canonical_kind(raw["dest_kind"].strip(), lexicon)
    if "fresh" in raw:
        slots["fresh"] = "yes"
    if "everywhere" in raw:
        slots["everywhere"] = "yes"
    quoted = frozenset(name for name, value in raw.items() if is_quoted(value))
    return Reading(rule.kind, slots, rule.confidence, lexicon, points="this" in raw, quoted=quoted)


def _canonical_kind(word: str, lexicon: Lexicon) -> str:
    lowered = word.lower()
    if lowered in lexicon.kinds:
        return lexicon.kinds[lowered]
    return next((kind for pattern, kind in lexicon.kinds.items() if re.fullmatch(pattern, lowered)), "")


def _by_splits(wording: Wording, lexicon: Lexicon, polite: bool) -> Iterator[Reading]:
    """Replacements: their two halves may hold any code, so each place that could divide them is tried."""
    said = False
    for split in lexicon.splits:
        head = split.head.match(wording.text)
        if head is None or (said and not head.group()):
            continue
        body, tail = _cut_tail(wording.text[head.end() :], wording, lexicon)
        context = _Context(wording, lexicon, tail, polite)
        divided = [
            reading
            for connector in split.connector.finditer(body)
            for reading in _divided(split, body[: connector.start()], body[connector.end() :], context)
        ]
        if not head.group() and len(split.connector.findall(body)) > 1:
            continue
        said = said or bool(divided)
        balanced = [reading for reading in divided if _balanced(reading.slots)]
        yield from balanced or divided


def _cut_tail(body: str, wording: Wording, lexicon: Lexicon) -> tuple[str, Mapping[str, str]]:
    """The halves without the words after them that say where: a language, a path, or everywhere."""
    slots: dict[str, str] = {}
    body = body.strip().rstrip(",.…").rstrip()
    while True:
        everywhere = lexicon.everywhere.search(body)
        if everywhere is not None:
            body = body[: everywhere.start()].rstrip()
            continue
        tail = lexicon.tail.search(body)
        if tail is None:
            return body, slots
        where = wording.plain(tail["where"])
        language = canonical_language(where)
        if language and "language" not in slots:
            slots["language"] = language
        elif _path_like(where) and "path" not in slots:
            slots["path"] = where
        else:
            return body, slots
        body = body[: tail.start()].rstrip()


@dataclass(frozen=True, slots=True)
class _Context:
    """What the halves of a replacement stand in. ``polite``: a closing ! or ? belongs to the sentence, not the code."""

    wording: Wording
    lexicon: Lexicon
    tail: Mapping[str, str]
    polite: bool


def _divided(split: Split, first: str, second: str, context: _Context) -> Iterator[Reading]:
    wording, lexicon = context.wording, context.lexicon
    raw_old, raw_new = (second, first) if split.new_first else (first, second)
    slots = dict(context.tail)
    marker = lexicon.text_marker.match(raw_old.lstrip())
    if marker is not None:
        slots["mode"] = "text"
        raw_old = raw_old.lstrip()[marker.end() :]
        new_marker = lexicon.text_marker.match(raw_new.lstrip())
        raw_new = raw_new.lstrip()[new_marker.end() :] if new_marker else raw_new
    old, new = wording.plain(raw_old), wording.plain(raw_new)
    if not old or not new:
        return
    doubt = False
    if not is_quoted(raw_new) and old[-1] != new[-1] and new[-1] in ";?!":
        shorter = new.rstrip(";?!").rstrip()
        doubt = bool(shorter) and not context.polite and new[-1] != ";"
        if doubt:
            yield Reading(IntentKind.REPLACE, {**slots, "pattern": old, "replacement": new}, 0.4, lexicon, doubt=True)
        new = shorter or new
    slots |= {"pattern": old, "replacement": new}
    quoted = frozenset(
        name for name, raw in (("pattern", raw_old), ("replacement", raw_new)) if is_quoted(raw)
    )  # fmt: skip
    code = bool(_METAVARIABLE.search(old) or _CODE.search(old))
    if split.code_only and not code and "mode" not in slots:
        if re.search(r"\s", old) or re.search(r"\s", new):
            return
        yield Reading(IntentKind.REPLACE, slots, 0.4, lexicon, quoted=quoted, doubt=True)
        return
    sure = len(quoted) == 2 or bool(_METAVARIABLE.search(old))
    yield Reading(IntentKind.REPLACE, slots, 0.95 if sure else 0.85, lexicon, quoted=quoted, doubt=doubt)


def _balanced(slots: Mapping[str, str]) -> bool:
    return all(brackets_balance(slots[name]) for name in ("pattern", "replacement"))


def brackets_balance(code: str) -> bool:
    """Whether every bracket outside of quotes is closed in order."""
    stack: list[str] = []
    quote = ""
    for i, char in enumerate(code):
        if quote:
            quote = "" if char == quote and code[i - 1] != "\\" else quote
        elif char in "\"'`" and code.find(char, i + 1) > 0:
            quote = char
        elif char in "([{":
            stack.append(char)
        elif char in _BRACKETS and (not stack or stack.pop() != _BRACKETS[char]):
            return False
    return not stack


_LANGUAGE_WORDS = {
    "js": "javascript", "node": "javascript", "jsx": "javascript", "ts": "typescript", "py": "python", "golang": "go",
    "c++": "cpp", "cplusplus": "cpp", "c#": "csharp", "cs": "csharp", "rb": "ruby", "rs": "rust", "kt": "kotlin",
    "shell": "bash", "sh": "bash", "yml": "yaml", "питон": "python", "питона": "python", "питоне": "python",
    "джаваскрипт": "javascript", "тайпскрипт": "typescript", "раст": "rust", "го": "go",
}  # fmt: skip
_LANGUAGES = frozenset(
    (
        "python",
        "javascript",
        "typescript",
        "tsx",
        "go",
        "rust",
        "java",
        "kotlin",
        "scala",
        "c",
        "cpp",
        "csharp",
        "ruby",
        "php",
        "swift",
        "lua",
        "bash",
        "haskell",
        "elixir",
        "zig",
        "html",
        "css",
        "json",
        "yaml",
        "nix",
        "solidity",
        "hcl",
    )
)


def canonical_language(word: str) -> str:
    """The language a word names, as the parser calls it, or "". Not case-sensitive."""
    lowered = word.lower()
    lowered = _LANGUAGE_WORDS.get(lowered, lowered)
    return lowered if lowered in _LANGUAGES else ""


def _path_like(word: str) -> bool:
    return bool(re.fullmatch(r"[\w.@+*?\[\]{},/-]+", word)) and (
        "/" in word or "*" in word or bool(re.search(r"\w\.\w+$", word))
    )
