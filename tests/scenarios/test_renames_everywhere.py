"""The same rename on the command line and through raw LSP: the same bytes, the project's own tests, every byte back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from magray_testkit.console import magray, tree
from magray_testkit.editor import Editor, editing
from magray_testkit.projects import copied, failing_before, run_tests

pytestmark = pytest.mark.timeout(600)

RENAMES = [
    pytest.param("click", "rename click.echo to say", id="click-function"),
    pytest.param("click", "rename Context to Ctx", id="click-class", marks=pytest.mark.soak),
    pytest.param("click", "rename get_default to default_value", id="click-overridden-method"),
    pytest.param("httpx", "rename httpx._utils.to_bytes to as_bytes", id="httpx-function", marks=pytest.mark.soak),
    pytest.param("httpx", "rename httpx.Response to ResponseMessage", id="httpx-class"),
    pytest.param(
        "httpx", "rename BaseTransport.handle_request to serve", id="httpx-overridden-method", marks=pytest.mark.soak
    ),
    pytest.param("flask", "rename flask.url_for to link_to", id="flask-function"),
    pytest.param("flask", "rename flask.Blueprint to Section", id="flask-class", marks=pytest.mark.soak),
    pytest.param("flask", "rename View.dispatch_request to run_request", id="flask-overridden-method"),
]


@pytest.mark.parametrize(("project", "goal"), RENAMES)
def test_command_line_and_editor_write_the_same_bytes_and_take_them_back(
    project: str, goal: str, tmp_path: Path
) -> None:
    typed, edited = copied(project, tmp_path / "typed" / project), copied(project, tmp_path / "edited" / project)
    before = tree(typed)

    planned = magray("plan", goal, "--json", cwd=typed)
    assert planned.code == 0, planned.out + planned.err
    plan = planned.json
    assert tree(typed) == before, "planning changes nothing"
    applied = magray("apply", plan["id"], "--yes", "--json", cwd=typed)
    assert applied.code == 0, applied.out + applied.err
    after = tree(typed)
    assert after != before
    run = run_tests(project, Path(shutil.copytree(typed, tmp_path / "tested")))
    assert run.passed > 100, run.output[-2000:]
    assert run.failed <= failing_before(project), run.output[-4000:]

    with editing(edited, home=tmp_path / "home") as editor:
        first = plan["steps"][0]["files"][0]["path"]
        editor.open(first)
        assert editor.client.request("magray/plan", {"goal": goal}, timeout_s=240)["id"] == plan["id"]
        assert apply_by_menu(editor, first, goal)["status"] == applied.json["status"]
        editor.save_all()
        assert tree(edited) == after
        undone = editor.client.request("magray/plan/undo", {"plan": plan["id"]}, timeout_s=60)
        assert undone["status"] == "undone"
        editor.save_all()
        assert tree(edited) == before

    undone = magray("undo", plan["id"], "--yes", "--json", cwd=typed)
    assert undone.code == 0, undone.out + undone.err
    assert tree(typed) == before


def apply_by_menu(editor: Editor, path: str, goal: str) -> dict[str, object]:
    """codeAction, codeAction/resolve, the edit, and the command that records it."""
    menu = editor.code_actions(path, "\n")
    (action,) = [one for one in menu if one["title"] == f"Apply plan: {goal}"]
    outcome: dict[str, object] = editor.choose(action)
    return outcome
