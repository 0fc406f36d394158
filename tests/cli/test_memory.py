"""``magray memory`` and ``magray tasks``: notes follow their code, todos their comments, nothing is lost."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.console import SCRIPT, SHOP, Ran, environment, magray, tree, write
from test_answers import check_shape

from magray_server.cli.running import run
from magray_server.cli.terminal import Terminal


def here(*arguments: str, cwd: Path, stdin: str = "") -> Ran:
    """Run the command in this process: starting one for each would be most of the time."""
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(as_json="--json" in arguments, stdin=io.StringIO(stdin), stdout=out, stderr=err)
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(cwd):
        patch.setenv("MAGRAY_HOME", environment(cwd)["MAGRAY_HOME"])
        code = run(list(arguments), terminal)
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", SHOP)


def ok(ran: Ran) -> Ran:
    assert ran.code == 0, ran.out + ran.err
    return ran


def listed(root: Path, *arguments: str) -> list[dict[str, Any]]:
    answer = ok(here("memory", "list", "--json", *arguments, cwd=root)).json
    check_shape(answer, "memory list")
    records: list[dict[str, Any]] = answer["records"]
    return records


def test_a_note_follows_its_definition_through_edits_and_to_another_file(shop: Path) -> None:
    before = tree(shop)
    made = ok(
        here("memory", "note", "ask Ada", "about", "rounding", "--at", "shop/prices.py:12:9", "--tag", "money",
               "--json", cwd=shop)
    ).json  # fmt: skip
    check_shape(made, "memory note")
    assert (made["path"], made["start_line"], made["symbol"], made["state"]) == ("shop/prices.py", 12, "total", "there")
    assert tree(shop) == before, "nothing but .magray is written"
    text = SHOP["shop/prices.py"]
    write(shop, {"shop/prices.py": "import os\n\n\n" + text.replace("sum(prices)", "sum(prices) + 1")})
    (found,) = listed(shop)
    assert (found["start_line"], found["state"]) == (10, "there"), "the line is gone, the definition is not"
    (shop / "shop/prices.py").unlink()
    write(shop, {"lib/money.py": text})
    (found,) = listed(shop, "rounding")
    assert (found["path"], found["start_line"], found["state"], found["was"]) == (
        "lib/money.py", 12, "moved", "shop/prices.py",
    )  # fmt: skip
    assert "moved from shop/prices.py" in ok(here("memory", "list", cwd=shop)).out
    (shop / "lib/money.py").unlink()
    assert listed(shop)[0]["state"] == "gone"


def test_notes_are_shown_where_the_code_is_explained(shop: Path) -> None:
    ok(here("memory", "note", "house rule: no floats", "--at", "shop/prices.py:7", cwd=shop))
    assert "house rule: no floats" in ok(here("explain", "shop/report.py:6:15", cwd=shop)).out


def test_notes_about_no_project_are_at_hand_in_every_project(shop: Path, tmp_path: Path) -> None:
    ok(magray("memory", "note", "use tabs nowhere", "--everywhere", cwd=shop))
    ok(magray("memory", "note", "only here", cwd=shop))
    other = write(tmp_path / "other", {"a.py": "x = 1\n"})
    (found,) = listed(other)
    assert (found["text"], found["holder"]) == ("use tabs nowhere", "user")
    projects = {record["text"] for record in listed(other, "--kind", "project")}
    assert projects == {str(shop), str(other)}
    ok(magray("memory", "forget", found["id"], "--yes", cwd=other))
    assert [record["text"] for record in listed(shop)] == ["only here"]


def test_todos_are_added_listed_by_their_date_and_done(shop: Path) -> None:
    late = ok(here("tasks", "add", "release", "--due", "2999-01-01", "--json", cwd=shop)).json
    check_shape(late, "tasks add")
    ok(here("tasks", "add", "fix it", "--due", "2020-01-01", "--at", "shop/prices.py", cwd=shop))
    ok(here("tasks", "add", "some day", cwd=shop))
    tasks = ok(here("tasks", "list", "--json", cwd=shop)).json["tasks"]
    assert [(task["text"], task["overdue"]) for task in tasks] == [
        ("fix it", True), ("release", False), ("some day", False),
    ]  # fmt: skip
    done = ok(here("tasks", "done", late["id"][:5], "--json", cwd=shop)).json
    assert done["done"] is not None
    assert ok(here("tasks", "done", late["id"], "--json", cwd=shop)).json["done"] == done["done"]
    assert "release" not in ok(here("tasks", "list", cwd=shop)).out
    assert "done todo" in ok(here("tasks", "list", "--all", cwd=shop)).out


def test_comments_are_taken_up_once_and_their_todos_follow_them(shop: Path) -> None:
    def take() -> tuple[int, int, int, int]:
        answer = ok(here("tasks", "import", "--json", cwd=shop)).json
        check_shape(answer, "tasks import")
        return answer["new"], answer["moved"], answer["gone"], answer["same"]

    def todos() -> list[tuple[str, str, int, bool]]:
        tasks = ok(here("tasks", "list", "--all", "--json", cwd=shop)).json["tasks"]
        return [(task["text"], task["path"], task["start_line"], task["done"] is not None) for task in tasks]

    assert take() == (1, 0, 0, 0)
    assert todos() == [("round to cents", "shop/prices.py", 6, False)]
    text = SHOP["shop/prices.py"]
    write(shop, {"shop/prices.py": "#\n" + text, "a.py": "# FIXME(ada): twice\n# FIXME(ada): twice\n"})
    assert take() == (2, 0, 0, 1)
    assert take() == (0, 0, 0, 3)
    assert ("round to cents", "shop/prices.py", 7, False) in todos()
    (shop / "shop/prices.py").rename(shop / "shop/costs.py")
    assert take() == (0, 1, 0, 2)
    assert ("round to cents", "shop/costs.py", 7, False) in todos()
    write(shop, {"a.py": "# FIXME(ada): twice\n"})
    assert take() == (0, 0, 1, 2)
    assert sum(done for *_, done in todos()) == 1
    write(shop, {"a.py": "# FIXME(ada): twice\n# FIXME(ada): twice\n"})
    assert take() == (0, 0, 0, 3)
    assert not any(done for *_, done in todos()), "a comment that comes back opens its todo"


def test_what_is_forgotten_is_proved_to_be_gone(shop: Path) -> None:
    canary = "zebra crossing at midnight"
    made = ok(here("memory", "note", canary, "--json", cwd=shop)).json
    refused = here("memory", "forget", made["id"], cwd=shop)
    assert (refused.code, "needs a yes" in refused.err) == (3, True)
    answer = ok(here("memory", "forget", made["id"], "--yes", "--json", cwd=shop)).json
    check_shape(answer, "memory forget")
    assert (answer["forgotten"], answer["proof"]["hits"]) == ([made["id"]], [])
    ok(here("memory", "note", canary, "--at", "README.md:3", cwd=shop))
    ok(here("memory", "remember", "--session", "s", "we met at the zebra crossing", cwd=shop))
    answer = ok(here("memory", "forget", "--text", "zebra crossing", "--yes", "--json", cwd=shop)).json
    assert (len(answer["forgotten"]), answer["proof"]["hits"]) == (2, [])
    left = [path for path in (shop / ".magray").rglob("*") if path.is_file() and b"zebra" in path.read_bytes()]
    assert left == []


def test_forgotten_files_stay_out_until_they_are_taken_back_in(shop: Path) -> None:
    ok(here("index", cwd=shop))
    assert ok(here("memory", "forget", "--path", "shop/report.py", "--yes", "--json", cwd=shop)).json["files"]
    assert ok(here("search", "basket report", "--json", "--path", "shop/report.py", cwd=shop)).json["hits"] == []
    (entry,) = ok(here("memory", "forgotten", "--json", cwd=shop)).json["forgotten"]
    assert entry["pattern"] == "shop/report.py"
    assert here("memory", "forgotten", "--lift", "nothing.py", cwd=shop).code == 1
    ok(here("memory", "forgotten", "--lift", "shop/report.py", cwd=shop))
    ok(here("index", cwd=shop))
    assert ok(here("search", "basket report", "--json", "--path", "shop/report.py", cwd=shop)).json["hits"]


def test_a_whole_project_can_be_forgotten(shop: Path) -> None:
    before = tree(shop)
    ok(here("memory", "note", "x", cwd=shop))
    ok(here("plan", "rename total to add_up", cwd=shop))
    ok(here("memory", "forget", "--project", "--yes", cwd=shop))
    assert [path.name for path in (shop / ".magray").rglob("*")] == [".gitignore"]
    assert tree(shop) == before
    assert listed(shop) == []


def test_sessions_are_fed_from_standard_input_and_recalled(shop: Path) -> None:
    said = ok(here("memory", "remember", "--session", "prices", "--json", cwd=shop, stdin="We round to cents.\n"))
    check_shape(said.json, "memory remember")
    tool = ok(here("memory", "remember", "--session", "prices", "--tool", "grep", "-", "--json", cwd=shop, stdin="1"))
    assert (tool.json["role"], tool.json["tainted"]) == ("tool", True)
    check_shape(ok(here("memory", "sessions", "--json", cwd=shop)).json, "memory sessions")
    answer = ok(here("memory", "recall", "rounding cents", "--json", cwd=shop)).json
    check_shape(answer, "memory recall")
    assert answer["hits"][0]["text"] == "We round to cents."
    assert "We round to cents." in ok(here("memory", "sessions", "prices", cwd=shop)).out
    near = here("memory", "sessions", "price", cwd=shop)
    assert (near.code, "did you mean prices?" in near.err) == (1, True)


def test_the_graph_is_told_and_drawn(shop: Path, tmp_path: Path) -> None:
    ok(here("memory", "note", "ask Ada", "--at", "shop/prices.py:7", cwd=shop))
    drawn = ok(here("memory", "graph", "total", "--svg", "../g.svg", "--json", cwd=shop))
    check_shape(drawn.json, "memory graph")
    assert "ask Ada" in {node["label"] for node in drawn.json["nodes"]}
    assert (tmp_path / "g.svg").read_text().startswith(("<svg", "<?xml"))
    assert here("memory", "graph", "total", "--svg", "../g.svg", cwd=shop).code == 1
    ok(here("memory", "graph", "--html", "../g.html", cwd=shop))
    assert "<html" in (tmp_path / "g.html").read_text()


def test_everything_can_be_exported_and_scanned(shop: Path, tmp_path: Path) -> None:
    ok(here("memory", "note", "mine", cwd=shop))
    answer = ok(here("memory", "export", "../all.zip", "--json", cwd=shop)).json
    check_shape(answer, "memory export")
    names = zipfile.ZipFile(tmp_path / "all.zip").namelist()
    assert any("records" in name for name in names)
    assert b"mine" in b"".join(zipfile.ZipFile(tmp_path / "all.zip").read(name) for name in names)
    check_shape(ok(here("memory", "scan", "--json", cwd=shop)).json, "memory scan")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("memory", "note", ""), 1, ("the note is empty", "say what")),
        (("memory", "note", "x", "--at", "nope.py:3"), 1, ("cannot read nope.py", "")),
        (("memory", "note", "x", "--at", "../x.py:3"), 1, ("not a file of the workspace", "--root")),
        (("memory", "note", "x", "--at", "README.md:99"), 1, ("README.md has 4 lines", "")),
        (("memory", "note", "x", "--kind", "wish"), 2, ("'wish' cannot be noted", "note, link, recipe")),
        (("memory", "note", "x", "--kind", "recipe"), 1, ("a recipe needs a name", "--name")),
        (("memory", "note", "x", "--everywhere", "--at", "README.md"), 1, ("about no place", "one of both")),
        (("tasks", "add", "x", "--due", "soon"), 1, ("'soon' is not a date", "2026-12-31")),
        (("tasks", "done", "zz"), 1, ("there is no todo 'zz'", "magray tasks list")),
        (("memory", "forget", "zz", "--yes"), 1, ("there is no record 'zz'", "magray memory list")),
        (("memory", "forget", "--yes"), 2, ("say what to forget", "--help")),
        (("memory", "forget", "--text", "ab", "--yes"), 1, ("too short", "four characters")),
        (("memory", "forget", "--since", "monday", "--yes"), 1, ("'monday' is not a date", "2026-12-31")),
        (("memory", "recall", "x", "-k", "0"), 2, ("-k must be 1 or more", "--help")),
        (("memory", "remember", "--session", "", "x"), 1, ("cannot be a session's name", "80 characters")),
        (("memory", "graph", "nothing_of_that_name"), 1, ("nothing in the graph is called", "id of a note")),
        (("memory", "export", "README.md"), 1, ("exists", "another name")),
        (("memory",), 2, ("magray memory needs a command", "list")),
        (("memory", "lsit"), 2, ("magray memory has no command 'lsit'", "'list'")),
    ],
)
def test_wrong_input_gets_one_sentence_and_a_hint(
    shop: Path, arguments: tuple[str, ...], code: int, said: tuple[str, str]
) -> None:
    ran = here(*arguments, cwd=shop)
    assert ran.code == code, ran.out + ran.err
    assert all(words in ran.err for words in said), ran.err
    assert "a bug" not in ran.err


def test_any_text_can_be_noted_but_no_endless_one(shop: Path) -> None:
    odd = "\x1b[31m\u202e \x07 日本語 العربية 👩\u200d💻 \udcff -- '; DROP TABLE records"
    made = magray("memory", "note", "-", "--json", cwd=shop, stdin=odd.replace("\udcff", ""))
    assert "\x1b" not in ok(made).json["text"]
    assert "\x1b" not in ok(magray("memory", "list", cwd=shop)).out
    raw = [str(SCRIPT).encode(), b"memory", b"note", b"bytes \xff\xfe that are no text"]
    assert subprocess.run(raw, cwd=shop, env=environment(shop), capture_output=True, check=False).returncode == 0
    endless = magray("memory", "note", "-", cwd=shop, stdin="x" * 1_048_576)
    assert (endless.code, "1,048,576 characters" in endless.err) == (1, True)
    assert len(listed(shop)) == 2


@pytest.mark.parametrize("point", ["memory-kept", "memory-acknowledged"])
def test_a_note_is_there_whole_or_not_at_all_after_a_kill(shop: Path, point: str) -> None:
    ran = magray("memory", "note", "x", cwd=shop, env={**os.environ, "MAGRAY_FAIL": f"{point}#2:kill"})
    assert ran.code == -signal.SIGKILL, "the point is passed after the project is noted"
    assert len(listed(shop)) == (point == "memory-acknowledged")


def test_a_damaged_memory_is_said_and_set_aside(shop: Path) -> None:
    ok(magray("memory", "note", "x", cwd=shop))
    (shop / ".magray/memory/memory.db").write_bytes(b"no database" * 1000)
    ran = ok(magray("memory", "list", cwd=shop))
    assert "the memory was damaged and is kept as memory.db.damaged-" in ran.err
    assert list((shop / ".magray/memory").glob("memory.db.damaged-*"))


def test_workspaces_that_were_used_lately_are_made_ready_together(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", SHOP), write(tmp_path / "other", SHOP)
    for root in (one, other):
        ok(here("memory", "note", "kept here", cwd=root))
    answer = ok(here("index", "--recent", "--json", cwd=one)).json
    assert {row["root"] for row in answer["workspaces"]} == {str(one), str(other)}
    assert all(row["chunks"] and not row["error"] for row in answer["workspaces"])
    assert (other / ".magray" / "vec_index" / "vectors.db").exists()
