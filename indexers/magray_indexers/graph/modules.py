"""From what an import names to the files it can mean, by paths alone and for every language alike."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import lru_cache

from magray_indexers.graph.imports import ABSOLUTE, FROM_SOURCES
from magray_indexers.graph.lexing import family, word_set
from magray_indexers.graph.store import module_of

_MAX_CANDIDATES = 200
_MAX_TARGETS = 24
_ROOTS = frozenset(("", "src", "lib", "app", "python", "source"))
_NEEDS_WHOLE = word_set("python java kotlin scala groovy haskell lua")
_ANY_FAMILY = word_set("markdown rst html css scss")


@dataclass(frozen=True, slots=True)
class Importer:
    """The file that imports."""

    path: str
    language: str

    @property
    def folder(self) -> str:
        """Its folder, "" for the root."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class _Candidate:
    id: int
    path: str
    module: str
    language: str


class Modules:
    """Looks files up by the end of their path. Remembers answers: make a new one when files have come or gone."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._by = lru_cache(maxsize=4096)(self._look_up)
        self._ending = lru_cache(maxsize=8192)(self._find_ending)
        self._is_package = lru_cache(maxsize=4096)(self._has_init)

    def resolve(self, importer: Importer, spec: str, up: int, style: str) -> list[int]:
        """Ids of the files that an import can mean, best alone where one is best; [] for what lies outside."""
        if style == "folder":
            return self._folder(importer, spec)
        if up == FROM_SOURCES:
            above, src, _ = f"/{importer.path}".rpartition("/src/")
            return self._at(importer, f"{above}/src".lstrip("/") if src else "", spec, style)
        if up != ABSOLUTE:
            base = _above(importer.folder, up)
            if base is not None:
                found = self._at(importer, base, spec, style)
                if found:
                    return found
            return self._by_end(importer, spec, style) if style == "file" and up == 0 and "/" in spec else []
        return self._by_end(importer, spec, style)

    def _at(self, importer: Importer, base: str, spec: str, style: str) -> list[int]:
        """The file at exactly this place: with its extension, or as a module of the importer's family."""
        whole = base if spec in (".", "") else f"{base}/{spec}" if base else spec
        exact = self._by("path", whole)
        if exact:
            return [exact[0].id]
        if style == "file" and importer.language != "ruby":
            return []
        stems = [whole] if whole == "" else [whole, module_of(whole)[0]] if "." in whole.rpartition("/")[2] else [whole]
        if importer.language == "rust" and base == importer.folder:
            stems.append(f"{module_of(importer.path)[0]}/{spec}")
        for module in stems:
            same = [one for one in self._by("module", module) if family(one.language) == family(importer.language)]
            if same:
                return [_nearest(same, importer).id]
        return []

    def _by_end(self, importer: Importer, spec: str, style: str) -> list[int]:
        best = self._ending(importer.language, spec, style)
        return [_nearest(best, importer).id] if best else []

    def _find_ending(self, language: str, spec: str, style: str) -> list[_Candidate]:
        """The files whose path ends as the import does; the more of the import that fits, the better."""
        parts = spec.split("/")
        stem = module_of(spec)[1] if style == "file" else parts[-1].lower()
        whole = f"/{spec}".lower() if language in _NEEDS_WHOLE else ""
        best: list[_Candidate] = []
        most = 0
        for one in self._by("stem", stem):
            if whole and not f"/{one.module}".lower().endswith(whole):
                continue
            if family(one.language) != family(language) and language not in _ANY_FAMILY:
                continue
            matched = _matched(parts, (one.path if style == "file" else one.module).split("/"))
            if matched == 0 or matched < self._needed(language, parts, one, matched):
                continue
            if matched > most:
                best, most = [], matched
            if matched == most:
                best.append(one)
        return best

    def _needed(self, language: str, parts: list[str], one: _Candidate, matched: int) -> int:
        """How many parts of the import must fit: all of them, but for prefixes that name no folder."""
        if language in _NEEDS_WHOLE:
            above = "/".join(one.module.split("/")[:-matched]) if matched else ""
            if language == "python" and above and self._is_package(above):
                return len(parts) + 1  # ``import json`` is not ``package/json.py``
            return len(parts)
        if language == "php":
            return min(2, len(parts))
        return len(parts) if len(parts) <= 2 else len(parts) - 1

    def _folder(self, importer: Importer, spec: str) -> list[int]:
        """The files of the folder whose path ends as the import does."""
        parts = spec.split("/")
        needed = len(parts) if len(parts) < 2 else 2
        best: list[_Candidate] = []
        most = 0
        for one in self._by("folder", parts[-1]):
            if family(one.language) != family(importer.language):
                continue
            folders = one.path.split("/")[:-1]
            matched = _matched(parts, folders)
            # What comes before the folders of the workspace is the name that others know it by.
            if matched > most and (matched >= needed or matched == len(folders)):
                best, most = [], matched
            if matched == most and most:
                best.append(one)
        home = importer.folder
        return [one.id for one in best if one.path.rpartition("/")[0] != home][:_MAX_TARGETS]

    def _look_up(self, column: str, value: str) -> list[_Candidate]:
        rows = self._db.execute(
            f"SELECT id, path, module, language FROM files WHERE {column} = ? LIMIT ?", (value, _MAX_CANDIDATES)
        )
        return [_Candidate(*row) for row in rows]

    def _has_init(self, folder: str) -> bool:
        sql = "SELECT 1 FROM files WHERE path = ?"
        return self._db.execute(sql, (f"{folder}/__init__.py",)).fetchone() is not None


def _above(folder: str, up: int) -> str | None:
    for _ in range(up):
        if not folder:
            return None
        folder = folder.rpartition("/")[0]
    return folder


def _matched(wanted: list[str], has: list[str]) -> int:
    """How many of the last parts are equal but for their case."""
    count = 0
    for a, b in zip(reversed(wanted), reversed(has), strict=False):
        if a.lower() != b.lower():
            break
        count += 1
    return count


def _nearest(candidates: list[_Candidate], importer: Importer) -> _Candidate:
    """The one that shares most folders with the importer, then the one nearest to a source root."""

    def distance(one: _Candidate) -> tuple[int, bool, int, str]:
        shared = 0
        for a, b in zip(one.path.split("/")[:-1], importer.path.split("/")[:-1], strict=False):
            if a != b:
                break
            shared += 1
        return -shared, one.path.split("/")[0] not in _ROOTS, one.path.count("/"), one.path

    return min(candidates, key=distance)
