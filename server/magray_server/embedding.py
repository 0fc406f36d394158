"""From the settings to the embedder that serves: the one place of the server that knows which models there are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from magray_configs.paths import user_folder
from magray_configs.settings import Settings
from magray_core.contracts import Reranker
from magray_models.choosing import embedder_of_model, load_embedder, load_reranker
from magray_orchestration.usecases.indexing import Embedding


def models_folder() -> Path:
    """Where the person's models are, a folder each."""
    return user_folder() / "models"


def embedding_by(settings: Settings) -> Embedding:
    """Who gives vectors, loaded when first used; ``now`` pickles by reference."""
    folder = models_folder()
    return Embedding(
        now=functools.partial(load_embedder, settings.memory.model, folder),
        of_model=functools.partial(embedder_of_model, models_folder=folder),
    )


def reranker_by(settings: Settings) -> Callable[[], Reranker | None] | None:
    """Who takes a second look at searches, loaded when first used; None where the person did not ask for one."""
    if not settings.memory.rerank:
        return None
    return functools.partial(load_reranker, models_folder())
