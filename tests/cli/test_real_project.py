"""The commands on click's source distribution: a function that is used in more than twenty files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from magray_testkit.console import magray, tree
from magray_testkit.projects import unpacked


@pytest.fixture(scope="module")
def click(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(unpacked("click"), tmp_path_factory.mktemp("real") / "click"))


def test_a_function_used_everywhere_is_found_explained_renamed_and_renamed_back(click: Path) -> None:
    before = tree(click)
    indexed = magray("index", "--json", cwd=click).json
    assert indexed["files"] > 80
    hits = magray("search", "print a message to stdout", "--json", cwd=click).json["hits"]
    echo = next(hit for hit in hits if hit["symbol"] == "echo")
    explained = magray("explain", f"{echo['path']}:{echo['start_line']}", "--json", cwd=click).json
    assert "Print a message and newline to stdout or a file." in explained["markdown"]
    assert len({cited["path"] for cited in explained["citations"]}) > 15

    plan = magray("plan", "rename echo to say_text", "--json", cwd=click).json
    assert len(plan["steps"][0]["files"]) >= 20
    assert plan["steps"][0]["proof"]["parses"]
    assert any(left["path"].endswith((".rst", ".md")) for left in plan["steps"][0]["proof"]["residue"])
    assert tree(click) == before

    applied = magray("apply", plan["id"], "--steps", "1", "--yes", "--json", cwd=click).json
    assert (applied["status"], applied["applied"]) == ("partly applied", [1])
    after = tree(click)
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {file["path"] for file in plan["steps"][0]["files"]}
    magray("index", cwd=click)
    assert magray("search", "say_text", "-k", "1", "--json", cwd=click).json["hits"][0]["symbol"] == "say_text"

    undone = magray("undo", plan["id"], "--yes", "--json", cwd=click).json
    assert undone["status"] == "undone"
    assert tree(click) == before
