"""``initialized``, ``$/setTrace``, ``window/workDoneProgress/cancel``."""

from __future__ import annotations

import logging

from lsprotocol import types

from magray_server.session import Session

log = logging.getLogger(__name__)


def initialized(session: Session, _params: types.InitializedParams) -> None:
    """The client is ready to be asked things."""
    log.info("connected to %s", session.profile.name or "a client without a name")


def set_trace(_session: Session, params: types.SetTraceParams) -> None:
    """The client wants more or less of the log."""
    logging.getLogger("magray_server").setLevel(
        logging.DEBUG if params.value is types.TraceValue.Verbose else logging.INFO
    )


def cancel_progress(session: Session, params: types.WorkDoneProgressCancelParams) -> None:
    """The person pressed cancel on a progress."""
    session.progresses.cancel(params.token)
