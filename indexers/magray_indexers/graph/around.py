"""What lies around a file, a symbol, a notion or a decision: its neighbours with their edges, one step at a time.

Names of symbols are resolved here, when they are asked for: nothing about single symbols is stored but who names whom.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magray_core.errors import IndexCorrupt
from magray_indexers.graph import history, store
from magray_indexers.graph.building import unpacked
from magray_indexers.graph.edges import MODULE_SCOPE, name_key
from magray_indexers.graph.linking import FileRow, Link, Linker, weighed
from magray_indexers.graph.model import Edge, EdgeKind, Node, NodeKind
from magray_indexers.store import CHUNK_BITS, id_range

_MAX_USERS = 300
_MAX_DEFINED = 24
_MAX_NOTION_FILES = 40
_MANY_PATHS = 12
_LEAF_KINDS = ("variable", "field", "property", "key")


@dataclass(frozen=True, slots=True)
class Step:
    """A neighbour and the edge that leads to it or from it."""

    node: Node
    edge: Edge


@dataclass(frozen=True, slots=True)
class _SymbolRow:
    id: int
    key: int
    name: str
    qualified: str
    kind: str
    line: int
    end_line: int


_SYMBOL = "SELECT id, key, name, qualified, kind, line, end_line FROM symbols"


class GraphReader:
    """One state of the graph, read by one thread. Close it; errors of SQLite leave as IndexCorrupt."""

    def __init__(self, root: Path) -> None:
        """Open the newest state. Raises IndexUnavailable if there is no graph, IndexCorrupt, IndexFormatTooNew."""
        self._root = root
        self._db = store.open_for_reading(root)
        try:
            self._db.execute("BEGIN")
            self.state = store.read_state(self._db)
        except (sqlite3.Error, IndexCorrupt) as error:
            self._db.close()
            store.mark_suspect(root)
            raise store.translated(error) from error
        self._linker = Linker(self._db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def file_node(self, path: str) -> Node | None:
        """The node of a file, or None if the graph does not know the path."""
        row = self._one("SELECT id FROM files WHERE path = ?", path)
        file = self._linker.file(row[0]) if row else None
        return None if file is None else _file_node(file)

    def paths_ending(self, end: str, limit: int = 6) -> list[str]:
        """Paths of the graph whose last parts are these, shortest first."""
        sql = "SELECT path FROM files WHERE substr(path, ?) = ? ORDER BY length(path), path LIMIT ?"
        return [path for (path,) in self._db.execute(sql, (-len(end) - 1, f"/{end}", limit)).fetchall()]

    def symbol_nodes(self, name: str, limit: int = 20) -> list[Node]:
        """The definitions with this name (dotted: by the end of the qualified name), the most used first."""
        last = name.rpartition(".")[2]
        rows = self._symbols(f"{_SYMBOL} WHERE key = ? ORDER BY id LIMIT 500", name_key(last))
        found = [row for row in rows if row.qualified == name or f".{row.qualified}".endswith(f".{name}")]

        def order(row: _SymbolRow) -> tuple[bool, bool, int, int]:
            file = self._linker.file(row.id >> CHUNK_BITS)
            in_test = file is None or file.is_test
            return in_test, row.kind in (*_LEAF_KINDS, "section"), row.line - row.end_line, row.id

        return [node for row in sorted(found, key=order)[:limit] if (node := self._symbol_node(row)) is not None]

    def symbol_at(self, path: str, line: int) -> Node | None:
        """The innermost definition around a line of a file, or None."""
        row = self._one("SELECT id FROM files WHERE path = ?", path)
        if row is None:
            return None
        sql = f"{_SYMBOL} WHERE id BETWEEN ? AND ? AND line <= ? AND end_line >= ? ORDER BY end_line - line, id LIMIT 1"
        rows = self._symbols(sql, *id_range(row[0]), line, line)
        return self._symbol_node(rows[0]) if rows else None

    def notion_node(self, word: str) -> Node | None:
        """The notion that several files share under this stem, or None."""
        row = self._one("SELECT word, count(*) FROM terms WHERE stem = ? GROUP BY stem", word)
        if row is None or row[1] < 2:
            return None
        return Node(f"notion:{word}", NodeKind.NOTION, row[0], detail=f"in {row[1]} files")

    def steps_from(self, node: Node) -> list[Step]:
        """Every neighbour of a node of the graph, in no particular order; [] for a task, a note or an unknown node."""
        try:
            return list(self._steps_from(node))
        except (sqlite3.Error, IndexCorrupt) as error:
            store.mark_suspect(self._root)
            raise store.translated(error) from error

    def _steps_from(self, node: Node) -> Iterator[Step]:
        match node.kind:
            case NodeKind.FILE:
                row = self._one("SELECT id FROM files WHERE path = ?", node.path)
                file = self._linker.file(row[0]) if row else None
                if file is not None:
                    yield from self._around_file(node, file)
            case NodeKind.SYMBOL:
                yield from self._around_symbol(node)
            case NodeKind.NOTION:
                yield from self._around_notion(node)
            case NodeKind.DECISION:
                yield from self._around_decision(node)
            case _:
                return

    def _around_file(self, node: Node, file: FileRow) -> Iterator[Step]:
        yield from self._links(node, self._stored("links", file.id), outward=True)
        yield from self._links(node, self._stored("history", file.id), outward=True)
        needle = file.id.to_bytes(8, "little")
        for number, rows, checksum in self._db.execute(
            "SELECT file, rows, sum FROM links WHERE instr(rows, ?)", (needle,)
        ).fetchall():
            links = [link for link in unpacked(store.unpacked(rows, checksum)) if link.target == file.id]
            yield from self._links(node, [Link(number, one.kind, one.weight, one.line) for one in links], outward=False)
        yield from self._defined(node, file)
        yield from self._notions(node, file)
        decisions = self._db.execute(
            "SELECT sha, made FROM decisions WHERE file = ? ORDER BY made DESC, sha LIMIT ?", (file.id, _MANY_PATHS)
        )
        for rank, (sha, _) in enumerate(decisions.fetchall()):
            decision = self.decision_node(sha)
            yield Step(decision, Edge(node.id, decision.id, EdgeKind.DECIDED_IN, 1.0 / (1 + rank), f"git {sha[:10]}"))

    def decision_node(self, sha: str) -> Node:
        """The node of a commit that records a decision; its words are read from git now."""
        line = history.deciding_line(history.message_of(self._root, sha))
        return Node(f"decision:{sha}", NodeKind.DECISION, line or sha[:10], detail=f"commit {sha[:10]}")

    def _links(self, node: Node, links: Iterable[Link], *, outward: bool) -> Iterator[Step]:
        for link in links:
            other = self._linker.file(link.target)
            if other is None or link.kind is EdgeKind.ALIKE:
                continue
            there = _file_node(other)
            source, target = (node, there) if outward else (there, node)
            origin = (
                "git" if link.kind is EdgeKind.CHANGED_WITH else f"{source.path}:{link.line}" if link.line else "path"
            )
            yield Step(there, Edge(source.id, target.id, link.kind, link.weight, origin))

    def _stored(self, table: str, number: int) -> list[Link]:
        row = self._one(f"SELECT rows, sum FROM {table} WHERE file = ?", number)
        return unpacked(store.unpacked(*row)) if row else []

    def _defined(self, node: Node, file: FileRow) -> Iterator[Step]:
        """The outermost definitions, weighing by how often their names are used and how long they are."""
        rows = self._symbols(f"{_SYMBOL} WHERE id BETWEEN ? AND ? AND parent = 0", *id_range(file.id))
        weighed = []
        for row in rows:
            if row.kind not in _LEAF_KINDS:
                lines = row.end_line - row.line + 1
                weighed.append((math.log2(1 + self._n_users(row.key)) + math.log2(1 + lines) / 4, row))
        for weight, row in sorted(weighed, key=lambda pair: (-pair[0], pair[1].id))[:_MAX_DEFINED]:
            symbol = self._symbol_node(row)
            if symbol is not None:
                edge = Edge(node.id, symbol.id, EdgeKind.DEFINES, round(weight, 3), f"{file.path}:{row.line}")
                yield Step(symbol, edge)

    def _n_users(self, key: int) -> int:
        row = self._one("SELECT count(*) FROM (SELECT 1 FROM refs WHERE name = ? LIMIT 200)", key)
        return int(row[0]) if row else 0

    def _notions(self, node: Node, file: FileRow) -> Iterator[Step]:
        rows = self._db.execute("SELECT stem, weight FROM terms WHERE file = ?", (file.id,)).fetchall()
        for stem, weight in rows:
            others = len(self._linker.having_term(stem))
            notion = self.notion_node(stem)
            if notion is not None and others >= 2:
                edge = Edge(node.id, notion.id, EdgeKind.MENTIONS, round(weight / math.log2(1 + others), 3), node.path)
                yield Step(notion, edge)

    def _around_notion(self, node: Node) -> Iterator[Step]:
        rows = self._db.execute(
            "SELECT file, weight FROM terms WHERE stem = ? ORDER BY weight DESC, file LIMIT ?",
            (node.id.removeprefix("notion:"), _MAX_NOTION_FILES),
        ).fetchall()
        for number, weight in rows:
            file = self._linker.file(number)
            if file is not None:
                there = _file_node(file)
                yield Step(there, Edge(there.id, node.id, EdgeKind.MENTIONS, weight, there.path))

    def _around_decision(self, node: Node) -> Iterator[Step]:
        sha = node.id.removeprefix("decision:")
        for (number,) in self._db.execute("SELECT file FROM decisions WHERE sha = ?", (sha,)).fetchall():
            file = self._linker.file(number)
            if file is not None:
                there = _file_node(file)
                yield Step(there, Edge(there.id, node.id, EdgeKind.DECIDED_IN, 1.0, f"git {sha[:10]}"))

    def _around_symbol(self, node: Node) -> Iterator[Step]:
        row = self._row_of(node)
        file = self._linker.file(row.id >> CHUNK_BITS) if row else None
        if row is None or file is None:
            return
        there = _file_node(file)
        yield Step(there, Edge(there.id, node.id, EdgeKind.DEFINES, 1.0, f"{file.path}:{row.line}"))
        inside = self._symbols(
            f"{_SYMBOL} WHERE id BETWEEN ? AND ? AND line >= ? AND end_line <= ? AND id != ?",
            *id_range(file.id), row.line, row.end_line, row.id,
        )  # fmt: skip
        for member in inside:
            if member.qualified.rpartition(".")[0] == row.qualified:
                symbol = self._symbol_node(member)
                if symbol is not None:
                    weight = 0.2 + math.log2(1 + self._n_users(member.key)) / 4
                    edge = Edge(node.id, symbol.id, EdgeKind.DEFINES, round(weight, 3), f"{file.path}:{member.line}")
                    yield Step(symbol, edge)
        yield from self._uses(node, file, {row.id, *(member.id for member in inside)})
        yield from self._users(node, row)

    def _uses(self, node: Node, file: FileRow, own: set[int]) -> Iterator[Step]:
        """What the definition calls, with everything inside it."""
        scope = self._linker.scope_of(file)
        first = file.id << CHUNK_BITS
        rows = self._db.execute(
            "SELECT scope, kind, name, receiver, hint, count, line FROM refs WHERE file = ?", (file.id,)
        )
        sums: dict[tuple[int, EdgeKind], list[float]] = {}
        for inner, kind, name, receiver, hint, count, line in rows.fetchall():
            if first + inner not in own:
                continue
            for target, share in scope.resolve(kind, name, receiver, hint):
                if target.id not in own:
                    entry = sums.setdefault((target.id, self._linker.kind_of(file, kind, target)), [0.0, line])
                    entry[0] += weighed(share, count)
                    entry[1] = min(entry[1], line)
        for (target_id, edge_kind), (weight, line) in sums.items():
            symbol = self._symbol_by_id(target_id)
            if symbol is not None:
                edge = Edge(node.id, symbol.id, edge_kind, round(weight, 3), f"{file.path}:{int(line)}")
                yield Step(symbol, edge)

    def _users(self, node: Node, row: _SymbolRow) -> Iterator[Step]:
        """Who calls or mentions the definition, as far as its name resolves to it."""
        refs = self._db.execute(
            "SELECT file, scope, kind, receiver, hint, count, line FROM refs WHERE name = ? ORDER BY file LIMIT ?",
            (row.key, _MAX_USERS),
        ).fetchall()
        scopes = {number: self._linker.scope_of(file) for number in {ref[0] for ref in refs}
                  if (file := self._linker.file(number)) is not None}  # fmt: skip
        for number, inner, kind, receiver, hint, count, line in refs:
            scope = scopes.get(number)
            shares = scope.resolve(kind, row.key, receiver, hint) if scope is not None else []
            found = next(((target, share) for target, share in shares if target.id == row.id), None)
            if scope is None or found is None:
                continue
            user = None if inner == MODULE_SCOPE else self._symbol_by_id((number << CHUNK_BITS) + inner)
            user = user or _file_node(scope.file)
            if user.id != node.id:
                edge_kind = self._linker.kind_of(scope.file, kind, found[0])
                weight = round(weighed(found[1], count), 3)
                yield Step(user, Edge(user.id, node.id, edge_kind, weight, f"{scope.file.path}:{line}"))

    def _row_of(self, node: Node) -> _SymbolRow | None:
        number = node.id.removeprefix("symbol:")
        rows = self._symbols(f"{_SYMBOL} WHERE id = ?", int(number)) if number.isdigit() else []
        return rows[0] if rows else None

    def _symbol_by_id(self, number: int) -> Node | None:
        rows = self._symbols(f"{_SYMBOL} WHERE id = ?", number)
        return self._symbol_node(rows[0]) if rows else None

    def _symbol_node(self, row: _SymbolRow) -> Node | None:
        file = self._linker.file(row.id >> CHUNK_BITS)
        if file is None:
            return None
        return Node(f"symbol:{row.id}", NodeKind.SYMBOL, row.qualified, file.path, row.line, row.kind)

    def _symbols(self, sql: str, *values: object) -> list[_SymbolRow]:
        return [_SymbolRow(*row) for row in self._db.execute(sql, values).fetchall()]

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
        return row


def _file_node(file: FileRow) -> Node:
    return Node(
        f"file:{file.path}", NodeKind.FILE, file.path, file.path, detail="tests" if file.is_test else file.language
    )
