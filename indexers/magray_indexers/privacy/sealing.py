"""Sealed files: bytes that only the key's holder can read, and that cannot be changed, moved or rolled back unnoticed.

AES-256-GCM with a random nonce for each piece of a file. What a piece is (workspace, file, generation, place, whether
it is the last) is authenticated with it, so that no piece fits anywhere else.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import IndexCorrupt
from magray_indexers.privacy.keys import DataKey

_MAGIC = b"MGRSEAL1"
_PIECE = 1 << 20
_NONCE_BYTES, _TAG_BYTES = 12, 16


@dataclass(frozen=True, slots=True)
class Seal:
    """What a sealed file is: it opens as nothing else."""

    workspace: str
    name: str
    generation: int

    def bound(self, place: int, *, last: bool) -> bytes:
        """What is authenticated with the piece at a place."""
        parts = (part.encode("utf-8", "surrogatepass") for part in (self.workspace, self.name))
        lengths = b"".join(struct.pack(">I", len(part)) + part for part in parts)
        return _MAGIC + lengths + struct.pack(">QQB", self.generation, place, last)


def write_sealed(file: Path, data: bytes, key: DataKey, seal: Seal) -> None:
    """Write the bytes so that only the key opens them, aside and renamed, durably; no plain byte reaches the disk."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(key.derived("files"))
    pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)] or [b""]
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
        out.write(_MAGIC)
        for place, piece in enumerate(pieces):
            nonce = secrets.token_bytes(_NONCE_BYTES)
            out.write(nonce + cipher.encrypt(nonce, piece, seal.bound(place, last=place == len(pieces) - 1)))
        out.flush()
        os.fsync(out.fileno())
    scratch.replace(file)


def read_sealed(file: Path, key: DataKey, seal: Seal) -> bytes:
    """The bytes that were sealed. Raises IndexCorrupt for another key, another seal, and any change or loss."""
    return b"".join(_pieces(file, key, seal))


def _pieces(file: Path, key: DataKey, seal: Seal) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(key.derived("files"))
    whole = _NONCE_BYTES + _PIECE + _TAG_BYTES
    try:
        with file.open("rb") as opened:
            if opened.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("not sealed")
            place, piece = 0, opened.read(whole)
            while True:
                following = opened.read(whole) if len(piece) == whole else b""
                nonce, sealed = piece[:_NONCE_BYTES], piece[_NONCE_BYTES:]
                yield cipher.decrypt(nonce, sealed, seal.bound(place, last=not following))
                if not following:
                    return
                place, piece = place + 1, following
    except (InvalidTag, ValueError, OSError) as error:
        raise IndexCorrupt(
            f"{file.name} does not open with this key", hint="it was changed, or belongs to another memory"
        ) from error
