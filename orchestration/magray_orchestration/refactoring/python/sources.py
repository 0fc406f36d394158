"""The Python texts as engines see them: line ends as ``\\n``, coding cookies masked, offsets mapped back."""

from __future__ import annotations

import bisect
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from magray_core.cancel import CancelToken
from magray_core.documents import Document
from magray_core.errors import WorkspaceError
from magray_core.spans import Span
from magray_orchestration.workspace import Workspace

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
_COOKIE = re.compile(r"^([ \t\f]*#.*?)coding(?=[:=])")


@dataclass(frozen=True, slots=True)
class Source:
    """A Python document and its engine text, where every ``\\r\\n`` is one ``\\n``."""

    document: Document
    engine_text: str
    _shifts: tuple[int, ...] = field(repr=False)

    @property
    def path(self) -> str:
        """The document's path."""
        return self.document.path

    def span(self, start: int, end: int) -> Span:
        """A span of the engine text as a span of the document."""
        return Span(self.offset(start), self.offset(end))

    def offset(self, engine_offset: int) -> int:
        """An offset of the engine text as an offset of the document."""
        return engine_offset + bisect.bisect_left(self._shifts, engine_offset)

    def engine_offset(self, offset: int) -> int:
        """An offset of the document as an offset of the engine text."""
        low, high = 0, len(self.engine_text)
        while low < high:
            middle = (low + high) // 2
            if self.offset(middle) < offset:
                low = middle + 1
            else:
                high = middle
        return low


def make_source(document: Document) -> Source:
    """The document as engines see it."""
    text = document.text
    # _shifts[i] is the engine offset of the i-th line end that lost its carriage return.
    shifts = tuple(match.start() - i for i, match in enumerate(re.finditer("\r\n", text))) if "\r" in text else ()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n", 2)
    # The shadow is UTF-8 whatever the file is, so a cookie must not tell the engine otherwise; the length stays.
    lines[:2] = [_COOKIE.sub(r"\1c0ding", line) for line in lines[:2]]
    return Source(document, "\n".join(lines), shifts)


class PythonSources:
    """The Python files of a workspace, read on first use. Paths are sorted; unreadable files are left out."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        indexed = {path for path, language in workspace.index.paths() if language == "python"}
        indexed |= {path for path in workspace.documents if path.endswith(PYTHON_SUFFIXES)}
        self.paths: tuple[str, ...] = tuple(sorted(indexed))
        self._mentioning: dict[str, tuple[str, ...]] = {}
        self._sources: dict[str, Source | None] = {}

    def get(self, path: str) -> Source | None:
        """The source, or None if it is gone or no text."""
        if path not in self._sources:
            try:
                self._sources[path] = make_source(self.workspace.read(path))
            except WorkspaceError:
                self._sources[path] = None
        return self._sources[path]

    def mentioning(self, name: str) -> tuple[str, ...]:
        """The paths whose text holds the name as a whole word."""
        if name not in self._mentioning:
            word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
            self._mentioning[name] = tuple(
                path for path in self.paths if (source := self.get(path)) and word.search(source.engine_text)
            )
        return self._mentioning[name]

    @contextmanager
    def shadow(self, cancel: CancelToken, extra: Mapping[str, str] | None = None) -> Iterator[Path]:
        """A temporary folder with every source in it, gone at the end. Stubs are left out: engines mistake them."""
        with tempfile.TemporaryDirectory(prefix="magray-") as name:
            tree = Path(name).resolve()
            for path in self.paths:
                cancel.check()
                source = self.get(path)
                if source is not None:
                    _write(tree, path, source.engine_text)
            for path, text in (extra or {}).items():
                _write(tree, path, text)
            yield tree


def module_roots(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that hold top-level modules and packages, shortest first; "" is the workspace root."""
    packages = {path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == "__init__.py"}
    roots: set[str] = set()
    for path in paths:
        parts = path.split("/")[:-1]
        # A folder without __init__.py inside a package is a package all the same (PEP 420).
        outer = next((i for i in range(1, len(parts) + 1) if "/".join(parts[:i]) in packages), len(parts) + 1)
        roots.add("/".join(parts[: outer - 1]))
    return tuple(sorted(roots, key=lambda root: (root.count("/") + bool(root), root)))


def _write(tree: Path, path: str, text: str) -> None:
    target = tree / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
