"""Rope's answers in less time: where scopes begin and end is read from Python's own tree.

Rope finds it out by matching every token of a file with the tree, which takes most of its time and breaks on syntax
that it does not know. It asks only for functions, classes and comprehensions.
"""

from __future__ import annotations

import ast
from typing import Any

from rope.base.pyscopes import GlobalScope
from rope.base.utils import saveit

_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


def hurry() -> None:
    """Replace rope's function. For the process's whole life."""
    GlobalScope._calculate_scope_regions = saveit(_calculate_scope_regions)


def _calculate_scope_regions(scope: Any) -> None:
    """Give every scope's node a ``region``: offsets of its begin, decorators included, and end."""
    tree, text = scope.pyobject.get_ast(), scope._get_source()
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(line: int, column: int) -> int:
        found = lines[line - 1]
        if not found.isascii():  # columns of the tree are bytes
            column = len(found.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))
        return starts[line - 1] + column

    tree.region = (0, len(text))
    for node in ast.walk(tree):
        if isinstance(node, _SCOPES):
            decorators = getattr(node, "decorator_list", ())
            first = min((one.lineno, one.col_offset) for one in (node, *decorators))
            begin = offset(*first) - (1 if decorators else 0)  # the @ belongs to it
            end = offset(node.end_lineno or 1, node.end_col_offset or 0)
            node.region = (begin, end)  # type: ignore[union-attr]
