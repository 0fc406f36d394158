"""From a folder to files that may be loaded: found, converted if they are a bare checkpoint, and verified."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from magray_core.errors import ProviderError
from magray_models.qwen.conversion import MODEL, Purpose, convert
from magray_models.qwen.files import CHECKPOINT, CONFIG, TOKENIZER, ModelFiles, find_weights, record, used_files, verify

log = logging.getLogger(__name__)


def open_model(folder: Path, purpose: Purpose) -> ModelFiles:
    """The folder's model: ONNX, else gguf, else its safetensors checkpoint, which is converted to ONNX once.

    Files are hashed and compared with the folder's manifest; a folder that was filled by hand gets one now.
    Raises ProviderError if files are missing, damaged, or not those that were recorded.
    """
    found = find_weights(folder) if folder.is_dir() else None
    runtime, weights = found or ("onnx", _converted(folder, purpose))
    digests = verify(folder, used_files(folder, runtime, weights))
    fingerprint = hashlib.sha256(json.dumps(sorted(digests.items())).encode()).hexdigest()[:12]
    return ModelFiles(runtime, weights, folder / TOKENIZER if runtime == "onnx" else None, fingerprint)


def _converted(folder: Path, purpose: Purpose) -> Path:
    sources = {name: folder / name for name in (CHECKPOINT, CONFIG, TOKENIZER)}
    if not sources[CHECKPOINT].is_file():
        raise ProviderError(
            f"there is no model in {folder}", hint=f"put {MODEL}, a .gguf file or {CHECKPOINT} with {CONFIG} there"
        )
    verify(folder, sources)
    log.info("converting %s to ONNX, once", sources[CHECKPOINT])
    weights = convert(folder, purpose)
    record(folder, used_files(folder, "onnx", weights))
    return weights
