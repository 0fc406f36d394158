"""A model's folder: which of its files are used, and that they are still the files that were recorded.

``manifest.json`` holds ``{"files": {name: {"sha256", "bytes"}}}``. What a manifest records must match before native
code opens it; a folder that was filled by hand has none yet, so its files are hashed and recorded at the first load.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from magray_core.errors import ProviderError
from magray_models.installed import MANIFEST, read_manifest

log = logging.getLogger(__name__)

TOKENIZER = "tokenizer.json"
CHECKPOINT = "model.safetensors"
CONFIG = "config.json"

Runtime = Literal["onnx", "gguf"]
Purpose = Literal["embedding", "reranking"]
_CONVERTED = re.compile(r"(embedding|reranking)-[0-9a-f]{12}\.onnx(_data)?")
_NOT_WEIGHTS = {".json", ".md", ".txt", ".toml", ".jinja", ".onnx", ".gguf", ".safetensors", ".py", ".part"}
_REPLACE = "place the model again, or remove manifest.json if you changed the files yourself"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model that is about to be loaded; ``fingerprint`` changes with any byte of them."""

    runtime: Runtime
    weights: Path
    tokenizer: Path | None
    fingerprint: str


def converted_name(purpose: Purpose, fingerprint: str) -> str:
    """The name of a graph that was made of the checkpoint with this fingerprint; its weights have ``_data`` more."""
    return f"{purpose}-{fingerprint}.onnx"


def is_converted(name: str, purpose: Purpose) -> bool:
    """Whether a file was made of some checkpoint for that purpose."""
    found = _CONVERTED.fullmatch(name)
    return found is not None and found[1] == purpose


def find_weights(folder: Path) -> tuple[Runtime, Path] | None:
    """The weights that came for a runtime, ONNX before gguf, or None. Raises ProviderError where it is ambiguous."""
    for runtime, patterns in (("onnx", ("*.onnx", "onnx/*.onnx")), ("gguf", ("*.gguf",))):
        found = sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
        found = [path for path in found if not _CONVERTED.fullmatch(path.name)]
        preferred = [path for path in found if path.name == f"model.{runtime}"] or found
        if len(preferred) > 1:
            names = ", ".join(path.relative_to(folder).as_posix() for path in preferred)
            raise ProviderError(f"{folder} holds several models: {names}", hint=f"keep one, or name it model.{runtime}")
        if preferred:
            return ("onnx" if runtime == "onnx" else "gguf"), preferred[0]
    return None


def used_files(folder: Path, runtime: Runtime, weights: Path) -> dict[str, Path]:
    """Every file that a runtime will open, by its name in the manifest. Raises ProviderError if one is missing."""
    used = {path.relative_to(folder).as_posix(): path for path in _parts(weights)}
    if runtime == "onnx":
        used[TOKENIZER] = folder / TOKENIZER
        if not used[TOKENIZER].is_file():
            raise ProviderError(f"{folder} has no {TOKENIZER}", hint="it is published beside the model")
    return used


def _parts(weights: Path) -> list[Path]:
    """The weights and, for ONNX, whatever else lies beside them that the graph may open."""
    if weights.suffix == ".gguf":
        return [weights]
    if _CONVERTED.fullmatch(weights.name):
        return [weights, weights.with_name(f"{weights.name}_data")]
    beside = (path for path in weights.parent.iterdir() if path.is_file() and not path.name.startswith("."))
    others = (path for path in beside if path.suffix not in _NOT_WEIGHTS and not _CONVERTED.fullmatch(path.name))
    return [weights, *sorted(path for path in others if path != weights)]


def verify(folder: Path, used: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of every used file; those of a folder without a manifest are recorded.

    Reads every byte, about a second for each gigabyte. Raises ProviderError for the first file that is missing,
    unreadable or not the one that was recorded.
    """
    recorded = read_manifest(folder) if (folder / MANIFEST).exists() else None
    digests: dict[str, str] = {}
    for name, path in used.items():
        expected = None if recorded is None else recorded.get(name)
        if recorded is not None and expected is None:
            raise ProviderError(f"{path} is not in the model's {MANIFEST}", hint=_REPLACE)
        if expected is not None and _size(path) != expected.n_bytes:
            raise ProviderError(f"{path} has {_size(path)} bytes, {expected.n_bytes} were recorded", hint=_REPLACE)
        digests[name] = _hash(path)
        if expected is not None and digests[name] != expected.sha256:
            raise ProviderError(f"{path} is not the file that was recorded", hint=_REPLACE)
    if recorded is None:
        record(folder, used, digests)
    return digests


def record(folder: Path, used: Mapping[str, Path], digests: Mapping[str, str] | None = None) -> None:
    """Add files to the folder's manifest; a folder that cannot be written to stays without. Raises ProviderError."""
    content: dict[str, Any] = {"files": {}}
    if (folder / MANIFEST).exists():
        read_manifest(folder)  # or raise
        content = json.loads((folder / MANIFEST).read_bytes())
    content["files"] = {
        name: pin
        for name, pin in content["files"].items()
        if not _CONVERTED.fullmatch(name) or (folder / name).exists()
    }
    known = digests or {name: _hash(path) for name, path in used.items()}
    content["files"] |= {name: {"sha256": known[name], "bytes": _size(path)} for name, path in used.items()}
    temporary = folder / f".{MANIFEST}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")
        temporary.replace(folder / MANIFEST)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        log.warning("the hashes of %s could not be recorded, so damage there would go unnoticed: %s", folder, error)
        return
    log.info("recorded the hashes of %s; the files are refused if they change", folder)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ProviderError(f"{path} cannot be read: {error.strerror}") from error


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ProviderError(f"{path} cannot be read: {error.strerror}") from error
