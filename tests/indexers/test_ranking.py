"""What is found first: the order of a small gold corpus, its parts as a table, and what holds for every corpus."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from magray_configs.settings import IndexSettings
from magray_core.documents import Document, open_document
from magray_core.memory import Hit, SearchResult
from magray_indexers.building import build, update
from magray_indexers.reader import IndexReader
from magray_indexers.searching import search

GOLD = '''
#- shop/basket.py
"""What a customer is about to buy."""

from shop.prices import total_price

class Basket:
    """Holds items until they are paid for."""

    def __init__(self) -> None:
        self.items = []

    def add_item(self, item: str, price: int) -> None:
        """Put one more item in."""
        self.items.append((item, price))

    def checkout(self) -> int:
        return total_price(self.items)
#- shop/prices.py
"""Prices and discounts."""

TAX = 20

def total_price(items: list) -> int:
    """The sum of the prices of items, discounts taken off."""
    return sum(apply_discount(price) for _, price in items)

def apply_discount(price: int) -> int:
    return price - price // 10
#- shop/payments/retry.py
"""Failed payments are tried again with growing delays."""

from shop.basket import Basket

MAX_ATTEMPTS = 5

def pay(basket: Basket) -> bool:
    for attempt in range(MAX_ATTEMPTS):
        if charge(basket.checkout(), attempt):
            return True
    return False

def charge(amount: int, attempt: int) -> bool:
    """Повторная попытка оплаты после ошибки."""
    return amount > 0 and attempt > 1
#- shop/__init__.py
from shop.basket import Basket
from shop.prices import apply_discount, total_price
#- tests/test_basket.py
from shop.basket import Basket

def test_add_item_to_basket() -> None:
    basket = Basket()
    basket.add_item("tea", 3)
    assert basket.checkout() == 3

def test_checkout_of_basket_with_items() -> None:
    basket = Basket()
    basket.add_item("tea", 3)
    basket.add_item("milk", 2)
    assert basket.checkout() == 5
#- examples/buy.py
from shop.basket import Basket

basket = Basket()
basket.add_item("tea", 3)
print(basket.checkout())
#- web/httpServer.ts
export class HttpServer {
  /** Answers one request. */
  handleRequest(path: string): string { return parseUrl(path) }
}
export function parseUrl(path: string): string { return path.split("?")[0] }
#- web/sse.ts
export function openStream(): void { console.log("events are sent by the server") }
#- README.md
# Shop

The basket holds items, the checkout adds prices.
'''

FACTORS = ("kind", "repeat")


def write(root: Path, marked: str) -> None:
    for part in marked.split("#- ")[1:]:
        path, _, text = part.partition("\n")
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexReader]:
    root = tmp_path_factory.mktemp("shop")
    write(root, GOLD)
    build(root, IndexSettings(workers=1))
    reader = IndexReader.open(root)
    yield reader
    reader.close()


def find(reader: IndexReader, query: str, k: int = 10, overlay: Sequence[Document] = ()) -> tuple[Hit, ...]:
    return search(reader.corpus, query, k, overlay).hits


def paths(hits: Sequence[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.path for hit in hits))


FULL_MARKS = {("recency", 0.05), ("quality", 0.05)}


def table(hits: Sequence[Hit]) -> str:
    """A line for each hit: its score, place and parts; factors of 1 and full marks for standing are left out."""
    rows = []
    for hit in hits:
        parts = sorted(
            (name, value)
            for name, value in hit.scores.items()
            if (value != 1 or name not in FACTORS) and (name, value) not in FULL_MARKS
        )
        told = " ".join(f"{name} {value:.2f}".replace(" 0.", " .") for name, value in parts)
        rows.append(f"{hit.score:.2f} {hit.path}:{hit.start_line} | {told}")
    return "\n".join(rows)


def test_the_parts_of_every_score_are_told(shop: IndexReader) -> None:
    assert table(find(shop, "how are failed payments retried", 3)) == snapshot(
        "3.57 shop/payments/retry.py:1 | body .50 file 1.00 name 1.10 path .55 size .31"
    )
    assert table(find(shop, "Basket", 4)) == snapshot("""\
7.06 shop/basket.py:1 | body .20 definitions .40 exact 3.00 file .40 name 1.65 path 1.00 size .31
2.17 examples/buy.py:1 | body .50 definitions .39 exact 2.10 file 1.00 kind .50 size .24
1.86 tests/test_basket.py:1 | body .50 definitions .26 file 1.00 kind .50 name .55 path 1.00 size .30
1.66 shop/payments/retry.py:1 | body .41 file .83 size .31\
""")
    assert table(find(shop, "add an item to the basket", 5)) == snapshot("""\
3.38 shop/basket.py:1 | body .36 definitions .40 doc .20 file .72 name 1.04 path .24 size .31
1.50 tests/test_basket.py:1 | body .50 definitions .33 file 1.00 kind .50 name .52 path .24 size .30
0.87 examples/buy.py:1 | body .41 definitions .16 file .83 kind .50 size .24
0.66 shop/payments/retry.py:1 | body .08 file .16 size .31
0.53 shop/prices.py:1 | body .04 doc .04 file .07 size .29\
""")


def test_a_score_is_the_sum_of_its_parts_times_kind_and_repeat(shop: IndexReader) -> None:
    for query in ("basket", "how are prices computed", "shop/prices.py", "Basket.checkout", "tests of the basket"):
        for hit in find(shop, query):
            parts = dict(hit.scores)
            factor = parts.pop("kind") * parts.pop("repeat")
            assert sum(parts.values()) * factor == pytest.approx(hit.score, abs=0.001)


@pytest.mark.parametrize(
    ("query", "first", "symbol"),
    [
        ("total_price", "shop/prices.py", "total_price"),
        ("totalPrice", "shop/prices.py", "total_price"),
        ("Basket", "shop/basket.py", "Basket"),
        ("Basket.add_item", "shop/basket.py", "Basket.add_item"),
        ("add_item()", "shop/basket.py", "Basket.add_item"),
        ("MAX_ATTEMPTS", "shop/payments/retry.py", "MAX_ATTEMPTS"),
        ("handle_request", "web/httpServer.ts", "HttpServer.handleRequest"),
        ("where is `apply_discount` defined", "shop/prices.py", "apply_discount"),
    ],
)
def test_a_definition_comes_before_its_uses(shop: IndexReader, query: str, first: str, symbol: str) -> None:
    assert (find(shop, query)[0].path, find(shop, query)[0].symbol) == (first, symbol)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("shop/prices.py", "shop/prices.py"),
        ("prices.py", "shop/prices.py"),
        ("./shop/payments/retry.py:12", "shop/payments/retry.py"),
        ("payments/retry", "shop/payments/retry.py"),
        ("README.md", "README.md"),
        ("tests/test_basket.py", "tests/test_basket.py"),
        ("what does retry.py do", "shop/payments/retry.py"),
    ],
)
def test_a_path_finds_its_file(shop: IndexReader, query: str, first: str) -> None:
    assert find(shop, query)[0].path == first


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("how do we retry a payment", "shop/payments/retry.py"),
        ("discounted price computation", "shop/prices.py"),
        ("server-sent events", "web/sse.ts"),
        ("parsing the URL of http requests", "web/httpServer.ts"),
        ("повторные попытки оплаты", "shop/payments/retry.py"),
        ("ошибкой", "shop/payments/retry.py"),
        ("где считаются цены и скидки", "shop/prices.py"),
    ],
)
def test_a_question_finds_the_file_about_it(shop: IndexReader, query: str, first: str) -> None:
    assert find(shop, query)[0].path == first


def test_tests_and_examples_follow_the_implementation_unless_tests_are_asked_for(shop: IndexReader) -> None:
    found = paths(find(shop, "checkout of a basket with items"))
    assert found[0] == "shop/basket.py"
    assert {"tests/test_basket.py", "examples/buy.py"} <= set(found)
    assert find(shop, "tests for checkout of a basket")[0].path == "tests/test_basket.py"


def test_a_file_that_only_gathers_others_follows_what_it_gathers(shop: IndexReader) -> None:
    found = paths(find(shop, "total_price apply_discount"))
    assert found.index("shop/prices.py") < found.index("shop/__init__.py")


def test_no_file_has_more_than_three_hits(shop: IndexReader) -> None:
    for query in ("basket", "def", "item price"):
        shown = [hit.path for hit in find(shop, query, 100)]
        assert all(shown.count(path) <= 3 for path in shown)


def test_an_unsaved_document_replaces_what_the_index_holds(shop: IndexReader) -> None:
    unsaved = open_document("shop/prices.py", "def bulk_rebate(n: int) -> int:\n    return n\n", 3)
    assert find(shop, "bulk_rebate") == ()
    hit = find(shop, "bulk_rebate", overlay=[unsaved])[0]
    assert (hit.path, hit.symbol, hit.start_line) == ("shop/prices.py", "bulk_rebate", 1)
    assert "shop/prices.py" not in paths(find(shop, "apply_discount", overlay=[unsaved]))


def test_an_unsaved_document_is_scored_as_if_it_were_saved(tmp_path: Path) -> None:
    write(tmp_path, GOLD)
    build(tmp_path, IndexSettings(workers=1))
    reader = IndexReader.open(tmp_path)
    text = (tmp_path / "shop/prices.py").read_text() + "\ndef basket_rebate(basket):\n    return basket.items\n"
    for query in ("basket_rebate", "price of items", "rebate for a basket"):
        unsaved = find(reader, query, overlay=[open_document("shop/prices.py", text, 1)])
        (tmp_path / "shop/prices.py").write_text(text)
        update(tmp_path, ["shop/prices.py"], IndexSettings(workers=1))
        with_saved = IndexReader.open(tmp_path)
        saved = find(with_saved, query)
        with_saved.close()
        assert paths(unsaved)[0] == paths(saved)[0] == "shop/prices.py" or query == "price of items"
        assert {hit.path: hit.start_line for hit in unsaved} == {hit.path: hit.start_line for hit in saved}
    reader.close()


def test_a_new_unsaved_file_is_found(shop: IndexReader) -> None:
    fresh = open_document("shop/invoice.py", "class Invoice:\n    '''A bill.'''\n", 1)
    assert find(shop, "Invoice", overlay=[fresh])[0].path == "shop/invoice.py"


def test_many_open_documents_do_not_slow_search(tmp_path: Path) -> None:
    texts = {f"pkg/part{i}.py": f"def work{i}(x):\n    return x + {i}\n" * 200 for i in range(60)}
    write(tmp_path, "".join(f"#- {path}\n{text}" for path, text in texts.items()))
    build(tmp_path, IndexSettings(workers=1))
    reader = IndexReader.open(tmp_path)
    unchanged = [open_document(path, text, 1) for path, text in texts.items()]
    assert reader.search("work17", 3, overlay=unchanged).hits == reader.search("work17", 3).hits
    asked = [reader.search("work17", 3, overlay=unchanged).took_ms for _ in range(5)]
    reader.close()
    assert min(asked) < 100


@pytest.mark.parametrize("query", ["", "   ", "???", "++ -- {}", "\u200b", "x" * 10_000])
def test_nothing_to_look_for_finds_nothing(shop: IndexReader, query: str) -> None:
    assert find(shop, query) == ()


@pytest.mark.parametrize(
    "query",
    [
        "the",
        "how is it",
        "basket " * 2000,
        " ".join(f"word{i} basket" for i in range(2000)),
        "basket\x00 \ud800",
        "日本語 basket",
    ],
)
def test_an_odd_query_is_answered_quickly(shop: IndexReader, query: str) -> None:
    result: SearchResult = search(shop.corpus, query, 10)
    assert result.took_ms < 1000
    assert all(len(hit.snippet) <= 1000 and hit.snippet.count("\n") < 8 for hit in result.hits)


def test_at_most_as_many_hits_as_asked_for_in_the_same_order_each_time(shop: IndexReader) -> None:
    ten = find(shop, "basket items price", 10)
    assert [hit.score for hit in ten] == sorted((hit.score for hit in ten), reverse=True)
    for k in range(len(ten)):
        assert find(shop, "basket items price", k) == ten[:k]


def test_a_snippet_shows_where_the_words_are(shop: IndexReader) -> None:
    assert find(shop, "apply_discount")[0].snippet.startswith("def apply_discount(price: int) -> int:")
    assert "attempt" in find(shop, "how often is a payment attempted")[0].snippet


def test_searching_outside_git_does_not_use_up_none(shop: IndexReader) -> None:
    gc.collect()  # what other tests left behind is not counted
    before = sys.getrefcount(None)
    for _ in range(300):
        find(shop, "basket")
        shop.freshness()
    assert sys.getrefcount(None) > before - 100
