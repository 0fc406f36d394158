"""The code action menu: what fits the cursor, why something does not, and in no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from magray_testkit.indexed import cursor, indexed

from magray_core.plans import Place
from magray_core.spans import Span
from magray_orchestration.refactoring.organize_imports import OrganizeImports
from magray_orchestration.refactoring.python_move import PythonMove
from magray_orchestration.refactoring.python_rename import PythonRename

TEXT = "import os\n\n\nclass Shape:\n    def __init__(self): ...\n\n    def area(self):\n        return os.sep\n"
CASES = [
    ("class Sh$0ape", ["Rename Shape…", "Move class Shape…", "Organize imports"]),
    ("def ar$0ea", ["Rename area…", "Move function area… (area is not at the top level of its module)",
                    "Organize imports"]),
    ("ret$0urn", ["Rename return… (return is a keyword)", "Organize imports"]),
    ("def __in$0it__", ["Rename __init__… (Python itself looks for __init__)",
                        "Move function __init__… (__init__ is not at the top level of its module)",
                        "Organize imports"]),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "titles"), CASES)
def test_the_menu_fits_the_cursor(marked: str, titles: list[str], tmp_path: Path) -> None:
    workspace = indexed(tmp_path, {"a.py": TEXT})
    place = cursor(workspace, "a.py", marked)
    offers = [
        offer for one in (PythonRename(), PythonMove(), OrganizeImports()) for offer in one.offers(workspace, place)
    ]
    assert [offer.title + (f" ({offer.disabled})" if offer.disabled else "") for offer in offers] == titles


def test_the_menu_is_there_within_ten_milliseconds(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, {"a.py": TEXT + "def f(): return 1\n" * 5000})
    place = Place("a.py", Span(90_000, 90_000))
    times = []
    for _ in range(20):
        started = time.perf_counter()
        for one in (PythonRename(), PythonMove(), OrganizeImports()):
            one.offers(workspace, place)
        times.append(time.perf_counter() - started)
    assert sorted(times)[5] < 0.01
