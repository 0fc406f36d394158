"""``magray index --publish`` and ``magray search --shared`` as a team uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from magray_testkit.console import SHOP, Ran, magray, write
from magray_testkit.postgres import Cluster

BILLING = {
    "billing/invoice.py": 'def settle_invoice() -> int:\n    """Settle an invoice to the cent."""\n    return 1\n'
}


@pytest.fixture
def team(cluster: Cluster, tmp_path: Path) -> Path:
    """Two workspaces in one folder, and a home that knows the database."""
    configure(tmp_path, cluster.database())
    write(tmp_path / "shop", SHOP)
    write(tmp_path / "billing", BILLING)
    return tmp_path


def configure(folder: Path, dsn: str) -> None:
    settings = folder / "magray-home" / "config" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[memory]\nshared_dsn = "{dsn}"\n')


def failed(ran: Ran, code: int = 1) -> dict[str, str]:
    assert ran.code == code, ran.out + ran.err
    error: dict[str, str] = ran.json["error"]
    return error


def test_a_team_publishes_two_workspaces_and_searches_both(team: Path) -> None:
    first = magray("index", "--publish", "shop", "--json", cwd=team / "shop")
    assert first.code == 0, first.err
    published = first.json["published"]
    assert (published["repository"], published["sent"], published["generation"]) == ("shop", first.json["files"], 1)
    told = magray("index", "--publish", "billing", cwd=team / "billing")
    assert told.code == 0
    assert "billing: 1 files sent" in told.out
    anywhere = magray("search", "--shared", "settle", "an", "invoice", "--json", cwd=team / "shop")
    best = anywhere.json["hits"][0]
    assert (best["repository"], best["path"], best["symbol"]) == ("billing", "billing/invoice.py", "settle_invoice")
    shown = magray("search", "--shared", "total of prices", cwd=team / "billing")
    assert "shop/shop/prices.py:" in shown.out
    one = magray("search", "--shared", "--repository", "shop", "total", "--json", cwd=team / "billing")
    assert {hit["repository"] for hit in one.json["hits"]} == {"shop"}
    assert one.json["hits"][0]["path"] == "shop/prices.py"


def test_a_repository_is_taken_out_again(team: Path) -> None:
    magray("index", "--publish", "billing", cwd=team / "billing")
    assert magray("index", "--withdraw", "billing", "--json", cwd=team / "billing").json == {
        "repository": "billing", "withdrawn": True,
    }  # fmt: skip
    again = magray("index", "--withdraw", "billing", cwd=team / "billing")
    assert again.out == "the shared index has no repository billing\n"
    assert magray("search", "--shared", "invoice", "--json", cwd=team / "billing").json["hits"] == []


def test_the_words_of_the_command_line_are_checked_before_anything_connects(tmp_path: Path) -> None:
    configure(tmp_path, "host=nowhere.invalid dbname=x")
    write(tmp_path / "shop", SHOP)
    for arguments in (
        ("search", "--repository", "shop", "total"), ("search", "--shared", "--serve"),
        ("search", "--shared", "--offline", "total"), ("index", "--publish", "shop", "--offline"),
        ("index", "--withdraw", "shop", "--offline"),
    ):  # fmt: skip
        failed(magray(*arguments, "--json", cwd=tmp_path / "shop"), code=2)


def test_without_the_setting_it_says_where_to_set_it(tmp_path: Path) -> None:
    write(tmp_path / "shop", SHOP)
    error = failed(magray("search", "--shared", "total", "--json", cwd=tmp_path / "shop"))
    assert error["message"] == "no shared index is configured"
    assert "memory.shared_dsn" in error["hint"]


def test_a_server_that_is_away_leaves_the_own_index_working(tmp_path: Path) -> None:
    configure(tmp_path, f"host={tmp_path} dbname=x")
    write(tmp_path / "shop", SHOP)
    error = failed(magray("index", "--publish", "shop", "--json", cwd=tmp_path / "shop"))
    assert error["message"] == "the PostgreSQL server is away"
    own = magray("search", "total", "--json", cwd=tmp_path / "shop")
    assert own.json["hits"][0]["path"] == "shop/prices.py"


def test_a_workspace_cannot_say_where_the_shared_index_is(tmp_path: Path) -> None:
    write(tmp_path / "shop", {**SHOP, ".magray/config.toml": "[memory]\nshared_dsn = 'host=evil.invalid'\n"})
    ran = magray("search", "--shared", "total", "--json", cwd=tmp_path / "shop")
    assert failed(ran)["message"] == "no shared index is configured"
    assert "may not set memory.shared_dsn" in ran.err


def test_a_password_in_the_settings_is_not_shown_anywhere(tmp_path: Path) -> None:
    configure(tmp_path, "host=h password=hunter2")
    write(tmp_path / "shop", SHOP)
    for arguments in (("search", "--shared", "total"), ("doctor",)):
        ran = magray(*arguments, "--json", cwd=tmp_path / "shop")
        assert "hunter2" not in ran.out + ran.err
    assert "plain text" in json.dumps(failed(magray("search", "--shared", "x", "--json", cwd=tmp_path / "shop")))
