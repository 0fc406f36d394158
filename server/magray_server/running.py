"""The server once it is initialized: client, router, index and plans. Loaded after ``initialize`` is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from magray_configs.paths import WorkspacePaths
from magray_core.errors import MagrayError
from magray_indexers.process import IndexProcess
from magray_orchestration.plans.applying import recover
from magray_orchestration.plans.store import PlanStore
from magray_server.dispatch import COMMANDS, NOTIFICATIONS, REQUESTS
from magray_server.embedding import embedding_by
from magray_server.failures import shown
from magray_server.indexing import Indexing
from magray_server.pools import Pool
from magray_server.progress import Progresses
from magray_server.protocol.client import Client, ClientGone
from magray_server.protocol.messages import ResponseError
from magray_server.router import Routing
from magray_server.session import Session
from magray_server.uris import RootUris
from magray_server.watching import watch

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger(__name__)

_ASK_EXTRA_S = 1.0


class Running:
    """What lives between ``initialize`` and the end. Made and closed on the loop."""

    def __init__(self, session: Session, wire: Callable[[dict[str, Any]], None]) -> None:
        client = Client("magray", "0.1.0", wire)
        session.connect(client, Progresses(client, supported=session.profile.can("window.workDoneProgress")))
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._observer: BaseObserver | None = None
        self._opening: asyncio.Task[None] | None = None
        self.router = Routing(session, REQUESTS, NOTIFICATIONS, COMMANDS)

    def start(self, warnings: Sequence[str]) -> None:
        """Tell the person what was wrong with the root or the settings, and open the workspace."""
        for warning in warnings:
            self._warn(warning)
        if self._session.roots is not None:
            if self._session.profile.speaks("lspRequest"):
                self._session.ask_editor = self._ask_editor
            embedding = embedding_by(self._session.settings)
            process = IndexProcess(self._session.roots.root, self._session.settings.index, embedding.now)
            indexing = Indexing(self._session, process, embedding.of_model)
            self._session.indexing = indexing
            self._opening = self._loop.create_task(self._open(self._session.roots, indexing))

    async def close(self) -> None:
        """Stop all work and every process."""
        if self._opening is not None:
            self._opening.cancel()
        if self._observer is not None:
            self._observer.stop()
        if self._session.indexing is not None:
            await self._session.indexing.close()
        self._session.workers.stop()

    async def _open(self, roots: RootUris, indexing: Indexing) -> None:
        """Plans first, so that what a crash left is cleared up before anything is read; then index and watch."""
        await self._session.initialized.wait()
        try:
            opened = self._session.workers.submit(Pool.FILES, lambda: _open_plans(roots))
            store, notes = await asyncio.wrap_future(opened)
            self._session.plans = store
            self._session.changed()
            for note in notes:
                self._warn(note)
        except MagrayError as error:
            self._warn(shown(f"plans cannot be kept: {error.message}", roots.root))
        except Exception:
            log.exception("the plan store could not be opened")
        indexing.start()
        self._observer = await watch(
            self._session, indexing.files_changed, lambda: indexing.build("events of files were lost")
        )

    def _warn(self, sentence: str) -> None:
        log.warning("%s", sentence)
        message = types.ShowMessageParams(type=types.MessageType.Warning, message=f"Magray: {sentence}")
        self._session.client.window_show_message(message)

    def _ask_editor(self, params: dict[str, Any], timeout_s: float) -> Any:
        """Called on a worker; None when the client has no answer."""
        question = self._session.client.ask_plain(
            "magray/client/lspRequest", params, timeout_s=timeout_s + _ASK_EXTRA_S
        )
        with contextlib.suppress(ClientGone, ResponseError):
            return asyncio.run_coroutine_threadsafe(question, self._loop).result()
        return None


def _open_plans(roots: RootUris) -> tuple[PlanStore, tuple[str, ...]]:
    store = PlanStore.open(WorkspacePaths(roots.root))
    notes = (store.notice,) if store.notice else ()
    return store, notes + recover(roots.root, store)
