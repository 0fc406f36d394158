"""``initialized``, ``$/setTrace``, ``window/workDoneProgress/cancel``."""

from __future__ import annotations

import logging

from lsprotocol import types

from magray_configs.layers import resolve
from magray_core.errors import SettingsError
from magray_server.failures import shown
from magray_server.handlers.models import adopt
from magray_server.session import Session

log = logging.getLogger(__name__)


def initialized(session: Session, _params: types.InitializedParams) -> None:
    """The client is ready to be asked things."""
    session.initialized.set()
    log.info("connected to %s", session.profile.name or "a client without a name")


def set_trace(_session: Session, params: types.SetTraceParams) -> None:
    """The client wants more or less of the log."""
    logging.getLogger("magray_server").setLevel(
        logging.DEBUG if params.value is types.TraceValue.Verbose else logging.INFO
    )


def did_change_configuration(session: Session, params: types.DidChangeConfigurationParams) -> None:
    """The person changed settings in the editor; wrong ones are said and leave everything as it was."""
    given = params.settings if isinstance(params.settings, dict) else {}
    options = given.get("magray")
    if not isinstance(options, dict):
        return
    root = session.roots.root if session.roots else None
    try:
        resolved = resolve(root, client=options)
    except SettingsError as error:
        sentence = shown(f"Magray: {error.message}" + (f"; {error.hint}" if error.hint else ""), root)
        session.client.window_show_message(types.ShowMessageParams(types.MessageType.Warning, sentence))
        return
    for warning in resolved.warnings:
        log.warning("%s", warning)
    another_model = resolved.settings.memory.model != session.settings.memory.model
    session.settings = resolved.settings
    session.changed()
    if another_model:
        adopt(session)


def cancel_progress(session: Session, params: types.WorkDoneProgressCancelParams) -> None:
    """The person pressed cancel on a progress."""
    session.progresses.cancel(params.token)
