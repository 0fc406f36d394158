"""Bad input: one clear sentence and a hint, the right exit code, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from magray_testkit.console import SHOP, Ran, magray, tree, write


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", SHOP)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace with an index and a plan; each test gets a copy, because making it takes a second."""
    root = write(tmp_path_factory.mktemp("prepared") / "shop", SHOP)
    assert magray("plan", "rename total to sum_up", cwd=root).code == 0
    return root


@pytest.fixture
def planned(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "shop"))


def check_refused(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran.out + ran.err
    for word in words:
        assert word in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert ran.err.startswith("magray: ")
    assert ran.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serch", "x"], ["there is no command 'serch'", "did you mean 'search'?"]),
        (["--bogus"], ["unrecognized arguments: --bogus"]),
        (["search"], ["give a query, or --serve and none"]),
        (["search", "x", "--serve"], ["give a query, or --serve and none"]),
        (["search", "x", "-k", "0"], ["-k must be 1 or more"]),
        (["search", "x", "-k", "many"], ["argument -k: invalid int value: 'many'"]),
        (["explain"], ["the following arguments are required: PATH:LINE[:COL]"]),
        (["explain", "a.py"], ["'a.py' is not PATH:LINE[:COL]", "count from 1"]),
        (["explain", "a.py:0"], ["'a.py:0' is not PATH:LINE[:COL]"]),
        (["plan"], ["the following arguments are required: GOAL"]),
        (["plan", "rename to x", "--select", "a.py:3"], ["'a.py:3' is not PATH:L1-L2"]),
        (["plan", "rename to x", "--at", "a.py"], ["'a.py' is not PATH:LINE[:COL]"]),
        (["apply", "--steps", "1,x"], ["'1,x' is not a list of steps"]),
        (["undo", "--step", "0"], ["--step counts from 1"]),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    check_refused(magray(*arguments, cwd=tmp_path), 2, *words)


def test_no_command_shows_the_help_and_ends_with_2(tmp_path: Path) -> None:
    ran = magray(cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("usage: magray")


def test_failures_are_json_too(shop: Path) -> None:
    assert magray("nothing", "--json", cwd=shop).json["error"]["kind"] == "usage_error"
    assert magray("--json", "search", "x", "-k", "0", cwd=shop).json["error"]["kind"] == "usage_error"
    assert magray("show", "abc", "--json", cwd=shop).json["error"] == {
        "kind": "plan_not_found", "message": "there is no plan 'abc'", "hint": "make one with: magray plan GOAL",
    }  # fmt: skip


def test_a_root_that_cannot_be_one_is_refused(shop: Path, tmp_path: Path) -> None:
    check_refused(magray("index", "--root", "nowhere", cwd=shop), 1, "there is no folder nowhere", "--root")
    check_refused(magray("index", "--root", "README.md", cwd=shop), 1, "README.md is a file, not a folder")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    if not os.access(closed, os.R_OK):  # the superuser may read it
        check_refused(magray("index", "--root", str(closed), cwd=shop), 1, "cannot read the folder")
    closed.chmod(0o700)


def test_an_empty_root_is_indexed_and_answers_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    root = ("--root", str(tmp_path / "empty"))
    assert magray("index", "--json", *root, cwd=tmp_path).json["files"] == 0
    ran = magray("search", "anything", "--json", *root, cwd=tmp_path)
    assert (ran.code, ran.json["hits"]) == (0, [])


def test_places_outside_or_without_anything_known_are_told(planned: Path) -> None:
    check_refused(magray("explain", "/etc/passwd:1", cwd=planned), 1, "/etc/passwd is not a file of the workspace")
    check_refused(magray("explain", "../other.py:1", cwd=planned), 1, "is not a file of the workspace")
    check_refused(magray("explain", "nope.py:1", cwd=planned), 1, "cannot read nope.py")
    check_refused(magray("explain", "shop/prices.py:2", cwd=planned), 1, "nothing is known about shop/prices.py:2")
    check_refused(magray("explain", "shop/prices.py:999", cwd=planned), 1, "nothing is known about")
    check_refused(magray("plan", "rename to x", "--at", "shop/prices.py:999", cwd=planned), 1, "there is no line 999")


def test_a_goal_that_is_not_understood_gets_the_nearest_that_would_be(shop: Path) -> None:
    ran = magray("plan", "rename totl to sum_up", "--json", cwd=shop)
    assert ran.code == 1
    error = ran.json["error"]
    assert error["kind"] == "goal_not_understood"
    assert any("total" in suggestion for suggestion in error["details"])
    check_refused(magray("plan", "make coffee", cwd=shop), 1, "magray: ")


def test_unknown_plans_and_no_plan_at_all(shop: Path) -> None:
    check_refused(magray("show", cwd=shop), 1, "there is no plan yet", "magray plan")
    for command in ("show", "apply", "undo", "redo"):
        check_refused(magray(command, "ffff", cwd=shop), 1, "there is no plan 'ffff'")


def test_without_a_yes_nothing_changes_and_the_code_is_3(planned: Path) -> None:
    before = tree(planned)
    check_refused(magray("apply", cwd=planned), 3, "nobody can be asked here", "--yes")
    refused = magray("do", "rename Basket to Cart", "--json", cwd=planned)
    assert (refused.code, refused.json["error"]["kind"]) == (3, "tool_denied")
    assert tree(planned) == before


def test_a_plan_is_applied_and_undone_only_once(planned: Path) -> None:
    assert magray("apply", "--yes", cwd=planned).code == 0
    applied = tree(planned)
    check_refused(magray("apply", "--yes", cwd=planned), 1, "nothing more of plan", "is ticked")
    check_refused(magray("apply", "--yes", "--steps", "1", cwd=planned), 1, "is applied already", "magray undo")
    assert tree(planned) == applied
    assert magray("undo", "--yes", cwd=planned).code == 0
    check_refused(magray("undo", "--yes", cwd=planned), 1)


def test_a_plan_whose_files_changed_is_refused_whole_and_says_which(planned: Path) -> None:
    report = planned / "shop/report.py"
    report.write_text(report.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    before = tree(planned)
    check_refused(magray("apply", "--yes", cwd=planned), 1, "shop/report.py")
    assert tree(planned) == before


def test_undo_never_overwrites_what_changed_since(planned: Path) -> None:
    assert magray("apply", "--yes", cwd=planned).code == 0
    prices = planned / "shop/prices.py"
    prices.write_text(prices.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    before = tree(planned)
    check_refused(magray("undo", "--yes", cwd=planned), 1, "shop/prices.py")
    assert tree(planned) == before


def test_steps_that_do_not_exist_are_refused(planned: Path) -> None:
    before = tree(planned)
    check_refused(magray("apply", "--steps", "7", "--yes", cwd=planned), 1, "7")
    check_refused(magray("undo", "--step", "7", "--yes", cwd=planned), 1)
    assert tree(planned) == before


def test_a_state_folder_that_is_a_file_is_told(shop: Path) -> None:
    (shop / ".magray").write_text("mine", encoding="utf-8")
    for arguments in (["index"], ["search", "x"], ["plan", "rename total to sum_up"], ["show"]):
        check_refused(magray(*arguments, cwd=shop), 1, ".magray")
    assert (shop / ".magray").read_text(encoding="utf-8") == "mine"


def test_stores_of_a_newer_version_are_left_alone(planned: Path) -> None:
    memory = planned / ".magray/memory"
    for name, command in (("index.db", ["search", "x"]), ("state.db", ["show"])):
        with sqlite3.connect(memory / name) as db:
            db.execute("PRAGMA user_version = 999")
        db.close()
        before = (memory / name).read_bytes()
        check_refused(magray(*command, cwd=planned), 1, "999", "update Magray")
        assert (memory / name).read_bytes() == before


def test_a_damaged_index_is_rebuilt(planned: Path) -> None:
    for file in (planned / ".magray/memory/keyword").rglob("*"):
        if file.is_file() and file.stat().st_size > 100 and file.suffix != ".json":
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 0xFF
            file.unlink()
            file.write_bytes(data)
    ran = magray("search", "total", "--json", cwd=planned)
    assert (ran.code, ran.json["hits"][0]["path"]) == (0, "shop/prices.py")
    (planned / ".magray/memory/index.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    ran = magray("search", "total", "--json", cwd=planned)
    assert (ran.code, ran.json["hits"][0]["path"]) == (0, "shop/prices.py")


def test_an_index_that_cannot_be_written_still_answers_and_says_so(planned: Path) -> None:
    lock = planned / ".magray/memory/index.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    ran = magray("search", "total", "--json", cwd=planned)
    assert (ran.code, ran.json["hits"][0]["path"]) == (0, "shop/prices.py")
    assert ran.err.startswith("warning: the index could not be brought up to date: ")


def test_a_damaged_plan_store_is_set_aside_and_said_so(planned: Path) -> None:
    (planned / ".magray/memory/state.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    ran = magray("show", cwd=planned)
    assert ran.code == 1
    assert "warning: " in ran.err
    assert "there is no plan yet" in ran.err


def test_wrong_settings_are_told_with_their_file(shop: Path) -> None:
    write(shop, {".magray/config.toml": "[index]\nworkers = 'all'\n"})
    check_refused(magray("search", "x", cwd=shop), 1, "index.workers in .magray/config.toml is 'all'", "a whole number")
    write(shop, {".magray/config.toml": "[index]\nworker = 1\n"})
    ran = magray("search", "total", "--json", cwd=shop)
    assert (ran.code, len(ran.json["hits"]) > 0) == (0, True)
    assert "did you mean index.workers?" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser writes everywhere")
def test_a_read_only_workspace_is_indexed_elsewhere(shop: Path) -> None:
    shop.chmod(0o500)
    try:
        assert magray("search", "total", "--json", cwd=shop).json["hits"]
        assert not (shop / ".magray").exists()
    finally:
        shop.chmod(0o700)
