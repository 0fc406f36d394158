"""Prose and data formats: headings and keys are symbols, found without a grammar."""

from inline_snapshot import snapshot
from magray_testkit.parsing import check_symbols


def test_md() -> None:
    check_symbols(
        "guide.md",
        snapshot("""\
6-21 section Guide to *things* | # Guide to *things* #
14-16 section Guide to *things*.Install | ## Install
18-21 section Guide to *things*.Setext | Setext
23-23 section Other | # Other\
"""),
    )


def test_rst() -> None:
    check_symbols(
        "guide.rst",
        snapshot("""\
1-14 section Guide | Guide
5-11 section Guide.Install | Install
10-11 section Guide.Install.Deep | Deep
13-14 section Guide.Use | Use\
"""),
    )


def test_yaml() -> None:
    check_symbols(
        "compose.yaml",
        snapshot("""\
2-2 key version | version: "3"
3-9 key services | services:
4-7 key services.web | web:
5-5 key services.web.image | image: nginx
6-7 key services.web.command | command: |
8-9 key services.db | db:
9-9 key services.db.image | image: pg\
"""),
    )


def test_toml() -> None:
    check_symbols(
        "conf.toml",
        snapshot("""\
1-1 key name | name = "x"
2-3 key tool.ruff | [tool.ruff]
3-3 key tool.ruff.line-length | line-length = 120
4-5 key bin | [[bin]]
5-5 key bin.path | path = "y" # FIXME: wrong\
"""),
    )


def test_json() -> None:
    check_symbols(
        "package.json",
        snapshot("""\
2-2 key name | "name": "x",
3-7 key scripts | "scripts": {
4-4 key scripts.build | "build": "tsc",
5-7 key scripts.deep | "deep": {"a": 1}\
"""),
    )


def test_html() -> None:
    check_symbols(
        "index.html",
        snapshot("""\
1-1 section Shop | <html><head><title>Shop</title></head>
3-7 section Welcome | <!-- TODO: logo --><h1>Welcome</h1>
4-4 section Welcome.cart | <div id="cart" class="x">
5-7 section Welcome.Items | <h2><a href="#">Items</a></h2>\
"""),
    )


def test_css() -> None:
    check_symbols(
        "style.css",
        snapshot("""\
2-3 key .button:hover | .button:hover,
4-6 key @media (max-width: 10px) | @media (max-width: 10px) {\
"""),
    )
