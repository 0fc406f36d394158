"""The picture as a document for a browser or an editor's web view, with filters and the list of edges beside it."""

from __future__ import annotations

import re

from magray_indexers.graph.model import Edge, Graph, Node
from magray_orchestration.graph_picture.looks import EDGE_LOOKS, safe
from magray_orchestration.graph_picture.svg import render_svg

_NONCE = re.compile(r"[A-Za-z0-9+/=_-]{8,128}")
_STYLE = """
body{margin:0;padding:0;font:13px system-ui,sans-serif;background:#fff;color:#1f2328}
header{position:sticky;left:0;display:flex;flex-wrap:wrap;gap:4px 16px;padding:8px 24px}
label{display:inline-flex;gap:5px;align-items:center}
main{overflow:auto}
details{padding:8px 24px}
table{border-collapse:collapse}
th,td{text-align:left;padding:2px 14px 2px 0;font-weight:400}
.node[data-path]:not([data-path=""]){cursor:pointer}
.quiet{opacity:.12}
.off{display:none}
@media (prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}}
body.vscode-light{background:#fff;color:#1f2328}
body.vscode-dark{background:#0d1117;color:#e6edf3}
"""
_SCRIPT = """
const nodes=[...document.querySelectorAll("g.node")],edges=[...document.querySelectorAll("path[data-kind]")];
const rows=[...document.querySelectorAll("tr[data-kind]")],boxes=[...document.querySelectorAll("input[data-kind]")];
const editor=typeof acquireVsCodeApi==="function"?acquireVsCodeApi():null;
const centre=document.body.dataset.centre;
function filter(){
  const on=new Set(boxes.filter(b=>b.checked).map(b=>b.dataset.kind)),tied=new Set([centre]);
  for(const e of edges){const shown=on.has(e.dataset.kind);e.classList.toggle("off",!shown);
    if(shown){tied.add(e.dataset.from);tied.add(e.dataset.to);}}
  for(const r of rows)r.classList.toggle("off",!on.has(r.dataset.kind));
  for(const n of nodes)n.classList.toggle("off",!tied.has(n.dataset.id));
}
function light(id){
  const tied=new Set([id]);
  for(const e of edges){const own=id===null||e.dataset.from===id||e.dataset.to===id;
    e.classList.toggle("quiet",!own);if(own){tied.add(e.dataset.from);tied.add(e.dataset.to);}}
  for(const n of nodes)n.classList.toggle("quiet",id!==null&&!tied.has(n.dataset.id));
}
function open(n){
  if(editor&&n.dataset.path)editor.postMessage({command:"open",path:n.dataset.path,line:Number(n.dataset.line)||1});
}
document.querySelector("g.node.centre")?.scrollIntoView({block:"center",inline:"center"});
for(const b of boxes)b.addEventListener("change",filter);
for(const n of nodes){
  n.setAttribute("tabindex","0");
  n.addEventListener("mouseenter",()=>light(n.dataset.id));n.addEventListener("mouseleave",()=>light(null));
  n.addEventListener("focus",()=>light(n.dataset.id));n.addEventListener("blur",()=>light(null));
  n.addEventListener("click",()=>open(n));
  n.addEventListener("keydown",k=>{if(k.key==="Enter")open(n);});
}
"""


def render_html(graph: Graph, *, nonce: str) -> str:
    """One document that needs nothing else and runs under the content policy that it states.

    ``nonce`` (8 to 128 letters, digits, ``+/=_-``; new for each document) marks the only style and script that may
    apply. In VS Code a click posts ``{command: "open", path, line}`` to the extension. Raises ValueError for another
    nonce.
    """
    if _NONCE.fullmatch(nonce) is None:
        raise ValueError("a nonce has 8 to 128 letters, digits or +/=_-")
    picture = render_svg(graph).replace("<style>", f'<style nonce="{nonce}">', 1)
    nodes = {node.id: node for node in graph.nodes}
    kinds = [kind for kind in EDGE_LOOKS if any(edge.kind is kind for edge in graph.edges)]
    filters = "".join(
        f'<label><input type="checkbox" checked data-kind="{kind.value}">{kind.value}</label>' for kind in kinds
    )
    rows = "\n".join(_row(nodes, edge) for edge in graph.edges)
    centre = nodes[graph.centre]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-{nonce}'; \
script-src 'nonce-{nonce}'">
<meta name="viewport" content="width=device-width">
<title>Graph around {safe(centre.label)}</title>
<style nonce="{nonce}">{_STYLE}</style>
</head>
<body data-centre="{safe(graph.centre)}">
<header>{filters}</header>
<main>
{picture}
</main>
<details><summary>{len(graph.edges)} edges</summary>
<table>
{rows}
</table>
</details>
<script nonce="{nonce}">{_SCRIPT}</script>
</body>
</html>
"""


def _row(nodes: dict[str, Node], edge: Edge) -> str:
    cells = (nodes[edge.source].label, edge.kind.value, nodes[edge.target].label, f"{edge.weight:.2f}", edge.origin)
    return f'<tr data-kind="{edge.kind.value}">' + "".join(f"<td>{safe(cell)}</td>" for cell in cells) + "</tr>"
