"""Everything that the index remembers as plain records, and archives of such records."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from importlib import metadata
from pathlib import Path

from magray_configs.paths import WorkspacePaths
from magray_core.errors import IndexUnavailable, WorkspaceError
from magray_indexers import store
from magray_indexers.privacy.forgetting import text_of
from magray_indexers.privacy.scanning import MASKED
from magray_indexers.store import id_range

FORMAT = 1
"""Of the archive: ``manifest.json`` and one ``<kind>.jsonl`` for each kind of record."""

Record = Mapping[str, object]


def stored_texts(root: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of every indexed file as it is stored; nothing without an index. Raises IndexCorrupt."""
    try:
        db = store.open_for_reading(WorkspacePaths(root).index_db)
    except IndexUnavailable:
        return
    with closing(db):
        for number, path in db.execute("SELECT id, path FROM files ORDER BY path").fetchall():
            yield path, text_of(db, number)


def masked_rows(root: Path) -> list[tuple[str, str]]:
    """(path, rule) of every secret that was masked before indexing; none without an index. Raises IndexCorrupt."""
    try:
        db = store.open_for_reading(WorkspacePaths(root).index_db)
    except IndexUnavailable:
        return []
    with closing(db):
        sql = f"SELECT path, markers.text FROM markers JOIN files ON files.id = markers.id >> {store.CHUNK_BITS}"
        return [(path, rule) for path, rule in db.execute(f"{sql} WHERE word = ?", (MASKED,))]


def index_records(root: Path) -> dict[str, Iterable[Record]]:
    """Kind to records: ``files`` with text, symbols and markers, and ``skipped`` paths."""
    return {"files": _files(root), "skipped": _skipped(root)}


def write_archive(target: Path, name: str, members: Mapping[str, Iterable[Record]]) -> dict[str, int]:
    """A zip of JSON lines that only its owner can read, written aside and renamed; how many records of each kind.

    Raises WorkspaceError if the target exists or cannot be written.
    """
    if target.exists():
        raise WorkspaceError(f"{target} exists already", hint="choose another name")
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            open(os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb+") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            described = {kind: _write_member(archive, kind, records) for kind, records in members.items()}
            manifest = {
                "format": FORMAT,
                "magray": metadata.version("magray"),
                "workspace": name,
                "created": time.time(),
                "left_out": ["vectors and keyword index: they are made from these records"],
                "members": described,
            }
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
        scratch.rename(target)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise WorkspaceError(
            f"cannot write {target}: {error.strerror}", hint="check the folder and its space"
        ) from error
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return {kind: int(str(one["records"])) for kind, one in described.items()}


def _write_member(archive: zipfile.ZipFile, kind: str, records: Iterable[Record]) -> Record:
    digest, count = hashlib.sha256(), 0
    with archive.open(f"{kind}.jsonl", "w", force_zip64=True) as member:
        for record in records:
            line = json.dumps(record, ensure_ascii=True).encode() + b"\n"
            member.write(line)
            digest.update(line)
            count += 1
    return {"records": count, "sha256": digest.hexdigest()}


def _files(root: Path) -> Iterator[Record]:
    try:
        db = store.open_for_reading(WorkspacePaths(root).index_db)
    except IndexUnavailable:
        return
    with closing(db):
        for number, path, digest, language in db.execute(
            "SELECT id, path, hash, language FROM files ORDER BY path"
        ).fetchall():
            span = id_range(number)
            symbols = db.execute(
                "SELECT qualified_name, kind, start_line, end_line, signature, doc FROM symbols"
                " WHERE id BETWEEN ? AND ? ORDER BY id", span,
            )  # fmt: skip
            markers = db.execute("SELECT line, word, text FROM markers WHERE id BETWEEN ? AND ? ORDER BY id", span)
            yield {
                "path": path,
                "sha256": digest,
                "language": language,
                "text": text_of(db, number),
                "symbols": [
                    dict(zip(("name", "kind", "start_line", "end_line", "signature", "doc"), row, strict=True))
                    for row in symbols
                ],
                "markers": [dict(zip(("line", "word", "text"), row, strict=True)) for row in markers],
            }


def _skipped(root: Path) -> Iterator[Record]:
    try:
        db = store.open_for_reading(WorkspacePaths(root).index_db)
    except IndexUnavailable:
        return
    with closing(db):
        for path, one in sorted(store.read_skipped(db).items()):
            yield {"path": path, "reason": one.reason.value}
