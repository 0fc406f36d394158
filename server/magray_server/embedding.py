"""From the settings to the embedder that serves: the one place of the server that knows which models there are."""

from __future__ import annotations

import functools

from magray_configs.paths import user_folder
from magray_configs.settings import Settings
from magray_models.choosing import chosen, embedder_of_model, load_embedder
from magray_orchestration.usecases.indexing import Embedding


def embedding_by(settings: Settings) -> Embedding:
    """Who gives vectors, loaded when first used; ``now`` pickles by reference."""
    folder = user_folder() / "models"
    name = chosen(settings.memory.model, folder)
    return Embedding(
        now=functools.partial(load_embedder, name, folder),
        of_model=functools.partial(embedder_of_model, models_folder=folder),
    )
