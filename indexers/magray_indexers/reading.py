"""From a path to rows: reading, judging and parsing one file. Runs in parsing processes; never runs what it reads."""

from __future__ import annotations

import os
import stat as stat_modes
import time
from dataclasses import dataclass
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.documents import content_hash, decode
from magray_core.memory import SkipReason
from magray_indexers.keyword import chunk_tokens
from magray_indexers.media.reading import media_of, plain_text, read_media
from magray_indexers.privacy.redaction import redacted
from magray_indexers.privacy.scanning import NOTHING_ALLOWED, AllowList, secret_markers
from magray_indexers.store import FileRows
from magray_indexers.vectors.keys import chunk_keys
from magray_indexers.walk import SkippedPath, stat_key

_MAX_LINE = 20_000
_MEAN_LINE = 400
_SMALL = 4_000
_PROSE = (".md", ".rst", ".txt", ".adoc", ".tex", ".org", ".mdx", ".pdf")
_PICTURES_INSIDE = (".ipynb",)
_RACY_NS = 100_000_000
_RACY_COARSE_NS = 2_500_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """One file to look at; ``known_hash`` is what the store holds of it, "" for nothing."""

    path: str
    known_hash: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The contents are those that the store has; only the stat key is new."""

    path: str
    stat: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The file went away between the walk and the reading."""

    path: str


Outcome = FileRows | Unchanged | SkippedPath | Gone


def read_and_parse(root: Path, job: Job, settings: IndexSettings) -> Outcome:
    """Look at one file. Never raises for anything about the file itself."""
    try:
        media = media_of(job.path)
        read = _read(root, job.path, settings.max_media_bytes if media else settings.max_file_bytes)
    except FileNotFoundError:
        return Gone(job.path)
    except OSError:
        return SkippedPath(job.path, SkipReason.UNREADABLE)
    if isinstance(read, SkippedPath):
        return read
    data, stat = read
    digest = content_hash(data)
    if digest == job.known_hash:
        return Unchanged(job.path, stat)
    text = read_media(job.path, data) if media else _decoded(data)
    if text is None:
        return SkippedPath(job.path, SkipReason.BINARY, stat)
    if _is_minified(job.path, text):
        return SkippedPath(job.path, SkipReason.MINIFIED, stat)
    try:
        return parsed_rows(job.path, text, digest, stat, allowed=AllowList.of(settings.secret_allowlist))
    except (RecursionError, ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        import logging

        logging.getLogger(__name__).warning("cannot parse %s: %s: %s", job.path, type(error).__name__, error)
        return SkippedPath(job.path, SkipReason.PARSE_FAILED, stat)


def _decoded(data: bytes) -> str | None:
    decoded = decode(data)
    return None if decoded is None else decoded[0]


def parsed_rows(path: str, text: str, digest: str, stat: str, *, allowed: AllowList = NOTHING_ALLOWED) -> FileRows:
    """The rows of a text. Secrets are masked before anything is made of it; every offset stays."""
    from magray_indexers.parsing import parse

    text, findings = redacted(text, path=path, allowed=allowed)
    parsed = parse(path, text)
    chunks = [
        (c.span.start, c.span.end, c.start_line, c.end_line, c.symbol, c.kind.value if c.kind else "", c.text)
        for c in parsed.chunks
    ]
    symbols = [
        (s.name, s.qualified_name, s.kind.value, s.span.start, s.span.end, s.name_span.start, s.name_span.end,
         s.start_line, s.end_line, s.signature, s.doc, s.parent)
        for s in parsed.symbols
    ]  # fmt: skip
    said = [plain_text(parsed.language, c[6]) for c in chunks]
    spans = [(c[0], c[1], text) for c, text in zip(chunks, said, strict=True)]
    tokens = chunk_tokens(path, spans, [(s[5], s[1], s[10]) for s in symbols])
    markers = [(m.line, m.word, m.text) for m in parsed.markers] + secret_markers(text, findings)
    keys = chunk_keys((c[4], text) for c, text in zip(chunks, said, strict=True))
    return FileRows(
        path, digest, stat, parsed.language, parsed.problems, len(text), chunks, symbols, markers, tokens, keys
    )


def _read(root: Path, path: str, max_bytes: int) -> tuple[bytes, str] | SkippedPath:
    """The bytes and a stat key; the key is "" (never equal) if the file may change again without changing its times."""
    descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        if not stat_modes.S_ISREG(before.st_mode):
            return SkippedPath(path, SkipReason.NOT_A_FILE)
        if before.st_size > max_bytes:
            return SkippedPath(path, SkipReason.TOO_LARGE)
        data = file.read(max_bytes + 1)
        while len(data) <= max_bytes and (more := file.read(max_bytes + 1 - len(data))):
            data += more
        after = os.fstat(descriptor)
    if len(data) > max_bytes:
        return SkippedPath(path, SkipReason.TOO_LARGE)
    settled = stat_key(before) == stat_key(after) and len(data) == after.st_size and not _is_racy(after)
    return data, stat_key(after) if settled else ""


def _is_racy(found: os.stat_result) -> bool:
    """Whether a further write could still leave the same times: the last one is within the clock's grain of now.

    As in git's index. Whole seconds tell of a file system with coarse times.
    """
    newest = max(found.st_mtime_ns, found.st_ctime_ns)
    grain = _RACY_COARSE_NS if newest % 1_000_000_000 == 0 else _RACY_NS
    return newest + grain > time.time_ns()


def _is_minified(path: str, text: str) -> bool:
    """Whether lines are so long that no person wrote them; a line of prose may be a paragraph."""
    if len(text) < _SMALL or path.lower().endswith(_PICTURES_INSIDE):
        return False
    n_lines = text.count("\n") + 1
    if len(text) / n_lines > _MEAN_LINE and not path.lower().endswith(_PROSE):
        return True
    return len(text) > _MAX_LINE and max(map(len, text.split("\n"))) > _MAX_LINE
