"""Keeps the index fresh while the server runs: one build at a time, saved files at once, and the client told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from magray_core.cancel import Cancelled, CancelToken
from magray_core.contracts import EmbedderFor
from magray_core.errors import IndexCorrupt, IndexingError, IndexUnavailable, MagrayError
from magray_core.memory import IndexReport
from magray_server.enriching import Enriching
from magray_server.failures import shown
from magray_server.no_index import NoIndex
from magray_server.pools import Pool
from magray_server.progress import WorkDone
from magray_server.session import Session
from magray_server.views import freshness_view

if TYPE_CHECKING:
    from magray_indexers.process import IndexProcess
    from magray_indexers.reader import IndexReader

log = logging.getLogger(__name__)

State = Literal["starting", "indexing", "ready", "failed", "off"]

_LOOK_EVERY_S, _LOOK_WHILE_BUILDING_S = 2.0, 0.5
_GATHER_S = 0.03
_MANY_PATHS = 500


class Indexing:
    """The index of one workspace. Everything runs on the loop but what the index process does."""

    def __init__(self, session: Session, process: IndexProcess, embedder_for: EmbedderFor) -> None:
        self.state: State = "starting"
        self.process = process
        self.enriching = Enriching(session, self)
        self._session = session
        self._embedder_for = embedder_for
        self._message = "starting"
        self._fraction: float | None = None
        self._files = 0
        self._reader: IndexReader | None = None
        self._changed_paths: set[str] = set()
        self._causes: list[tuple[str, bool]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._cancel = CancelToken()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Open what there is, then bring it up to date."""
        self.process.start()
        self._session.index = NoIndex()
        self._session.changed()
        self._causes.append(("the workspace was opened", False))
        self._wake.set()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._look())]
        self.enriching.start()

    def build(self, cause: str, *, full: bool = False) -> None:
        """Index the whole workspace again soon; what waits already is not queued twice."""
        if (cause, full) not in self._causes:
            self._causes.append((cause, full))
        self._needed()

    def files_changed(self, paths: Iterable[str]) -> None:
        """These files were saved, created, deleted or renamed."""
        self._changed_paths |= set(paths)
        if self._reader is not None:
            self._reader.note_changed(self._changed_paths)
        if len(self._changed_paths) > _MANY_PATHS:
            self._changed_paths.clear()
            self.build("many files changed")
        elif self._changed_paths:
            self._needed()

    async def caught_up(self, cancel: CancelToken) -> None:
        """Wait until nothing is left to index. Raises IndexUnavailable if there is no index then, Cancelled."""
        while not self._idle.is_set():
            cancel.check()
            try:
                await asyncio.wait_for(self._idle.wait(), 0.1)
            except TimeoutError:
                continue
        if self._reader is None:
            raise IndexUnavailable(f"there is no index: {self._message}", hint="see Magray's log")

    async def idle(self) -> None:
        """Wait until nothing is left to index."""
        await self._idle.wait()

    def status(self) -> dict[str, Any]:
        """The state as the client sees it."""
        freshness = self._session.index.freshness() if self._session.index else None
        return {
            "state": self.state,
            "message": self._message,
            "files": self._files,
            "fraction": self._fraction,
            "freshness": None if freshness is None else freshness_view(freshness).for_lsp(),
            "embedding": self.enriching.status(),
        }

    async def close(self) -> None:
        """End the index process."""
        self.enriching.close()
        for task in self._tasks:
            task.cancel()
        self._cancel.cancel()
        await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, self.process.close))

    def _needed(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def _work(self) -> None:
        await self.reopen()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_GATHER_S)  # saves come in groups
            try:
                await self._build_or_update()
            except asyncio.CancelledError:
                raise
            except Cancelled:
                self._tell("ready" if self._reader else "off", "indexing was cancelled")
            except MagrayError as error:
                log.warning("indexing failed: %s", error.message)
                self._failed(shown(error.message))
            except Exception:
                log.exception("indexing hit a bug")
                self._failed("a bug stopped indexing; the log has the details")
            if not (self._causes or self._changed_paths):
                self._idle.set()
                self.enriching.needed()

    def _failed(self, message: str) -> None:
        if self._reader is None:
            self._session.index = NoIndex(message)
            self._session.changed()
        self._tell("ready" if self._reader else "failed", message)

    async def _build_or_update(self) -> None:
        if self._causes:
            causes, self._causes = self._causes, []
            self._changed_paths.clear()
            full = any(wanted for _, wanted in causes)
            await self._build(", ".join(cause for cause, _ in causes), full)
        elif self._changed_paths:
            paths, self._changed_paths = sorted(self._changed_paths), set()
            await asyncio.shield(asyncio.wrap_future(self.process.update(paths)))
            await self.reopen()
            self._tell("ready", f"{len(paths)} changed files indexed" if len(paths) > 1 else f"{paths[0]} indexed")

    async def _build(self, cause: str, full: bool) -> None:
        log.info("indexing: %s", cause)
        self._cancel = CancelToken()
        self._tell("indexing", cause)
        work_done = await self._session.progresses.create("Magray: indexing", self._cancel)
        report: IndexReport | None = None
        try:
            future = asyncio.wrap_future(self.process.build(cause, self._progress(work_done), full=full))
            report = await asyncio.shield(asyncio.ensure_future(self._watched(future)))
        finally:
            if work_done is not None:
                ending = f"{report.files} files" if report else "stopped"
                self._session.progresses.end(work_done, ending)
        self._files = report.files
        await self.reopen()
        self._tell("ready", f"{report.files} files, {report.changed} changed, in {report.seconds:.1f} s")

    async def _watched(self, future: asyncio.Future[IndexReport]) -> IndexReport:
        """The result; the person's cancel is passed on to the process, and what it publishes on the way is shown."""
        asked, looked = False, time.monotonic()
        while not future.done():
            await asyncio.wait([future], timeout=0.1)
            if self._cancel.cancelled and not asked:
                asked = True
                self.process.cancel()
            if time.monotonic() - looked > _LOOK_WHILE_BUILDING_S and not future.done():
                await self._show_what_there_is()
                looked = time.monotonic()
        return future.result()

    async def _show_what_there_is(self) -> None:
        """Answer from the part of a long first build that is published already; freshness says that it is a part."""
        reader = self._reader
        if reader is None or not await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, reader.current)):
            await self.reopen()

    def _progress(self, work_done: WorkDone | None) -> Callable[[str, float | None], None]:
        loop = asyncio.get_running_loop()

        def report(message: str, fraction: float | None = None) -> None:
            """Called from a thread."""
            if work_done is not None:
                work_done.report(message, fraction)
            loop.call_soon_threadsafe(self._progressed, message, fraction)

        return report

    def _progressed(self, message: str, fraction: float | None) -> None:
        self._message, self._fraction = message, fraction

    async def _look(self) -> None:
        """Notice what others did: another server or the command line to the index, git to the files."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            reader = self._reader
            if reader is None or not self._idle.is_set():
                continue
            if not await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, reader.current)):
                await self.reopen()
            elif await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, reader.other_commit)):
                self.build("another commit is checked out")

    async def reopen(self) -> None:
        """Give new snapshots the newest generation; requests that run keep theirs to their end."""
        reader = await asyncio.wrap_future(self._session.workers.submit(Pool.FILES, self._open))
        if reader is not None:
            self._reader = reader
            self._session.index = reader
            self._session.changed()

    def _open(self) -> IndexReader | None:
        from magray_indexers.reader import IndexReader

        assert self._session.roots is not None
        try:
            return IndexReader.open(self._session.roots.root, embedder_for=self._embedder_for)
        except (IndexUnavailable, IndexCorrupt) as error:
            log.info("no index to read: %s", error.message)
        except IndexingError as error:
            log.warning("the index cannot be read: %s", error.message)
        except Exception:
            log.exception("the index could not be opened")
        return None

    def tell_status(self, message: str = "") -> None:
        """Show the client how things stand, perhaps with a new sentence."""
        self._message = message or self._message
        self._session.client.tell("magray/index/status", self.status())

    def _tell(self, state: State, message: str) -> None:
        self.state, self._message, self._fraction = state, message, None
        self.tell_status()
