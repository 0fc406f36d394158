"""Runs the routes: params in, handler by its mode, result or error out. Everything here is on the loop."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Mapping
from typing import Any

from lsprotocol import types
from pydantic import BaseModel, ValidationError

from magray_core.cancel import CancelToken
from magray_core.errors import IndexCorrupt
from magray_server.failures import to_response_error
from magray_server.protocol.endpoint import Pending
from magray_server.protocol.messages import ErrorCode, Notification, Response, ResponseError
from magray_server.routes import Route
from magray_server.session import Session
from magray_server.snapshot import Snapshot

log = logging.getLogger(__name__)


class Routing:
    """The router of a running connection."""

    def __init__(
        self,
        session: Session,
        requests: Mapping[str, Route],
        notifications: Mapping[str, Route],
        commands: Mapping[str, Route],
    ) -> None:
        self._session = session
        self._commands = commands
        self._requests = requests
        self._notifications = notifications
        self._tasks: set[asyncio.Task[None]] = set()

    def request(self, pending: Pending) -> None:
        """Begin to handle a request."""
        self._session.last_asked = time.monotonic()
        try:
            route, params = self._resolve(pending.request.method, pending.request.params)
            if route.mode == "loop":
                pending.succeed(self._plain(route.handler(self._session, params)))
                return
        except Exception as error:  # noqa: BLE001 - the border to the client
            self._fail(pending, error)
            return
        task = asyncio.create_task(self._run(pending, route, params))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        pending.on_cancel = task.cancel

    def notification(self, notification: Notification) -> None:
        """Handle a notification; what is wrong with it is only logged."""
        route = self._notifications.get(notification.method)
        if route is None:
            log.debug("ignored %s", notification.method)
            return
        try:
            params = self._params(notification.method, route, notification.params)
            if route.mode == "loop":
                route.handler(self._session, params)
                return
        except Exception as error:  # noqa: BLE001 - the border to the client
            self._log(notification.method, error)
            return
        task = asyncio.create_task(self._run_notification(notification.method, route, params))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def response(self, response: Response) -> None:
        """Take the client's answer to a request of ours."""
        self._session.client.take(response)

    async def _run(self, pending: Pending, route: Route, params: Any) -> None:
        started = time.perf_counter()
        method, outcome = pending.request.method, "done"
        try:
            if route.mode == "task":
                result = await route.handler(self._session, params, pending.token)
                plain = self._plain(result)
            else:
                plain = await self._on_worker(route, params, pending.token)
            pending.succeed(plain)
        except asyncio.CancelledError:
            outcome = "cancelled"
            pending.cancel()
        except Exception as error:  # noqa: BLE001 - the border to the client
            outcome = type(error).__name__
            self._fail(pending, error)
        finally:
            log.info("%s %s %.0f ms %s", method, pending.request.id, (time.perf_counter() - started) * 1000, outcome)

    async def _run_notification(self, method: str, route: Route, params: Any) -> None:
        try:
            if route.mode == "task":
                await route.handler(self._session, params, CancelToken())
            else:
                await self._on_worker(route, params, CancelToken())
        except Exception as error:  # noqa: BLE001 - the border to the client
            self._log(method, error)

    async def _on_worker(self, route: Route, params: Any, cancel: CancelToken) -> Any:
        snapshot = self._session.snapshot()
        uri = _uri_of(params) if route.fresh else ""
        version = self._session.version_of(uri)
        work = functools.partial(self._work, route, snapshot, params, cancel)
        plain = await asyncio.wrap_future(self._session.workers.submit(route.pool, work))
        if route.fresh and self._session.version_of(uri) != version:
            raise ResponseError(ErrorCode.CONTENT_MODIFIED, "the document has changed meanwhile")
        return plain

    def _work(self, route: Route, snapshot: Snapshot, params: Any, cancel: CancelToken) -> Any:
        """On a thread of a pool."""
        cancel.check()
        return self._plain(route.handler(snapshot, params, cancel))

    def _resolve(self, method: str, raw: Any) -> tuple[Route, Any]:
        """The route and its checked params; a command's are in its arguments."""
        if method == "workspace/executeCommand":
            command = self._session.client.structure(method, raw).command
            route = self._commands.get(command)
            if route is None:
                raise ResponseError(ErrorCode.INVALID_PARAMS, f"there is no command {command[:80]}")
            # As they were sent: lsprotocol would look for its own types in them.
            return route, self._params(command, route, _named(route, raw.get("arguments") or []))
        route = self._requests.get(method)
        if route is None:
            raise ResponseError(ErrorCode.METHOD_NOT_FOUND, f"there is no method {method[:80]}")
        return route, self._params(method, route, raw)

    def _params(self, method: str, route: Route, params: Any) -> Any:
        if route.params is None:
            return self._session.client.structure(method, params)
        try:
            return route.params.model_validate({} if params is None else params)
        except ValidationError as error:
            where = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors()[:5])
            raise ResponseError(
                ErrorCode.INVALID_PARAMS, f"the params do not fit {method}: {where or 'params'}"
            ) from error

    def _plain(self, result: object) -> Any:
        if isinstance(result, BaseModel):
            return result.model_dump(mode="json", by_alias=True)
        return self._session.client.unstructure(result)

    def _fail(self, pending: Pending, error: BaseException) -> None:
        pending.fail(self._translate(pending.request.method, error))

    def _log(self, method: str, error: BaseException) -> None:
        log.warning("%s: %s", method, self._translate(method, error).message)

    def _translate(self, method: str, error: BaseException) -> ResponseError:
        roots = self._session.roots
        translated = to_response_error(error, method, roots.root if roots else None)
        if translated.code == ErrorCode.INTERNAL_ERROR:
            self._session.count_failure(method)
        if isinstance(error, IndexCorrupt) and self._session.indexing is not None:
            self._session.indexing.build("the index is damaged", full=True)
        return translated


def _named(route: Route, arguments: list[Any]) -> Any:
    """A command's params: its one object, or positional arguments in the order of the fields."""
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return arguments[0]
    names = [field.alias or name for name, field in route.params.model_fields.items()] if route.params else []
    return dict(zip(names, arguments, strict=False))


def _uri_of(params: Any) -> str:
    document = getattr(params, "text_document", None)
    if isinstance(document, types.TextDocumentIdentifier | types.VersionedTextDocumentIdentifier):
        return document.uri
    return ""
