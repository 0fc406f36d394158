"""Sorts every mention of a renamed name: certain, doubtful, named by a string, only words; each with who says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from magray_core.cancel import CancelToken
from magray_orchestration.refactoring.python.family import Family
from magray_orchestration.refactoring.python.hierarchy import classes_with
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.judging import Judge, Verdict
from magray_orchestration.refactoring.python.mentions import CODE_ROLES, Mention, Role, mentions_of
from magray_orchestration.refactoring.python.opinions import ASKED, Opinions, ask_engines, place_of
from magray_orchestration.refactoring.python.outside import standard_library_has
from magray_orchestration.refactoring.python.texts import is_documentation, named_by_string, speaks_of

SCOPES = "scopes"
"""Magray's own engine: scopes, imports and types as the text shows them."""
UNIQUE = "index"
"""The proof by the whole workspace: nothing else there defines the name."""


@dataclass(slots=True)
class Sorted:
    """Mentions by what becomes of them. ``voices`` counts, over ``certain``, the sets of engines that agree."""

    certain: list[Mention] = field(default_factory=list)
    doubtful: list[Mention] = field(default_factory=list)
    strings: list[Mention] = field(default_factory=list)
    other_strings: list[Mention] = field(default_factory=list)
    words: list[Mention] = field(default_factory=list)
    voices: Counter[tuple[str, ...]] = field(default_factory=Counter)
    alone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def engines(self) -> tuple[str, ...]:
        """Every engine that proposed a certain edit."""
        return tuple(dict.fromkeys(voice for voices in self.voices for voice in voices))

    @property
    def agreed(self) -> bool:
        """Whether every certain edit is proposed by at least two engines."""
        return all(len(voices) > 1 for voices in self.voices)


def sort_mentions(inference: Inference, family: Family, cancel: CancelToken) -> Sorted:
    """Judge every mention in the Python files; rope and jedi are asked about those in code."""
    program, name = inference.program, family.target.name
    judge = Judge(inference, family)
    result = Sorted()
    judged: list[tuple[Mention, Verdict]] = []
    for path in program.sources.mentioning(name):
        cancel.check()
        model = program.model(path)
        for mention in mentions_of(model, name) if model is not None else ():
            if mention.role in CODE_ROLES:
                judged.append((mention, judge.verdict(mention)))
            else:
                _sort_words(judge, mention, result)
    doubt = {Verdict.UNKNOWN: 0, Verdict.YES: 1, Verdict.NO: 2}
    asked = [one for one in judged if one[0].role in ASKED and _worth_asking(one)]
    asked.sort(key=lambda one: doubt[one[1]])
    with program.sources.shadow(cancel) as tree:
        held = [(mention, verdict is Verdict.YES) for mention, verdict in asked]
        opinions = ask_engines(inference, family, held, tree, cancel)
    result.notes += opinions.notes
    unique = _is_unique(inference, family, cancel)
    for mention, verdict in judged:
        _sort(mention, verdict, opinions, unique, result)
    return result


def _worth_asking(one: tuple[Mention, Verdict]) -> bool:
    """A plain name that Python's scope rules give to another definition needs no second opinion."""
    mention, verdict = one
    return verdict is not Verdict.NO or mention.role in (Role.ATTRIBUTE, Role.KEYWORD)


def _sort(mention: Mention, verdict: Verdict, opinions: Opinions, unique: bool, result: Sorted) -> None:
    place = place_of(mention)
    rope, jedi = opinions.rope.get(place), opinions.jedi.get(place)
    voices = tuple(name for name, said in (("rope", rope), ("jedi", jedi)) if said)
    if verdict is Verdict.YES:
        voices = (SCOPES, *voices)
    elif verdict is Verdict.UNKNOWN and not voices and jedi is None and unique and mention.role is Role.ATTRIBUTE:
        voices = (UNIQUE,)
    elif verdict is Verdict.NO:
        if voices and mention.role is Role.ATTRIBUTE:
            result.doubtful.append(mention)  # engines disagree
        return
    elif not voices:
        if jedi is None:
            result.doubtful.append(mention)
        return
    result.certain.append(mention)
    result.voices[voices] += 1
    if len(voices) == 1:
        result.alone.append(f"{mention.path}:{mention.line} ({voices[0]})")


def _sort_words(judge: Judge, mention: Mention, result: Sorted) -> None:
    text = mention.model.source.document.text
    span = mention.span
    if mention.role is Role.COMMENT or is_documentation(mention):
        if speaks_of(text, span.start, span.end):
            result.words.append(mention)
    elif named_by_string(judge, mention):
        result.strings.append(mention)
    elif _is_whole_word_string(mention) or speaks_of(text, span.start, span.end):
        result.other_strings.append(mention)


def _is_whole_word_string(mention: Mention) -> bool:
    """A string that is the name alone, or a dotted path with it: what code looks things up by."""
    data = mention.model.data
    before, after = data[mention.start - 1 : mention.start], data[mention.end : mention.end + 1]
    return before in (b'"', b"'", b".", b":") and after in (b'"', b"'", b".", b":")


def _is_unique(inference: Inference, family: Family, cancel: CancelToken) -> bool:
    """Whether every definition of the name in sight is the family's, so that an attribute can mean nothing else."""
    if not family.is_member or standard_library_has(family.target.name):
        return False
    if any(owner not in family.classes for owner in classes_with(inference, family.target.name, cancel)):
        return False
    return not any(
        family.target.name in model.module.bindings
        for path in inference.program.sources.mentioning(family.target.name)
        if (model := inference.program.model(path)) is not None
    )


def by_path(mentions: Iterable[Mention]) -> dict[str, list[Mention]]:
    """Mentions grouped by file, files in order."""
    grouped: dict[str, list[Mention]] = {}
    for mention in sorted(mentions, key=lambda one: (one.path, one.start)):
        grouped.setdefault(mention.path, []).append(mention)
    return grouped
