"""Models on this machine: a folder each, with a manifest of hashes. Bytes are hashed, then those bytes are loaded.

``manifest.json`` is ``{"files": {name: {"sha256", "bytes"}}, "origin": {…}}``; models that a person placed have no
origin. A folder is filled aside and renamed, so that there is never half a model under a model's name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from magray_core.errors import ProviderError
from magray_core.failpoints import failpoint
from magray_models.catalog import CatalogEntry, entry_named

MANIFEST = "manifest.json"
_ASIDE = ".aside-"
_WEIGHTS = ("*.onnx", "onnx/*.onnx", "*.gguf", "*.safetensors")
_VERIFY = "run `magray models verify`, then pull or place the model again"


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the manifest says of a file."""

    sha256: str
    n_bytes: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pulled model came from and what was made of it; ``weights`` is the sha256 of the weights as they came."""

    requirement: str
    weights: str
    precision: str
    format: str


def is_there(name: str, models_folder: Path) -> bool:
    """Whether the model can be tried; ``problems`` says whether its files are what they were."""
    entry = entry_named(name)
    folder = models_folder / name
    if entry.shipped or entry.wheel is not None:
        return entry.shipped or (folder / MANIFEST).is_file()
    return any(path.is_file() for pattern in _WEIGHTS for path in folder.glob(pattern))


def read_manifest(folder: Path) -> Mapping[str, Pinned]:
    """File names with their hashes. Raises ProviderError if there is none that can be read."""
    with _understood(folder):
        files = _read(folder)["files"]
        return {name: Pinned(str(pin["sha256"]), int(pin["bytes"])) for name, pin in files.items()}


def read_origin(folder: Path) -> Origin:
    """Where the model came from. Raises ProviderError where that is not recorded."""
    with _understood(folder):
        return Origin(**{name: str(value) for name, value in _read(folder)["origin"].items()})


def identity(folder: Path) -> str:
    """Changes whenever another model, or the same one converted otherwise, is put into the folder; "" where none is."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""


def write_manifest(folder: Path, origin: Origin | None = None) -> None:
    """Record every file of the folder as it is now; what a person placed has no origin. Raises OSError."""
    files = {
        path.relative_to(folder).as_posix(): {"sha256": _hash(path), "bytes": path.stat().st_size}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    content = {"files": files} | ({"origin": asdict(origin)} if origin else {})
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


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
    return _found(folder, lambda path, pin: path.stat().st_size != pin.n_bytes or _hash(path) != pin.sha256)


def apparent_problems(folder: Path) -> list[str]:
    """Those ``problems`` that show without reading the files. Raises ProviderError as above."""
    return _found(folder, lambda path, pin: path.stat().st_size != pin.n_bytes)


def _found(folder: Path, differs: Callable[[Path, Pinned], bool]) -> list[str]:
    found = []
    for name, pin in read_manifest(folder).items():
        path = folder / name
        try:
            if not path.is_file():
                found.append(f"{name} is missing")
            elif differs(path, pin):
                found.append(f"{name} has another hash than when it was installed")
        except OSError as error:
            found.append(f"{name} cannot be read: {(error.strerror or str(error)).lower()}")
    return found


def bytes_on_disk(folder: Path) -> int:
    """What the model's folder takes; 0 where there is none."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # removed meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total


@contextlib.contextmanager
def filled_aside(entry: CatalogEntry, models_folder: Path) -> Iterator[Path]:
    """An empty folder to fill; it becomes the model's folder at the end, and nothing is left of it after a failure.

    Raises ProviderError for a full disk, a folder that cannot be written, or another process that does the same.
    """
    try:
        with _alone(models_folder), _aside(models_folder) as aside:
            filled = aside / entry.name
            filled.mkdir()
            yield filled
            failpoint("model_filled")
            _take_place(filled, models_folder / entry.name, aside / "before")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "make room and pull again" if full else f"check {models_folder}"
        reason = "the disk is full" if full else (error.strerror or str(error)).lower()
        raise ProviderError(f"the model {entry.name} cannot be installed: {reason}", hint=hint) from error


def remove(entry: CatalogEntry, models_folder: Path) -> int:
    """Delete an installed model; the bytes that are free now. Raises ProviderError."""
    folder = models_folder / entry.name
    freed = bytes_on_disk(folder)
    try:
        with _alone(models_folder), _aside(models_folder) as aside:
            folder.rename(aside / entry.name)  # out of its place first: a half-deleted model is no model
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ProviderError(f"the model {entry.name} cannot be removed: {reason}", hint=f"check {folder}") from error
    return freed


@contextlib.contextmanager
def _aside(models_folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=_ASIDE, dir=models_folder, ignore_cleanup_errors=True) as aside:
        yield Path(aside)


def _take_place(filled: Path, folder: Path, before: Path) -> None:
    """Rename; what stood there goes to ``before``."""
    for path in filled.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    with contextlib.suppress(FileNotFoundError):
        folder.rename(before)
    failpoint("model_between")
    filled.rename(folder)


@contextlib.contextmanager
def _alone(models_folder: Path) -> Iterator[None]:
    """One process at a time fills folders; what killed ones left is deleted. Raises ProviderError at once."""
    from filelock import FileLock, Timeout

    models_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(models_folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        hint = "wait for it, or stop it"
        raise ProviderError("another process is installing or removing a model", hint=hint) from error
    try:
        for path in models_folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(path, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _understood(folder: Path) -> Iterator[None]:
    """The manifest's troubles as sentences."""
    try:
        yield
    except FileNotFoundError as error:
        raise ProviderError(f"the model {folder.name} is not installed", hint="see `magray models list`") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError(f"the manifest of the model {folder.name} cannot be read", hint=_VERIFY) from error


def _read(folder: Path) -> Any:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
