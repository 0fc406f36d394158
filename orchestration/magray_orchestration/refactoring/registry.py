"""Which refactorings there are, in the order in which they are asked, and what they offer at a place."""

from __future__ import annotations

from magray_core.errors import WorkspaceError
from magray_core.plans import Place
from magray_orchestration.refactoring.contract import Offer, Refactoring
from magray_orchestration.refactoring.editor_rename import EditorRename
from magray_orchestration.refactoring.organize_imports import OrganizeImports
from magray_orchestration.refactoring.python_move import PythonMove
from magray_orchestration.refactoring.python_rename import PythonRename
from magray_orchestration.refactoring.structural_replace import StructuralReplace
from magray_orchestration.refactoring.textual_rename import TextualRename
from magray_orchestration.workspace import Workspace

REFACTORINGS: tuple[Refactoring, ...] = (
    PythonRename(),
    PythonMove(),
    OrganizeImports(),
    EditorRename(),
    TextualRename(),
    StructuralReplace(),
)
"""The first that fits an intent computes it: engines that know a language come before those that know text."""


def offers(workspace: Workspace, place: Place) -> tuple[Offer, ...]:
    """What the menu shows at a place. Of two offers of the same kind for the same goal the first that works is kept.

    Nothing at a place that cannot be read.
    """
    try:
        workspace.read(place.path)
    except WorkspaceError:
        return ()
    kept: dict[tuple[str, str], Offer] = {}
    for refactoring in REFACTORINGS:
        for offer in refactoring.offers(workspace, place):
            key = (offer.kind, offer.goal or offer.goal_prefix or offer.title)
            if key not in kept or (kept[key].disabled and not offer.disabled):
                kept[key] = offer
    return tuple(kept.values())
