"""What is known of names outside the workspace: builtins, and the standard library by its type stubs. Nothing runs."""

from __future__ import annotations

import builtins
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from magray_orchestration.refactoring.python.inference import Inference
from magray_orchestration.refactoring.python.program import Kind
from magray_orchestration.refactoring.python.scopes import FileModel, Scope

# Bases that give a class behaviour and no public names that code overrides.
_HARMLESS = frozenset(("object", "Generic", "Protocol", "ABC", "NamedTuple", "TypedDict"))


@lru_cache(maxsize=64)
def standard_library_has(name: str) -> bool:
    """Whether some class or module of the standard library has this name, so that it says nothing about a receiver."""
    word = re.compile(rf"^\s*(?:(?:async )?def |class )?{re.escape(name)}\b\s*[(:=]", re.MULTILINE)
    folder = _stub_folder()
    paths = folder.rglob("*.pyi") if folder is not None else ()
    return any(
        name in (text := path.read_text(encoding="utf-8", errors="replace")) and word.search(text) for path in paths
    )


def outside_bases(inference: Inference, owner: Kind) -> list[tuple[str, int, str, bool | None]]:
    """Bases of the class and its ancestors that are not in the workspace: (path, line, base, does it have the name).

    The last part is filled by ``outside_has``; None stands for not known.
    """
    found: list[tuple[str, int, str, bool | None]] = []
    for one in inference.ancestry(owner):
        model, scope = inference.program.model(one.path), inference.program.scope(one.path, one.scope)
        arguments = scope.node.child_by_field_name("superclasses") if scope is not None else None
        if model is None or scope is None or arguments is None:
            continue
        written = [child for child in arguments.named_children if child.type not in ("keyword_argument", "comment")]
        for base, kinds in zip(written, inference.bases(one.path, scope), strict=True):
            text = model.text(base).partition("[")[0]
            if all(kind.of != "class" for kind in kinds) and text.rpartition(".")[2] not in _HARMLESS:
                found.append((one.path, scope.node.start_point.row + 1, _full_name(model, scope, text), None))
    return found


def outside_has(base: str, name: str) -> bool | None:
    """Whether a class outside the workspace, by its dotted name, has a member; None where that is not known."""
    module, _, class_name = base.rpartition(".")
    if not module:
        found = getattr(builtins, class_name, None)
        return hasattr(found, name) if isinstance(found, type) else None
    stub = _stub(module)
    match = (
        re.search(rf"^class {re.escape(class_name)}\b(.*?)(?=^\S)", f"{stub}\n.", re.MULTILINE | re.DOTALL)
        if stub
        else None
    )
    if match is None:
        return None
    return bool(re.search(rf"^\s+(?:(?:async )?def )?{re.escape(name)}\b\s*[(:=]", match.group(1), re.MULTILINE))


def _full_name(model: FileModel, scope: Scope, text: str) -> str:
    """The base with its module, as the file's imports say."""
    first, _, rest = text.partition(".")
    for binding in model.module.bindings.get(first, ()) or scope.bindings.get(first, ()):
        if binding.kind == "from" and not binding.level:
            return f"{binding.module}.{binding.imported}" + (f".{rest}" if rest else "")
        if binding.kind == "import":
            module = binding.module if binding.imported != "*" else first
            return f"{module}.{rest}" if rest else module
    return text


@lru_cache(maxsize=1)
def _stub_folder() -> Path | None:
    """The standard library's stubs that jedi brings. Jedi itself is not imported."""
    spec = find_spec("jedi")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    folders = (Path(place) / "third_party" / "typeshed" / "stdlib" for place in places)
    return next((folder for folder in folders if folder.is_dir()), None)


def _stub(module: str) -> str | None:
    folder = _stub_folder()
    if folder is None or not all(part.isidentifier() for part in module.split(".")):
        return None
    stem = folder.joinpath(*module.split("."))
    found = next((path for path in (stem / "__init__.pyi", stem.with_suffix(".pyi")) if path.is_file()), None)
    return found.read_text(encoding="utf-8", errors="replace") if found is not None else None
