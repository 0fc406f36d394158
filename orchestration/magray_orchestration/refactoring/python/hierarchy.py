"""Which classes share a member by inheritance: what overrides it, and what it overrides."""

from __future__ import annotations

from collections.abc import Iterator

from magray_core.cancel import CancelToken
from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.program import Kind


def related_classes(inference: Inference, owner: Kind, name: str, cancel: CancelToken) -> set[Kind]:
    """The classes that define the member and are linked to the owner by inheritance, through any number of steps."""
    lineages = {one: set(inference.ancestry(one)) for one in classes_with(inference, name, cancel)}
    lineages.setdefault(owner, set(inference.ancestry(owner)))
    related, grown = {owner}, True
    while grown:
        cancel.check()
        joined = {
            one
            for one, line in lineages.items()
            if one not in related and any(one in lineages[other] or other in line for other in related)
        }
        related |= joined
        grown = bool(joined)
    return related


def classes_with(inference: Inference, name: str, cancel: CancelToken) -> Iterator[Kind]:
    """Every class of the workspace that itself defines the member."""
    program = inference.program
    for path in program.sources.mentioning(name):
        cancel.check()
        model = program.model(path)
        for scope in model.class_scopes() if model is not None else ():
            if inference.own_member(path, scope, name):
                yield Kind("class", path, scope.key)
