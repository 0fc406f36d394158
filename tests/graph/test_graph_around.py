"""What a person sees around a file, a symbol, a word, a note or a todo."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from magray_testkit.graphs import complete, git, graphed
from magray_testkit.indexed import indexed

from magray_configs.settings import IndexSettings
from magray_core.errors import IndexUnavailable, WorkspaceError
from magray_core.memory import MemoryRecord
from magray_core.plans import Task
from magray_indexers.building import build
from magray_indexers.graph.model import EdgeKind, Graph, NodeKind
from magray_indexers.graph.store import delete_graph
from magray_indexers.reader import IndexReader
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.usecases.graph import graph_around, plan_records, refresh_graph, related_to, render_text
from magray_orchestration.usecases.plans import make_plan
from magray_orchestration.workspace import Workspace

SHOP = {
    "shop/basket.py": '''\
from .money import Money


class Basket:
    """What a person buys."""

    def pay(self):
        # TODO round once
        return Money(self.total())

    def total(self):
        return 1
''',
    "shop/money.py": "class Money:\n    pass\n",
    "shop/web.py": "from .basket import Basket\n\n\ndef serve_page():\n    Basket.pay(None)\n",
    "tests/test_basket.py": "from shop.basket import Basket\n\n\ndef test_pay():\n    Basket.pay(None)\n",
    "docs/guide.md": "# Basket\n\nCall `Basket.pay` once.\n",
}
RECORDS = (
    MemoryRecord(
        "n1", "note", "Rounding happens in Money alone", "the editor", 1.0, "shop/basket.py", "", ("rounding",)
    ),
    MemoryRecord("n2", "note", "why it is a method", "the editor", 2.0, "shop/basket.py", "Basket.pay"),
    MemoryRecord("todo-7", "todo", "Make `Basket.pay` safe to call twice", "the editor", 3.0),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("shop"), dict(SHOP))


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    label = {node.id: node.label for node in graph.nodes}
    return {(label[edge.source], edge.kind.value, label[edge.target]) for edge in graph.edges}


def test_around_a_file(shop: Workspace) -> None:
    assert render_text(graph_around(shop, "shop/basket.py", records=RECORDS)) == snapshot("""\
shop/basket.py (file, python)

defines:
  Basket (shop/basket.py:4)  2.42

calls:
  shop/money.py  1.00  at shop/basket.py:9

called by:
  shop/web.py  1.00  at shop/web.py:5

imports:
  shop/money.py  1.00  at shop/basket.py:1

imported by:
  shop/web.py  1.00  at shop/web.py:1
  tests/test_basket.py  1.00  at tests/test_basket.py:1

tested by:
  tests/test_basket.py  2.48  at tests/test_basket.py:1

mentions:
  basket (notion)  0.63  from shop/basket.py
  pay (notion)  0.63  from shop/basket.py

mentioned by:
  shop/web.py  1.37  at shop/web.py:1
  docs/guide.md  1.00  at docs/guide.md:3
  TODO round once (task)  1.00
  why it is a method (note)  0.50  from the editor

decided in:
  Rounding happens in Money alone (note)  1.00  from the editor
""")


def test_around_a_symbol(shop: Workspace) -> None:
    assert render_text(graph_around(shop, "Basket.pay", records=RECORDS)) == snapshot("""\
Basket.pay (symbol, method, shop/basket.py:7)

defined in:
  shop/basket.py  1.00  at shop/basket.py:7

calls:
  Basket.total (shop/basket.py:11)  1.00  at shop/basket.py:9
  Money (shop/money.py:1)  1.00  at shop/basket.py:9

called by:
  serve_page (shop/web.py:4)  1.00  at shop/web.py:5

tested by:
  test_pay (tests/test_basket.py:4)  1.00  at tests/test_basket.py:5

mentioned by:
  docs/guide.md  1.00  at docs/guide.md:3
  TODO round once (task)  1.00
  Make `Basket.pay` safe to call twice (task)  0.50  from the editor

decided in:
  why it is a method (note)  1.00  from the editor
""")


def test_a_place_means_the_definition_around_it(shop: Workspace) -> None:
    assert graph_around(shop, "shop/basket.py:8").nodes[0].label == "Basket.pay"
    assert graph_around(shop, "shop/basket.py:1").nodes[0].label == "shop/basket.py"
    assert graph_around(shop, "./shop/basket.py:400").nodes[0].label == "shop/basket.py"


def test_the_end_of_a_path_is_enough_where_it_is_clear(shop: Workspace) -> None:
    assert graph_around(shop, "money.py").nodes[0].path == "shop/money.py"


def test_a_note_leads_to_what_it_is_about(shop: Workspace) -> None:
    found = edges(graph_around(shop, "n2", records=RECORDS))
    assert ("Basket.pay", "decided-in", "why it is a method") in found
    assert ("why it is a method", "mentions", "shop/basket.py") in found
    found = edges(graph_around(shop, "n1", records=RECORDS))
    assert ("shop/basket.py", "decided-in", "Rounding happens in Money alone") in found
    assert ("Rounding happens in Money alone", "mentions", "rounding") in found


def test_a_todo_leads_to_the_code_that_it_names(shop: Workspace) -> None:
    graph = graph_around(shop, "todo-7", records=RECORDS)
    assert graph.nodes[0].kind is NodeKind.TASK
    assert ("Make `Basket.pay` safe to call twice", "mentions", "Basket.pay") in edges(graph)
    assert graph_around(shop, "todo", records=RECORDS).nodes[0].id == "task:todo-7"


def test_a_word_that_files_share_is_a_notion(shop: Workspace) -> None:
    graph = graph_around(shop, "baskets")
    assert graph.nodes[0].kind is NodeKind.NOTION
    assert {"shop/basket.py", "docs/guide.md"} <= {node.path for node in graph.nodes}


def test_a_plan_is_a_task_on_the_files_that_it_changes(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, dict(SHOP))
    store = PlanStore.open(workspace.paths)
    plan = make_plan(workspace, store, Task("rename Money to Cash"))
    store.close()
    assert {record.path for record in plan_records(workspace)} >= {"shop/money.py", "shop/basket.py"}
    graph = graph_around(workspace, plan.id)
    assert graph.nodes[0].kind is NodeKind.TASK
    assert ("rename Money to Cash", "mentions", "shop/money.py") in edges(graph)
    assert ("rename Money to Cash", "mentions", "shop/money.py") in edges(graph_around(workspace, "shop/money.py"))


def test_a_commit_that_decided_something_is_shown_with_its_words(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    graphed(tmp_path, {"start.py": "x = 1\n"})
    git(tmp_path, "add", "start.py")
    git(tmp_path, "commit", "-q", "-m", "start")
    graphed(tmp_path, {"money.py": "class Money: ...\n"})
    git(tmp_path, "add", "money.py")
    git(tmp_path, "commit", "-q", "-m", "Money\n\nDecision: whole cents, no fractions.")
    build(tmp_path, IndexSettings(workers=1))
    complete(tmp_path)
    workspace = Workspace(tmp_path, IndexReader.open(tmp_path))
    found = edges(graph_around(workspace, "money.py"))
    assert ("money.py", "decided-in", "Decision: whole cents, no fractions.") in found


def test_which_tests_cover_a_symbol_is_answered(shop: Workspace) -> None:
    graph = graph_around(shop, "Basket.pay")
    tests = {edge.source for edge in graph.edges if edge.kind is EdgeKind.TESTS}
    assert [graph.node(id_).label for id_ in tests] == ["test_pay"]  # type: ignore[union-attr]


def test_overloads_are_one_node(tmp_path: Path) -> None:
    text = "from typing import overload\n\n@overload\ndef load(x: int): ...\n@overload\ndef load(x: str): ...\n"
    workspace = indexed(tmp_path, {"a.py": text + "def load(x):\n    # the long one\n    return x\n"})
    graph = graph_around(workspace, "load")
    assert (graph.nodes[0].line, graph.notes) == (7, ())
    assert len([node for node in graph_around(workspace, "a.py").nodes if node.label == "load"]) == 1


def test_depth_and_limit_are_kept(shop: Workspace) -> None:
    assert len(graph_around(shop, "shop/basket.py", limit=3, records=RECORDS).nodes) == 3
    near, far = (graph_around(shop, "shop/money.py", depth=depth) for depth in (1, 2))
    assert {node.id for node in near.nodes} < {node.id for node in far.nodes}
    assert any("not shown" in note for note in graph_around(shop, "shop/basket.py", limit=3).notes)
    assert graph_around(shop, "shop/basket.py", depth=99, limit=-1).nodes


@pytest.mark.parametrize(
    "about", ["", "   ", "no_such_name_anywhere", "../../etc/passwd", "a\x00b", "x" * 5000, "%", "Baskte"]
)
def test_what_is_not_there_is_said_with_a_hint(shop: Workspace, about: str) -> None:
    with pytest.raises(WorkspaceError) as raised:
        graph_around(shop, about)
    assert raised.value.hint
    assert len(raised.value.message) < 200


def test_the_graph_is_made_when_it_is_asked_for(shop: Workspace) -> None:
    delete_graph(shop.root)
    assert len(graph_around(shop, "shop/basket.py").nodes) > 3
    delete_graph(shop.root)
    assert related_to(shop, "shop/basket.py") == []
    assert refresh_graph(shop.root).complete
    assert {one.path for one in related_to(shop, "shop/basket.py", 10)} >= {"shop/money.py", "tests/test_basket.py"}


def test_without_an_index_the_reason_is_given(tmp_path: Path, shop: Workspace) -> None:
    with pytest.raises(IndexUnavailable):
        graph_around(Workspace(tmp_path, shop.index), "a.py")
