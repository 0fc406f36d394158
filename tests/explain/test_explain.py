"""Explanations on small real workspaces: which definition a name means, and what is said about it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from magray_testkit.indexed import cursor, indexed, opened

from magray_configs.settings import HoverSettings, Settings
from magray_core.memory import MemoryRecord
from magray_core.spans import LineIndex
from magray_indexers.remembering import records
from magray_indexers.remembering.store import MemoryStore
from magray_orchestration.explain.counting import mentions
from magray_orchestration.explain.facts import Explanation, explain, explain_briefly
from magray_orchestration.explain.resolving import Definition
from magray_orchestration.workspace import Workspace

FILES = {
    "app/__init__.py": "from .money import add_up as add_up\n",
    "app/money.py": (
        "import os\n\n\n# TODO: ask about rounding\ndef add_up(\n    prices: list[int],\n) -> int:\n"
        '    """Add up the prices.\n\n    Nothing is rounded. See *this* [link](http://evil.example/x.png).\n    """\n'
        "    result = 0\n    for price in prices:\n        result += price\n    return result\n\n\n"
        "class Cart:\n    def pay(self) -> int:\n        return self.sum()\n\n"
        "    def sum(self) -> int:\n        return add_up([])\n\n\n"
        "class Wallet:\n    def sum(self) -> int:\n        return 0\n"
    ),
    "app/shop.py": (
        "import app\nfrom app import money\nfrom app.money import Cart as Basket, add_up as plus\n\n\n"
        "def report(result: int) -> int:\n    # add_up is called below; sum it all\n"
        "    cart = Basket()\n    cart.sum()\n    Basket.sum(cart)\n    show(result=3)\n"
        "    return plus([1]) + money.add_up([2]) + app.add_up([3]) + result\n\n\n"
        "def show(result: int) -> None:\n    print('add_up', result)\n"
    ),
    "app/result.py": "def result() -> int:\n    return 1\n",
    "tests/test_money.py": (
        "from app import add_up\n\n\ndef test_sum_of_nothing_is_zero() -> None:\n    assert add_up([]) == 0\n"
    ),
    "web/cart.ts": ("import { total } from './money';\n\nexport function show(): number {\n  return total([1]);\n}\n"),
    "web/money.ts": "/** Add up. */\nexport function total(prices: number[]): number {\n  return 0;\n}\n",
    "README.md": "Use `add_up` for sums. The result is shown.\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("explained"), FILES)


def line_and_column(workspace: Workspace, path: str, marked: str) -> tuple[int, int]:
    offset = cursor(workspace, path, marked).span.start
    lines = LineIndex(workspace.read(path).text)
    line = lines.line_of(offset)
    return line + 1, offset - lines.line_start(line) + 1


def explained(workspace: Workspace, path: str, marked: str) -> Explanation | None:
    return explain(workspace, path, *line_and_column(workspace, path, marked))


def check_means(workspace: Workspace, path: str, marked: str, *definitions: str) -> None:
    """The cursor in the marked text means exactly these ``path:line`` definitions, in this order."""
    explanation = explained(workspace, path, marked)
    if explanation is None:
        assert not definitions, f"nothing known at {marked}"
        return
    places = [f"{cited.path}:{cited.start_line}" for cited in explanation.citations[: max(1, len(definitions))]]
    assert places == list(definitions)
    assert ("is not certain" in explanation.markdown) == (len(definitions) > 1)


@pytest.mark.parametrize(
    ("path", "marked", "definitions"),
    [
        ("app/money.py", "def a$0dd_up", ["app/money.py:5"]),
        ("app/money.py", "return $0add_up", ["app/money.py:5"]),
        ("app/money.py", "self.s$0um()", ["app/money.py:22"]),
        ("app/shop.py", "return p$0lus", ["app/money.py:5"]),
        ("app/shop.py", "money.a$0dd_up([2])", ["app/money.py:5"]),
        ("app/shop.py", "app.add_up$0([3])", ["app/money.py:5"]),
        ("app/shop.py", "cart = B$0asket()", ["app/money.py:18"]),
        ("app/shop.py", "Basket.s$0um(cart)", ["app/money.py:22"]),
        ("app/shop.py", "    cart.s$0um()", ["app/money.py:22", "app/money.py:27"]),
        ("app/shop.py", "# a$0dd_up is", ["app/money.py:5"]),
        ("tests/test_money.py", "assert a$0dd_up", ["app/money.py:5"]),
        ("web/cart.ts", "return t$0otal", ["web/money.ts:2"]),
        ("README.md", "`a$0dd_up`", ["app/money.py:5"]),
    ],
)
def test_a_name_means_the_definition_in_scope_or_imported_else_all_candidates(
    workspace: Workspace, path: str, marked: str, definitions: list[str]
) -> None:
    check_means(workspace, path, marked, *definitions)


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("app/shop.py", "d$0ef report"),
        ("app/shop.py", "r$0eturn plus"),
        ("app/shop.py", "below; s$0um it all"),
        ("app/shop.py", "\n$0\n\ndef report"),
        ("app/shop.py", "+ r$0esult\n"),
        ("app/shop.py", "show(r$0esult=3)"),
        ("app/shop.py", "plus([$01])"),
        ("app/money.py", "    r$0esult = 0"),
        ("README.md", "The r$0esult is"),
    ],
)
def test_keywords_prose_locals_and_blanks_are_not_explained(workspace: Workspace, path: str, marked: str) -> None:
    check_means(workspace, path, marked)


def test_the_whole_explanation_has_every_fact_with_its_citation(workspace: Workspace) -> None:
    explanation = explained(workspace, "app/money.py", "def a$0dd_up")
    assert explanation is not None
    text = explanation.markdown
    assert "def add_up(prices: list[int]) -> int" in text
    assert "Nothing is rounded." in text
    assert "`report` [`app/shop.py:12`](app/shop.py#L12)" in text
    assert "## Tests (2 in 1 file)" in text
    assert "`test_sum_of_nothing_is_zero` [`tests/test_money.py:5`](tests/test_money.py#L5)" in text
    assert "TODO: ask about rounding" in text
    for link in re.findall(r"\]\(([^)]*)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        path, line = unquote(link).split("#L")
        assert int(line) <= FILES[path].count("\n") + 1
    assert all(cited.path in FILES for cited in explanation.citations)
    assert "index generation 1, up to date" in text


def test_the_short_one_fits_a_hover_and_never_links_elsewhere(workspace: Workspace) -> None:
    line, column = line_and_column(workspace, "app/money.py", "def a$0dd_up")
    for limit in (3, 6, 8, 15):
        narrow = Workspace(workspace.root, workspace.index, settings=Settings(hover=HoverSettings(max_lines=limit)))
        short = explain_briefly(narrow, "app/money.py", line, column)
        assert short is not None
        assert short.short_markdown.count("\n") < max(limit, 5)
    assert "http" not in short.short_markdown
    assert short.short_markdown == short.markdown


def test_documentation_is_shown_as_written_not_rendered(tmp_path: Path) -> None:
    doc = "![x](http://evil/x.png) <img src=x> [a](command:evil) `b` **c** _d_ snake_case \x1b[1m\u202e"
    root = tmp_path / "root"
    root.mkdir()
    workspace = indexed(root, {"a.py": f'def paint():\n    """{doc}"""\n'})
    short = explain_briefly(workspace, "a.py", 1, 5)
    assert short is not None
    line = next(line for line in short.short_markdown.splitlines() if "evil" in line)
    assert line == (
        r"\!\[x\](http://evil/x.png) \<img src=x\> \[a\](command:evil) \`b\` \*\*c\*\* \_d\_ snake_case"
        r" \\x1b\[1m\\u202e"
    )


def test_an_open_document_overrides_the_disk(workspace: Workspace) -> None:
    text = "def before() -> None: ...\n\n\n" + FILES["app/money.py"].replace("def add_up(", "def add_up(extra: str,")
    unsaved = opened(workspace, "app/money.py", text)
    explanation = explained(unsaved, "app/shop.py", "return p$0lus")
    assert explanation is not None
    assert explanation.citations[0].start_line == 8
    assert "extra: str" in explanation.markdown
    new = opened(workspace, "app/new.py", "def brand_new() -> None: ...\n\n\nbrand_new()\n")
    check_means(new, "app/new.py", "\nb$0rand_new()", "app/new.py:1")


def commits(root: Path, versions: list[dict[str, str]]) -> Iterator[str]:
    import pygit2

    repository = pygit2.init_repository(root)
    author = pygit2.Signature("Ada [x](y)", "ada@example.org", 1_700_000_000, 0)
    for number, files in enumerate(versions):
        for path, text in files.items():
            (root / path).write_text(text, encoding="utf-8")
        repository.index.add_all(["*.py"])
        parents = [] if repository.is_empty else [repository.head.target]
        tree = repository.index.write_tree()
        yield str(repository.create_commit("HEAD", author, author, f"change {number}\n\nbody", tree, parents))


def test_the_last_commits_that_touched_the_definition_are_named(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    versions = [
        {"a.py": "def one():\n    return 1\n\n\ndef two():\n    return 2\n"},
        {"a.py": "def one():\n    return 1\n\n\ndef two():\n    return 22\n"},
        {"a.py": "# top\ndef one():\n    return 1\n\n\ndef two():\n    return 22\n"},
    ]
    made = list(commits(root, versions))
    workspace = indexed(root, {})
    explanation = explain(workspace, "a.py", 6, 5)
    assert explanation is not None
    assert f"- `{made[1][:9]}` change 1 (Ada \\[x\\](y), 2023-11-14)" in explanation.markdown
    assert "change 2" not in explanation.markdown
    assert "change 1" not in (explain(workspace, "a.py", 2, 5) or explanation).markdown.split("Last changes")[1]


def test_a_line_without_a_column_means_its_definition(workspace: Workspace) -> None:
    explanation = explain(workspace, "app/money.py", 18)
    assert explanation is not None
    assert explanation.symbol == "Cart"
    assert explain(workspace, "app/money.py", 2) is None
    assert explain(workspace, "app/money.py", 999) is None


def test_notes_about_the_definition_and_its_file_are_shown(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    workspace = indexed(root, {"a.py": "def one(): ...\n\n\ndef two(): ...\n"})

    def keep(text: str, path: str, symbol: str = "") -> None:
        with contextlib.closing(MemoryStore.open(workspace.paths.memory_db)) as store:
            records.keep(store, MemoryRecord("", "note", text, "ada", 0.0, path, symbol))

    keep("Ask *Ada* first.", "a.py", "one")
    keep("Generated.", "a.py")
    keep("Elsewhere.", "b.py")
    explanation = explain(workspace, "a.py", 1, 5)
    assert explanation is not None
    assert r"- note: Generated." in explanation.short_markdown
    assert r"- note: Ask \*Ada\* first." in explanation.short_markdown
    assert "- Generated. (ada)" in explanation.markdown
    assert "Elsewhere" not in explanation.markdown
    keep("Newer.", "a.py", "two")
    assert "Newer." in (explain(workspace, "a.py", 4, 5) or explanation).markdown


def test_counting_in_pieces_ends_with_the_whole_count(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    files = {f"use{i}.py": f"from lib import paint\n\n\ndef use{i}():\n    paint({i})\n" for i in range(9)}
    workspace = indexed(root, {"lib.py": "def paint(n): ...\n", "tests/test_lib.py": "paint(1)\n", **files})
    definition = Definition(*workspace.index.symbols_named("paint")[0])
    first = mentions(workspace, definition, within_s=0)
    assert {one.path for one in first.found} == {"lib.py"}
    assert not first.complete
    rounds = 1
    while not mentions(workspace, definition, within_s=0).complete:
        rounds += 1
    assert rounds < 12
    whole = mentions(workspace, definition)
    assert list(whole.found) == workspace.index.occurrences("paint")
    unsaved = opened(workspace, "use3.py", "def use3(): ...\n")
    assert len(mentions(unsaved, definition).found) == len(whole.found) - 2
