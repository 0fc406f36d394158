"""Rope's opinion: where a Python name occurs. Runs only inside the engine process, on a shadow copy.

Offsets in requests and answers are code points of the shadow's texts, whose lines end in ``\\n``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rope.base import evaluate, exceptions, fscommands, project, worder
from rope.base.change import ChangeContents
from rope.base.prefs import Prefs
from rope.refactor import move, occurrences

from magray_orchestration.refactoring.engines.rope_quickly import hurry

REFUSALS = (exceptions.RopeError,)

# No folder in the tree, no dynamic analysis, no import of anything but source: rope runs nothing that it reads.
_PREFERENCES: dict[str, Any] = {
    "ignored_resources": [],
    "automatic_soa": False,
    "soa_followed_calls": 0,
    "perform_doa": False,
    "validate_objectdb": False,
    "import_dynload_stdmods": False,
    "extension_modules": [],
    "ignore_syntax_errors": True,
    "ignore_bad_imports": True,
}


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """``{"occurrences": [[path, start, end, sure], ...]}`` or, for a moved module, ``{"files": {path: text}}``."""
    hurry()
    opened = _Tree(request["tree"], fscommands.FileSystemCommands(), None, **_PREFERENCES)
    opened.set("source_folders", request["roots"])
    opened._init_source_folders()
    match request["kind"]:
        case "occurrences":
            return {"occurrences": _occurrences(opened, request)}
        case "move_module":
            return _moved_module(opened, request)
        case other:
            return {"error": f"rope is not asked for {other}"}


def _occurrences(opened: project.Project, request: Mapping[str, Any]) -> list[list[Any]]:
    resource = opened.get_resource(request["path"])
    offset = request["offset"]
    name = worder.get_name_at(resource, offset)
    instance, pyname = evaluate.eval_location2(opened.get_pymodule(resource), offset)
    if pyname is None:
        raise exceptions.RefactoringError(f"rope does not know what {name} is here")
    finder = occurrences.create_finder(
        opened, name, pyname, unsure=lambda _: True, in_hierarchy=request["in_hierarchy"], instance=instance
    )
    found: list[list[Any]] = []
    for path in request["search"]:
        try:
            for occurrence in finder.find_occurrences(opened.get_resource(path)):
                start, end = occurrence.get_word_range()
                found.append([path, start, end, not occurrence.is_unsure()])
        except Exception:  # noqa: BLE001 - rope fails on odd code in many ways; of such a file it has no opinion
            continue
    return found


def _moved_module(opened: project.Project, request: Mapping[str, Any]) -> dict[str, Any]:
    """The texts that other files, and the module itself, get when the module moves into another package."""
    resource = opened.get_resource(request["path"])
    if resource.name == "__init__.py":
        resource = resource.parent
    changes = move.MoveModule(opened, resource).get_changes(opened.get_resource(request["folder"]))
    files = {
        change.resource.path: change.new_contents for change in changes.changes if isinstance(change, ChangeContents)
    }
    return {"files": files}


class _Tree(project.Project):  # type: ignore[misc]
    """A rope project that is the shadow alone: no configuration is read, no other folder is searched."""

    def _init_prefs(self, prefs: dict[str, Any]) -> None:
        self.prefs = Prefs()
        self.prefs.add_callback("ignored_resources", self.ignored.set_patterns)
        for key, value in prefs.items():
            self.prefs.set(key, value)
        self._init_other_parts()

    def get_source_folders(self) -> list[Any]:
        return list(self._custom_source_folders)

    def get_python_path_folders(self) -> list[Any]:
        return []
