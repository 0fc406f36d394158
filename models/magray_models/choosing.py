"""Which embedder serves: what the person asked for if it is installed, else the best that is, else our own.

Everything is loaded when it is first used and kept for the life of the process.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from magray_core.contracts import Embedder, Reranker
from magray_core.errors import ProviderError
from magray_models import installed
from magray_models.catalog import MODELS, Kind, entry_named

log = logging.getLogger(__name__)

AUTO, STATIC, RERANKER = "auto", "static", "qwen3_reranker"
_BEST_FIRST = ("minilm", "minilm_fp32", STATIC)
"""What ``auto`` takes when it is there. Larger models are a choice: they cost minutes of computing."""

_lock = threading.Lock()
_loaded: dict[tuple[str, Path], tuple[str, Embedder]] = {}
_rerankers: dict[Path, tuple[str, Reranker]] = {}


def chosen(wanted: str, models_folder: Path) -> str:
    """The name of the embedder that serves for the setting ``memory.model``; ``static`` where that is not installed."""
    return _candidates(wanted, models_folder)[0]


def load_embedder(wanted: str, models_folder: Path) -> Embedder:
    """The embedder that serves for the setting ``memory.model``. Pickles by reference; thread-safe.

    Its files are hashed before native code sees them. With ``auto`` a damaged model is passed over and logged;
    one that was asked for by its name raises ProviderError.
    """
    candidates = _candidates(wanted, models_folder)
    for name in candidates[:-1]:
        try:
            return _kept(name, models_folder)
        except ProviderError as error:
            log.warning("%s is passed over: %s", name, error.message)
    return _kept(candidates[-1], models_folder)


def embedder_of_model(model_id: str, models_folder: Path) -> Embedder | None:
    """The installed embedder whose vectors have this id: earlier vectors serve while others are made."""
    for name, entry in MODELS.items():
        if entry.kind is not Kind.EMBEDDER or not model_id.startswith(entry.id_prefix):
            continue
        if not installed.is_there(name, models_folder):
            continue
        try:
            embedder = _kept(name, models_folder)
        except ProviderError as error:
            log.warning("%s cannot serve its vectors: %s", name, error.message)
            continue
        if embedder.model.id == model_id:
            return embedder
    return None


def load_reranker(models_folder: Path) -> Reranker | None:
    """The placed reranker, or None where there is none. Thread-safe. Raises ProviderError for damaged files."""
    folder = models_folder / RERANKER
    if not installed.is_there(RERANKER, models_folder):
        return None
    with _lock:
        known = _rerankers.get(models_folder)
        if known is None or known[0] != installed.identity(folder):
            from magray_models.qwen.reranking import load_qwen3_reranker

            reranker = load_qwen3_reranker(folder)
            # Its first load writes the manifest that identifies it.
            known = _rerankers[models_folder] = (installed.identity(folder), reranker)
        return known[1]


def _candidates(wanted: str, models_folder: Path) -> list[str]:
    names = _BEST_FIRST if wanted == AUTO else (wanted,)
    there = [name for name in names if _is_embedder(name) and installed.is_there(name, models_folder)]
    return there or [STATIC]


def _is_embedder(name: str) -> bool:
    return name in MODELS and MODELS[name].kind is Kind.EMBEDDER


def _kept(name: str, models_folder: Path) -> Embedder:
    """Loaded once, and again after another model was put into its folder."""
    identity = installed.identity(models_folder / name)
    with _lock:
        known = _loaded.get((name, models_folder))
        if known is None or known[0] != identity:
            embedder = _load(name, models_folder)
            # The first load of a placed model writes the manifest that identifies it.
            known = _loaded[name, models_folder] = (installed.identity(models_folder / name), embedder)
        return known[1]


def _load(name: str, models_folder: Path) -> Embedder:
    match entry_named(name).name:
        case "static":
            from magray_models.embedders.static import load_static

            return load_static()
        case "minilm" | "minilm_fp32":
            from magray_models.embedders.minilm import load_minilm

            return load_minilm(models_folder / name)
        case "qwen3emb":
            from magray_models.qwen.embedding import load_qwen3_embedder

            return load_qwen3_embedder(models_folder / name)
    raise ProviderError(f"{name} is no embedder", hint="see `magray models list`")
