"""Would the new name run into one that exists? Every answer names the place."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

from magray_core.cancel import CancelToken
from magray_core.errors import RefactoringRefused
from magray_orchestration.refactoring.python.family import Family
from magray_orchestration.refactoring.python.hierarchy import classes_with
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.mentions import Mention, Role, mentions_of
from magray_orchestration.refactoring.python.outside import outside_bases, outside_has
from magray_orchestration.refactoring.python.program import Kind, Program

_SOFT_KEYWORDS = frozenset(("match", "case", "type", "_"))


def check_new_name(name: str, new: str) -> None:
    """Refuse what Python would not accept as a name, or what changes nothing."""
    if not new.isidentifier():
        raise RefactoringRefused(f"{new!r} is not a Python name", hint="letters, digits and _, no digit first")
    if keyword.iskeyword(new):
        raise RefactoringRefused(f"{new} is a keyword of Python")
    if new == name:
        raise RefactoringRefused(f"{name} already has that name")
    if name.startswith("__") and name.endswith("__"):
        raise RefactoringRefused(f"Python itself looks for {name}; under another name nothing would call it")


def check_collisions(inference: Inference, family: Family, renamed: Iterable[Mention], new: str) -> list[str]:
    """Refuse a name that is taken where the family lives or is used; returns what the person should know besides."""
    program = inference.program
    for key in sorted(family.keys, key=lambda one: (one.path, one.scope)):
        scope, model = program.scope(key.path, key.scope), program.model(key.path)
        if scope is None or model is None or new not in scope.bindings:
            continue
        line = model.line(scope.bindings[new][0].node.start_byte)
        raise RefactoringRefused(f"{new} exists already in {key.path}:{line}", hint="choose another name")
    if family.is_member:
        _check_members(inference, family, new)
    _check_captures(program, family, renamed, new)
    _check_captured_uses(program, family, new)
    notes: list[str] = []
    if hasattr(builtins, new) and not family.is_member:
        notes.append(f"{new} is the name of a builtin, which code there can then no longer reach")
    if family.is_member:
        notes += _outside_notes(inference, family, new)
    return notes


def _check_members(inference: Inference, family: Family, new: str) -> None:
    for taken in classes_with(inference, new, CancelToken()):
        line = set(inference.ancestry(taken))
        for owner in family.classes:
            if owner in line or taken in inference.ancestry(owner):
                scope = inference.program.scope(taken.path, taken.scope)
                row = scope.node.start_point.row + 1 if scope is not None else 1
                label = scope.qualified if scope is not None else ""
                raise RefactoringRefused(
                    f"{label} ({taken.path}:{row}) has a member {new} already", hint="choose another name"
                )


def _check_captures(program: Program, family: Family, renamed: Iterable[Mention], new: str) -> None:
    """A renamed use must not fall under a nearer variable that has the new name."""
    for mention in renamed:
        if mention.role not in (Role.NAME, Role.FORWARD):
            continue
        model = mention.model
        at = model.scope_of(mention.node)
        found = program.lookup(model, at, new)
        if found is None:
            continue
        line = model.line(found.bindings[0].node.start_byte) if found.model is model else 0
        where = f"{model.path}:{line}" if line else found.model.path
        raise RefactoringRefused(
            f"{new} means something else where {family.target.name} is used ({mention.path}:{mention.line}); "
            f"it is bound in {where}",
            hint="choose another name",
        )


def _check_captured_uses(program: Program, family: Family, new: str) -> None:
    """A use of the new name that is a builtin today must not begin to mean the renamed definition."""
    for path in sorted({key.path for key in family.keys}):
        model = program.model(path)
        if model is None:
            continue
        owners = {key.scope for key in family.keys if key.path == path}
        for mention in mentions_of(model, new):
            if mention.role is not Role.NAME:
                continue
            at = scope = model.scope_of(mention.node)
            while scope is not None and not (scope.key in owners and (scope.kind != "class" or scope is at)):
                scope = scope.parent  # type: ignore[assignment]
            if scope is not None and program.lookup(model, at, new) is None:
                raise RefactoringRefused(
                    f"{path}:{mention.line} uses {new}, which would begin to mean the renamed {family.target.name}",
                    hint="choose another name",
                )


def _outside_notes(inference: Inference, family: Family, new: str) -> list[str]:
    """Bases outside the workspace: refuse where they have the name, say so where that is not known."""
    notes: dict[str, None] = {}
    name = family.target.name
    for owner in sorted(family.classes, key=lambda one: (one.path, one.scope)):
        for path, line, base, _ in outside_bases(inference, Kind("class", owner.path, owner.scope)):
            if outside_has(base, name):
                raise RefactoringRefused(
                    f"{path}:{line} derives from {base}, which has {name} too and is not part of this workspace"
                )
            if outside_has(base, new):
                raise RefactoringRefused(f"{path}:{line} derives from {base}, which has a member {new} already")
            if outside_has(base, name) is None:
                notes[f"{path}:{line} derives from {base}, which is outside this workspace and may use {name}"] = None
    return list(notes)
