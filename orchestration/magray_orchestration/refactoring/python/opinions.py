"""What the other engines say of each mention: rope and jedi, in processes of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.errors import PlanError, ToolFailed
from magray_orchestration.refactoring.engines.asking import EngineTimeout, ask
from magray_orchestration.refactoring.python.family import Family
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.mentions import Mention, Role
from magray_orchestration.refactoring.python.program import Program
from magray_orchestration.refactoring.python.sources import Source

ROPE_TIMEOUT_S = 60.0
JEDI_TIME_S = 20.0
_JEDI_GRACE_S = 10.0

Place = tuple[str, int]
"""A path and an engine offset."""


@dataclass(slots=True)
class Opinions:
    """Per place: True where the engine takes the mention for the renamed name, False where it leads elsewhere.

    A place that is missing has no opinion. ``notes`` says which engine was not heard, and why.
    """

    rope: dict[Place, bool] = field(default_factory=dict)
    jedi: dict[Place, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking jedi takes: the shadow, the token, and where the renamed name is defined."""

    tree: Path
    cancel: CancelToken
    definitions: frozenset[tuple[str, int, int]]


def ask_engines(
    inference: Inference, family: Family, asked: Sequence[tuple[Mention, bool]], tree: Path, cancel: CancelToken
) -> Opinions:
    """Ask rope about all mentions, and jedi about those where rope does not confirm what is held already.

    Each mention comes with whether Magray's own scopes hold it for the renamed name; the most doubtful go first.
    A failing engine is a note, never a failure.
    """
    opinions, program = Opinions(), inference.program
    _hear_rope(opinions, program, _rope_request(program, family, [one for one, _ in asked]), tree, cancel)
    open_ones = [one for one, held in asked if not (held and opinions.rope.get(place_of(one)))]
    if open_ones:
        places = [_jedi_place(one) for one in open_ones]
        request = {"roots": program.modules.roots, "places": places, "time_s": JEDI_TIME_S}
        asking = Asking(tree, cancel, frozenset(definition_places(inference, family)))
        _hear_jedi(opinions, open_ones, request, asking)
    return opinions


def definition_places(inference: Inference, family: Family) -> set[tuple[str, int, int]]:
    """Where the family is defined: (path, line from 1, column from 0), in engine texts."""
    places: set[tuple[str, int, int]] = set()
    program, name = inference.program, family.target.name
    for key in family.keys:
        model, scope = program.model(key.path), program.scope(key.path, key.scope)
        if model is None or scope is None:
            continue
        nodes = [binding.node for binding in scope.bindings.get(name, ())]
        nodes += [binding.node for binding in inference.own_member(key.path, scope, name)]
        places |= {_line_column(model.source, model.engine_offset(node.start_byte), key.path) for node in nodes}
    return places


def place_of(mention: Mention) -> Place:
    """Where the mention stands in its engine text."""
    return mention.path, mention.model.engine_offset(mention.start)


def _rope_request(program: Program, family: Family, mentions: Sequence[Mention]) -> Mapping[str, Any]:
    target = family.target
    source = program.sources.get(target.path)
    assert source is not None
    searched = dict.fromkeys(mention.path for mention in mentions if mention.path.endswith(".py"))
    return {
        "kind": "occurrences",
        "path": target.path,
        "offset": source.engine_offset(target.span.start),
        "in_hierarchy": True,
        "search": list(searched),
        "roots": list(program.modules.roots),
    }


def _jedi_place(mention: Mention) -> tuple[str, int, int]:
    path, offset = place_of(mention)
    return _line_column(mention.model.source, offset, path)


def _line_column(source: Source, offset: int, path: str) -> tuple[str, int, int]:
    text = source.engine_text
    return path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset) - 1


def _hear_rope(
    opinions: Opinions, program: Program, request: Mapping[str, Any], tree: Path, cancel: CancelToken
) -> None:
    try:
        answer = ask("rope", request, tree=tree, timeout_s=ROPE_TIMEOUT_S, cancel=cancel)
    except (EngineTimeout, ToolFailed, PlanError) as error:
        opinions.notes.append(f"rope has no opinion: {error}")
        return
    for path, start, _end, sure in answer["occurrences"]:
        if sure and program.sources.get(path) is not None:
            opinions.rope[path, start] = True


def _hear_jedi(opinions: Opinions, mentions: Sequence[Mention], request: Mapping[str, Any], asking: Asking) -> None:
    timeout_s = JEDI_TIME_S + _JEDI_GRACE_S
    try:
        leads = ask("jedi", request, tree=asking.tree, timeout_s=timeout_s, cancel=asking.cancel)["leads"]
    except (EngineTimeout, ToolFailed) as error:
        opinions.notes.append(f"jedi has no opinion: {error}")
        return
    unheard = 0
    for mention, lead in zip(mentions, leads, strict=False):
        if lead is None:
            unheard += 1
        elif lead:
            opinions.jedi[place_of(mention)] = any(tuple(place) in asking.definitions for place in lead)
    if unheard:
        opinions.notes.append(f"jedi judged {len(leads) - unheard} of {len(leads)} places in its {JEDI_TIME_S:g} s")


ASKED = frozenset((Role.NAME, Role.ATTRIBUTE, Role.KEYWORD, Role.IMPORTED, Role.MODULE, Role.PATTERN))
"""Roles that engines can judge; the others are strings to them."""
