"""From names to definitions, and from a file's facts to its links with other files.

A name is resolved by what every language has in common: the definition in the same file, in a file that is imported,
on the receiver's class; failing these all definitions of the name share the link, so that a doubtful link is a weak
one. A name with too many definitions links to none.
"""

from __future__ import annotations

import math
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from magray_core.memory import SymbolKind
from magray_indexers.graph.edges import CALL, MENTION, NO_RECEIVER, SELF_RECEIVER, name_key
from magray_indexers.graph.lexing import EVERYONES, IMPLICIT_SELF, family, is_prose
from magray_indexers.graph.model import EdgeKind
from magray_indexers.graph.modules import Importer, Modules
from magray_indexers.graph.store import module_of
from magray_indexers.store import CHUNK_BITS, id_range

_AMBIGUOUS = 16
_AMBIGUOUS_MENTION = 4
_MAX_IMPORTED = 60
_KEPT_FILES, _KEPT_NAMES = 600, 50_000
_STRONG, _LIKELY, _WEAK = 1.0, 0.75, 0.5
_TOP = 64
COMMON_TERM = 12
"""A word that more files have is no notion that ties them."""
_TOP_ALIKE = 8
LINK_KINDS = tuple(EdgeKind)
_EVERYONES = frozenset(map(name_key, EVERYONES))
_MEMBERS = frozenset(
    kind.value for kind in (SymbolKind.METHOD, SymbolKind.PROPERTY, SymbolKind.FIELD, SymbolKind.CONSTRUCTOR)
)
_CALLABLE = frozenset(
    kind.value
    for kind in (
        SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CONSTRUCTOR, SymbolKind.CLASS, SymbolKind.STRUCT,
        SymbolKind.MACRO, SymbolKind.TYPE, SymbolKind.ENUM, SymbolKind.CONSTANT, SymbolKind.VARIABLE, SymbolKind.TRAIT,
        SymbolKind.INTERFACE, SymbolKind.MODULE, SymbolKind.NAMESPACE,
    )
)  # fmt: skip
_MENTIONED = (_CALLABLE - {SymbolKind.VARIABLE.value}) | {SymbolKind.METHOD.value}


@dataclass(frozen=True, slots=True)
class Target:
    """A definition that names are resolved to.

    ``parent`` is the key of the class or module it is in, ``tail`` the key of the last part of that one's name.
    """

    id: int
    parent: int
    tail: int
    kind: str

    @property
    def file(self) -> int:
        """The id of its file."""
        return self.id >> CHUNK_BITS


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the graph."""

    id: int
    path: str
    language: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Link:
    """One file tied to another; ``line`` (from 1; 0: none) is where the source says so first."""

    target: int
    kind: EdgeKind
    weight: float
    line: int


class Linker:
    """Resolves names and imports of any number of files against one state of the graph."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._modules = Modules(db)
        self._defined: OrderedDict[int, dict[int, list[Target]]] = OrderedDict()
        self._named: dict[int, list[Target]] = {}
        self._files: dict[int, FileRow | None] = {}
        self._terms: dict[str, list[tuple[int, float]]] = {}

    def file(self, number: int) -> FileRow | None:
        """The file with this id, or None."""
        if number not in self._files:
            if len(self._files) > _KEPT_NAMES:
                self._files.clear()
            row = self._db.execute("SELECT id, path, language, is_test FROM files WHERE id = ?", (number,)).fetchone()
            self._files[number] = FileRow(row[0], row[1], row[2], bool(row[3])) if row else None
        return self._files[number]

    def imports(self, file: FileRow) -> dict[int, tuple[float, int]]:
        """Ids of the files that it imports with weight and line. What a folder's files share is divided among them."""
        found: dict[int, tuple[float, int]] = {}
        importer = Importer(file.path, file.language)
        rows = self._db.execute(
            "SELECT spec, up, style, line FROM imports WHERE file = ? ORDER BY line, spec", (file.id,)
        ).fetchall()
        for spec, up, style, line in rows:
            targets = self._modules.resolve(importer, spec, up, style)
            for target in targets:
                if target != file.id and (target not in found or found[target][0] < 1 / len(targets)):
                    found[target] = (1 / len(targets), min(line, found.get(target, (0.0, line))[1]))
            if len(found) >= _MAX_IMPORTED:
                break
        return found

    def scope_of(self, file: FileRow) -> Scope:
        """What the names of a file are resolved in: its own definitions and those of what it imports."""
        imported = self.imports(file)
        reached: dict[int, list[Target]] = {}
        for number in imported:
            names = self.defined_in(number)
            for name, targets in names.items():
                reached.setdefault(name, []).extend(targets)
            other = self.file(number)
            # What speaks for its folder hands on what it imports itself.
            if other is not None and other.path.rpartition("/")[2].startswith(("__init__.", "index.", "mod.", "lib.")):
                for further in list(self.imports(other))[:_MAX_IMPORTED]:
                    for name, targets in self.defined_in(further).items():
                        reached.setdefault(name, []).extend(targets)
        modules = frozenset(
            name_key(module_of(one.path)[0].rpartition("/")[2])
            for number in imported
            if (one := self.file(number)) is not None
        )
        return Scope(self, file, imported, self.defined_in(file.id), reached, modules)

    def defined_in(self, number: int) -> dict[int, list[Target]]:
        """The definitions of a file by the key of their name."""
        known = self._defined.get(number)
        if known is None:
            known = {}
            sql = "SELECT key, id, parent, tail, kind FROM symbols WHERE id BETWEEN ? AND ? ORDER BY id"
            for key, *rest in self._db.execute(sql, id_range(number)):
                known.setdefault(key, []).append(Target(*rest))
            self._defined[number] = known
            if len(self._defined) > _KEPT_FILES:
                self._defined.popitem(last=False)
        else:
            self._defined.move_to_end(number)
        return known

    def named(self, name: int) -> list[Target]:
        """The definitions of a name anywhere, at most one more than can be told apart."""
        known = self._named.get(name)
        if known is None:
            if len(self._named) > _KEPT_NAMES:
                self._named.clear()
            sql = "SELECT id, parent, tail, kind FROM symbols WHERE key = ? LIMIT ?"
            known = self._named[name] = [Target(*row) for row in self._db.execute(sql, (name, _AMBIGUOUS + 1))]
        return known

    def links_of(self, number: int) -> list[Link]:
        """The links from a file to others, heaviest first; at most 64 of each kind."""
        file = self.file(number)
        if file is None:
            return []
        scope = self.scope_of(file)
        kind = EdgeKind.MENTIONS if is_prose(file.language) else EdgeKind.IMPORTS
        sums: dict[tuple[int, EdgeKind], list[float]] = {
            (target, kind): [weight, line] for target, (weight, line) in scope.imported.items()
        }
        rows = self._db.execute("SELECT kind, name, receiver, hint, count, line FROM refs WHERE file = ?", (number,))
        for ref_kind, name, receiver, hint, count, line in rows:
            for target, share in scope.resolve(ref_kind, name, receiver, hint):
                if target.file != number:
                    edge = self.kind_of(file, ref_kind, target)
                    entry = sums.setdefault((target.file, edge), [0.0, line])
                    entry[0] += weighed(share, count)
                    entry[1] = min(entry[1], line)
        self._add_tested(file, sums)
        return _heaviest(sums) + self._alike(number)

    def kind_of(self, file: FileRow, ref_kind: int, target: Target) -> EdgeKind:
        """What a use of a definition is called: what tests use, they test."""
        other = self.file(target.file)
        if file.is_test and other is not None and not other.is_test and not is_prose(other.language):
            return EdgeKind.TESTS
        return EdgeKind.CALLS if ref_kind == CALL and target.kind in _CALLABLE else EdgeKind.MENTIONS

    def _alike(self, number: int) -> list[Link]:
        """The files that share most of the rare words that this one's definitions or headings are made of."""
        shared: dict[int, float] = {}
        for stem, weight in self._db.execute("SELECT stem, weight FROM terms WHERE file = ?", (number,)).fetchall():
            others = self.having_term(stem)
            if 2 <= len(others) <= COMMON_TERM:
                for other, its in others:
                    if other != number:
                        shared[other] = shared.get(other, 0.0) + weight * its / (len(others) - 1)
        best = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP_ALIKE]
        return [Link(other, EdgeKind.ALIKE, round(min(1.0, weight), 4), 0) for other, weight in best]

    def having_term(self, stem: str) -> list[tuple[int, float]]:
        """(file id, weight) of the files with a salient word, at most one more than a rare word has."""
        known = self._terms.get(stem)
        if known is None:
            if len(self._terms) > _KEPT_NAMES:
                self._terms.clear()
            sql = "SELECT file, weight FROM terms WHERE stem = ? LIMIT ?"
            known = self._terms[stem] = self._db.execute(sql, (stem, COMMON_TERM + 1)).fetchall()
        return known

    def _add_tested(self, file: FileRow, sums: dict[tuple[int, EdgeKind], list[float]]) -> None:
        """A test named for a file tests it, whether or not it calls it by name."""
        if not file.is_test:
            return
        name = tested_name(file.path)
        if not name:
            return
        rows = self._db.execute(
            "SELECT id, language FROM files WHERE stem = ? AND NOT is_test LIMIT ?", (name, _AMBIGUOUS_MENTION + 1)
        ).fetchall()
        same = [number for number, language in rows if family(language) == family(file.language)]
        if same and len(same) <= _AMBIGUOUS_MENTION:
            for number in same:
                sums.setdefault((number, EdgeKind.TESTS), [0.0, 0])[0] += 2 / len(same)


@dataclass(frozen=True, slots=True)
class Scope:
    """The definitions that a file sees. ``modules`` are the keys of the names of the modules that it imports."""

    linker: Linker
    file: FileRow
    imported: Mapping[int, tuple[float, int]]
    own: Mapping[int, list[Target]]
    reached: Mapping[int, list[Target]]
    modules: frozenset[int]

    def resolve(self, ref_kind: int, name: int, receiver: int, hint: int) -> list[tuple[Target, float]]:
        """The definitions that a name can mean, each with its share of what the use weighs; [] for none."""
        wanted = _CALLABLE if ref_kind == CALL else _MENTIONED
        own = [one for one in self.own.get(name, ()) if one.kind in wanted]
        if receiver == SELF_RECEIVER and own:
            return _shared(own, _STRONG)
        near = [one for one in self.reached.get(name, ()) if one.kind in wanted]
        if receiver > SELF_RECEIVER:
            on_class = [one for one in (*own, *near) if one.parent == receiver]
            if not on_class:
                on_class = [one for one in self._anywhere(name, wanted) if one.parent == receiver]
            if on_class:
                return _shared(on_class, _STRONG)
            # ``session.send`` and ``self.http_session.send`` mean most likely what is defined on a ``Session``.
            if hint and (hinted := [one for one in self._anywhere(name, wanted) if one.tail == hint]):
                return _shared(hinted, _LIKELY)
        if receiver == NO_RECEIVER:
            return self._bare(ref_kind, name, own, near)
        if receiver in self.modules:
            return _shared([one for one in near if one.kind not in _MEMBERS], _STRONG)
        if name in _EVERYONES:
            return []
        if near and receiver != SELF_RECEIVER:
            return _shared([one for one in near if one.kind not in _MEMBERS] or near, _WEAK)
        found = [one for one in self._anywhere(name, wanted) if ref_kind == MENTION or one.kind in _MEMBERS]
        return _shared(found, _WEAK if len(found) == 1 else _WEAK / 2)

    def _bare(
        self, ref_kind: int, name: int, own: Sequence[Target], near: Sequence[Target]
    ) -> list[tuple[Target, float]]:
        """A name that hangs on nothing: what is in scope, else whatever has the name."""
        implicit = self.file.language in IMPLICIT_SELF or is_prose(self.file.language)
        for group in (own, near):
            plain = [one for one in group if one.kind not in _MEMBERS] or (list(group) if implicit else [])
            if plain:
                return _shared(plain, _STRONG)
        if name in _EVERYONES:
            return []
        wanted = _CALLABLE if ref_kind == CALL else _MENTIONED
        found = [one for one in self._anywhere(name, wanted) if implicit or one.kind not in _MEMBERS]
        if ref_kind == MENTION and len(found) > _AMBIGUOUS_MENTION:
            return []
        return _shared(found, _STRONG if is_prose(self.file.language) else _WEAK)

    def _anywhere(self, name: int, wanted: frozenset[str]) -> list[Target]:
        found = self.linker.named(name)
        if len(found) > _AMBIGUOUS:
            return []
        prose, own = is_prose(self.file.language), family(self.file.language)
        usable = []
        for one in found:
            if one.kind in wanted:
                other = self.linker.file(one.file)
                if other is not None and (prose or family(other.language) == own):
                    usable.append((one, other.is_test))
        # Code does not use what tests define.
        return [one for one, is_test in usable if not is_test or self.file.is_test]


def weighed(share: float, count: int) -> float:
    """What ``count`` uses weigh: repeating what is unclear does not make it clearer."""
    return share * math.log2(1 + count) if share >= _WEAK else share


def tested_name(path: str) -> str:
    """The stem of the file that a test is named for: ``parser`` for ``test_parser.py`` and ``ParserTest.java``."""
    base = path.rpartition("/")[2].split(".")[0]
    lowered = base.lower()
    for start in ("test_", "tests_", "test-"):
        if lowered.startswith(start):
            return lowered[len(start) :]
    for end in ("_test", "_tests", "-test", "_spec", "-spec", "tests", "test", "spec"):
        if lowered.endswith(end) and len(lowered) > len(end):
            return lowered[: -len(end)].rstrip("_-")
    return lowered if ".test." in path or ".spec." in path else ""


def _shared(targets: Sequence[Target], weight: float) -> list[tuple[Target, float]]:
    unique = {one.id: one for one in targets}
    return [(one, weight / len(unique)) for one in unique.values()]


def _heaviest(sums: Mapping[tuple[int, EdgeKind], Iterable[float]]) -> list[Link]:
    links = [
        # The hundredth use says less than the first: what a pair weighs grows with the logarithm of its uses.
        Link(target, kind, round(math.log2(1 + float(weight)), 4), int(line))
        for (target, kind), (weight, line) in sums.items()
    ]
    links.sort(key=lambda link: (-link.weight, link.target, link.kind.value))
    counts: dict[EdgeKind, int] = {}
    kept = []
    for link in links:
        counts[link.kind] = counts.get(link.kind, 0) + 1
        if counts[link.kind] <= _TOP:
            kept.append(link)
    return kept
