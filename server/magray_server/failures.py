"""From an exception to the error that the client sees: short, with a hint and an id that leads to the log."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from pathlib import Path
from typing import Any

from magray_core.cancel import Cancelled
from magray_core.display import visible
from magray_core.errors import ContentChanged, GoalNotUnderstood, MagrayError
from magray_server.protocol.messages import ErrorCode, ResponseError

log = logging.getLogger(__name__)

_SECRET = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}|xox[abpr]-[\w-]{10,}|glpat-[\w-]{16,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
    r"|(?i:((?:password|passwd|secret|token|api[_-]?key)\s*[=:]\s*)[^\s'\",;]{6,})"
)


def to_response_error(error: BaseException, method: str, root: Path | None) -> ResponseError:
    """What the client is told. A bug's traceback goes to the log; ``root`` and secrets are taken out of messages."""
    match error:
        case ResponseError():
            return error
        case Cancelled() | asyncio.CancelledError():
            return ResponseError(ErrorCode.REQUEST_CANCELLED, "cancelled")
        case MagrayError():
            failure_id = secrets.token_hex(4)
            log.info("%s failed [%s]: %s", method, failure_id, error.message)
            return _known(error, failure_id, root)
        case _:
            failure_id = secrets.token_hex(4)
            log.error("%s hit a bug [%s]", method, failure_id, exc_info=error)
            data = {"kind": "internal_error", "hint": "the log has the details", "id": failure_id}
            return ResponseError(ErrorCode.INTERNAL_ERROR, f"a bug in Magray stopped {method} ({failure_id})", data)


def redact(text: str, root: Path | None = None) -> str:
    """The text without secrets and without where the workspace and the person's folder are."""
    from magray_indexers.privacy.redaction import redacted_quickly

    clean = redacted_quickly(_SECRET.sub(lambda match: f"{match.group(1) or ''}[hidden]", text))
    for folder, name in ((root, "."), (Path.home(), "~")):
        if folder is not None and len(str(folder)) > 1:
            clean = clean.replace(f"{folder}/", "" if name == "." else f"{name}/").replace(str(folder), name)
    return clean


def _known(error: MagrayError, failure_id: str, root: Path | None) -> ResponseError:
    data: dict[str, Any] = {"kind": error.kind, "hint": shown(error.hint, root), "id": failure_id}
    if isinstance(error, GoalNotUnderstood):
        data["suggestions"] = [shown(line, root) for line in error.suggestions]
    if isinstance(error, ContentChanged):
        data["differences"] = [shown(line, root) for line in error.differences]
    return ResponseError(ErrorCode.REQUEST_FAILED, shown(error.message, root), data)


def shown(text: str, root: Path | None = None) -> str:
    """The text fit for the client: redacted and without control characters."""
    return visible(redact(text, root))
