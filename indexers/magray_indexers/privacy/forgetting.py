"""Forgetting on request: rows, keyword index, vectors, graph, old generations and wrecks, so that no byte is left.

Everything here is derived from files. What people wrote themselves (notes, plans) is forgotten by its own stores.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from magray_configs.paths import WorkspacePaths, checked_root
from magray_configs.settings import IndexSettings
from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_core.errors import IndexCorrupt, IndexUnavailable, WorkspaceError
from magray_indexers import generations, store
from magray_indexers.connecting import connect, is_sealed
from magray_indexers.derived import transaction
from magray_indexers.locking import writer_lock
from magray_indexers.privacy.exclusions import exact_pattern, exclude, is_matched, rules_of
from magray_indexers.store import id_range

_SAMPLES, _LEAST_SAMPLE, _LONGEST_SAMPLE = 200, 24, 200
_SQLITE = b"SQLite format 3\0"
_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Forgettable:
    """What is to be forgotten: anything that fits any of the given parts.

    ``paths`` are patterns as in ignore files; ``text`` is looked for as it is written; ``since`` and ``until`` (seconds
    since 1970, both needed) bound when a file was last changed or a note made. Empty parts fit nothing.
    """

    paths: tuple[str, ...] = ()
    text: str = ""
    since: float | None = None
    until: float | None = None

    def within(self, seconds: float) -> bool:
        """Whether the moment lies in the time that is to be forgotten."""
        return self.since is not None and self.until is not None and self.since <= seconds <= self.until


@dataclass(frozen=True, slots=True)
class ForgottenFiles:
    """What went: files by path, vectors by number. ``samples`` are lines that stood in these files alone."""

    files: tuple[str, ...]
    vectors: int
    samples: tuple[str, ...]


def checked_wish(wish: Forgettable) -> Forgettable:
    """The wish, if it says anything. Raises WorkspaceError for one that would forget nothing or half a time."""
    if (wish.since is None) != (wish.until is None):
        raise WorkspaceError("a time to forget needs a beginning and an end", hint="give both since and until")
    if wish.since is not None and wish.until is not None and wish.since > wish.until:
        raise WorkspaceError("the time to forget ends before it begins")
    if not wish.paths and not wish.text and wish.since is None:
        raise WorkspaceError("nothing was said to forget", hint="give a path pattern, a text or a time")
    for pattern in wish.paths:
        if not pattern.strip() or pattern.startswith(("!", "#")) or not rules_of([pattern]):
            raise WorkspaceError(f"{pattern!r} names no path", hint="write it as in .gitignore, without !")
    if wish.text and len(wish.text.strip()) < 4:
        raise WorkspaceError("the text to forget is too short", hint="give at least four characters")
    return wish


def forget_files(
    root: Path,
    wish: Forgettable,
    settings: IndexSettings,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ForgottenFiles:
    """Remove everything derived from the files that fit, and keep these files out from now on (``exclusions.lift``).

    Blocks: rebuilds the keyword index. ``compact`` then takes the deleted rows out of the databases' free pages. Killed
    on the way it has forgotten less; again it goes on. Other files keep what was made of them. Raises as
    ``building.build`` does, and WorkspaceError.
    """
    from magray_indexers.building import build

    wish, cancel = checked_wish(wish), cancel or CancelToken()
    root = checked_root(root)
    paths = WorkspacePaths(root)
    paths.create()
    found = _Found((), (), ())
    if paths.index_db.exists():
        with contextlib.suppress(IndexCorrupt, IndexUnavailable), closing(store.open_for_reading(paths.index_db)) as db:
            found = _find(root, db, wish)
    exclude(root, [*wish.paths, *(exact_pattern(path) for path in found.files if not wish.paths)])
    with writer_lock(paths.memory, cancel, progress):
        _remove_derived(paths)
    build(root, settings, progress=progress, cancel=cancel)
    with writer_lock(paths.memory, cancel, progress):
        vectors = _forget_vectors(paths, found.keys)
        generations.prune(paths.keyword, {_current(paths)})
    return ForgottenFiles(found.files, vectors, found.samples)


@dataclass(frozen=True, slots=True)
class _Found:
    files: tuple[str, ...]
    keys: tuple[bytes, ...]
    samples: tuple[str, ...]


def _find(root: Path, db: sqlite3.Connection, wish: Forgettable) -> _Found:
    """The files that fit, the keys of vectors that only they use, and lines that only they have."""
    rules = rules_of(wish.paths)
    fit: dict[int, str] = {}
    for number, path, stat in db.execute("SELECT id, path, stat FROM files ORDER BY path"):
        if (
            (wish.paths and is_matched(rules, path))
            or (wish.since is not None and wish.within(_changed(root / path, stat)))
            or (wish.text and wish.text in text_of(db, number))
        ):
            fit[number] = path
    keys: set[bytes] = set()
    for number in fit:
        keys.update(key for (key,) in db.execute("SELECT key FROM embedded WHERE id BETWEEN ? AND ?", id_range(number)))
    keys -= {key for chunk, key in db.execute("SELECT id, key FROM embedded") if chunk >> store.CHUNK_BITS not in fit}
    samples = _samples(db, fit)
    return _Found(tuple(fit.values()), tuple(keys), (wish.text, *samples) if wish.text else samples)


def text_of(db: sqlite3.Connection, number: int) -> str:
    """A stored file's text, whole."""
    rows = db.execute("SELECT text FROM chunks WHERE id BETWEEN ? AND ? ORDER BY id", id_range(number))
    return "".join(text for (text,) in rows)


def _changed(file: Path, stat: str) -> float:
    """When the file was last changed, by its stat key (size.mtime.ctime.inode, in nanoseconds), else by the disk."""
    parts = stat.split(".")
    if len(parts) == 4:
        return int(parts[1]) / 1e9
    try:
        return file.lstat().st_mtime
    except OSError:
        return 0.0


def _samples(db: sqlite3.Connection, fit: Iterable[int]) -> tuple[str, ...]:
    """Some telling lines of the files, none of which another stored file has: the proof looks for them."""
    lines: dict[str, None] = {}
    fit = frozenset(fit)
    for number in fit:
        for line in text_of(db, number).splitlines():
            if len(line.strip()) >= _LEAST_SAMPLE and re.search(r"\w{4}.*\w{4}", line):
                lines[line.strip()[:_LONGEST_SAMPLE]] = None
    step = max(1, len(lines) // _SAMPLES)
    chosen = list(lines)[::step][:_SAMPLES]
    if not chosen:
        return ()
    import re2

    options = re2.Options()
    options.max_mem = 256 << 20
    known = re2.compile("|".join(map(re2.escape, chosen)), options)
    elsewhere: set[str] = set()
    for chunk, text in db.execute("SELECT id, text FROM chunks"):
        if chunk >> store.CHUNK_BITS not in fit and known.search(text) is not None:
            elsewhere.update(line for line in chosen if line in text)
    return tuple(line for line in chosen if line not in elsewhere)


def _remove_derived(paths: WorkspacePaths) -> None:
    """What cannot be thinned out and is made again from the rows: keyword index, vector index, graph, wrecks."""
    generations.remove(paths.keyword)
    generations.prune(paths.vectors, set())
    for folder in (paths.memory, paths.vectors):
        for name in ("graph.db", "graph.db-wal", "graph.db-shm"):
            generations.remove(folder / name)
        for wreck in (*folder.glob("*.damaged"), *folder.glob("graph.db.*")):
            generations.remove(wreck)
    if paths.index_db.is_file():
        with closing(store.open_for_writing(paths.index_db)) as db, transaction(db):
            db.execute("DELETE FROM vector_generation")


def _forget_vectors(paths: WorkspacePaths, keys: Iterable[bytes]) -> int:
    if not paths.vector_cache.is_file():
        return 0
    from magray_indexers.vectors.cache import VectorCache

    cache = VectorCache.open(paths.vector_cache)
    try:
        return cache.forget(keys)
    finally:
        cache.close()


def _current(paths: WorkspacePaths) -> str:
    with closing(store.open_for_reading(paths.index_db)) as db:
        return store.read_generation(db).keyword


def compact(paths: WorkspacePaths) -> None:
    """Write every database under ``.magray`` anew without what was deleted, and empty its write-ahead log.

    A reader in another process can hold the log back: the proof then finds what is in it.
    """
    for file in databases(paths):
        with (
            contextlib.suppress(sqlite3.Error),
            closing(connect(file, timeout_s=_WAIT_S)) as db,
        ):
            for pragma in ("trusted_schema=OFF", "mmap_size=0", "temp_store=MEMORY", "secure_delete=ON"):
                db.execute(f"PRAGMA {pragma}")
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def databases(paths: WorkspacePaths) -> Iterator[Path]:
    """Every SQLite file under ``.magray``, by what it begins with."""
    for file in sorted(paths.base.rglob("*")):
        if file.is_file() and not file.is_symlink():
            with contextlib.suppress(OSError), file.open("rb") as opened:
                if opened.read(len(_SQLITE)) == _SQLITE or (file.suffix == ".db" and is_sealed(file.parent)):
                    yield file
