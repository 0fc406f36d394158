"""What the graph is made of, as values: kinds of nodes and edges, a part of the graph to show, what an update did.

Everything in the graph is derived and says where it comes from; nothing in it has authority.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class NodeKind(str, Enum):
    """What a node stands for. A decision is a commit whose message records one; other commits are no nodes."""

    FILE = "file"
    SYMBOL = "symbol"
    NOTION = "notion"
    TASK = "task"
    NOTE = "note"
    DECISION = "decision"


class EdgeKind(str, Enum):
    """How one node is tied to another, read from the source to the target."""

    DEFINES = "defines"
    CALLS = "calls"
    IMPORTS = "imports"
    TESTS = "tests"
    MENTIONS = "mentions"
    CHANGED_WITH = "changed-with"
    DECIDED_IN = "decided-in"
    ALIKE = "shares-notions"


FILE_WEIGHTS: Mapping[EdgeKind, float] = MappingProxyType(
    {
        EdgeKind.IMPORTS: 1.0,
        EdgeKind.CALLS: 1.0,
        EdgeKind.TESTS: 2.0,
        EdgeKind.MENTIONS: 0.2,
        EdgeKind.CHANGED_WITH: 3.0,
        EdgeKind.ALIKE: 0.6,
    }
)
"""What one unit of each kind of edge counts between two files.

Chosen in coarse steps by how well they foretell which files a commit touches, in five repositories of four languages;
see docs/concepts/graph.md.
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A node to show. ``path`` and ``line`` (from 1; 0: none) are where it stands, ``detail`` a few words about it."""

    id: str
    kind: NodeKind
    label: str
    path: str = ""
    line: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A link from ``source`` to ``target`` (ids of nodes). ``weight`` grows with how sure and how often.

    ``origin`` says what it was read from: ``path:line``, ``git`` or ``path``.
    """

    source: str
    target: str
    kind: EdgeKind
    weight: float
    origin: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A part of the graph: ``nodes`` begin with the centre, then the nearest first; ``edges`` with the heaviest.

    ``notes`` are sentences about what is not shown.
    """

    centre: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    def node(self, id_: str) -> Node | None:
        """The node with that id, or None."""
        return next((node for node in self.nodes if node.id == id_), None)


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What an update did. ``remaining`` counts files whose links are still to be made; 0 with ``complete``.

    ``index_generation`` is the generation of the index that the graph was made from. ``busy``: another process makes
    the graph or the index cannot be read, and nothing was done.
    """

    read: int = 0
    linked: int = 0
    removed: int = 0
    remaining: int = 0
    complete: bool = False
    index_generation: int = 0
    seconds: float = 0.0
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Related:
    """A file near another: ``score`` in 0..1, and the kinds of the direct edges between them, heaviest first."""

    path: str
    score: float
    kinds: tuple[EdgeKind, ...] = field(default=())
