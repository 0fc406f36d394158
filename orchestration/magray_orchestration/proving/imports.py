"""Do the touched modules still find in each other what they import?"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from magray_orchestration.proving.checks import Checks
from magray_orchestration.proving.trial import Trial


def lost_imports(trial: Trial, checks: Checks) -> list[str]:
    """``from m import name`` between touched files, where ``name`` was there before the step and no longer is."""
    before = set(_unresolved(trial.before, checks))
    return [message for message in _unresolved(trial.after, checks) if message not in before]


def _unresolved(texts: Mapping[str, str], checks: Checks) -> Iterator[str]:
    python = {path: text for path, text in texts.items() if path.endswith(".py")}
    exports = {path: checks.remember(_exports, text) for path, text in python.items()}
    for path, text in python.items():
        for module, level, name in checks.remember(_imports, text):
            target = _module_path(path, module, level, python)
            if target is None or "*" in exports[target] or name in exports[target]:
                continue
            if not _is_module(target, name, texts):
                yield f"{path} imports {name} from {target}, which has no such name"


def _module_path(path: str, module: str, level: int, known: Collection[str]) -> str | None:
    """The touched file that the import names, where exactly one fits."""
    parts = module.split(".") if module else []
    if level:
        folder = path.split("/")[:-1]
        stem = "/".join((*folder[: len(folder) - level + 1], *parts))
        found = [name for name in (f"{stem}.py", f"{stem}/__init__.py".lstrip("/")) if name in known]
    else:
        stem = "/".join(parts)
        ends = (f"{stem}.py", f"{stem}/__init__.py")
        found = [name for name in known if name in ends or name.endswith((f"/{ends[0]}", f"/{ends[1]}"))]
    return found[0] if len(found) == 1 else None


def _is_module(target: str, name: str, texts: Mapping[str, str]) -> bool:
    """Whether a package hands out a touched module of its own. Untouched ones were there before, so nobody asks."""
    folder = target.removesuffix("__init__.py")
    return folder != target and (f"{folder}{name}.py" in texts or f"{folder}{name}/__init__.py" in texts)


def _imports(tree: ast.Module) -> frozenset[tuple[str, int, str]]:
    """(module, dots, name) of every ``from`` import anywhere in the module."""
    return frozenset(
        (node.module or "", node.level, alias.name)
        for node in _statements(tree, inner=True)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "*"
    )


def _exports(tree: ast.Module) -> frozenset[str]:
    """Every name that module code binds anywhere at its top level; "*" where that cannot be known."""
    names: set[str] = set()
    for node in _statements(tree, inner=False):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names |= {node.name} | ({"*"} if node.name == "__getattr__" else set())
            case ast.Import():
                names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            case ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.Try() | ast.TryStar() | ast.If() | ast.While() | ast.Match():
                names |= {handler.name for handler in getattr(node, "handlers", ()) if handler.name}
            case _:
                names |= _bound_in(node)
    return frozenset(names)


def _bound_in(statement: ast.stmt) -> set[str]:
    """Names that a statement's own expressions store; compound statements' bodies come by themselves."""
    parts = [
        value
        for field, value in ast.iter_fields(statement)
        if field not in ("body", "orelse", "finalbody", "handlers", "cases")
    ]
    names: set[str] = set()
    for part in parts:
        for item in part if isinstance(part, list) else [part]:
            for node in ast.walk(item) if isinstance(item, ast.AST) else ():
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    names.add(node.id)
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "globals":
                    names.add("*")
    return names


def _statements(tree: ast.Module, *, inner: bool) -> Iterator[ast.stmt]:
    """Statements of the module, those inside functions and classes only with ``inner``; expressions are not walked."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not inner:
            continue
        for field in ("body", "orelse", "finalbody"):
            waiting.extend(getattr(node, field, ()))
        for clause in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            waiting.extend(clause.body)
