"""The graph written for a terminal: the centre, then its neighbours by kind of edge and direction, heaviest first."""

from __future__ import annotations

from magray_indexers.graph.model import Edge, Graph, Node, NodeKind
from magray_orchestration.graph_picture.looks import EDGE_LOOKS, shown


def render_text(graph: Graph) -> str:
    """Lines without colour or control characters, ending with a newline."""
    nodes = {node.id: node for node in graph.nodes}
    centre = nodes[graph.centre]
    lines = [_title(centre)]
    for kind, look in EDGE_LOOKS.items():
        out = [edge for edge in graph.edges if edge.kind is kind and edge.source == graph.centre]
        into = [edge for edge in graph.edges if edge.kind is kind and edge.target == graph.centre]
        if kind.value == look.reverse.replace(" ", "-"):
            out, into = out + into, []
        for words, edges in ((kind.value.replace("-", " "), out), (look.reverse, into)):
            if edges:
                lines += ["", f"{words}:"]
                lines += [_line(nodes, edge, graph.centre) for edge in edges]
    further = [edge for edge in graph.edges if graph.centre not in (edge.source, edge.target)]
    if further:
        lines += ["", "further:"]
        lines += [
            f"  {_name(nodes[edge.source])} {edge.kind.value.replace('-', ' ')} {_name(nodes[edge.target])}"
            f"  {_origin(edge)}"
            for edge in further
        ]
    lines += [line for note in graph.notes for line in ("", shown(note, 300))]
    return "\n".join(lines) + "\n"


def _title(node: Node) -> str:
    place = f"{node.path}:{node.line}" if node.line else node.path
    about = ", ".join(part for part in (node.kind.value, node.detail, "" if place == node.label else place) if part)
    return f"{shown(node.label)} ({shown(about, 200)})"


def _line(nodes: dict[str, Node], edge: Edge, centre: str) -> str:
    other = nodes[edge.target if edge.source == centre else edge.source]
    where = "" if edge.origin == f"{other.path}:{other.line}" else f"  {_origin(edge)}"
    return f"  {_name(other)}  {edge.weight:.2f}{where}"


def _origin(edge: Edge) -> str:
    return f"{'at' if ':' in edge.origin else 'from'} {shown(edge.origin)}"


def _name(node: Node) -> str:
    label = shown(node.label)
    if node.kind is NodeKind.SYMBOL:
        return f"{label} ({shown(node.path)}:{node.line})"
    return label if node.kind is NodeKind.FILE else f"{label} ({node.kind.value})"
