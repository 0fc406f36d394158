"""What has been found about texts while one plan is proved: each text is parsed and checked once."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from magray_core.cancel import CancelToken
from magray_orchestration.proving.diagnostics import Diagnostic, diagnose

Fact = TypeVar("Fact")
PYTHON = (".py", ".pyi", ".pyw")


class Checks:
    """Remembers trees and diagnostics by text. One per proof; not thread-safe."""

    def __init__(self) -> None:
        self._trees: dict[str, ast.Module | None] = {}
        self._errors: dict[str, str] = {}
        self._facts: dict[tuple[object, str], frozenset[Any]] = {}
        self._found: dict[tuple[str, str], tuple[Diagnostic, ...]] = {}

    def tree(self, text: str) -> ast.Module | None:
        """The Python text's tree, or None where it does not parse; nothing of it runs."""
        if text not in self._trees:
            self._trees[text] = None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._trees[text] = ast.parse(text)
            except SyntaxError as error:
                self._errors[text] = f"line {error.lineno or 1}: {error.msg}"
            except (ValueError, RecursionError, MemoryError) as error:
                self._errors[text] = str(error) or "nested too deeply"
        return self._trees[text]

    def remember(self, find: Callable[[ast.Module], frozenset[Fact]], text: str) -> frozenset[Fact]:
        """What ``find`` finds in the text's tree, found once; nothing where the text does not parse."""
        key = (find, text)
        if key not in self._facts:
            tree = self.tree(text)
            self._facts[key] = frozenset() if tree is None else find(tree)
        return self._facts[key]

    def error(self, text: str) -> str:
        """Why the Python text does not parse, "" where it does."""
        return "" if self.tree(text) is not None else self._errors[text]

    def diagnostics(self, texts: Mapping[str, str], cancel: CancelToken) -> tuple[Diagnostic, ...]:
        """Ruff's findings over the texts. Raises ToolFailed where ruff breaks."""
        new = {path: text for path, text in texts.items() if (path, text) not in self._found}
        found = diagnose(new, cancel)
        for path, text in new.items():
            self._found[path, text] = tuple(one for one in found if one.path == path)
        return tuple(one for item in texts.items() for one in self._found[item])
