"""Affinity: personalised PageRank is what its definition says, and puts what belongs together near."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from magray_testkit.graphs import complete, graphed, write
from numpy.typing import NDArray

from magray_configs.settings import IndexSettings
from magray_core.errors import IndexUnavailable
from magray_indexers.building import build
from magray_indexers.graph.affinity import (
    DAMPING,
    FileGraph,
    FileGraphs,
    affinity,
    load_file_graph,
    personalised_pagerank,
    related_files,
)
from magray_indexers.graph.model import EdgeKind
from magray_indexers.graph.store import delete_graph

SHOP = {
    "shop/basket.py": "from .money import Money\n\nclass Basket:\n    def pay(self):\n        return Money(1)\n",
    "shop/money.py": "class Money: ...\n",
    "shop/web.py": "from .basket import Basket\n\ndef serve_page():\n    Basket()\n",
    "tests/test_basket.py": "from shop.basket import Basket\n\ndef test_pay():\n    Basket().pay()\n",
    "weather/rain.py": "from .cloud import Cloud\n\ndef rain_now():\n    Cloud()\n",
    "weather/cloud.py": "class Cloud: ...\n",
    "lonely.py": "x = 1\n",
}


def made(n: int, links: list[tuple[int, int, float]]) -> FileGraph:
    """A graph of ``n`` files with symmetric links."""
    both = [*links, *((b, a, weight) for a, b, weight in links)]
    both.sort(key=lambda link: link[0])
    sources = np.array([link[0] for link in both], dtype=np.int64)
    weights = np.array([link[2] for link in both])
    counts = np.bincount(sources, minlength=n)
    totals = np.bincount(sources, weights=weights, minlength=n)
    paths = [f"f{i}" for i in range(n)]
    return FileGraph(
        (0, 0), paths, {path: i for i, path in enumerate(paths)},
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), np.array([link[1] for link in both], dtype=np.int64),
        weights / totals[sources], counts.astype(np.float64), np.zeros(len(both), dtype=np.uint8),
    )  # fmt: skip


def dense(n: int, links: list[tuple[int, int, float]], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """The definition, solved: rank = (1 - d) start + d P^T rank, where a file without links keeps its walker."""
    matrix = np.zeros((n, n))
    for a, b, weight in links:
        matrix[a, b] += weight
        matrix[b, a] += weight
    totals = matrix.sum(axis=1)
    for i in range(n):
        if totals[i] == 0:
            matrix[i, i] = totals[i] = 1.0
    step = matrix / totals[:, None]
    solved: NDArray[np.float64] = np.linalg.solve(np.eye(n) - DAMPING * step.T, (1 - DAMPING) * start)
    return solved


@pytest.mark.parametrize("seed", range(30))
def test_personalised_pagerank_is_what_solving_its_equation_gives(seed: int) -> None:
    chance = random.Random(seed)
    n = chance.randint(1, 40)
    links = [
        (a, b, chance.uniform(0.01, 5.0))
        for a, b in ((chance.randrange(n), chance.randrange(n)) for _ in range(chance.randint(0, 3 * n)))
        if a != b
    ]
    seeds = {chance.randrange(n): chance.uniform(0.1, 1.0) for _ in range(chance.randint(1, 4))}
    start = np.zeros(n)
    for at, weight in seeds.items():
        start[at] = weight
    start /= start.sum()
    exact = dense(n, links, start)
    found = personalised_pagerank(made(n, links), seeds, tolerance=1e-12)
    assert np.abs(found - exact).max() < 1e-6
    assert abs(found.sum() - 1) < 1e-6
    quick = personalised_pagerank(made(n, links), seeds)
    assert np.abs(quick - exact).max() < 1e-3
    assert (quick <= exact + 1e-9).all()


def test_what_belongs_together_is_near(tmp_path: Path) -> None:
    graphed(tmp_path, SHOP)
    found = affinity(load_file_graph(tmp_path), ["shop/basket.py"], SHOP)
    assert found["shop/basket.py"] == 1.0
    assert all(0 <= score <= 1 for score in found.values())
    near = {"shop/money.py", "shop/web.py", "tests/test_basket.py"}
    assert min(found[path] for path in near) > 0.1
    assert found["weather/rain.py"] == found["lonely.py"] == 0.0


def test_the_first_of_the_open_files_counts_most(tmp_path: Path) -> None:
    graphed(tmp_path, SHOP)
    graph = load_file_graph(tmp_path)
    shop = affinity(graph, ["shop/basket.py", "weather/rain.py"], SHOP)
    weather = affinity(graph, ["weather/rain.py", "shop/basket.py"], SHOP)
    assert weather["weather/cloud.py"] / weather["shop/web.py"] > shop["weather/cloud.py"] / shop["shop/web.py"] > 0


def test_unknown_files_are_left_out_and_nothing_open_gives_nothing(tmp_path: Path) -> None:
    graphed(tmp_path, SHOP)
    graph = load_file_graph(tmp_path)
    assert affinity(graph, ["new.py", "../x"], SHOP) == {}
    assert affinity(graph, [], SHOP) == {}
    assert set(affinity(graph, ["shop/web.py", "new.py"], ["new.py", "lonely.py"])) == {"lonely.py"}


def test_related_files_say_how_they_are_related(tmp_path: Path) -> None:
    graphed(tmp_path, SHOP)
    graph = load_file_graph(tmp_path)
    found = related_files(graph, "shop/basket.py", 2)
    assert len(found) == 2
    assert found[0].score == 1.0
    by_path = {one.path: one.kinds for one in related_files(graph, "shop/basket.py", 10)}
    assert EdgeKind.TESTS in by_path["tests/test_basket.py"]
    assert EdgeKind.IMPORTS in by_path["shop/money.py"]
    assert related_files(graph, "nowhere.py") == []


def test_a_workspace_without_a_graph_has_no_affinity(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable):
        load_file_graph(tmp_path)
    graphs = FileGraphs(tmp_path)
    assert graphs.load() is None
    assert graphs.current() is None


def test_searches_get_the_newer_graph_once_it_is_there(tmp_path: Path) -> None:
    graphed(tmp_path, SHOP)
    graphs = FileGraphs(tmp_path)
    first = graphs.load()
    assert first is not None
    assert graphs.load() is first
    assert graphs.current() is first
    write(tmp_path, {"lonely.py": "from shop.money import Money\n"})
    build(tmp_path, IndexSettings(workers=1))
    complete(tmp_path)
    second = graphs.load()
    assert second is not None
    assert affinity(second, ["lonely.py"], ["shop/money.py"])["shop/money.py"] == 1.0
    delete_graph(tmp_path)
    assert graphs.load() is second
    complete(tmp_path)
    third = graphs.load()
    assert third is not None
    assert third is not second
    graphs.close()


def test_an_empty_workspace_has_an_empty_graph(tmp_path: Path) -> None:
    graphed(tmp_path, {})
    assert affinity(load_file_graph(tmp_path), ["a.py"], ["a.py"]) == {}
