"""Where nodes stand in the picture: columns around the centre, what points at it on the left, what it points at right.

Every node has a row of its own in its column, so labels never meet. The same graph always gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from magray_indexers.graph.model import Edge, EdgeKind, Graph, Node, NodeKind
from magray_orchestration.graph_picture.looks import CHAR_PX, columns, cut

ROW_PX, NODE_PX = 42.0, 34.0
_GROUP_PX = 10.0
_GAP_PX = 120.0
_MARGIN_PX = 24.0
_TITLE_PX = 46.0
_LABEL_COLUMNS = 34
_MARK_PX = 26.0
_KIND_ORDER = (
    EdgeKind.IMPORTS, EdgeKind.CALLS, EdgeKind.TESTS, EdgeKind.DEFINES, EdgeKind.CHANGED_WITH, EdgeKind.MENTIONS,
    EdgeKind.DECIDED_IN, EdgeKind.ALIKE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """A node in the picture; ``x`` and ``y`` are its upper left corner, all in pixels. ``column`` 0 is the centre's."""

    node: Node
    label: str
    detail: str
    column: int
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + NODE_PX / 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by node id, and the size of the whole without the legend, in pixels."""

    boxes: Mapping[str, Box]
    width: float
    height: float


def lay_out(graph: Graph) -> Layout:
    """Places for all nodes of the graph."""
    placed = _columns(graph)
    by_column: dict[int, list[str]] = {}
    for id_, place in placed.items():
        by_column.setdefault(place.column, []).append(id_)
    nodes = {node.id: node for node in graph.nodes}
    words = {node.id: _words(node) for node in graph.nodes}
    widths = {column: max(_width(words[id_]) for id_ in ids) for column, ids in by_column.items()}
    heights = {column: _height(ids, placed) for column, ids in by_column.items()}
    tallest = max(heights.values())
    boxes: dict[str, Box] = {}
    x = _MARGIN_PX
    for column in sorted(by_column):
        y = _TITLE_PX + (tallest - heights[column]) / 2
        previous: EdgeKind | None = None
        for at, id_ in enumerate(_ordered(by_column[column], placed, graph)):
            if at and placed[id_].kind is not previous:
                y += _GROUP_PX
            previous = placed[id_].kind
            boxes[id_] = Box(nodes[id_], *words[id_], column, x, y, widths[column])
            y += ROW_PX
        x += widths[column] + _GAP_PX
    return Layout(boxes, x - _GAP_PX + _MARGIN_PX, _TITLE_PX + tallest)


@dataclass(slots=True)
class _Place:
    column: int
    kind: EdgeKind
    weight: float
    parent: str = ""
    kinds: dict[EdgeKind, float] = field(default_factory=dict)


def _columns(graph: Graph) -> dict[str, _Place]:
    """The column of every node: as many steps from the centre as it is, on the side that its edges say."""
    placed = {graph.centre: _Place(0, EdgeKind.DEFINES, 1.0)}
    around: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        around.setdefault(edge.source, []).append(edge)
        around.setdefault(edge.target, []).append(edge)
    level = [graph.centre]
    sides = {-1: 0, 1: 0}
    while level:
        found: dict[str, list[tuple[str, Edge]]] = {}
        for id_ in level:
            for edge in around.get(id_, ()):
                other = edge.target if edge.source == id_ else edge.source
                if other not in placed:
                    found.setdefault(other, []).append((id_, edge))
        undecided: list[str] = []
        for other, ties in found.items():
            parent, heaviest = max(ties, key=lambda tie: (tie[1].weight, tie[0], tie[1].kind.value))
            step = placed[parent].column
            side = (step > 0) - (step < 0) or _side(other, [edge for _, edge in ties])
            placed[other] = _Place(step + side, heaviest.kind, heaviest.weight, parent)
            if not side:
                undecided.append(other)
            elif not step:
                sides[side] += 1
        for other in undecided:  # what has no direction goes where there is room
            side = 1 if sides[1] <= sides[-1] else -1
            placed[other].column = side
            sides[side] += 1
        level = list(found)
    for node in graph.nodes:
        placed.setdefault(node.id, _Place(1, EdgeKind.ALIKE, 0.0))
    return placed


def _side(other: str, edges: Sequence[Edge]) -> int:
    """-1 if a node mostly points at the centre, 1 if the centre points at it, 0 if neither is said."""
    total = sum(
        edge.weight * (-1 if edge.source == other else 1) for edge in edges if edge.kind is not EdgeKind.CHANGED_WITH
    )
    return (total > 0) - (total < 0)


def _ordered(ids: Sequence[str], placed: Mapping[str, _Place], graph: Graph) -> list[str]:
    """Rows of one column: by parent's place, kind of edge and weight."""
    rank = {node.id: at for at, node in enumerate(graph.nodes)}

    def key(id_: str) -> tuple[int, int, float, int]:
        place = placed[id_]
        parent = rank.get(place.parent, 0) if abs(place.column) > 1 else 0
        return parent, _KIND_ORDER.index(place.kind), -place.weight, rank[id_]

    return sorted(ids, key=key)


def _height(ids: Sequence[str], placed: Mapping[str, _Place]) -> float:
    groups = len({(placed[id_].kind, placed[id_].parent if abs(placed[id_].column) > 1 else "") for id_ in ids})
    return len(ids) * ROW_PX + max(0, groups - 1) * _GROUP_PX


def _width(words: tuple[str, str]) -> float:
    return _MARK_PX + max(columns(words[0]) * CHAR_PX, columns(words[1]) * CHAR_PX * 10 / 11) + 12.0


def _words(node: Node) -> tuple[str, str]:
    """What is written in a box: the name, and below it where it is or what it is."""
    if node.kind is NodeKind.FILE:
        folder, _, name = node.path.rpartition("/")
        return cut(name, _LABEL_COLUMNS), cut(folder or node.detail, _LABEL_COLUMNS)
    place = node.path.rpartition("/")[2] + (f":{node.line}" if node.line else "") if node.path else ""
    detail = f"{node.detail} · {place}" if node.detail and place else place or node.detail
    return cut(node.label, _LABEL_COLUMNS), cut(detail or node.kind.value, _LABEL_COLUMNS)
