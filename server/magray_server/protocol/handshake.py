"""``initialize`` from plain JSON: who the client is and what it can do. Needs no message types, so it is quick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from magray_core.spans import PositionEncoding
from magray_server.protocol.messages import ErrorCode, ResponseError


@dataclass(frozen=True, slots=True)
class ClientProfile:
    """What the client said of itself. ``root_uri`` is "" where no folder is open."""

    name: str
    process_id: int | None
    root_uri: str
    encoding: PositionEncoding
    options: Mapping[str, Any]
    capabilities: Mapping[str, Any] = field(repr=False)
    n_folders: int = 1

    def can(self, path: str) -> bool:
        """Whether a capability, ``workspace.applyEdit`` say, is announced: true, or an object."""
        value = self.capability(path)
        return value is True or isinstance(value, dict)

    def capability(self, path: str) -> Any:
        """The value at a dotted path of the capabilities, or None."""
        value: Any = self.capabilities
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def speaks(self, request: str) -> bool:
        """Whether the client answers ``magray/client/REQUEST``: a true entry in its options or experimental.magray."""
        return self.options.get(request) is True or self.capability(f"experimental.magray.{request}") is True


def read_initialize(params: Any) -> ClientProfile:
    """The profile in the params of ``initialize``. Raises ResponseError (InvalidParams) if their shape is wrong."""
    given = _object(params, "params")
    capabilities = _object(given.get("capabilities"), "capabilities")
    process_id = given.get("processId")
    if process_id is not None and (not isinstance(process_id, int) or isinstance(process_id, bool) or process_id < 1):
        raise _invalid("processId")
    info = given.get("clientInfo")
    options = given.get("initializationOptions")
    general = capabilities.get("general")
    return ClientProfile(
        name=str(info.get("name", "")) if isinstance(info, dict) else "",
        process_id=process_id,
        root_uri=_root(given),
        encoding=_encoding(general.get("positionEncodings") if isinstance(general, dict) else None),
        options=options if isinstance(options, dict) else {},
        capabilities=capabilities,
        n_folders=len(given.get("workspaceFolders") or ()),
    )


def _root(given: dict[str, Any]) -> str:
    folders = given.get("workspaceFolders")
    if folders is not None and not isinstance(folders, list):
        raise _invalid("workspaceFolders")
    if folders:
        uri = _object(folders[0], "workspaceFolders").get("uri")
    else:
        uri = given.get("rootUri")
        if uri is None and isinstance(given.get("rootPath"), str):
            uri = given["rootPath"]  # the older spelling; a path, which ``convert`` takes as well
    if uri is not None and not isinstance(uri, str):
        raise _invalid("rootUri")
    return uri or ""


def _encoding(offered: Any) -> PositionEncoding:
    """The first offered encoding that we know: the client lists them in the order of its preference."""
    known = {encoding.value: encoding for encoding in PositionEncoding}
    names = offered if isinstance(offered, list) else []
    return next((known[name] for name in names if isinstance(name, str) and name in known), PositionEncoding.UTF16)


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(name)
    return value


def _invalid(name: str) -> ResponseError:
    return ResponseError(ErrorCode.INVALID_PARAMS, f"the params do not fit initialize: {name}")
