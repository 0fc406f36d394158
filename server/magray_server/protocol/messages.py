"""JSON-RPC envelopes: bytes to ``Request``, ``Notification``, ``Response`` or ``Invalid``. Params stay as sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeAlias

MessageId: TypeAlias = int | str


class ErrorCode:
    """The error codes of JSON-RPC and LSP that the server sends."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    SERVER_NOT_INITIALIZED = -32002
    REQUEST_CANCELLED = -32800
    CONTENT_MODIFIED = -32801
    REQUEST_FAILED = -32803


@dataclass(frozen=True, slots=True)
class Request:
    """A call that must be answered exactly once."""

    id: MessageId
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """A call without an answer."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Response:
    """The client's answer to a request of ours; ``raw`` is the whole message."""

    id: MessageId
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Invalid:
    """A message that breaks JSON-RPC, and the answer it gets."""

    code: int
    message: str
    id: MessageId | None = None


Message: TypeAlias = Request | Notification | Response | Invalid


class ResponseError(Exception):
    """An answer that is an error: raised where a request is handled, sent as it is."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def parse(body: bytes) -> Message:
    """The message in a body. Total: whatever is wrong comes back as ``Invalid``."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Invalid(ErrorCode.PARSE_ERROR, "the message is not valid JSON")
    if not isinstance(value, dict):
        return Invalid(ErrorCode.INVALID_REQUEST, "a message is one JSON object; batches are not part of LSP")
    given = value.get("id")
    message_id = given if isinstance(given, int | str) and not isinstance(given, bool) else None
    if value.get("jsonrpc") != "2.0":
        return Invalid(ErrorCode.INVALID_REQUEST, 'the message lacks "jsonrpc": "2.0"', message_id)
    if "method" not in value:
        if ("result" in value or "error" in value) and message_id is not None:
            return Response(message_id, value)
        return Invalid(ErrorCode.INVALID_REQUEST, "the message has neither a method nor a result", message_id)
    return _parse_call(value, message_id)


def _parse_call(value: dict[str, Any], message_id: MessageId | None) -> Message:
    method, params = value["method"], value.get("params")
    if not isinstance(method, str):
        return Invalid(ErrorCode.INVALID_REQUEST, "the method is not a string", message_id)
    if "id" in value and message_id is None:
        return Invalid(ErrorCode.INVALID_REQUEST, "a request's id is an integer or a string")
    if params is not None and not isinstance(params, dict | list):
        return Invalid(ErrorCode.INVALID_PARAMS, "params are an object or an array", message_id)
    return Notification(method, params) if message_id is None else Request(message_id, method, params)


def render(message: dict[str, Any]) -> bytes:
    """The message as ASCII JSON, so that lone surrogates of a document survive the wire."""
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode("ascii")


def result_message(message_id: MessageId, result: Any) -> dict[str, Any]:
    """An answer that succeeded."""
    return {"id": message_id, "result": result}


def error_message(message_id: MessageId | None, error: ResponseError) -> dict[str, Any]:
    """An answer that failed; ``None`` stands for a request whose id could not be read."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return {"id": message_id, "error": body}
