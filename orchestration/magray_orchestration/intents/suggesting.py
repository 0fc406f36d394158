"""What to say when a goal is not understood: the nearest goals that would be, in the person's words and language."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping

from magray_core.errors import GoalNotUnderstood, MagrayError
from magray_core.plans import IntentKind, Place, Task
from magray_orchestration.intents.grammar import Reading, language_of_goal, read
from magray_orchestration.intents.lexicon import Lexicon
from magray_orchestration.intents.pointing import pointed_name
from magray_orchestration.intents.wording import prepare
from magray_orchestration.workspace import Workspace

MAX_SUGGESTIONS = 5
_NAME_LIKE = re.compile(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)*")
_ORDER = (IntentKind.RENAME, IntentKind.MOVE, IntentKind.REPLACE, IntentKind.ORGANIZE_IMPORTS)


def not_understood(task: Task, workspace: Workspace) -> GoalNotUnderstood:
    """The error for a goal that no grammar reads."""
    suggestions = tuple(dict.fromkeys(_nearest(task, workspace)))[:MAX_SUGGESTIONS]
    shown = _shortened(task.goal)
    message = f"it is not clear what to do for “{shown}”" if shown else "the goal is empty"
    return GoalNotUnderstood(message, suggestions=suggestions, hint=hint_for(suggestions))


def ambiguous(readings: Iterable[Reading], goal: str) -> GoalNotUnderstood:
    """The error for a goal that can be read in several ways."""
    suggestions = tuple(dict.fromkeys(text for reading in readings for text in _ways(reading)))[:MAX_SUGGESTIONS]
    return GoalNotUnderstood(
        f"“{_shortened(goal)}” can be meant in several ways", suggestions=suggestions, hint=hint_for(suggestions)
    )


def similar_names(workspace: Workspace, name: str) -> tuple[str, ...]:
    """Up to three names of definitions that are spelled much like this one, best first."""
    last = re.split(r"\.|::|#", name)[-1]
    # The index matches letters in order; leaving out each letter in turn finds what one wrong letter hides.
    shorter = (last[:i] + last[i + 1 :] for i in range(len(last))) if 3 < len(last) <= 40 else ()
    found: set[str] = set()
    try:
        for query in dict.fromkeys((last, *shorter)):
            found |= {symbol.name for _, symbol in workspace.index.find_symbols(query, limit=50)}
    except MagrayError:
        return ()
    rated = sorted(
        ((difflib.SequenceMatcher(None, last.lower(), one.lower()).ratio(), one) for one in found),
        key=lambda rating: (-rating[0], -difflib.SequenceMatcher(None, last, rating[1]).ratio(), rating[1]),
    )
    return tuple(one for ratio, one in rated if ratio >= 0.6)[:3]


def phrase(lexicon: Lexicon, template: str, **slots: str) -> str:
    """A goal in the language of the lexicon; slots not given show how they would look."""
    words = lexicon.templates
    if template.startswith("replace"):
        slots = {name: quoted(text) for name, text in slots.items()}
    known = {
        "old": words["thing"], "new": words["new"], "dest": words["dest"], "query": words["thing"], **slots,
    }  # fmt: skip
    return words[template].format(**known)


def quoted(code: str) -> str:
    """The code in quotes that it does not hold itself, for use in a goal."""
    return f"``{code}``" if "`" in code else f"`{code}`"


def hint_for(suggestions: tuple[str, ...]) -> str:
    """What to do about a goal that was not understood; the suggestions themselves are shown beside it."""
    if suggestions:
        return "say it in one of these ways" if len(suggestions) > 1 else "say it this way"
    return "Magray renames, moves, replaces code and organizes imports: say which, and of what"


def _shortened(goal: str) -> str:
    flat = prepare(goal)
    text = " ".join(flat.as_written(flat.text).split())
    return text if len(text) <= 80 else text[:79] + "…"


def _nearest(task: Task, workspace: Workspace) -> Iterator[str]:
    lexicon = language_of_goal(task.goal)
    wording = prepare(task.goal)
    flat = wording.flat[:500]
    clauses = [wording.as_written(clause.strip()) for clause in lexicon.clause.split(flat)]
    near = [clause for clause in clauses if len(clauses) > 1 and _sure(clause)]
    near = near or list(_corrected(wording.as_written(flat), lexicon))
    if near:
        yield from near
        return
    names = tuple(_names_meant(wording.as_written(flat), lexicon, workspace))
    pointed = _pointed(workspace, task.place)
    yield from _by_kind(_kinds_meant(flat, lexicon), names or pointed, lexicon, task.place)


def _sure(goal: str) -> bool:
    readings = read(goal)
    return bool(readings) and not readings[0].doubt


def _corrected(goal: str, lexicon: Lexicon) -> Iterator[str]:
    """The goal with one misspelt word of the grammar put right, if it can then be read."""
    words = goal.split()
    for i, word in enumerate(words[:8]):
        for right in difflib.get_close_matches(word.lower(), lexicon.verbs, n=2, cutoff=0.7):
            candidate = " ".join((*words[:i], right, *words[i + 1 :]))
            if right != word.lower() and _sure(candidate):
                yield candidate


def _names_meant(goal: str, lexicon: Lexicon, workspace: Workspace) -> Iterator[str]:
    """Words of the goal that are names of definitions here, or look like code, or nearly are one."""
    words = [match.group() for match in _NAME_LIKE.finditer(goal)][:40]
    for word in words:
        if _is_defined(workspace, word):
            yield word
    for word in words:
        if not _is_defined(workspace, word) and re.search(r"_|\.|\d|[a-zа-я][A-ZА-Я]", word):
            yield from similar_names(workspace, word)[:1] or (word,)


def _is_defined(workspace: Workspace, word: str) -> bool:
    try:
        return len(word) > 1 and bool(workspace.index.symbols_named(word, limit=1))
    except MagrayError:
        return False


def _pointed(workspace: Workspace, place: Place | None) -> tuple[str, ...]:
    if place is None:
        return ()
    try:
        found = pointed_name(workspace, place)
    except MagrayError:
        return ()
    return (found.name,) if found is not None else ()


def _kinds_meant(flat: str, lexicon: Lexicon) -> tuple[IntentKind, ...]:
    meant = tuple(kind for kind in (*_ORDER, IntentKind.SEARCH, IntentKind.EXPLAIN) if lexicon.stems[kind].search(flat))
    return meant or _ORDER


def _by_kind(
    kinds: tuple[IntentKind, ...], names: tuple[str, ...], lexicon: Lexicon, place: Place | None
) -> Iterator[str]:
    words = lexicon.templates
    for kind in kinds:
        shown = names[:2] or ((words["thing"],) if place is not None else ())
        match kind:
            case IntentKind.RENAME:
                yield from (phrase(lexicon, "rename", old=name) for name in shown or ("old_name",))
            case IntentKind.MOVE:
                yield from (phrase(lexicon, "move", old=name) for name in shown or ("some_function",))
            case IntentKind.REPLACE:
                yield phrase(lexicon, "replace", old=words["pattern"], new=words["replacement"])
            case IntentKind.ORGANIZE_IMPORTS:
                yield phrase(lexicon, "organize_path", path=place.path) if place else phrase(lexicon, "organize")
            case IntentKind.SEARCH:
                yield from (phrase(lexicon, "search", query=name) for name in shown)
            case IntentKind.EXPLAIN:
                yield from (phrase(lexicon, "explain", query=name) for name in shown)
            case _:
                pass


def _ways(reading: Reading) -> Iterator[str]:
    slots: Mapping[str, str] = reading.slots
    if reading.kind is IntentKind.REPLACE:
        old, new = slots["pattern"], slots["replacement"]
        if reading.doubt and _NAME_LIKE.fullmatch(old) and _NAME_LIKE.fullmatch(new):
            yield phrase(reading.lexicon, "rename", old=old, new=new)
        yield phrase(reading.lexicon, "replace", old=old, new=new)
    elif reading.kind is IntentKind.RENAME:
        yield phrase(
            reading.lexicon, "rename", old=slots.get("old") or reading.lexicon.templates["thing"], new=slots["new"]
        )
    elif reading.kind is IntentKind.MOVE:
        yield phrase(
            reading.lexicon, "move", old=slots.get("old") or reading.lexicon.templates["thing"], dest=slots["dest"]
        )
