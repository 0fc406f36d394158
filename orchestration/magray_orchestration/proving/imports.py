"""Do the touched modules still find in each other what they import?"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from magray_orchestration.proving.trial import Trial


def lost_imports(trial: Trial) -> list[str]:
    """``from m import name`` between touched files, where ``name`` was there before the step and no longer is."""
    before = set(_unresolved(trial.before))
    return [message for message in _unresolved(trial.after) if message not in before]


def _unresolved(texts: Mapping[str, str]) -> Iterator[str]:
    trees = {path: tree for path, text in texts.items() if path.endswith(".py") and (tree := _parse(text))}
    exports = {path: _exports(tree) for path, tree in trees.items()}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom):
                continue
            target = _module_path(path, node, trees)
            if target is None or "*" in exports[target]:
                continue
            for alias in node.names:
                if (
                    alias.name != "*"
                    and alias.name not in exports[target]
                    and not _is_module(target, alias.name, texts)
                ):
                    yield f"{path} imports {alias.name} from {target}, which has no such name"


def _parse(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _module_path(path: str, node: ast.ImportFrom, trees: Mapping[str, ast.Module]) -> str | None:
    """The touched file that the import names, where exactly one fits."""
    parts = (node.module or "").split(".") if node.module else []
    if node.level:
        folder = path.split("/")[:-1]
        folder = folder[: len(folder) - node.level + 1]
        stem = "/".join((*folder, *parts))
        found = [name for name in (f"{stem}.py", f"{stem}/__init__.py".lstrip("/")) if name in trees]
    else:
        stem = "/".join(parts)
        ends = (f"{stem}.py", f"{stem}/__init__.py")
        found = [name for name in trees if any(name == end or name.endswith(f"/{end}") for end in ends)]
    return found[0] if len(found) == 1 else None


def _is_module(target: str, name: str, texts: Mapping[str, str]) -> bool:
    """Whether a package hands out a touched module of its own. Untouched ones were there before, so nobody asks."""
    folder = target.removesuffix("__init__.py")
    return folder != target and (f"{folder}{name}.py" in texts or f"{folder}{name}/__init__.py" in texts)


def _exports(tree: ast.Module) -> set[str]:
    """Every name that module code binds anywhere at its top level; "*" where that cannot be known."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
                if node.name == "__getattr__":
                    names.add("*")
                continue
            case ast.Import():
                names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            case ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
            case ast.Name(ctx=ast.Store()):
                names.add(node.id)
            case ast.Call(func=ast.Name(id="globals")):
                names.add("*")
            case ast.Lambda():
                continue
            case _:
                pass
        waiting.extend(ast.iter_child_nodes(node))
    return names
