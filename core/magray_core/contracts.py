"""The seams of the system as protocols: what an adapter must offer to be plugged in. No implementation lives here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from magray_core.cancel import CancelToken
from magray_core.documents import Document
from magray_core.memory import Freshness, Occurrence, ParsedFile, SearchResult, Symbol
from magray_core.plans import FileChange, Place
from magray_core.tools import Decision, ToolInput, ToolOutput, ToolSpec


class Progress(Protocol):
    """Where long work tells how far it is. Safe to call from any thread."""

    def report(self, message: str, fraction: float | None = None) -> None:
        """Say what is being done; ``fraction`` in 0..1 where it is known."""


class Tool(Protocol):
    """Something that can be called. It does not decide whether it may run."""

    @property
    def spec(self) -> ToolSpec:
        """What the tool is and needs."""

    async def run(self, call: ToolInput, cancel: CancelToken) -> ToolOutput:
        """Do it, or with ``call.context.dry_run`` show what would be done."""


class Policy(Protocol):
    """A pure, total function from a call to a decision; when in doubt it denies."""

    def decide(self, call: ToolInput, spec: ToolSpec) -> Decision:
        """The verdict with its reason and source. Never raises."""


@dataclass(frozen=True, slots=True)
class LlmMessage:
    """One turn of a conversation. ``parts`` other than text (voice, vision) get their own type when they come."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str


@dataclass(frozen=True, slots=True)
class LlmEvent:
    """One event of a stream: a piece of text, or the end with its token counts."""

    kind: Literal["text", "end"]
    text: str = ""
    usage: Mapping[str, int] | None = None


class LlmClient(Protocol):
    """One streaming call for every provider."""

    def stream(self, messages: Sequence[LlmMessage], *, max_tokens: int) -> AsyncIterator[LlmEvent]:
        """Events in order, ending with one of kind ``end``. Raises ProviderError."""


class VectorIndex(Protocol):
    """Nearest neighbours by cosine over rows that are L2-normalised float32."""

    def add(self, ids: Sequence[int], vectors: Sequence[Sequence[float]]) -> None:
        """Insert or replace rows."""

    def remove(self, ids: Sequence[int]) -> None:
        """Forget rows; unknown ids are ignored."""

    def search(
        self, vector: Sequence[float], k: int, *, keep: Callable[[int], bool] | None = None
    ) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, among the ids that ``keep`` admits."""


@runtime_checkable
class DocStore(Protocol):
    """The workspace's memory as a reader sees it: one consistent generation. Thread-safe."""

    def search(self, query: str, k: int, *, overlay: Sequence[Document] = ()) -> SearchResult:
        """Hits, best first. Documents in ``overlay`` replace what the index holds of their paths."""

    def file(self, path: str) -> ParsedFile | None:
        """What the index knows of a file, or None."""

    def paths(self) -> Iterable[tuple[str, str]]:
        """(path, language) of every indexed file, ordered by path."""

    def symbols_named(self, name: str, *, limit: int = 200) -> list[tuple[str, Symbol]]:
        """(path, symbol) of the definitions with exactly this name; a dotted name matches qualified names by suffix."""

    def find_symbols(self, query: str, *, limit: int = 100) -> list[tuple[str, Symbol]]:
        """Definitions whose name fuzzily matches, best first (for ``workspace/symbol``)."""

    def occurrences(
        self, name: str, *, overlay: Sequence[Document] = (), cancel: CancelToken | None = None
    ) -> list[Occurrence]:
        """Every whole-word mention of the name in the workspace, of every kind, ordered by path and offset."""

    def mentioning(self, name: str) -> list[str]:
        """Paths of the files that may mention the name, ordered: every one that does and perhaps some that do not."""

    def occurrences_in(self, path: str, name: str) -> list[Occurrence]:
        """The mentions of a name in one file as it was indexed: ``occurrences`` piece by piece."""

    def freshness(self) -> Freshness:
        """How current the generation is."""


class EditorHost(Protocol):
    """What the editor's other language servers can be asked, in Magray's own words. Blocks; call from a worker."""

    def rename(self, place: Place, new_name: str, *, timeout_s: float) -> tuple[FileChange, ...] | None:
        """The changes another server proposes for a rename at the place, or None where no server answers."""


ToolArguments = Mapping[str, Any]
"""Arguments of a call before they are checked against the tool's schema."""
