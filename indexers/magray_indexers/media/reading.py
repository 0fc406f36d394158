"""From the bytes of a PDF or an image to text with a heading for each page or part. Runs in parsing processes."""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

from magray_indexers.media.notebooks import NOTEBOOK, readable

PDF, IMAGE = "pdf", "image"
LANGUAGES = frozenset({PDF, IMAGE})
"""Languages of files whose text is not the file's: they are found, never edited."""

_SUFFIXES = {
    ".pdf": PDF, ".png": IMAGE, ".jpg": IMAGE, ".jpeg": IMAGE, ".gif": IMAGE, ".webp": IMAGE, ".tif": IMAGE,
    ".tiff": IMAGE, ".bmp": IMAGE,
}  # fmt: skip
_MAX_PAGES, _MAX_CHARS, _MAX_S = 500, 1_000_000, 8.0
_MAX_SAID = 2_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def media_of(path: str) -> str:
    """``pdf`` or ``image`` for a file with such a name, else ""."""
    return _SUFFIXES.get("." + path.rpartition(".")[2].lower(), "")


def read_media(path: str, content: bytes) -> str | None:
    """The file's text, in parts that begin with a heading (``page 3``), or None if it is not what its name says.

    Reads at most 500 pages, a million characters and eight seconds; what is left out is said at the end. Never runs
    what a document holds.
    """
    try:
        parts = _pages(content) if media_of(path) == PDF else _said_by_image(content)
        text = "".join(f"{heading}\n{_CONTROL.sub(' ', body).strip()}\n\n" for heading, body in parts)
    except Exception as error:  # noqa: BLE001 - readers of hostile files raise anything; the file is left out
        logging.getLogger(__name__).info("cannot read %s: %s", path, type(error).__name__)
        return None
    return text or None


def plain_text(language: str, text: str) -> str:
    """What a chunk says to a reader: notebooks without their JSON, everything else as it is."""
    return readable(text) if language == NOTEBOOK else text


def _pages(content: bytes) -> Iterator[tuple[str, str]]:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(content), strict=False)
    started, n_chars, total = time.monotonic(), 0, len(reader.pages)
    title = _title(reader)
    if title:
        yield "title", title
    for number, page in enumerate(reader.pages, 1):
        if number > _MAX_PAGES or n_chars > _MAX_CHARS or time.monotonic() - started > _MAX_S:
            yield "unread", f"pages {number} to {total} were not read"
            return
        text = page.extract_text()
        n_chars += len(text)
        if text.strip():
            yield f"page {number}", text


def _title(reader: Any) -> str:
    """Title, subject, author and keywords, as far as the document says them."""
    about = reader.metadata or {}
    said = (about.get(key) for key in ("/Title", "/Subject", "/Author", "/Keywords"))
    return "\n".join(str(words)[:_MAX_SAID] for words in said if words)


def _said_by_image(content: bytes) -> Iterator[tuple[str, str]]:
    from PIL import ExifTags, Image

    with Image.open(io.BytesIO(content)) as image:  # reads the header only: no pixel is decoded
        yield "image", f"{image.format} {image.width}×{image.height} {image.mode}"
        said = [f"{key}: {value}" for key, value in image.info.items() if isinstance(value, str) and value.strip()]
        for tag, value in image.getexif().items():
            if isinstance(value, str) and value.strip():
                said.append(f"{ExifTags.TAGS.get(tag, tag)}: {value}")
        if said:
            yield "description", "\n".join(line[:_MAX_SAID] for line in said)
