"""Which embedder serves: what the person asked for if it is installed, else the best that is, else our own.

Everything is loaded when it is first used and kept for the life of the process.
"""

from __future__ import annotations

import threading
from pathlib import Path

from magray_core.contracts import Embedder, Reranker
from magray_core.errors import ProviderError
from magray_models import installed
from magray_models.catalog import MODELS, Kind

AUTO, STATIC, RERANKER = "auto", "static", "qwen3_reranker"
_BEST_FIRST = ("minilm",)
"""What ``auto`` takes when it is there. Larger models are a choice: they cost minutes of computing."""

_lock = threading.Lock()
_loaded: dict[tuple[str, Path], Embedder] = {}
_rerankers: dict[Path, Reranker] = {}


def chosen(wanted: str, models_folder: Path) -> str:
    """The name of the embedder to use for the setting ``memory.model``; falls back to ``static``."""
    candidates = _BEST_FIRST if wanted == AUTO else (wanted,)
    for name in candidates:
        entry = MODELS.get(name)
        if entry is not None and entry.kind is Kind.EMBEDDER and installed.is_there(name, models_folder):
            return name
    return STATIC


def load_embedder(name: str, models_folder: Path) -> Embedder:
    """The embedder of that name. Pickles by reference; thread-safe.

    Its files are hashed before native code sees them. Raises ProviderError.
    """
    with _lock:
        key = (name, models_folder)
        if key not in _loaded:
            _loaded[key] = _load(name, models_folder)
        return _loaded[key]


def embedder_of_model(model_id: str, models_folder: Path) -> Embedder | None:
    """The installed embedder whose vectors have this id: earlier vectors serve while others are made."""
    for name, entry in MODELS.items():
        if entry.kind is Kind.EMBEDDER and installed.is_there(name, models_folder):
            if not model_id.startswith(entry.id_prefix):
                continue
            try:
                embedder = load_embedder(name, models_folder)
            except ProviderError:
                continue
            if embedder.model.id == model_id:
                return embedder
    return None


def load_reranker(models_folder: Path) -> Reranker | None:
    """The placed reranker, or None where there is none. Thread-safe. Raises ProviderError for damaged files."""
    if not installed.is_there(RERANKER, models_folder):
        return None
    with _lock:
        if models_folder not in _rerankers:
            from magray_models.qwen.reranking import load_qwen3_reranker

            _rerankers[models_folder] = load_qwen3_reranker(models_folder / RERANKER)
        return _rerankers[models_folder]


def _load(name: str, models_folder: Path) -> Embedder:
    match name:
        case "static":
            from magray_models.embedders.static import load_static

            return load_static()
        case "minilm":
            from magray_models.embedders.minilm import load_minilm

            return load_minilm(models_folder / name)
        case "qwen3emb":
            from magray_models.qwen.embedding import load_qwen3_embedder

            return load_qwen3_embedder(models_folder / name)
    raise ProviderError(f"there is no embedder named {name}", hint="see `magray models list`")
