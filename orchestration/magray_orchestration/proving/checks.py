"""What has been found about texts while one plan is proved: each text is parsed and checked once."""

from __future__ import annotations

from collections.abc import Mapping

from magray_core.cancel import CancelToken
from magray_orchestration.proving.diagnostics import Diagnostic, diagnose
from magray_orchestration.proving.facts import Facts, facts_of

PYTHON = (".py", ".pyi", ".pyw")


class Checks:
    """Remembers facts and diagnostics by text. One per proof; not thread-safe."""

    def __init__(self) -> None:
        self._facts: dict[str, Facts] = {}
        self._found: dict[tuple[str, str], tuple[Diagnostic, ...]] = {}

    def facts(self, text: str) -> Facts:
        """What a Python text imports and exports, or why it does not parse."""
        if text not in self._facts:
            self._facts[text] = facts_of(text)
        return self._facts[text]

    def error(self, text: str) -> str:
        """Why the Python text does not parse, "" where it does."""
        return self.facts(text).error

    def diagnostics(self, texts: Mapping[str, str], cancel: CancelToken) -> tuple[Diagnostic, ...]:
        """Ruff's findings over the texts. Raises ToolFailed where ruff breaks."""
        new = {path: text for path, text in texts.items() if (path, text) not in self._found}
        found = diagnose(new, cancel)
        for path, text in new.items():
            self._found[path, text] = tuple(one for one in found if one.path == path)
        return tuple(one for item in texts.items() for one in self._found[item])
