"""Models on this machine: a folder each, with a manifest of hashes. Bytes are hashed, then those bytes are loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import ProviderError

MANIFEST = "manifest.json"
_SHIPPED = "static"
_VERIFY = "run `magray models verify`, then pull or place the model again"


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the manifest says of a file."""

    sha256: str
    n_bytes: int


def is_there(name: str, models_folder: Path) -> bool:
    """Whether the model can be tried; ``verify`` says whether its files are what they were."""
    return name == _SHIPPED or (models_folder / name / MANIFEST).is_file()


def read_manifest(folder: Path) -> Mapping[str, Pinned]:
    """File names with their hashes. Raises ProviderError if there is none that can be read."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return {name: Pinned(str(pin["sha256"]), int(pin["bytes"])) for name, pin in files.items()}
    except FileNotFoundError as error:
        raise ProviderError(f"the model {folder.name} is not installed", hint="see `magray models list`") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError(f"the manifest of the model {folder.name} cannot be read", hint=_VERIFY) from error


def write_manifest(folder: Path) -> None:
    """Record every file of the folder as it is now."""
    files = {
        path.relative_to(folder).as_posix(): {"sha256": _hash(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    (folder / MANIFEST).write_text(json.dumps({"files": files}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def checked_bytes(folder: Path, name: str) -> bytes:
    """A file's bytes, which are what the manifest says: load these and do not read the file again.

    Raises ProviderError for a missing or changed file.
    """
    pin = read_manifest(folder).get(name)
    try:
        content = (folder / name).read_bytes() if pin is not None else b""
    except OSError:
        content = b""
    if pin is None or len(content) != pin.n_bytes or hashlib.sha256(content).hexdigest() != pin.sha256:
        raise ProviderError(f"{name} of the model {folder.name} is not the file that was installed", hint=_VERIFY)
    return content


def problems(folder: Path) -> list[str]:
    """What is wrong with a model's files, a sentence each; empty for a sound one. Raises ProviderError as above."""
    found = []
    for name, pin in read_manifest(folder).items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != pin.n_bytes or _hash(path) != pin.sha256:
            found.append(f"{name} has another hash than when it was installed")
    return found


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
