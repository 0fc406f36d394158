"""Text as Magray sees it: decoded once, with what is needed to write the same bytes back."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, field

from magray_core.spans import LineIndex

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
_SNIFF_BYTES = 8192


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text is stored: a Python codec name and whether a byte order mark leads it."""

    encoding: str = "utf-8"
    bom: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One text of the workspace: an open document (``version`` set) or a file on disk (``version`` None).

    ``path`` is relative to the workspace root with ``/``. Line ends are kept as they are in ``text``.
    ``content_hash`` is the sha256 (hex) of the bytes that ``text`` has in ``format``.
    """

    path: str
    text: str
    content_hash: str
    format: TextFormat = field(default_factory=TextFormat)
    version: int | None = None

    def lines(self) -> LineIndex:
        """A fresh line index of the text; keep it while you convert many positions."""
        return LineIndex(self.text)


def decode(data: bytes) -> tuple[str, TextFormat] | None:
    """The text and its format, or None if the bytes are not text. ``encode`` gives back exactly ``data``.

    Tried in order: byte order marks, UTF-8, a PEP 263 cookie in the first two lines, Latin-1 (which maps every byte).
    A NUL byte in the first 8 KiB of anything that has no byte order mark means binary.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _decode_exactly(data, TextFormat(encoding, bom=True))
    if b"\0" in data[:_SNIFF_BYTES]:
        return None
    utf8 = _decode_exactly(data, TextFormat("utf-8"))
    if utf8 is not None:
        return utf8
    cookie = _CODING_COOKIE.search(b"\n".join(data.split(b"\n", 2)[:2]))
    if cookie is not None:
        declared = _decode_exactly(data, TextFormat(cookie.group(1).decode("ascii")))
        if declared is not None:
            return declared
    return _decode_exactly(data, TextFormat("latin-1"))


def encode(text: str, fmt: TextFormat) -> bytes:
    """The bytes of a text in a format. Raises UnicodeEncodeError if the encoding lacks a character."""
    data = text.encode(fmt.encoding)
    if not fmt.bom:
        return data
    return next(bom for bom, encoding in _BOMS if encoding == fmt.encoding) + data


def content_hash(data: bytes) -> str:
    """sha256 of the bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def document_from_bytes(path: str, data: bytes) -> Document | None:
    """A disk document, or None if the bytes are not text."""
    decoded = decode(data)
    if decoded is None:
        return None
    text, fmt = decoded
    return Document(path, text, content_hash(data), fmt)


def open_document(path: str, text: str, version: int, fmt: TextFormat | None = None) -> Document:
    """A document open in an editor; ``fmt`` is the format of the file under it, UTF-8 where there is none."""
    fmt = fmt or TextFormat()
    try:
        data = encode(text, fmt)
    except UnicodeEncodeError:
        fmt = TextFormat()
        data = text.encode("utf-8", "surrogatepass")
    return Document(path, text, content_hash(data), fmt, version)


def line_ending(text: str) -> str:
    """The text's most frequent line end; ``\\n`` where there is none."""
    crlf = text.count("\r\n")
    lf = text.count("\n") - crlf
    cr = text.count("\r") - crlf
    if crlf > lf and crlf >= cr:
        return "\r\n"
    return "\r" if cr > lf else "\n"


def _decode_exactly(data: bytes, fmt: TextFormat) -> tuple[str, TextFormat] | None:
    """Decode only if encoding gives the same bytes again, so that an edit elsewhere cannot change them."""
    body = data
    if fmt.bom:
        body = data[len(next(bom for bom, encoding in _BOMS if encoding == fmt.encoding)) :]
    try:
        text = body.decode(fmt.encoding)
        return (text, fmt) if encode(text, fmt) == data else None
    except (UnicodeError, LookupError):
        return None
