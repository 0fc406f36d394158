"""Changes of files on disk: through the client where it watches for us, else through watchdog."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from magray_server.pools import Pool
from magray_server.protocol.client import ClientGone
from magray_server.protocol.messages import ResponseError
from magray_server.session import Session

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

log = logging.getLogger(__name__)

_REGISTER_S = 10.0
_NEVER = frozenset({".git", ".magray", ".hg", ".svn", ".jj", "node_modules", "__pycache__"})
_IGNORED_EVENTS = frozenset({"opened", "closed", "closed_no_write"})

Changed = Callable[[Iterable[str]], None]


async def watch(session: Session, changed: Changed, lost: Callable[[], None]) -> BaseObserver | None:
    """Have ``changed`` called on the loop with paths; the observer to stop at the end, or None: the client watches.

    ``lost`` is called on the loop when the system dropped events because too many came at once.
    """
    if session.profile.capability("workspace.didChangeWatchedFiles.dynamicRegistration") is True:
        try:
            await _register(session)
            return None
        except (ClientGone, ResponseError) as error:
            log.info("the client does not watch files: %s", error)
    if session.roots is None:
        return None
    root, loop = session.roots.root, asyncio.get_running_loop()

    def tell(path: str) -> None:
        loop.call_soon_threadsafe(changed, (path,))

    def tell_lost() -> None:
        loop.call_soon_threadsafe(lost)

    return await asyncio.wrap_future(session.workers.submit(Pool.PLANNING, lambda: _observe(root, tell, tell_lost)))


async def _register(session: Session) -> None:
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(glob_pattern="**/*")])
    registration = types.Registration("magray-files", "workspace/didChangeWatchedFiles", options)
    params = types.RegistrationParams([registration])
    await session.client.ask("client/registerCapability", params, timeout_s=_REGISTER_S)


def _observe(root: Path, changed: Callable[[str], None], lost: Callable[[], None]) -> BaseObserver | None:
    """A started observer of the tree, or None where the system has no more watches: saves are still noticed."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler

    class _Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.is_directory or event.event_type in _IGNORED_EVENTS:
                return
            for raw in (event.src_path, event.dest_path):
                path = _relative(root, raw)
                if path:
                    changed(path)

    observer = _observer(lost)
    try:
        observer.schedule(_Handler(), str(root), recursive=True)
        observer.start()
    except OSError as error:
        log.warning("files are not watched: %s; changes are noticed when they are saved here", error.strerror or error)
        return None
    return observer


def _observer(lost: Callable[[], None]) -> BaseObserver:
    """The system's observer; on Linux one that says when the kernel's queue has overflowed.

    watchdog mends its watches then, but the changes that were dropped it cannot know.
    """
    from watchdog.observers import Observer

    observer = Observer()
    descriptor = getattr(observer, "_inotify_fd", None)
    if descriptor is not None:
        handle = descriptor.handle_event

        def handle_event(event: Any) -> None:
            handle(event)
            if event.is_queue_overflow:
                lost()

        descriptor.handle_event = handle_event
    return observer


def is_watched(path: str) -> bool:
    """Whether a change of this path can matter to the index."""
    return bool(path) and not _NEVER & set(path.split("/"))


def _relative(root: Path, raw: Any) -> str:
    if not raw:
        return ""
    path = os.path.relpath(os.fsdecode(raw), root).replace(os.sep, "/")
    return path if is_watched(path) and not path.startswith("..") else ""
