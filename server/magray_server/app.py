"""``magray serve``: puts the parts together and owns the process's life, from the first byte to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from magray_configs.layers import resolve
from magray_configs.paths import checked_root
from magray_configs.settings import Settings
from magray_core.cancel import Cancelled
from magray_core.errors import MagrayError
from magray_server.capabilities import server_capabilities
from magray_server.failures import shown
from magray_server.logs import start_logging
from magray_server.pools import Pool
from magray_server.protocol.endpoint import Endpoint, Hooks
from magray_server.protocol.handshake import ClientProfile, read_initialize
from magray_server.protocol.messages import ErrorCode, Message, ResponseError, error_message
from magray_server.protocol.stdio import WireReader, WireWriter, claim_stdio
from magray_server.protocol.watch import watch_loop, watch_parent
from magray_server.session import Session
from magray_server.uris import RootUris, file_path

if TYPE_CHECKING:
    from magray_server.running import Running

log = logging.getLogger(__name__)

VERSION = "0.1.0"
_FLUSH_S = 0.5
_CLOSE_S = 1.0
_SWITCH_S = 0.001  # workers that compute in Python hand over to the loop this often; the default is 5 ms
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")


def serve_stdio() -> NoReturn:
    """Speak LSP on standard input and output until the client leaves; ends the process.

    The exit code is 0 after ``shutdown`` and ``exit``, else 1. The process ends within two seconds even while worker
    threads run: they hold nothing that a crash could not lose.
    """
    wire = claim_stdio()
    start_logging()
    sys.setswitchinterval(_SWITCH_S)
    code = 1
    try:
        code = asyncio.run(_Server(*wire).run())
    except Exception:
        log.exception("the server ended with a bug")
    finally:
        logging.shutdown()
        os._exit(code)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody waited for. Work that was cancelled when the server ended is no error."""
    if not isinstance(context.get("exception"), Cancelled):
        loop.default_exception_handler(context)


class _Server:
    """One process, one connection."""

    def __init__(self, wire_in: int, wire_out: int) -> None:
        self._loop: asyncio.AbstractEventLoop
        self._stopped: asyncio.Future[int]
        self._wire_in = wire_in
        self._writer = WireWriter(wire_out, lambda reason: self._stop_from_thread(1, reason))
        self._endpoint = Endpoint(Hooks(self._writer.send, self._initialize, self._stop))
        self._warnings: list[str] = []
        self._running: Running | None = None
        self._loading: asyncio.Task[None] | None = None

    async def run(self) -> int:
        """Serve until something calls ``_stop``; the exit code."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_report)
        self._stopped = self._loop.create_future()
        self._writer.start()
        reader = WireReader(self._wire_in, self._deliver, lambda: self._stop_from_thread(1, "standard input ended"))
        self._reader = reader
        reader.start()
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is not None:
                with contextlib.suppress(NotImplementedError):  # Windows: its own handling ends the process
                    self._loop.add_signal_handler(number, self._stop, 1, name)
        code = await self._stopped
        await self._close()
        return code

    def _deliver(self, message: Message) -> None:
        self._from_thread(self._receive, message)

    def _receive(self, message: Message) -> None:
        self._reader.handled()
        try:
            self._endpoint.receive(message)
        except Exception:
            log.exception("a message could not be handled")

    def _initialize(self, params: Any) -> dict[str, Any]:
        profile = read_initialize(params)
        session = Session(profile, self._roots(profile), Settings())
        session.settings = self._settings(session)
        if profile.process_id is not None:
            watch_parent(profile.process_id, lambda reason: self._stop_from_thread(1, reason))
        self._loading = self._loop.create_task(self._load(session))
        return {
            "capabilities": server_capabilities(profile),
            "serverInfo": {"name": "magray", "version": VERSION},
        }

    def _roots(self, profile: ClientProfile) -> RootUris | None:
        if not profile.root_uri:
            return None
        given = file_path(profile.root_uri)
        if not given:
            self._warnings.append("Magray works on folders of this machine only; this one is elsewhere")
            return None
        if profile.n_folders > 1:
            self._warnings.append(
                f"of {profile.n_folders} workspace folders Magray works on the first, {Path(given).name}"
            )
        try:
            return RootUris(checked_root(Path(given)), given)
        except MagrayError as error:
            self._warnings.append(shown(error.message))
            return None

    def _settings(self, session: Session) -> Settings:
        options = session.profile.options.get("settings")
        try:
            root = session.roots.root if session.roots else None
            resolved = resolve(root, client=options if isinstance(options, dict) else None)
        except MagrayError as error:
            self._warnings.append(shown(f"{error.message}; {error.hint}" if error.hint else error.message))
            return Settings()
        self._warnings += [shown(warning) for warning in resolved.warnings]
        return resolved.settings

    async def _load(self, session: Session) -> None:
        """Import what answers requests, in a thread: it takes most of a second and the loop goes on meanwhile."""
        await asyncio.sleep(0)  # the answer to initialize first
        watch_loop(self._loop)
        try:
            loading = session.workers.submit(Pool.FILES, lambda: importlib.import_module("magray_server.running"))
            running = await asyncio.wrap_future(loading)
            self._running = running.Running(session, self._writer.send)
            self._endpoint.attach(self._running.router)
            self._running.start(self._warnings)
        except Exception:
            log.exception("the server could not be loaded")
            self._writer.send(
                error_message(None, ResponseError(ErrorCode.INTERNAL_ERROR, "the server could not start"))
            )
            self._stop(1, "a bug while loading")

    def _from_thread(self, function: Any, *args: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(function, *args)

    def _stop_from_thread(self, code: int, reason: str) -> None:
        self._from_thread(self._stop, code, reason)

    def _stop(self, code: int, reason: str) -> None:
        if not self._stopped.done():
            log.info("ending: %s", reason)
            self._stopped.set_result(code)

    async def _close(self) -> None:
        self._endpoint.cancel_all()
        if self._running is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._running.close(), _CLOSE_S)
        self._writer.flush(_FLUSH_S)
