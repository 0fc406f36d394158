"""Generations of derived indexes: folders of immutable files, hashed, verified before native code opens them.

``work`` is where the one writer writes; a generation is a folder of hard links to what the writer had committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from magray_core.errors import IndexCorrupt, IndexingError
from magray_core.failpoints import failpoint

Manifest = Mapping[str, tuple[str, int]]
WORK = "work"
_PREFIX = "gen-"
_META = "meta.json"
_MANAGED = ".managed.json"
_TRIES = 20


def start_work(keyword: Path, generation: str, manifest: Manifest) -> Path:
    """A fresh ``work`` folder that begins as the generation, or empty where that is "" or damaged.

    Raises IndexCorrupt if the generation does not match its manifest: the caller rebuilds.
    """
    work = keyword / WORK
    remove(work)
    if generation:
        verify(keyword, generation, manifest)
    work.mkdir(parents=True, mode=0o700)
    if generation:
        for name in manifest:
            if name.endswith(".json"):
                shutil.copyfile(keyword / generation / name, work / name)
            else:
                _link(keyword / generation / name, work / name)
    return work


def publish(keyword: Path, name: str, previous: Manifest) -> Manifest:
    """Make the generation ``name`` from what the writer committed in ``work``; only files new to it are hashed."""
    work, target = keyword / WORK, keyword / name
    remove(target)
    target.mkdir(mode=0o700)
    for _ in range(_TRIES):
        meta = (work / _META).read_bytes()
        try:
            names = _link_segments(work, target, meta)
            break
        except FileNotFoundError:
            continue  # a merge in the background replaced segments between reading the list and linking them
    else:
        raise IndexingError("the keyword index changed while it was published", hint="index again")
    failpoint("after-link")
    (target / _META).write_bytes(meta)
    (target / _MANAGED).write_text(json.dumps(sorted([*names, _META])), encoding="utf-8")
    manifest = {}
    for file in [*names, _META, _MANAGED]:
        known = previous.get(file) if not file.endswith(".json") else None
        manifest[file] = known or described(target / file)
    for file in (_META, _MANAGED):
        sync(target / file)
    sync(target)
    sync(keyword)
    return manifest


def described(path: Path) -> tuple[str, int]:
    """What a manifest says of a file: its sha256 in hex and its size in bytes."""
    return _hash(path), path.stat().st_size


def verify(keyword: Path, generation: str, manifest: Manifest) -> None:
    """Raise IndexCorrupt unless every file of the generation has its recorded size and hash."""
    for name, (digest, size) in manifest.items():
        path = keyword / generation / name
        try:
            fits = path.is_file() and path.stat().st_size == size and _hash(path) == digest
        except OSError:
            fits = False
        if not fits:
            raise IndexCorrupt("a file of the index does not match its hash", hint="run `magray index` to rebuild it")


def prune(keyword: Path, keep: set[str]) -> None:
    """Delete other generations; what cannot be deleted stays for the next time."""
    try:
        entries = list(keyword.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(_PREFIX) and entry.name not in keep:
            remove(entry)


def deleted_share(keyword: Path) -> tuple[int, int]:
    """(deleted, all) documents in the segments that were committed in ``work``."""
    segments = json.loads((keyword / WORK / _META).read_bytes())["segments"]
    deleted = sum((segment.get("deletes") or {}).get("num_deleted_docs", 0) for segment in segments)
    return deleted, sum(segment["max_doc"] for segment in segments)


def generation_name(number: int) -> str:
    """The folder of a generation."""
    return f"{_PREFIX}{number}"


def _link_segments(work: Path, target: Path, meta: bytes) -> list[str]:
    """Link exactly the files that the list of segments needs."""
    files = [path.name for path in work.iterdir()]
    names: list[str] = []
    for segment in json.loads(meta)["segments"]:
        stem = segment["segment_id"].replace("-", "")
        deletes = segment.get("deletes")
        wanted = f"{stem}.{deletes['opstamp']}.del" if deletes else None
        found = [name for name in files if name.startswith(stem) and (not name.endswith(".del") or name == wanted)]
        if not found or (wanted and wanted not in found):
            raise FileNotFoundError(stem)
        names += found
    for name in names:
        if not (target / name).exists():
            _link(work / name, target / name)
    return sorted(names)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # no hard links on this file system
        shutil.copyfile(source, target)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the file or folder on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Delete a file or folder, as far as possible; a missing one is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
