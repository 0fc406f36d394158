"""``magray/index/status``, ``magray/doctor``, ``workspace/didChangeWatchedFiles``: the index and the server itself."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from magray_core.cancel import CancelToken
from magray_orchestration.usecases.doctor import examine
from magray_server.handlers.saving import saved
from magray_server.params import IndexParams, Nothing, PauseParams
from magray_server.session import Session
from magray_server.snapshot import Snapshot, no_folder
from magray_server.watching import is_watched


def status(session: Session, _params: Nothing) -> Any:
    """A shim wants to show what the index is doing."""
    if session.indexing is None:
        return {
            "state": "off",
            "message": "no workspace folder is open",
            "files": 0,
            "fraction": None,
            "freshness": None,
        }
    return session.indexing.status()


async def index(session: Session, params: IndexParams, cancel: CancelToken) -> Any:
    """The person asks for a fresh index and waits for it."""
    if session.indexing is None:
        raise no_folder()
    session.indexing.build("asked for", full=params.full)
    await session.indexing.caught_up(cancel)
    return session.indexing.status()


def pause(session: Session, params: PauseParams) -> Any:
    """The person wants the machine for something else, or is done with that."""
    if session.indexing is None:
        raise no_folder()
    session.indexing.enriching.pause(params.paused)
    return session.indexing.status()


async def did_change_watched_files(
    session: Session, params: types.DidChangeWatchedFilesParams, _cancel: CancelToken
) -> None:
    """Files changed on disk, by whoever."""
    paths = [path for change in params.changes if (path := session.own_path(change.uri)) and is_watched(path)]
    if session.indexing is not None:
        session.indexing.files_changed(paths)
    await saved(session, paths)


def doctor(snapshot: Snapshot, _params: Nothing, _cancel: CancelToken) -> Any:
    """The person wonders why something does not work; the same checks as ``magray doctor``."""
    return doctor_view(snapshot)


def doctor_view(snapshot: Snapshot) -> dict[str, Any]:
    """The checks as JSON."""
    report = examine(snapshot.workspace().root)
    return {
        "ok": report.ok,
        "checks": [
            {"name": check.name, "state": check.state, "text": check.text, "hint": check.hint}
            for check in report.checks
        ],
        "client": snapshot.profile.name,
        "failures": dict(snapshot.failures),
    }
