"""``magray/models/*``: which models there are, and pulling, checking and choosing them."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from typing import Any

from magray_core.cancel import CancelToken
from magray_core.errors import ToolDenied
from magray_orchestration.usecases import models
from magray_server.embedding import embedding_by, models_folder
from magray_server.handlers.asking import Question, says_yes
from magray_server.model_views import models_view, verified_view
from magray_server.params import ModelRef, ModelsVerifyParams, Nothing, PullParams
from magray_server.pools import Pool
from magray_server.progress import Silent
from magray_server.session import Session
from magray_server.snapshot import Snapshot


def list_models(snapshot: Snapshot, _params: Nothing, _cancel: CancelToken) -> Any:
    """A shim wants to show which models there are."""
    return models_view(models.listing(snapshot.settings, models_folder())).for_lsp()


def verify(_snapshot: Snapshot, params: ModelsVerifyParams, _cancel: CancelToken) -> Any:
    """The person wants to know whether the models are what was installed."""
    return verified_view(models.verify([params.name] if params.name else [], models_folder())).for_lsp()


async def use(session: Session, params: ModelRef, _cancel: CancelToken) -> Any:
    """The person chooses another model: it is written down, and embedding goes on with it at once."""
    used = await _on_worker(session, Pool.FILES, lambda: models.use(params.name, models_folder()))
    memory = dataclasses.replace(session.settings.memory, model=params.name)
    session.settings = dataclasses.replace(session.settings, memory=memory)
    session.changed()
    adopt(session)
    return {"name": used.name, "serves": used.serves, "file": str(used.file)}


async def pull(session: Session, params: PullParams, cancel: CancelToken) -> Any:
    """The person wants a model brought; they are asked, unless the client says that they have said yes."""
    words = models.source_words(params.name, models_folder())
    if not params.approved and not await says_yes(session, Question("Pull this model?", words, "Pull")):
        raise ToolDenied("nothing was pulled")
    title = f"Magray: pulling {params.name}"
    if params.work_done_token is None:
        shown = await session.progresses.create(title, cancel)
    else:
        shown = session.progresses.begin(params.work_done_token, title, cancel)
    progress = shown or Silent()
    ending = "stopped"
    try:
        pulled = await _on_worker(
            session,
            Pool.PLANNING,
            lambda: models.pull(params.name, models_folder(), offline=False, progress=progress, cancel=cancel),
        )
        ending = "ready"
    finally:
        if shown is not None:
            session.progresses.end(shown, ending)
    adopt(session)
    return {"name": pulled.name, "already": pulled.already, "bytes": pulled.n_bytes}


def adopt(session: Session) -> None:
    """Embed with the model that serves now; the vectors of the one before serve until the new ones are complete."""
    if session.indexing is not None:
        session.indexing.process.use(embedding_by(session.settings).now)
        session.indexing.enriching.needed()


async def _on_worker(session: Session, pool: Pool, work: Callable[[], Any]) -> Any:
    return await asyncio.wrap_future(session.workers.submit(pool, work))
