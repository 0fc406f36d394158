"""The picture: one SVG document that needs nothing else, for light and dark grounds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from magray_indexers.graph.model import Edge, EdgeKind, Graph, NodeKind
from magray_orchestration.graph_picture.layout import NODE_PX, Box, Layout, lay_out
from magray_orchestration.graph_picture.looks import CHAR_PX, EDGE_LOOKS, NODE_COLORS, cut, safe

_GROUND = {"light": ("#ffffff", "#1f2328", "#57606a", "#f6f8fa", "#d0d7de", "#fff8c5", "#bf8700"),
           "dark": ("#0d1117", "#e6edf3", "#9aa4af", "#161b22", "#30363d", "#2d2400", "#d29922")}  # fmt: skip
_FONT = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace'
_MARKS = {
    NodeKind.FILE: '<path class="m-{k}" d="M-4.5 -6h6l3.5 3.5v8.5h-9.5z"/>',
    NodeKind.SYMBOL: '<circle class="m-{k}" r="5"/>',
    NodeKind.NOTION: '<path class="m-{k}" d="M0 -6.5L6.5 0L0 6.5L-6.5 0z"/>',
    NodeKind.TASK: '<path class="o-{k}" d="M-5 -5h10v10h-10z"/>',
    NodeKind.NOTE: '<path class="m-{k}" d="M-5.5 -5h11v7.5l-3 3h-8z"/>',
    NodeKind.DECISION: '<path class="m-{k}" d="M-4.5 -6.5h1.4v13h-1.4zM-2.4 -6.5h8l-2.4 3.2l2.4 3.2h-8z"/>',
}
_LEGEND_ROW_PX, _LEGEND_CELL_PX = 20.0, 150.0
_PORT_PX = 11.0


def render_svg(graph: Graph) -> str:
    """The graph as one SVG document of a few kilobytes: deterministic, without scripts or anything from elsewhere.

    Every text in it is escaped; full names and where each edge comes from are in tooltips.
    """
    layout = lay_out(graph)
    rows, legend_height = _legend(graph, layout)
    width, height = math.ceil(layout.width), math.ceil(layout.height + legend_height)
    centre = graph.node(graph.centre)
    title = f"Graph around {centre.label if centre is not None else graph.centre}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="magray-graph" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{safe(title)}">',
        f"<title>{safe(title)}</title>",
        f"<style>{stylesheet()}</style>",
        _arrows(graph),
        f'<rect class="ground" width="{width}" height="{height}"/>',
        f'<text class="head" x="24" y="28">{safe(cut(title, max(20, int((width - 48) / 8.2))))}</text>',
        *_edges(graph, layout),
        *(_box(box, is_centre=box.node.id == graph.centre) for box in layout.boxes.values()),
        *rows,
        "</svg>",
    ]
    return "\n".join(parts)


def stylesheet() -> str:
    """The rules for a light ground, for a dark one where the system or the editor has it."""
    light, dark = _theme("light"), _theme("dark")
    return (
        f".magray-graph{{font:11px {_FONT}}}.magray-graph .sub,.magray-graph .legend{{font-size:10px}}"
        ".magray-graph .head{font-size:13px;font-weight:600}.magray-graph .edge{fill:none}"
        ".magray-graph .centre .name{font-weight:700}"
        + "".join(f".magray-graph .e-{kind.value}{{stroke-dasharray:{look.dash or 'none'}}}"
                  for kind, look in EDGE_LOOKS.items())
        + _scoped(light, "")
        + f"@media (prefers-color-scheme:dark){{{_scoped(dark, '')}}}"
        + _scoped(light, ".vscode-light ") + _scoped(dark, ".vscode-dark ")
    )  # fmt: skip


def _theme(name: str) -> list[tuple[str, str]]:
    """(selector, declarations) of one ground."""
    ground, ink, dim, box, line, chosen, chosen_line = _GROUND[name]
    is_dark = name == "dark"
    rules = [
        (".ground", f"fill:{ground}"), (".head,.name", f"fill:{ink}"), (".sub,.legend", f"fill:{dim}"),
        (".box", f"fill:{box};stroke:{line}"), (".centre .box", f"fill:{chosen};stroke:{chosen_line}"),
    ]  # fmt: skip
    for kind, look in EDGE_LOOKS.items():
        color = look.dark if is_dark else look.light
        rules += [(f".e-{kind.value}", f"stroke:{color}"), (f".a-{kind.value}", f"fill:{color}")]
    for node_kind, colors in NODE_COLORS.items():
        color = colors[is_dark]
        rules.append((f".m-{node_kind.value}", f"fill:{color}"))
        rules.append((f".o-{node_kind.value}", f"fill:none;stroke:{color};stroke-width:1.6"))
    return rules


def _scoped(rules: Sequence[tuple[str, str]], scope: str) -> str:
    return "".join(
        ",".join(f"{scope}.magray-graph {one}" for one in selector.split(",")) + f"{{{declarations}}}"
        for selector, declarations in rules
    )


def _arrows(graph: Graph) -> str:
    kinds = [kind for kind in EDGE_LOOKS if any(edge.kind is kind for edge in graph.edges)]
    markers = "".join(
        f'<marker id="arrow-{kind.value}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="a-{kind.value}" d="M0 0.8L8 4L0 7.2z"/></marker>'
        for kind in kinds
        if kind is not EdgeKind.CHANGED_WITH
    )
    return f"<defs>{markers}</defs>"


def _edges(graph: Graph, layout: Layout) -> list[str]:
    """Curves, the lightest first so that the heaviest lie on top; edges of one pair run beside each other."""
    strongest: dict[EdgeKind, float] = {}
    for edge in graph.edges:
        strongest[edge.kind] = max(strongest.get(edge.kind, 0.0), edge.weight)
    pairs = Counter(frozenset((edge.source, edge.target)) for edge in graph.edges)
    seen: Counter[frozenset[str]] = Counter()
    drawn = []
    for edge in graph.edges:
        pair = frozenset((edge.source, edge.target))
        offset = (seen[pair] - (pairs[pair] - 1) / 2) * 5.0
        seen[pair] += 1
        share = edge.weight / strongest[edge.kind] if strongest[edge.kind] > 0 else 0.0
        drawn.append(_edge(edge, layout.boxes, offset, 1.0 + 1.4 * math.sqrt(max(0.0, share))))
    return drawn[::-1]


def _edge(edge: Edge, boxes: Mapping[str, Box], offset: float, width: float) -> str:
    source, target = boxes[edge.source], boxes[edge.target]
    y1, y2 = _port(source, target, offset), _port(target, source, offset)
    if source.column == target.column:
        outward = 1 if source.column >= 0 else -1
        x1 = x2 = source.x + source.width if outward > 0 else source.x
        bend = outward * (26.0 + min(60.0, abs(y2 - y1) / 6))
        c1, c2 = x1 + bend, x2 + bend
    else:
        rightward = source.column < target.column
        x1 = source.x + source.width if rightward else source.x
        x2 = target.x if rightward else target.x + target.width
        c1, c2 = x1 + (x2 - x1) * 0.5, x2 - (x2 - x1) * 0.5
    arrow = "" if edge.kind is EdgeKind.CHANGED_WITH else f' marker-end="url(#arrow-{edge.kind.value})"'
    words = f"{source.node.label} {edge.kind.value} {target.node.label} · {edge.weight:.2f} · {edge.origin}"
    return (
        f'<path class="edge e-{edge.kind.value}" data-kind="{edge.kind.value}" data-from="{safe(edge.source)}" '
        f'data-to="{safe(edge.target)}" stroke-width="{width:.2f}"{arrow} '
        f'd="M{x1:.1f} {y1:.1f}C{c1:.1f} {y1:.1f} {c2:.1f} {y2:.1f} {x2:.1f} {y2:.1f}">'
        f"<title>{safe(words)}</title></path>"
    )


def _port(box: Box, other: Box, offset: float) -> float:
    """The height at which an edge meets a box: a little towards where it comes from, so that a fan does not clot."""
    lean = max(-1.0, min(1.0, (other.middle - box.middle) / 300.0)) * _PORT_PX
    return max(box.y + 4, min(box.y + NODE_PX - 4, box.middle + lean + offset))


def _box(box: Box, *, is_centre: bool) -> str:
    node = box.node
    place = f"{node.path}:{node.line}" if node.line else node.path
    words = " · ".join(part for part in (node.label, node.kind.value, node.detail, place) if part)
    text_x = 26.0
    radius = 4 if node.kind is NodeKind.FILE else 12
    mark = _MARKS[node.kind].format(k=node.kind.value)
    return (
        f'<g class="node{" centre" if is_centre else ""}" data-id="{safe(node.id)}" data-path="{safe(node.path)}" '
        f'data-line="{node.line}" transform="translate({box.x:.1f} {box.y:.1f})"><title>{safe(words)}</title>'
        f'<rect class="box" width="{box.width:.1f}" height="{NODE_PX:.0f}" rx="{radius}"/>'
        f'<g transform="translate(14 17)">{mark}</g>'
        f'<text class="name" x="{text_x:.0f}" y="15">{safe(box.label)}</text>'
        f'<text class="sub" x="{text_x:.0f}" y="28">{safe(box.detail)}</text></g>'
    )


def _legend(graph: Graph, layout: Layout) -> tuple[list[str], float]:
    """Samples of the kinds that there are, then sentences about what is not shown; with the height they take."""
    edges, nodes = Counter(edge.kind for edge in graph.edges), Counter(node.kind for node in graph.nodes)
    cells = [
        f'<path class="edge e-{kind.value}" stroke-width="2" d="M0 -3h34"/>'
        f'<text class="legend" x="42" y="0">{kind.value} {edges[kind]}</text>'
        for kind in EDGE_LOOKS
        if edges[kind]
    ]
    cells += [
        f'<g transform="translate(27 -3)">{_MARKS[kind].format(k=kind.value)}</g>'
        f'<text class="legend" x="42" y="0">{kind.value} {nodes[kind]}</text>'
        for kind in NODE_COLORS
        if nodes[kind]
    ]
    per_row = max(1, int((layout.width - 48) // _LEGEND_CELL_PX))
    top = layout.height + 22
    parts = [
        f'<g transform="translate({24 + (at % per_row) * _LEGEND_CELL_PX:.0f} '
        f'{top + (at // per_row) * _LEGEND_ROW_PX:.0f})">{cell}</g>'
        for at, cell in enumerate(cells)
    ]
    y = top + math.ceil(len(cells) / per_row) * _LEGEND_ROW_PX
    for note in graph.notes:
        shown = safe(cut(note, max(20, int((layout.width - 48) / CHAR_PX))))
        parts.append(f'<text class="legend" x="24" y="{y:.0f}">{shown}</text>')
        y += _LEGEND_ROW_PX - 4
    return parts, y - layout.height
