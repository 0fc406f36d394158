"""Pictures: legible, the same every time, and harmless whatever the names in them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from magray_indexers.graph.model import Edge, EdgeKind, Graph, Node, NodeKind
from magray_orchestration.graph_picture.layout import NODE_PX, lay_out
from magray_orchestration.graph_picture.looks import CHAR_PX, EDGE_LOOKS, NODE_COLORS, columns, cut
from magray_orchestration.usecases.graph import render_html, render_svg, render_text

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]]></style><svg onload=alert(1)>",
    "\u202egnp.exe", "a\x00b\x1b[31mc\x07", "line\nbreak\r\ttab", "\ufffe\uffff\ud800", "&amp;&#60;", "'`${x}`'",
    "e\u0301" * 200, "界面" * 80, "👩‍👩‍👧" * 40, "--><!--", "{{7*7}}", "",
]  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


def hostile() -> Graph:
    """Every hostile text as a label, path, detail, id and origin."""
    kinds, edge_kinds = list(NodeKind), list(EdgeKind)
    nodes = [
        Node(f"{kinds[i % 6].value}:{text}:{i}", kinds[i % 6], text, text, i, text) for i, text in enumerate(HOSTILE)
    ]
    edges = [
        Edge(nodes[0].id, node.id, edge_kinds[i % len(edge_kinds)], 1.0 / (i + 1), HOSTILE[i])
        for i, node in enumerate(nodes[1:])
    ]
    return Graph(nodes[0].id, tuple(nodes), tuple(edges), tuple(HOSTILE))


def large(n: int = 120) -> Graph:
    """A centre, neighbours on both sides and a second ring."""
    kinds = list(EdgeKind)
    nodes = [Node(f"file:{i}", NodeKind.FILE, f"src/pkg/module_{i}.py", f"src/pkg/module_{i}.py") for i in range(n)]
    edges = []
    for i in range(1, n):
        parent = 0 if i < n // 2 else i - n // 2 + 1
        ends = (nodes[parent].id, nodes[i].id) if i % 3 else (nodes[i].id, nodes[parent].id)
        edges.append(Edge(*ends, kinds[i % len(kinds)], 1.0, f"src/pkg/module_{i}.py:{i}"))
    return Graph(nodes[0].id, tuple(nodes), tuple(edges))


GRAPHS = {
    "hostile": hostile(),
    "large": large(),
    "alone": Graph("file:a", (Node("file:a", NodeKind.FILE, "a", "a"),), ()),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_picture_is_well_formed_and_holds_nothing_that_runs(name: str) -> None:
    root = ElementTree.fromstring(render_svg(GRAPHS[name]))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "defs", "marker", "path", "rect", "circle", "text", "g"}
    for element in root.iter():
        for attribute, value in element.attrib.items():
            assert not attribute.lower().startswith("on")
            assert "href" not in attribute
            assert "url(" not in value or value.startswith("url(#arrow-")
    assert "http" not in render_svg(GRAPHS[name]).replace("http://www.w3.org/2000/svg", "")


def test_invisible_and_reordering_characters_are_spelled_out() -> None:
    for text in (render_svg(hostile()), render_html(hostile(), nonce="abcd1234"), render_text(hostile())):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ufffe\uffff\ud800-\udfff]", text)
        assert "\\u202e" in text
        text.encode("utf-8")


@pytest.mark.parametrize("name", GRAPHS)
def test_no_two_boxes_meet_and_every_label_fits_its_box(name: str) -> None:
    layout = lay_out(GRAPHS[name])
    boxes = list(layout.boxes.values())
    assert len(boxes) == len(GRAPHS[name].nodes)
    for i, one in enumerate(boxes):
        assert one.x >= 0 and one.x + one.width <= layout.width
        assert one.y >= 0 and one.y + NODE_PX <= layout.height
        assert 26 + columns(one.label) * CHAR_PX <= one.width
        for other in boxes[i + 1 :]:
            apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
            apart_y = one.y + NODE_PX <= other.y or other.y + NODE_PX <= one.y
            assert apart_x or apart_y


def test_what_points_at_the_centre_is_on_its_left() -> None:
    nodes = tuple(Node(f"file:{name}", NodeKind.FILE, name, name) for name in ("centre", "user", "used"))
    edges = (
        Edge("file:user", "file:centre", EdgeKind.IMPORTS, 1.0, "user:1"),
        Edge("file:centre", "file:used", EdgeKind.CALLS, 1.0, "centre:1"),
    )
    boxes = lay_out(Graph("file:centre", nodes, edges)).boxes
    assert boxes["file:user"].x < boxes["file:centre"].x < boxes["file:used"].x


def test_the_same_graph_gives_the_same_picture() -> None:
    assert render_svg(large()) == render_svg(large())
    assert render_html(large(), nonce="abcd1234") == render_html(large(), nonce="abcd1234")


def test_every_kind_has_a_colour_on_both_grounds_and_a_dash_of_its_own() -> None:
    assert set(EDGE_LOOKS) == set(EdgeKind)
    assert set(NODE_COLORS) == set(NodeKind)
    assert len({look.dash for look in EDGE_LOOKS.values()}) == len(EdgeKind)
    picture = render_svg(hostile())
    assert "prefers-color-scheme:dark" in picture
    for kind, look in EDGE_LOOKS.items():
        assert f">{kind.value} " in picture
        assert look.light in picture
        assert look.dark in picture


class Document(HTMLParser):
    """Tags, scripts and attributes as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_document_runs_under_the_policy_that_it_states(name: str) -> None:
    document = Document()
    document.feed(render_html(GRAPHS[name], nonce="n0nceN0nce"))
    tags = [tag for tag, _ in document.tags]
    assert tags.count("script") == 1
    for tag, attributes in document.tags:
        assert tag not in ("img", "iframe", "link", "object", "base", "form")
        assert not any(key.startswith("on") or key in ("style", "src", "href") for key in attributes)
        if tag in ("script", "style"):
            assert attributes["nonce"] == "n0nceN0nce"
    policy = next(attributes["content"] for tag, attributes in document.tags if attributes.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("nonce", ["", "short", '"><script>', "a" * 200, "with space 1", "ünïcode1234"])
def test_a_nonce_that_is_none_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        render_html(large(3), nonce=nonce)


@pytest.mark.parametrize("text", HOSTILE)
def test_cut_text_fits(text: str) -> None:
    assert columns(cut(text, 20)) <= 20
