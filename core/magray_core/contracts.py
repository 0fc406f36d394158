"""The seams of the system as protocols: what an adapter must offer to be plugged in. No implementation lives here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from magray_core.cancel import CancelToken
from magray_core.documents import Document
from magray_core.memory import EVERYWHERE, Freshness, Occurrence, ParsedFile, SearchResult, SearchScope, Symbol
from magray_core.plans import FileChange, Place
from magray_core.tools import Decision, ToolInput, ToolOutput, ToolSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """What an embedder's vectors are. ``id`` changes whenever the same text would get another vector.

    ``quick`` says that thousands of chunks a second can be embedded, so that it need not happen in the background.
    ``trust`` is what its similarity weighs against words where names of files tell nothing: see ``ranking.rules``.
    """

    id: str
    dim: int
    quick: bool = False
    trust: float = 1.0


class Embedder(Protocol):
    """Text to vectors of one model: rows are float32 and L2-normalised; a text without content is all zeros.

    Thread-safe, blocks, deterministic; a text that is longer than the model takes is cut, never refused.
    """

    @property
    def model(self) -> EmbeddingModel:
        """Whose vectors these are."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n_texts, dim) vectors of what is searched. Raises ProviderError."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """(dim,) vector of a question. Raises ProviderError."""


EmbedderFor = Callable[[str], Embedder | None]
"""The embedder of a model by its id, or None where it is not installed."""


class Reranker(Protocol):
    """Judges pairs of a question and a passage by reading both. Thread-safe, blocks, deterministic."""

    @property
    def id(self) -> str:
        """Which model judges; changes whenever its scores would."""

    def score(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, 0 to 1, in the order given. Raises ProviderError."""


KeepRows = Callable[["NDArray[np.int64]"], "NDArray[np.bool_]"]
"""Which of these ids a search may return: one boolean for each."""


class VectorIndex(Protocol):
    """Nearest neighbours by cosine over rows that are L2-normalised float32. Ids are 63-bit and not negative."""

    def __len__(self) -> int:
        """Rows that can be found."""

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Insert or replace rows; ``vectors`` is (n_ids, dim). Raises ValueError for another dimension."""

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Forget rows; unknown ids are ignored."""

    def search(self, vector: NDArray[np.float32], k: int, *, keep: KeepRows | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` (id, cosine) pairs, best first, ties by id, among the ids that ``keep`` admits.

        Raises ValueError for another dimension.
        """


@runtime_checkable
class DocStore(Protocol):
    """The workspace's memory as a reader sees it: one consistent generation. Thread-safe."""

    def search(
        self, query: str, k: int, *, overlay: Sequence[Document] = (), scope: SearchScope = EVERYWHERE
    ) -> SearchResult:
        """Hits in scope, best first. Documents in ``overlay`` replace what the index holds of their paths."""

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
