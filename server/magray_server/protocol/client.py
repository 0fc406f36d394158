"""The client as the server sees it: typed requests and notifications to it. This half of the protocol is pygls's.

pygls knows every message that LSP lets a server send; what it does with incoming ones is replaced by ``endpoint``.
Import this after ``initialize`` is answered: the message types cost half a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from cattrs import Converter
from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from magray_server.protocol.messages import ErrorCode, Response, ResponseError

log = logging.getLogger(__name__)


class ClientGone(ConnectionError):
    """The client did not answer in time, or the connection ended while it should."""


class _Outgoing(LanguageServerProtocol):
    """pygls's protocol with our wire: it makes messages, never reads them."""

    wire: Callable[[dict[str, Any]], None]

    def _send_data(self, data: Any) -> None:
        message = self._converter.unstructure(data) if hasattr(data, "__attrs_attrs__") else dict(data)
        message.pop("jsonrpc", None)
        self.wire(message)

    def take(self, raw: dict[str, Any]) -> None:
        """Give an answer of the client to the one who waits for it."""
        self.handle_message(self.structure_message(raw))

    def forget(self, message_id: str) -> None:
        """Wait for an answer no longer."""
        self._request_futures.pop(message_id, None)
        self._result_types.pop(message_id, None)


class Client(LanguageServer):
    """Everything that can be asked of the client; requests are awaited with ``ask``."""

    protocol: _Outgoing

    def __init__(self, name: str, version: str, wire: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(name, version, protocol_cls=_Outgoing, converter_factory=default_converter)
        self.protocol.wire = wire
        self._asked = 0
        self._plain: dict[str, Future[Any]] = {}

    @property
    def converter(self) -> Converter:
        """Between lsprotocol's types and plain JSON."""
        return self.protocol._converter

    def structure(self, method: str, params: Any) -> Any:
        """The typed params of a standard method. Raises ResponseError (InvalidParams) with what is wrong."""
        message_type: Any = types.METHOD_TO_TYPES[method][2]
        if message_type is None:
            return None
        try:
            return self.converter.structure({} if params is None else params, message_type)
        except (BaseValidationError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            log.info("invalid params of %s: %r", method, error)
            raise ResponseError(ErrorCode.INVALID_PARAMS, f"the params do not fit {method}") from error

    def unstructure(self, result: Any) -> Any:
        """Plain JSON of lsprotocol values, however nested in lists and objects."""
        if isinstance(result, list | tuple):
            return [self.unstructure(item) for item in result]
        if isinstance(result, dict):
            return {key: self.unstructure(value) for key, value in result.items()}
        return self.converter.unstructure(result)

    def take(self, response: Response) -> None:
        """The client's answer to a request of ours; one that nobody waits for is logged."""
        plain = self._plain.pop(str(response.id), None)
        if plain is not None:
            _settle(plain, response.raw)
            return
        try:
            self.protocol.take(response.raw)
        except Exception as error:  # noqa: BLE001 - whatever the client sends must not end the loop
            log.warning("an answer of the client does not fit: %s", type(error).__name__)
            future = self.protocol._request_futures.pop(response.id, None)
            if future is not None and not future.done():
                future.set_exception(ClientGone("the client's answer does not fit the protocol"))

    def tell(self, method: str, params: Any) -> None:
        """Send a notification; ``params`` are lsprotocol values or plain JSON."""
        self.protocol.wire({"method": method, "params": self.unstructure(params)})

    async def ask(self, method: str, params: Any, *, timeout_s: float) -> Any:
        """Send a standard request and wait for its typed answer.

        Raises ClientGone after ``timeout_s``, ResponseError if the client answers with an error.
        """
        message_id = self._next_id()
        return await self._wait(
            method, message_id, self.protocol.send_request(method, params, msg_id=message_id), timeout_s
        )

    async def ask_plain(self, method: str, params: dict[str, Any], *, timeout_s: float) -> Any:
        """The same for a request that pygls has no types for, or whose answer is wanted as plain JSON."""
        message_id = self._next_id()
        future: Future[Any] = Future()
        self._plain[message_id] = future
        self.protocol.wire({"id": message_id, "method": method, "params": params})
        return await self._wait(method, message_id, future, timeout_s)

    def _next_id(self) -> str:
        self._asked += 1
        return f"magray-{self._asked}"

    async def _wait(self, method: str, message_id: str, future: Future[Any], timeout_s: float) -> Any:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
        except TimeoutError as error:
            self.tell("$/cancelRequest", {"id": message_id})
            raise ClientGone(f"the client did not answer {method} within {timeout_s:g} s") from error
        except JsonRpcException as error:
            raise ResponseError(error.code, f"the client refused {method}: {error.message}") from error
        finally:
            self._plain.pop(message_id, None)
            self.protocol.forget(message_id)


def _settle(future: Future[Any], raw: dict[str, Any]) -> None:
    """The answer to a request that pygls has no types for, as plain JSON."""
    error = raw.get("error")
    if isinstance(error, dict):
        code, message = error.get("code"), str(error.get("message", ""))
        future.set_exception(ResponseError(code if isinstance(code, int) else ErrorCode.INTERNAL_ERROR, message))
    else:
        future.set_result(raw.get("result"))
