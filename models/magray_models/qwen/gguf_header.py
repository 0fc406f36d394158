"""The head of a gguf file, read in Python: what the model is, before llama.cpp, which may abort, is given the file.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from magray_core.errors import ProviderError

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_SHORT_ARRAY = 64  # longer ones (the vocabulary) are stepped over
_MAX_ENTRIES = 1 << 22
_MAX_DIMS = 4

Value = int | float | bool | str | tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Keys with their values, those of long arrays left out, and the names of the tensors."""

    values: dict[str, Value]
    tensors: frozenset[str]

    @property
    def architecture(self) -> str:
        """Which network it is, ``qwen3`` say; "" if the file does not tell."""
        return str(self.values.get("general.architecture", ""))


def read_header(path: Path) -> GgufHeader:
    """The header of a gguf file. Raises ProviderError if it is not one, is cut short, or is of another version."""
    damaged = ProviderError(f"{path} is not a whole gguf file", hint="fetch the model again")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            if view[:4] != _MAGIC:
                raise damaged
            return _Reader(view).header()
    except OSError as error:
        raise ProviderError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, struct.error) as error:  # an empty file cannot be mapped: ValueError too
        raise damaged from error


class _Reader:
    """A position in the mapped file; every read beyond its end raises struct.error or ValueError."""

    def __init__(self, view: mmap.mmap) -> None:
        self._view = view
        self._at = len(_MAGIC)

    def header(self) -> GgufHeader:
        if self._number("I") not in _VERSIONS:
            raise ValueError("version")
        n_tensors, n_values = self._count(), self._count()
        values: dict[str, Value] = {}
        for _ in range(n_values):
            key = self._string()
            value = self._value(self._number("I"))
            if value is not None:
                values[key] = value
        tensors = {}
        for _ in range(n_tensors):
            name = self._string()
            n_dims = self._number("I")
            if n_dims > _MAX_DIMS:
                raise ValueError("dimensions")
            self._at += 8 * n_dims + 4
            tensors[name] = self._number("Q")
        start = self._at
        if any(start + offset > len(self._view) for offset in tensors.values()):
            raise ValueError("tensors beyond the end")
        return GgufHeader(values, frozenset(tensors))

    def _value(self, kind: int) -> Value | None:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._scalar(kind)
        element, length = self._number("I"), self._count()
        if element == _ARRAY:
            raise ValueError("arrays of arrays")
        if element != _STRING and length > _SHORT_ARRAY:
            self._at += struct.calcsize(_SCALARS[element]) * length
            return None
        found = tuple(self._string() if element == _STRING else self._scalar(element) for _ in range(length))
        return found if length <= _SHORT_ARRAY else None

    def _scalar(self, kind: int) -> int | float | bool:
        if kind not in _SCALARS:
            raise ValueError("type")
        return self._number(_SCALARS[kind])

    def _number(self, code: str) -> int:
        (found,) = struct.unpack_from(f"<{code}", self._view, self._at)
        self._at += struct.calcsize(code)
        return found  # type: ignore[no-any-return]

    def _count(self) -> int:
        count = self._number("Q")
        if count > _MAX_ENTRIES:
            raise ValueError("count")
        return count

    def _string(self) -> str:
        length = self._number("Q")
        if length > len(self._view) - self._at:
            raise ValueError("string beyond the end")
        text = self._view[self._at : self._at + length]
        self._at += length
        return text.decode("utf-8", "replace")
