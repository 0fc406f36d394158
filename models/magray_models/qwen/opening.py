"""From a folder to files that may be loaded: found, converted if they are a bare checkpoint, and verified."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from magray_core.errors import ProviderError
from magray_models.installed import MANIFEST, read_manifest
from magray_models.qwen.conversion import FORMAT, convert
from magray_models.qwen.files import (
    CHECKPOINT,
    CONFIG,
    TOKENIZER,
    ModelFiles,
    Purpose,
    converted_name,
    find_weights,
    is_converted,
    record,
    used_files,
    verify,
)

log = logging.getLogger(__name__)


def open_model(folder: Path, purpose: Purpose) -> ModelFiles:
    """The folder's model: ONNX, else gguf, else its safetensors checkpoint, which is converted to ONNX once.

    Files are hashed and compared with the folder's manifest; a folder that was filled by hand gets one now.
    Raises ProviderError if files are missing, damaged, or not those that were recorded.
    """
    found = find_weights(folder) if folder.is_dir() else None
    runtime, weights = found or ("onnx", _converted(folder, purpose))
    digests = verify(folder, used_files(folder, runtime, weights))
    return ModelFiles(runtime, weights, folder / TOKENIZER if runtime == "onnx" else None, _fingerprint(digests))


def record_placed(folder: Path) -> None:
    """Hash the files that somebody placed and record them, as the first load would. Raises ProviderError."""
    found = find_weights(folder)
    used = used_files(folder, *found) if found else {name: folder / name for name in (CHECKPOINT, CONFIG, TOKENIZER)}
    verify(folder, used)
    if not (folder / MANIFEST).is_file():
        raise ProviderError(f"the hashes of {folder.name} could not be recorded", hint=f"make {folder} writable")


def _converted(folder: Path, purpose: Purpose) -> Path:
    """The graph that was made of this very checkpoint, made now if there is none; those of earlier ones are deleted."""
    sources = {name: folder / name for name in (CHECKPOINT, CONFIG, TOKENIZER)}
    if not sources[CHECKPOINT].is_file():
        raise ProviderError(
            f"there is no model in {folder}", hint=f"put model.onnx, a .gguf file or {CHECKPOINT} with {CONFIG} there"
        )
    recorded = read_manifest(folder) if (folder / MANIFEST).exists() else {}
    known = {name: recorded[name].sha256 for name in sources if name in recorded}
    target = folder / converted_name(purpose, _fingerprint({**known, "": FORMAT}))
    if len(known) == len(sources) and target.is_file() and not _newer(sources[CHECKPOINT], target):
        return target
    digests = verify(folder, sources)
    target = folder / converted_name(purpose, _fingerprint({**digests, "": FORMAT}))
    if not target.is_file():
        log.info("converting %s to ONNX, once", sources[CHECKPOINT])
        for path in folder.iterdir():
            if is_converted(path.name, purpose):
                path.unlink(missing_ok=True)
        convert(folder, purpose, target)
        record(folder, used_files(folder, "onnx", target))
    return target


def _newer(path: Path, than: Path) -> bool:
    """Whether a file was written later: a checkpoint that was replaced by hand is then hashed and refused."""
    try:
        return path.stat().st_mtime_ns > than.stat().st_mtime_ns
    except OSError:
        return True


def _fingerprint(digests: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(digests.items())).encode()).hexdigest()[:12]
