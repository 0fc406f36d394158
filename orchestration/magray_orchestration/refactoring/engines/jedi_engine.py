"""Jedi's opinion: which definition a place leads to. Runs only inside the engine process, on a shadow copy.

Jedi's own search for references stops after 30 files and cannot be interrupted, so the places come from the caller and
jedi is asked for each; when its time is over, what it has answered counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jedi
from jedi.api.environment import InterpreterEnvironment

from magray_orchestration.refactoring.engines.jedi_quickly import hurry

REFUSALS: tuple[type[Exception], ...] = ()


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """``{"leads": [[[path, line, column], ...] | None, ...]}``: for each place the definitions, None where not asked.

    ``places`` are ``[path, line, column]``: lines from 1, columns from 0 in code points.
    """
    tree = Path(request["tree"])
    hurry(tree)
    jedi.settings.cache_directory = str(tree / ".jedi")
    jedi.settings.auto_import_modules = []
    opened = jedi.Project(
        tree,
        sys_path=[str(tree / root) for root in request["roots"]],
        smart_sys_path=False,
        load_unsafe_extensions=False,
    )
    deadline = time.monotonic() + request["time_s"]
    scripts: dict[str, jedi.Script] = {}
    leads: list[list[list[Any]] | None] = []
    for path, line, column in request["places"]:
        if time.monotonic() > deadline:
            leads.append(None)
            continue
        if path not in scripts:
            scripts[path] = jedi.Script(path=tree / path, project=opened, environment=InterpreterEnvironment())
        leads.append(list(_leads(scripts[path], (line, column), tree)))
    return {"leads": leads}


def _leads(script: jedi.Script, place: tuple[int, int], tree: Path) -> Iterator[list[Any]]:
    try:
        names = script.goto(*place, follow_imports=True)
    except Exception:  # noqa: BLE001 - jedi fails on odd code in many ways; each means that it has no opinion here
        return
    for name in names:
        if name.module_path is not None and name.module_path.is_relative_to(tree):
            yield [name.module_path.relative_to(tree).as_posix(), name.line, name.column]
        else:
            yield ["", 0, 0]
