"""The memory of a workspace that has no index yet: open documents can be read, nothing is known of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from magray_core.cancel import CancelToken
from magray_core.contracts import DocStore
from magray_core.documents import Document
from magray_core.errors import IndexUnavailable
from magray_core.memory import EVERYWHERE, Freshness, Occurrence, ParsedFile, SearchResult, SearchScope, Symbol


class NoIndex(DocStore):
    """Answers what needs no index and says why it cannot answer the rest."""

    def __init__(self, reason: str = "the first index is being built") -> None:
        self._reason = reason

    def search(
        self, query: str, k: int, *, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
    ) -> SearchResult:
        """Raises IndexUnavailable."""
        raise self._unavailable()

    def file(self, path: str) -> ParsedFile | None:
        """Nothing is known."""
        return None

    def paths(self) -> Iterable[tuple[str, str]]:
        """No file is indexed."""
        return ()

    def symbols_named(self, name: str, *, limit: int = 200) -> list[tuple[str, Symbol]]:
        """No definition is known."""
        return []

    def find_symbols(self, query: str, *, limit: int = 100) -> list[tuple[str, Symbol]]:
        """No definition is known."""
        return []

    def occurrences(
        self, name: str, *, overlay: Sequence[Document] = (), cancel: CancelToken | None = None
    ) -> list[Occurrence]:
        """Mentions in the open documents; the freshness beside the answer says that this is not all."""
        from magray_indexers.occurrences import occurrences_in
        from magray_indexers.parsing import parse

        found: list[Occurrence] = []
        for document in overlay:
            if cancel is not None:
                cancel.check()
            if name in document.text:
                parsed = parse(document.path, document.text)
                found += occurrences_in(document.path, document.text, parsed.language, name, parsed.symbols)
        return found

    def mentioning(self, name: str) -> list[str]:
        """No file is known."""
        return []

    def occurrences_in(self, path: str, name: str) -> list[Occurrence]:
        """No file is known."""
        return []

    def freshness(self) -> Freshness:
        """Generation 0, not complete."""
        return Freshness(generation=0, complete=False)

    def _unavailable(self) -> IndexUnavailable:
        return IndexUnavailable(self._reason, hint="try again in a moment")
