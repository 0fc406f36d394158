"""Looking for texts in the bytes of files, in every form in which they may have been left there."""

from __future__ import annotations

import base64
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_indexers.connecting import connect, is_sealed

_SQLITE = b"SQLite format 3\0"
_STREAMS = (b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_WINDOW = 8_000_000
_MOST_UNPACKED = 64_000_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and where something was found: (path relative to the folder, form)."""

    files: int
    bytes: int
    hits: tuple[tuple[str, str], ...]


def forms_of(text: str) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of the forms: encodings, base64 at each alignment, hex, JSON escapes, lower case, reversed."""
    plain = text.encode("utf-8", "surrogatepass")
    yield "utf-8", plain
    yield "utf-16-le", text.encode("utf-16-le", "surrogatepass")
    yield "utf-16-be", text.encode("utf-16-be", "surrogatepass")
    for alphabet in ("base64", "base64url"):
        encode = base64.b64encode if alphabet == "base64" else base64.urlsafe_b64encode
        for shift in range(3):
            # The characters at the ends depend on what stands beside the text.
            encoded = encode(b"\0" * shift + plain)
            yield alphabet, encoded[(0, 2, 3)[shift] : len(encoded) - (0, 3, 2)[(len(plain) + shift) % 3]]
    yield "hex", plain.hex().encode()
    yield "hex", plain.hex().upper().encode()
    yield "json", json.dumps(text)[1:-1].encode()
    yield "json", json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    yield "lower case", text.lower().encode("utf-8", "surrogatepass")
    yield "reversed", text[::-1].encode("utf-8", "surrogatepass")


def prove(folder: Path, texts: Iterable[str]) -> Proof:
    """Search every file below the folder for the texts in every form, inside zlib and gzip streams too. Blocks.

    Values of SQLite files are also looked at one by one, because a long one is scattered over pages. A file that
    cannot be read counts as a hit: nothing is proved about it.
    """
    search = _Search(texts)
    n_files = n_bytes = 0
    hits: dict[tuple[str, str], None] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = file.relative_to(folder).as_posix()
        n_files += 1
        try:
            n_bytes += file.stat().st_size
            for form in search.in_file(file):
                hits[name, form] = None
        except FileNotFoundError:
            n_files -= 1
        except OSError:
            hits[name, "cannot be read"] = None
    return Proof(n_files, n_bytes, tuple(hits))


class _Search:
    """One automaton for all the texts in all their forms."""

    def __init__(self, texts: Iterable[str]) -> None:
        import re2

        self._forms: dict[bytes, str] = {}
        for text in texts:
            for name, form in forms_of(text):
                if len(form) >= 4:
                    self._forms.setdefault(form, name)
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.max_mem = 256 << 20
        options.log_errors = False
        escaped = "|".join(re2.escape(form.decode("latin-1")) for form in self._forms)
        self._any: Any = re2.compile(escaped.encode("latin-1"), options) if escaped else None
        self._longest = max(map(len, self._forms), default=0)

    def in_file(self, file: Path) -> Iterator[str]:
        """The forms found in a file."""
        if self._any is None:
            return
        with file.open("rb") as opened:
            head = opened.read(len(_SQLITE))
            opened.seek(0)
            tail = b""
            while window := opened.read(_WINDOW):
                yield from self._in_bytes(tail + window)
                tail = window[-self._longest :]
        if head == _SQLITE or (file.suffix == ".db" and is_sealed(file.parent)):
            yield from self._in_database(file)

    def _in_bytes(self, data: bytes) -> Iterator[str]:
        yield from self._plain(data)
        for magic in _STREAMS:
            at = data.find(magic)
            while at >= 0:
                unpacked = _unpacked(data[at : at + _MOST_UNPACKED])
                if len(unpacked) > 16:
                    yield from (f"{form}, compressed" for form in self._plain(unpacked))
                at = data.find(magic, at + 1)

    def _plain(self, data: bytes) -> Iterator[str]:
        if (found := self._any.search(data)) is not None:
            yield self._forms.get(data[found.start() : found.end()], "utf-8")

    def _in_database(self, file: Path) -> Iterator[str]:
        try:
            with closing(connect(file, read_only=True)) as db:
                db.text_factory = bytes
                for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    quoted = table.decode().replace('"', '""')
                    for row in db.execute(f'SELECT * FROM "{quoted}"'):
                        yield from self._in_row(row)
        except sqlite3.Error:
            yield from ()  # its raw bytes were looked at

    def _in_row(self, row: tuple[object, ...]) -> Iterator[str]:
        data = b"\0".join(value for value in row if isinstance(value, bytes))
        yield from self._plain(data)
        for value in row:
            if isinstance(value, bytes) and value.startswith(_STREAMS):
                yield from (f"{form}, compressed" for form in self._plain(_unpacked(value)))


def _unpacked(data: bytes) -> bytes:
    """What a stream at the beginning of the bytes holds, as far as it goes."""
    unpacker = zlib.decompressobj(wbits=47)  # zlib or gzip
    try:
        return unpacker.decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return b""
