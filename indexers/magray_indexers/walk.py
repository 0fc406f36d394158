"""What the workspace holds: every regular text candidate, and every path that is left out with its reason.

Nothing is opened here but ignore files; contents are judged by ``magray_indexers.workers``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_core.cancel import CancelToken
from magray_core.memory import SkipReason
from magray_indexers import git, secrets
from magray_indexers.ignore import IGNORE_FILES, IgnoreRules, is_ignored, read_ignore_file, to_bytes_form
from magray_indexers.media.reading import media_of
from magray_indexers.privacy.exclusions import exclusions, rules_of

_OWN_FOLDERS = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", "CVS", ".magray"})
"""Never listed, not even as skipped: version control's and our own."""
_INSTALLED = frozenset(
    [
        "node_modules",
        "bower_components",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
        ".hypothesis",
        ".eggs",
        ".gradle",
        ".terraform",
        ".next",
        ".nuxt",
        ".svelte-kit",
        ".parcel-cache",
        ".yarn",
        ".pnpm-store",
        ".direnv",
        ".ipynb_checkpoints",
    ]
)
_BARE_REPOSITORY = frozenset({"HEAD", "objects", "refs"})
_CHECK_EVERY = 256


@dataclass(frozen=True, slots=True)
class WalkedFile:
    """A regular file to index. ``stat`` is what ``stat_key`` makes of it: equal keys mean an untouched file."""

    path: str
    size: int
    stat: str


@dataclass(frozen=True, slots=True)
class SkippedPath:
    """A file or folder left out. A folder stands for everything below it; odd names are shown escaped."""

    path: str
    reason: SkipReason
    stat: str = ""


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    levels: list[IgnoreRules]


def stat_key(found: os.stat_result) -> str:
    """Size, times and inode as one string. The change time cannot be set back, so an edit always changes the key."""
    return f"{found.st_size}.{found.st_mtime_ns}.{found.st_ctime_ns}.{found.st_ino}"


def walk(
    root: Path, settings: IndexSettings, *, cancel: CancelToken | None = None
) -> Iterator[WalkedFile | SkippedPath]:
    """Every file below the root or the reason why not, folder by folder, names in order. Never follows a link."""
    yield from _Walk(root, settings, cancel or CancelToken()).below(_Folder("", _top_levels(root)))


def walk_path(
    root: Path, path: str, settings: IndexSettings, *, cancel: CancelToken | None = None
) -> Iterator[WalkedFile | SkippedPath]:
    """The same for one file or folder: exactly what ``walk`` would yield at or below it; nothing if it is gone."""
    walker = _Walk(root, settings, cancel or CancelToken())
    folder = _Folder("", _top_levels(root))
    *parents, name = path.split("/")
    for parent in parents:
        entries = walker.entries(folder)
        if isinstance(entries, SkippedPath) or parent not in entries:
            return
        inner = walker.judged(folder, entries[parent])
        if not isinstance(inner, _Folder):
            return
        folder = inner
    entries = walker.entries(folder)
    if isinstance(entries, SkippedPath) or name not in entries:
        return
    found = walker.judged(folder, entries[name])
    if isinstance(found, _Folder):
        yield from walker.below(found)
    elif found is not None:
        yield found


class _Walk:
    """One pass over the tree; holds what every step needs."""

    def __init__(self, root: Path, settings: IndexSettings, cancel: CancelToken) -> None:
        self._root = str(root)
        self._max_bytes, self._max_media_bytes = settings.max_file_bytes, settings.max_media_bytes
        self._cancel = cancel
        self._ignore_case = git.ignores_case(root)
        self._forgotten = rules_of(one.pattern for one in exclusions(root))

    def below(self, start: _Folder) -> Iterator[WalkedFile | SkippedPath]:
        waiting = [start]
        while waiting:
            self._cancel.check()
            folder = waiting.pop()
            entries = self.entries(folder)
            if isinstance(entries, SkippedPath):
                yield entries
                continue
            folder = self._with_rules(folder, entries)
            inner: list[_Folder] = []
            for count, name in enumerate(sorted(entries)):
                if count % _CHECK_EVERY == 0:
                    self._cancel.check()
                found = self._judge(folder, entries[name])
                if isinstance(found, _Folder):
                    inner.append(found)
                elif found is not None:
                    yield found
            waiting += reversed(inner)

    def entries(self, folder: _Folder) -> dict[str, os.DirEntry[str]] | SkippedPath:
        """The folder's entries by name, or why it is not entered."""
        try:
            with os.scandir(f"{self._root}/{folder.path}" if folder.path else self._root) as listing:
                entries = {entry.name: entry for entry in listing}
        except OSError:
            return SkippedPath(folder.path, SkipReason.UNREADABLE)
        if folder.path:
            if ".git" in entries or entries.keys() >= _BARE_REPOSITORY:
                return SkippedPath(folder.path, SkipReason.NESTED_REPOSITORY)
            if "pyvenv.cfg" in entries:
                return SkippedPath(folder.path, SkipReason.INSTALLED)
        return entries

    def judged(self, folder: _Folder, entry: os.DirEntry[str]) -> _Folder | WalkedFile | SkippedPath | None:
        """One entry of a folder whose own ignore files have not been read yet."""
        return self._judge(self._with_rules(folder, None), entry)

    def _with_rules(self, folder: _Folder, entries: dict[str, os.DirEntry[str]] | None) -> _Folder:
        lines: list[str] = []
        for name in IGNORE_FILES:
            if entries is None or name in entries:
                lines += read_ignore_file(Path(self._root, folder.path, name))
        prefix = f"{folder.path}/" if folder.path else ""
        rules = IgnoreRules(lines, below=prefix, ignore_case=self._ignore_case)
        return _Folder(folder.path, [*folder.levels, rules]) if rules else folder

    def _judge(self, folder: _Folder, entry: os.DirEntry[str]) -> _Folder | WalkedFile | SkippedPath | None:
        name = entry.name
        path = f"{folder.path}/{name}" if folder.path else name
        if not _is_good_name(name):
            return SkippedPath(_shown(path), SkipReason.BAD_NAME)
        try:
            if entry.is_symlink():
                return SkippedPath(path, SkipReason.SYMLINK)
            if entry.is_dir(follow_symlinks=False):
                return self._judge_folder(folder, name, path)
            return self._judge_file(folder, entry, path)
        except OSError:
            return SkippedPath(path, SkipReason.UNREADABLE)

    def _judge_folder(self, folder: _Folder, name: str, path: str) -> _Folder | SkippedPath | None:
        if name in _OWN_FOLDERS:
            return None
        if self._is_forgotten(path, True):
            return SkippedPath(path, SkipReason.FORGOTTEN)
        if secrets.is_secret_folder(name):
            return SkippedPath(path, SkipReason.SECRET)
        if is_ignored(folder.levels, path, True):
            return SkippedPath(path, SkipReason.IGNORED)
        if name in _INSTALLED:
            return SkippedPath(path, SkipReason.INSTALLED)
        return _Folder(path, folder.levels)

    def _judge_file(self, folder: _Folder, entry: os.DirEntry[str], path: str) -> WalkedFile | SkippedPath | None:
        name = entry.name
        if name == ".git":
            return None
        if not entry.is_file(follow_symlinks=False):
            return SkippedPath(path, SkipReason.NOT_A_FILE)
        if self._is_forgotten(path, False):
            return SkippedPath(path, SkipReason.FORGOTTEN)
        if secrets.is_secret(name):
            return SkippedPath(path, SkipReason.SECRET)
        if is_ignored(folder.levels, path, False):
            return SkippedPath(path, SkipReason.IGNORED)
        if secrets.is_lock_file(name):
            return SkippedPath(path, SkipReason.LOCKFILE)
        media = media_of(name)
        if secrets.is_binary_name(name) and not media:
            return SkippedPath(path, SkipReason.BINARY)
        if secrets.is_minified_name(name):
            return SkippedPath(path, SkipReason.MINIFIED)
        found = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return SkippedPath(path, SkipReason.NOT_A_FILE)
        if found.st_size > (self._max_media_bytes if media else self._max_bytes):
            return SkippedPath(path, SkipReason.TOO_LARGE)
        return WalkedFile(path, found.st_size, stat_key(found))

    def _is_forgotten(self, path: str, is_folder: bool) -> bool:
        return bool(self._forgotten and self._forgotten.verdict(to_bytes_form(path), is_folder))


def _top_levels(root: Path) -> list[IgnoreRules]:
    """The rules from outside the root, weakest first: global excludes, info/exclude, ignore files above the root.

    They do not count where they would ignore the root itself: the person opened it on purpose.
    """
    found = git.excludes(root)
    ignore_case = git.ignores_case(root)
    parts = found.prefix.rstrip("/").split("/") if found.prefix else []
    levels = [(0, IgnoreRules(lines, above=found.prefix, ignore_case=ignore_case)) for lines in found.lines]
    folder = found.top
    for depth, part in enumerate(parts):
        lines = [line for name in IGNORE_FILES for line in read_ignore_file(folder / name)]
        above = "/".join(parts[depth:]) + "/"
        levels.append((depth, IgnoreRules(lines, above=above, ignore_case=ignore_case)))
        folder = folder / part
        for start, level in reversed(levels):
            verdict = level.verdict(to_bytes_form("/".join(parts[start : depth + 1])), True)
            if verdict:
                return []
            if verdict is False:
                break
    return [level for _, level in levels if level]


def _is_good_name(name: str) -> bool:
    if name.isascii():
        return name.isprintable()
    if "\n" in name or "\r" in name:
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    escaped = os.fsencode(path).decode("utf-8", "backslashreplace")
    return escaped.replace("\n", "\\n").replace("\r", "\\r")
