"""A part of the graph to show: from a centre outwards, with tasks and notes laid over what is derived."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from magray_core.display import one_line
from magray_core.memory import MemoryRecord
from magray_indexers.graph.edges import names_in_prose
from magray_indexers.graph.model import Edge, EdgeKind, Graph, Node, NodeKind
from magray_indexers.ranking.terms import stem
from magray_orchestration.workspace import Workspace

if TYPE_CHECKING:
    from magray_indexers.graph.around import GraphReader

_MAX_LABEL = 200
_MAX_NAMES = 30
_EXPANDED = 12
_TASKS = frozenset({"todo", "task", "plan"})
_SURE = 0.5
_PRIORS = {
    EdgeKind.CALLS: 1.0,
    EdgeKind.DECIDED_IN: 1.0,
    EdgeKind.TESTS: 0.9,
    EdgeKind.DEFINES: 0.9,
    EdgeKind.IMPORTS: 0.8,
    EdgeKind.CHANGED_WITH: 0.8,
    EdgeKind.MENTIONS: 0.6,
}
"""How much the best edge of each kind counts when neighbours are chosen, so that every kind shows its best."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Tasks and notes as nodes, found by what they are about and by the names that their texts mention."""

    workspace: Workspace
    reader: GraphReader
    records: Sequence[MemoryRecord]

    def node(self, record: MemoryRecord) -> Node:
        """The node of a task or note."""
        kind = NodeKind.TASK if record.kind in _TASKS else NodeKind.NOTE
        label = one_line(record.text, _MAX_LABEL) or record.id
        return Node(f"{kind.value}:{record.id}", kind, label, record.path, detail=record.kind)

    def by_id(self, id_: str) -> MemoryRecord | None:
        """The record with this id, or with the only id that begins so (four characters or more)."""
        same = next((record for record in self.records if record.id == id_), None)
        if same is not None or len(id_) < 4:
            return same
        ids = {record.id for record in self.records if record.id.startswith(id_)}
        return next((record for record in self.records if record.id in ids), None) if len(ids) == 1 else None

    def edges_from(self, node: Node) -> Iterator[tuple[Node, Edge]]:
        """The tasks and notes around a node of any kind; around a task or note, what it is about."""
        if node.kind in (NodeKind.TASK, NodeKind.NOTE):
            id_ = node.id.partition(":")[2]
            for record in self.records:
                if record.id == id_:
                    yield from self._about(node, record)
            return
        for record in self.records:
            edge = self._edge(record, node)
            if edge is not None:
                yield self.node(record), edge
        if node.kind in (NodeKind.FILE, NodeKind.SYMBOL):
            yield from self._markers(node)

    def _edge(self, record: MemoryRecord, node: Node) -> Edge | None:
        """How a record is tied to a node that stands in the graph, or None."""
        here = self.node(record)
        origin = record.source or f"{record.kind} {record.id}"
        about = False
        if node.kind is NodeKind.FILE:
            about = record.path == node.path and not record.symbol
            mentions = node.path in record.text or (record.path == node.path and bool(record.symbol))
        elif node.kind is NodeKind.SYMBOL:
            last = node.label.rpartition(".")[2]
            named = record.symbol in (node.label, last) and record.path in ("", node.path)
            about = bool(record.symbol) and named
            mentions = last in record.text and any(name == last for _, name, _ in names_in_prose(record.text))
        else:
            mentions = node.id in {f"notion:{stem(tag.lower())}" for tag in record.tags}
        if about and here.kind is NodeKind.NOTE:
            return Edge(node.id, here.id, EdgeKind.DECIDED_IN, 1.0, origin)
        if about or mentions:
            return Edge(here.id, node.id, EdgeKind.MENTIONS, 1.0 if about else 0.5, origin)
        return None

    def _about(self, node: Node, record: MemoryRecord) -> Iterator[tuple[Node, Edge]]:
        found: dict[str, Node] = {}
        if record.path:
            file = self.reader.file_node(record.path)
            found.update({file.id: file} if file is not None else {})
        if record.symbol:
            symbols = [one for one in self.reader.symbol_nodes(record.symbol) if record.path in ("", one.path)]
            found.update({one.id: one for one in symbols[:2]})
        for owner, name, _ in names_in_prose(record.text)[:_MAX_NAMES]:
            symbols = self.reader.symbol_nodes(f"{owner}.{name}" if owner else name)
            found.update({one.id: one for one in symbols if len(symbols) <= 2})
        for tag in record.tags:
            root = stem(tag.lower())
            notion = self.reader.notion_node(root) or Node(f"notion:{root}", NodeKind.NOTION, tag, detail="a tag")
            found[notion.id] = notion
        for there in found.values():
            edge = self._edge(record, there)
            yield there, edge or Edge(node.id, there.id, EdgeKind.MENTIONS, 0.5, record.source or record.id)

    def _markers(self, node: Node) -> Iterator[tuple[Node, Edge]]:
        """TODO and FIXME comments in the file or definition."""
        parsed = self.workspace.index.file(node.path)
        if parsed is None or not parsed.markers:
            return
        first, last = 1, 1 << 40
        if node.kind is NodeKind.SYMBOL:
            same = (one for one in parsed.symbols if (one.qualified_name, one.start_line) == (node.label, node.line))
            first, last = next(((one.start_line, one.end_line) for one in same), (1, 0))
        for marker in parsed.markers:
            if first <= marker.line <= last:
                place = f"{node.path}:{marker.line}"
                label = one_line(marker.text, _MAX_LABEL)
                label = label if label.startswith(marker.word) else f"{marker.word} {label}"
                task = Node(f"task:{place}", NodeKind.TASK, label, node.path, marker.line, "comment")
                yield task, Edge(task.id, node.id, EdgeKind.MENTIONS, 1.0, place)


@dataclass(slots=True)
class _Chosen:
    """What is to be shown so far."""

    nodes: dict[str, Node]
    scores: dict[str, float]
    edges: dict[tuple[str, str, EdgeKind], Edge] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)


def gathered(centre: Node, remembered: Remembered, *, depth: int, limit: int) -> Graph:
    """The graph around a node: at most ``limit`` nodes, at most ``depth`` steps away, the nearest first."""
    chosen = _Chosen({centre.id: centre}, {centre.id: 1.0})
    level = [centre]
    for step in range(depth):
        room = (limit - len(chosen.nodes)) if step == depth - 1 else max(1, (limit - len(chosen.nodes)) // 2)
        level = _one_step(level[:_EXPANDED], chosen, remembered, room)
    edges = [edge for edge in chosen.edges.values() if edge.source in chosen.nodes and edge.target in chosen.nodes]
    edges.sort(key=lambda edge: (-edge.weight, edge.source, edge.target, edge.kind.value))
    n_left = len(chosen.left_out - set(chosen.nodes))
    notes = (f"{n_left} more neighbor{'s are' if n_left > 1 else ' is'} not shown",) if n_left else ()
    return Graph(centre.id, tuple(chosen.nodes.values()), tuple(edges), notes)


def _one_step(level: Iterable[Node], chosen: _Chosen, remembered: Remembered, room: int) -> list[Node]:
    """Choose the best neighbours of these nodes; returns those that are new, best first."""
    found: dict[str, Node] = {}
    scores: dict[str, float] = {}
    centre_is_symbol = next(iter(chosen.nodes.values())).kind is NodeKind.SYMBOL
    for node in level:
        steps = [(step.node, step.edge) for step in remembered.reader.steps_from(node)]
        steps += remembered.edges_from(node)
        strongest: dict[EdgeKind, float] = {}
        for _, edge in steps:
            strongest[edge.kind] = max(strongest.get(edge.kind, 0.0), edge.weight)
        for there, edge in steps:
            key = (edge.source, edge.target, edge.kind)
            known = chosen.edges.get(key)
            if known is None or known.weight < edge.weight:
                chosen.edges[key] = edge
            if there.id in chosen.nodes:
                continue
            # Where the best of a kind is itself in doubt, it is not shown as if it were sure.
            share = edge.weight / max(strongest[edge.kind], _SURE)
            found.setdefault(there.id, there)
            # Around a definition other definitions tell more than everything that its file is tied to.
            aside = 0.2 if centre_is_symbol and node.kind is NodeKind.FILE else 1.0
            gain = chosen.scores[node.id] * _PRIORS.get(edge.kind, 0.5) * share * aside
            scores[there.id] = scores.get(there.id, 0.0) + gain
    ordered = sorted(found.values(), key=lambda node: (-scores[node.id], node.id))
    for node in ordered[:room]:
        chosen.nodes[node.id] = node
        chosen.scores[node.id] = min(1.0, scores[node.id]) * 0.6
    chosen.left_out |= {node.id for node in ordered[room:]}
    return ordered[:room]
