"""What the commands answer on a small real workspace: as JSON in the documented shapes, and to a person."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.console import SHOP, Ran, magray, tree, write

from magray_server.cli.table import command_named


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", SHOP)


def check_shape(answer: Any, command: str) -> None:
    """Every key that the table documents is in the answer, at its place; words after the value are for people."""
    text = command_named(command).json
    documented, _ = json.JSONDecoder().raw_decode(re.sub(r'("[\w]+")(?!\s*:|\w)', r"\1: null", text))
    compare(documented, answer, command)


def compare(shape: Any, value: Any, at: str) -> None:
    if isinstance(shape, dict) and set(shape) != {"reason"}:
        assert isinstance(value, dict), at
        for key, inner in shape.items():
            assert key in value, f"{at}.{key}"
            compare(inner, value[key], f"{at}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for item in value if shape else ():
            compare(shape[0], item, at)


def ok(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def test_index_counts_files_and_says_why_others_were_skipped(shop: Path) -> None:
    write(shop, {".gitignore": "build/\n", "build/out.py": "x = 1\n", ".env": "KEY=secret\n", "big.bin": "\0\1"})
    answer = ok(magray("index", "--json", cwd=shop)).json
    check_shape(answer, "index")
    assert answer["files"] == 7
    assert {reason: count for reason, count in answer["skipped"].items() if "ignored" not in reason} == {
        "may hold secrets": 1,
        "not text": 1,
    }
    said = ok(magray("index", cwd=shop))
    assert "7 files" in said.out
    assert said.err == ""


def test_search_indexes_first_and_takes_up_changes(shop: Path) -> None:
    answer = ok(magray("search", "add", "up", "prices", "--json", cwd=shop)).json
    check_shape(answer, "search")
    assert answer["hits"][0]["path"] == "shop/prices.py"
    assert answer["hits"][0]["symbol"] == "total"
    write(shop, {"shop/discount.py": "def rebate_of_loyal_customers() -> int:\n    return 3\n"})
    answer = ok(magray("search", "rebate loyal", "--json", "-k", "1", cwd=shop)).json
    assert [hit["path"] for hit in answer["hits"]] == ["shop/discount.py"]
    assert "shop/discount.py:1" in ok(magray("search", "rebate", cwd=shop)).out


def test_search_serves_one_answer_for_each_line(shop: Path) -> None:
    requests = [
        '{"query": "total", "k": 1}',
        "",
        "not json",
        '{"k": 2}',
        '{"query": "Basket"}',
        '{"query": "", "k": 1}',
    ]
    ran = ok(magray("search", "--serve", cwd=shop, stdin="\n".join(requests) + "\n"))
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert len(answers) == 5
    check_shape(answers[0], "search")
    assert len(answers[0]["hits"]) == 1
    assert answers[1]["error"]["kind"] == answers[2]["error"]["kind"] == "tool_invalid_arguments"
    assert answers[3]["hits"][0]["symbol"] == "Basket"
    assert answers[4]["hits"] == []


def test_explain_gives_facts_with_citations(shop: Path) -> None:
    answer = ok(magray("explain", "shop/report.py:6:15", "--json", cwd=shop)).json
    check_shape(answer, "explain")
    assert answer["citations"][0] == {"path": "shop/prices.py", "start_line": 7, "end_line": 12, "label": "total"}
    assert "[`shop/prices.py:7`](shop/prices.py#L7)" in answer["markdown"]
    said = ok(magray("explain", "prices.py:7", cwd=shop / "shop")).out
    assert "Add up the prices." in said
    assert "round to cents" in said
    assert "](" not in said


def test_a_plan_changes_nothing_and_applying_and_undoing_are_exact(shop: Path) -> None:
    before = tree(shop)
    plan = ok(magray("plan", "rename total to sum_up", "--json", cwd=shop)).json
    check_shape(plan, "plan")
    assert tree(shop) == before
    assert plan["status"] == "proposed"
    assert plan["intent"]["slots"]["new"] == "sum_up"
    assert "+def sum_up(" in plan["steps"][0]["diff"]
    assert any(left["path"] == "README.md" for step in plan["steps"] for left in step["proof"]["residue"])
    check_shape(ok(magray("show", plan["id"][:5], "--json", cwd=shop)).json, "show")
    diff = ok(magray("show", "--diff", cwd=shop)).out
    assert diff.startswith("diff --git a/")
    assert f"# Plan {plan['id']}" in ok(magray("show", cwd=shop)).out

    done = ok(magray("apply", plan["id"], "--yes", "--json", cwd=shop)).json
    check_shape(done, "apply")
    assert (done["plan"], done["applied"]) == (plan["id"], [1])
    assert "def sum_up(" in (shop / "shop/prices.py").read_text(encoding="utf-8")
    assert "import sum_up" in (shop / "tests/test_prices.py").read_text(encoding="utf-8")

    undone = ok(magray("undo", "--yes", "--json", cwd=shop)).json
    assert (undone["status"], undone["applied"]) == ("undone", [])
    assert tree(shop) == before
    again = ok(magray("redo", plan["id"], "--yes", cwd=shop)).out
    assert again.startswith(f"Plan {plan['id']} is partly applied (step 1)")
    assert tree(shop) != before
    ok(magray("undo", "last", "--step", "1", "--yes", cwd=shop))
    assert tree(shop) == before


def test_the_diff_that_is_shown_is_the_one_that_git_would_apply(shop: Path, tmp_path: Path) -> None:
    import subprocess

    copy = write(tmp_path / "copy", SHOP)
    ok(magray("plan", "rename Basket to Cart", cwd=shop))
    diff = ok(magray("show", "--diff", cwd=shop)).out
    applied = subprocess.run(["git", "apply", "-"], cwd=copy, input=diff, text=True, capture_output=True, check=False)
    assert applied.returncode == 0, applied.stderr
    ok(magray("apply", "--yes", cwd=shop))
    assert tree(copy) == tree(shop)


def test_a_plan_is_made_from_a_cursor_in_any_language_of_the_goal(shop: Path) -> None:
    pointed = ok(magray("plan", "rename to sum_up", "--at", "shop/prices.py:7:6", "--json", cwd=shop)).json
    named = ok(magray("plan", "переименуй total в sum_up", "--json", cwd=shop)).json
    assert pointed["intent"]["slots"]["old"] == named["intent"]["slots"]["old"] == "total"
    assert [step["diff"] for step in pointed["steps"]] == [step["diff"] for step in named["steps"]]
    on_line = ok(magray("plan", "rename to sum_up", "--at", "shop/prices.py:7", "--json", cwd=shop)).json
    assert [step["diff"] for step in on_line["steps"]] == [step["diff"] for step in named["steps"]]


def test_do_plans_shows_and_applies(shop: Path) -> None:
    said = ok(magray("do", "rename total to sum_up", "--yes", cwd=shop)).out
    assert said.startswith("Plan ")
    assert "is partly applied" in said
    assert "def sum_up(" in (shop / "shop/prices.py").read_text(encoding="utf-8")
    ok(magray("undo", "--yes", cwd=shop))
    answer = ok(magray("do", "rename total to sum_up", "--yes", "--json", cwd=shop)).json
    check_shape(answer, "do")


def test_doctor_tells_the_state_of_everything(shop: Path) -> None:
    answer = magray("doctor", "--json", cwd=shop).json
    check_shape(answer, "doctor")
    assert answer["ok"] is True
    states = {check["name"]: check["state"] for check in answer["checks"]}
    assert (states["index"], states["models"]) == ("off", "ok")
    write(shop, {".magray/config.toml": "[hover]\nmax_lines = 9\nmax_line = 3\n"})
    ok(magray("index", cwd=shop))
    answer = magray("doctor", "--json", cwd=shop).json
    assert answer["index"]["files"] == 6
    assert {"key": "hover.max_lines", "value": 9, "source": ".magray/config.toml"} in answer["settings"]
    said = ok(magray("doctor", cwd=shop)).out
    assert "did you mean hover.max_lines?" in said
    write(shop, {".magray/config.toml": "[hover]\nmax_lines = 'many'\n"})
    broken = magray("doctor", cwd=shop)
    assert broken.code == 1
    assert "hover.max_lines in .magray/config.toml is 'many'" in broken.out


def check_doctor(root: Path, **states: str) -> None:
    ran = magray("doctor", "--root", str(root), "--json", cwd=root.parent)
    found = {check["name"]: check["state"] for check in ran.json["checks"]}
    assert {name: found[name] for name in states} == states
    assert ran.code == (1 if "problem" in found.values() else 0)


def test_doctor_names_what_is_broken_instead_of_breaking(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/.magray").write_text("mine", encoding="utf-8")
    check_doctor(tmp_path / "odd", **{"state folder": "problem", "index": "off", "plans": "ok"})
    ok(magray("plan", "rename total to sum_up", cwd=shop))
    check_doctor(shop, index="ok", plans="ok", writer="ok")
    memory = shop / ".magray/memory"
    for name in ("index.db", "state.db"):
        with sqlite3.connect(memory / name) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
    check_doctor(shop, index="problem", plans="problem")
    for name in ("index.db", "state.db"):
        (memory / name).write_bytes(b"garbage" * 1000)
    ran = magray("doctor", "--json", cwd=shop)
    assert {"index": "problem", "plans": "warning"}.items() <= {
        (check["name"], check["state"]) for check in ran.json["checks"]
    }


def test_the_version_is_told(tmp_path: Path) -> None:
    assert re.fullmatch(r"magray \d+\.\d+\.\d+\n", ok(magray("--version", cwd=tmp_path)).out)
