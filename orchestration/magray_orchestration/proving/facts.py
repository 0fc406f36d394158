"""What a Python text imports and gives to others, found in its tree, which is not kept: trees are large."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """``error`` says why the text does not parse ("" where it does); then the others are empty.

    ``imports`` are (module, dots, name) of ``from`` imports anywhere; ``exports`` the names bound at the top level,
    with "*" where that cannot be known.
    """

    error: str = ""
    imports: frozenset[tuple[str, int, str]] = frozenset()
    exports: frozenset[str] = frozenset()


def facts_of(text: str) -> Facts:
    """The text's facts. Nothing of it runs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        return Facts(f"line {error.lineno or 1}: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Facts(str(error) or "nested too deeply")
    return Facts("", _imports(tree), _exports(tree))


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
