"""The demonstration: the main job from start to end, with the commands that a person types."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from magray_testkit.console import magray

BUDGET_S = 180


def check_demo(answer: Any) -> None:
    failed = [step for step in answer["steps"] if not step["ok"]]
    assert failed == []
    assert answer["ok"] is True
    assert answer["seconds"] < BUDGET_S
    titles = [step["title"] for step in answer["steps"]]
    for title in ("index it", "search it", "explain a name", "plan a rename", "apply it", "take it back"):
        assert title in titles
    assert titles[-1] == "every byte is as before"


def leftovers() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("magray-demo-*"))


def test_the_demonstration_works_offline_on_magrays_own_sources(tmp_path: Path) -> None:
    before = leftovers()
    answer = magray("demo", "--offline", "--json", cwd=tmp_path, timeout_s=BUDGET_S).json
    check_demo(answer)
    assert answer["project"] == "Magray's own sources"
    assert leftovers() <= before
    assert list(tmp_path.iterdir()) == []


def test_the_demonstration_takes_a_real_project_where_there_is_a_registry(tmp_path: Path) -> None:
    ran = magray("demo", cwd=tmp_path, timeout_s=BUDGET_S)
    assert ran.code == 0, ran.out + ran.err
    real = ran.out.startswith("click 8.3.1: 48 Python files, 20,468 lines")
    assert real or "Magray's own sources take its place" in ran.out
    assert "yes: every byte is as before" in ran.out
    assert "Everything held" in ran.out
