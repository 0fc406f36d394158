"""The mutable whole of one connection. Only the loop touches it; everyone else gets a ``Snapshot``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from magray_configs.settings import Settings
from magray_core.cancel import CancelToken
from magray_core.contracts import DocStore
from magray_core.documents import Document, TextFormat
from magray_server.pools import Workers
from magray_server.protocol.handshake import ClientProfile
from magray_server.snapshot import OWN_FOLDER, Snapshot, no_folder
from magray_server.texts import Change, OpenText
from magray_server.uris import RootUris

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore
    from magray_orchestration.plans.transitions import Staged
    from magray_server.editor import Ask
    from magray_server.indexing import Indexing
    from magray_server.progress import Progresses
    from magray_server.protocol.client import Client

log = logging.getLogger(__name__)


class Session:
    """Client, root, settings, open documents, index and plans, with a version that grows with every change."""

    def __init__(self, profile: ClientProfile, roots: RootUris | None, settings: Settings) -> None:
        self.profile = profile
        self.roots = roots
        self.settings = settings
        self.workers = Workers()
        self.version = 0
        self.index: DocStore | None = None
        self.plans: PlanStore | None = None
        self.ask_editor: Ask | None = None
        self.failures: dict[str, int] = {}
        self.plannings: dict[str, CancelToken] = {}
        self.staged: dict[int, tuple[Staged, frozenset[str]]] = {}
        self.unsaved: dict[str, str] = {}
        """Paths that a plan changed in the editor and that are not saved yet, with the plan's id."""
        self.initialized = asyncio.Event()
        self.carrying: asyncio.Task[Any] | None = None
        self.last_asked = 0.0
        """When the client's last request came, by the monotonic clock: background work keeps away from it."""
        self.patience_s = _patience(profile)
        self.indexing: Indexing | None = None
        self._change = asyncio.Event()
        self._texts: dict[str, OpenText] = {}
        self._snapshot: Snapshot | None = None
        self._client: Client | None = None
        self._progresses: Progresses | None = None

    @property
    def client(self) -> Client:
        """The client; there from the moment that messages are routed."""
        if self._client is None:
            raise RuntimeError("the client is asked before the connection runs")
        return self._client

    @property
    def progresses(self) -> Progresses:
        """Work-done progress shown by the client."""
        if self._progresses is None:
            raise RuntimeError("progress is shown before the connection runs")
        return self._progresses

    def connect(self, client: Client, progresses: Progresses) -> None:
        """The typed half of the protocol is loaded."""
        self._client = client
        self._progresses = progresses

    def changed(self) -> None:
        """Something that a snapshot shows is different now."""
        self.version += 1
        self._snapshot = None
        self._change.set()

    async def wait_for_change(self, timeout_s: float) -> bool:
        """Whether something has changed before the timeout."""
        self._change.clear()
        try:
            return await asyncio.wait_for(self._change.wait(), timeout_s)
        except TimeoutError:
            return False

    async def indexed_snapshot(self, cancel: CancelToken) -> Snapshot:
        """A snapshot once the index has caught up with the files: for plans, which must not miss a mention."""
        if self.indexing is None:
            raise no_folder()
        await self.indexing.caught_up(cancel)
        return self.snapshot()

    def snapshot(self) -> Snapshot:
        """The session frozen as it is; the same value until something changes."""
        if self._snapshot is None:
            texts = {uri: text.document() for uri, text in self._texts.items()}
            self._snapshot = Snapshot(
                version=self.version,
                profile=self.profile,
                roots=self.roots,
                index=self.index,
                settings=self.settings,
                texts=texts,
                documents={document.path: document for uri, document in texts.items() if self.own_path(uri)},
                plans=self.plans,
                ask_editor=self.ask_editor,
                failures=dict(self.failures),
            )
        return self._snapshot

    def own_path(self, uri: str) -> str | None:
        """The path of a workspace document; None outside of the workspace and in Magray's own folder."""
        path = self.roots.path_of(uri) if self.roots else None
        return None if path is None or path.startswith(OWN_FOLDER) else path

    def version_of(self, uri: str) -> int | None:
        """The version of an open document, None where it is not open."""
        text = self._texts.get(uri)
        return None if text is None else text.version

    def document(self, uri: str) -> Document | None:
        """An open document as it is now."""
        text = self._texts.get(uri)
        return None if text is None else text.document()

    def open(self, uri: str, text: str, version: int, fmt: TextFormat) -> None:
        """A document was opened, or opened again, which replaces it."""
        path = self.own_path(uri)
        self._texts[uri] = OpenText(uri if path is None else path, text, version, fmt)
        self.changed()

    def change(self, uri: str, changes: Sequence[Change], version: int) -> None:
        """A document changed. One that was never opened is taken up when the change brings its whole text."""
        text = self._texts.get(uri)
        if text is not None:
            if text.change(changes, version, self.profile.encoding):
                self.changed()
        elif changes and changes[0].start is None:
            log.warning("a document changed that is not open; its whole text came with the change")
            self.open(uri, "", version - 1, TextFormat())
            self.change(uri, changes, version)
        else:
            log.warning("ignored a change of a document that is not open")

    def stored_as(self, uri: str, fmt: TextFormat) -> None:
        """The file under an open document was read again."""
        text = self._texts.get(uri)
        if text is not None:
            text.stored_as(fmt)
            self.changed()

    def close(self, uri: str) -> None:
        """A document was closed: the disk is its truth again."""
        if self._texts.pop(uri, None) is None:
            log.warning("ignored the closing of a document that is not open")
        else:
            self.changed()

    def count_failure(self, method: str) -> None:
        """A bug ended a request; ``doctor`` shows how often."""
        self.failures[method] = self.failures.get(method, 0) + 1


def _patience(profile: ClientProfile) -> float:
    """How long a question to the person may stay open, in seconds; a person may read a preview for long."""
    given = profile.options.get("patienceSeconds")
    return float(given) if isinstance(given, int | float) and 0 < given <= 86_400 else 600.0
