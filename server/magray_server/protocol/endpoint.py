"""The lifecycle of the protocol: what may be said when, and that every request is answered exactly once.

Everything here runs on the loop. The messages themselves are handled by a ``Router``, which is attached when it has
been loaded; what arrives before that waits, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from magray_core.cancel import CancelToken
from magray_server.protocol.messages import (
    ErrorCode,
    Invalid,
    Message,
    MessageId,
    Notification,
    Request,
    Response,
    ResponseError,
    error_message,
    result_message,
)

log = logging.getLogger(__name__)

MAX_PENDING = 4_096


class Phase(Enum):
    """Where the connection is in its life."""

    NEW = "before initialize"
    RUNNING = "running"
    SHUT_DOWN = "after shutdown"


class Pending:
    """A request that has not been answered. The first of ``succeed``, ``fail`` and ``cancel`` answers it."""

    def __init__(self, request: Request, endpoint: Endpoint) -> None:
        self.request = request
        self.token = CancelToken()
        self.on_cancel: Callable[[], object] | None = None
        self._endpoint = endpoint
        self._answered = False

    @property
    def answered(self) -> bool:
        """Whether the client has its answer, so that a result would be thrown away."""
        return self._answered

    def succeed(self, result: Any) -> None:
        """Answer with a result that is plain JSON."""
        self._answer(result_message(self.request.id, result))

    def fail(self, error: ResponseError) -> None:
        """Answer with an error."""
        self._answer(error_message(self.request.id, error))

    def cancel(self) -> None:
        """Answer that the request was cancelled and tell its work to stop."""
        if self._answered:
            return
        self.token.cancel()
        self.fail(ResponseError(ErrorCode.REQUEST_CANCELLED, "cancelled"))
        if self.on_cancel is not None:
            self.on_cancel()

    def _answer(self, message: dict[str, Any]) -> None:
        if not self._answered:
            self._answered = True
            self._endpoint.answered(self, message)


class Router(Protocol):
    """Where messages go once the connection is running."""

    def request(self, pending: Pending) -> None:
        """Begin to handle a request."""

    def notification(self, notification: Notification) -> None:
        """Handle a notification."""

    def response(self, response: Response) -> None:
        """Take the client's answer to a request of ours."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the endpoint needs from its surroundings.

    ``initialize`` gives the result of ``initialize`` or raises ResponseError; ``stop`` ends the process.
    """

    send: Callable[[dict[str, Any]], None]
    initialize: Callable[[Any], dict[str, Any]]
    stop: Callable[[int, str], None]


class Endpoint:
    """One connection to one client."""

    def __init__(self, hooks: Hooks) -> None:
        self.phase = Phase.NEW
        self._hooks = hooks
        self._router: Router | None = None
        self._early: list[Pending | Notification | Response] = []
        self._pending: dict[MessageId, Pending] = {}

    @property
    def n_pending(self) -> int:
        """How many requests wait for their answer."""
        return len(self._pending)

    def attach(self, router: Router) -> None:
        """Hand over to the router, first of all what arrived before it was ready."""
        self._router = router
        early, self._early = self._early, []
        for message in early:
            self._route(message)

    def receive(self, message: Message) -> None:
        """Handle one message of the client."""
        match message:
            case Invalid():
                self._refuse(message)
            case Request():
                self._request(message)
            case Notification():
                self._notification(message)
            case Response():
                self._route(message)

    def answered(self, pending: Pending, message: dict[str, Any]) -> None:
        """Send the answer of a request and forget it."""
        self._pending.pop(pending.request.id, None)
        self._hooks.send(message)

    def cancel_all(self) -> None:
        """Cancel every request that is not answered."""
        for pending in list(self._pending.values()):
            pending.cancel()

    def _refuse(self, invalid: Invalid) -> None:
        log.warning("refused a message: %s", invalid.message)
        if invalid.id is None and invalid.code == ErrorCode.INVALID_PARAMS:
            return  # a notification: nobody waits for an answer
        self._hooks.send(error_message(invalid.id, ResponseError(invalid.code, invalid.message)))

    def _request(self, request: Request) -> None:
        problem = self._objection(request)
        if problem is not None:
            self._hooks.send(error_message(request.id, problem))
            return
        pending = Pending(request, self)
        self._pending[request.id] = pending
        match request.method:
            case "initialize":
                self._initialize(pending)
            case "shutdown":
                self.phase = Phase.SHUT_DOWN
                self._pending.pop(request.id)
                self.cancel_all()
                pending.succeed(None)
            case _:
                self._route(pending)

    def _objection(self, request: Request) -> ResponseError | None:
        if self.phase is Phase.SHUT_DOWN:
            return ResponseError(ErrorCode.INVALID_REQUEST, "the server is shutting down")
        if self.phase is Phase.NEW and request.method != "initialize":
            return ResponseError(ErrorCode.SERVER_NOT_INITIALIZED, "the server is not initialized")
        if self.phase is not Phase.NEW and request.method == "initialize":
            return ResponseError(ErrorCode.INVALID_REQUEST, "the server is initialized already")
        if request.id in self._pending:
            return ResponseError(ErrorCode.INVALID_REQUEST, "another request with this id is not answered yet")
        if len(self._pending) >= MAX_PENDING:
            return ResponseError(ErrorCode.REQUEST_FAILED, "too many requests wait for their answer")
        return None

    def _initialize(self, pending: Pending) -> None:
        try:
            result = self._hooks.initialize(pending.request.params)
        except ResponseError as error:
            pending.fail(error)
            return
        self.phase = Phase.RUNNING
        pending.succeed(result)

    def _notification(self, notification: Notification) -> None:
        if notification.method == "exit":
            shut_down = self.phase is Phase.SHUT_DOWN
            self._hooks.stop(0 if shut_down else 1, "exit" if shut_down else "exit without shutdown")
        elif self.phase is not Phase.RUNNING:
            log.info("dropped %s %s", notification.method, self.phase.value)
        elif notification.method == "$/cancelRequest":
            self._cancel(notification.params)
        else:
            self._route(notification)

    def _cancel(self, params: Any) -> None:
        message_id = params.get("id") if isinstance(params, dict) else None
        pending = self._pending.get(message_id) if isinstance(message_id, int | str) else None
        if pending is None:
            log.debug("nothing to cancel")
        else:
            pending.cancel()

    def _route(self, message: Pending | Notification | Response) -> None:
        if self._router is None:
            self._early.append(message)
            return
        match message:
            case Pending():
                if not message.answered:
                    self._router.request(message)
            case Notification():
                self._router.notification(message)
            case Response():
                self._router.response(message)
