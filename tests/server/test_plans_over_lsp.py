"""Plans in an editor: made, ticked, applied through the editor, and taken back; whatever the editor then does."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import tree
from magray_testkit.editor import FULL, PLAIN, Editor, editing
from magray_testkit.lsp import LspError, Message

_names = ("".join(letters) for letters in itertools.product("abcdefgh", repeat=3))


def plan(editor: Editor) -> Message:
    """A plan that no other test has made: the same plan again would be the one that was applied already."""
    goal = f"rename greet to welcome_{next(_names)}"
    return editor.client.request("magray/plan", {"goal": goal, **editor.at("app/util.py", "greet")})


def new_name(made: Message) -> str:
    return made["intent"]["slots"]["new"]


def apply(editor: Editor, plan_id: str, **more: Any) -> Message:
    return editor.client.request("magray/plan/apply", {"plan": plan_id, **more})


def error_of(editor: Editor, method: str, params: Message) -> LspError:
    with pytest.raises(LspError) as caught:
        editor.client.request(method, params)
    return caught.value


def renamed(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    def change(data: bytes) -> bytes:
        return re.sub(rb"\bgreet\b", name.encode(), data)

    return {path: change(data) if path.endswith(".py") else data for path, data in files.items()}


def test_a_goal_becomes_a_plan_that_changes_nothing_yet(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    made = plan(editor)
    assert made["status"] == "proposed"
    assert made["intent"]["kind"] == "rename"
    assert {file["path"] for step in made["steps"] for file in step["files"]} >= {"app/util.py", "app/main.py"}
    assert editor.path(made["uri"]).read_text().startswith(f"# Plan {made['id']}")
    assert editor.client.notification("magray/plan/changed", plan=made["id"])["status"] == "proposed"
    assert tree(project) == before


def test_an_applied_and_undone_plan_leaves_every_byte_as_it_was(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    made = plan(editor)
    outcome = apply(editor, made["id"])
    assert (outcome["status"], outcome["refused"]) == ("applied", [])
    assert "Apply plan" in editor.questions[0]["title"]
    editor.save_all()
    assert tree(project) == renamed(before, new_name(made))
    assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
    editor.save_all()
    assert tree(project) == before
    assert editor.client.request("magray/plan/redo", {"plan": made["id"]})["status"] == "applied"
    editor.save_all()
    assert tree(project) == renamed(before, new_name(made))


def test_edits_carry_versions_and_one_annotation_per_step(editor: Editor) -> None:
    editor.open("app/util.py")
    editor.type("app/util.py", "somebody", "someone")
    apply(editor, plan(editor)["id"])
    edit = editor.edits[-1]
    versions = {change["textDocument"]["uri"]: change["textDocument"]["version"] for change in edit["documentChanges"]}
    assert versions == {
        editor.uri("app/main.py"): None, editor.uri("app/util.py"): 2, editor.uri("tests/test_util.py"): None,
    }  # fmt: skip
    ((name, annotation),) = edit["changeAnnotations"].items()
    assert name == "step-1"
    assert not annotation["needsConfirmation"]
    assert {one["annotationId"] for change in edit["documentChanges"] for one in change["edits"]} == {name}
    assert "someone" in editor.text("app/util.py"), "the unsaved word is kept"


def test_with_confirm_every_edit_is_marked_and_the_person_is_not_asked_twice(editor: Editor) -> None:
    apply(editor, plan(editor)["id"], confirm=True)
    assert all(one["needsConfirmation"] for one in editor.edits[-1]["changeAnnotations"].values())
    assert editor.questions == []


def test_an_approval_is_bound_to_what_was_shown(editor: Editor) -> None:
    made = plan(editor)
    digest = editor.client.request("magray/plan/preview", {"plan": made["id"]})["digest"]
    choice = {"step": 1, "path": "app/main.py", "accepted": False}
    editor.client.request("magray/plan/choose", {"plan": made["id"], "files": [choice]})
    given = {"plan": made["id"], "approved": True, "digest": digest}
    assert error_of(editor, "magray/plan/apply", given).data["kind"] == "plan_state"
    editor.client.request("magray/plan/choose", {"plan": made["id"], "files": [{**choice, "accepted": True}]})
    assert apply(editor, made["id"], approved=True, digest=digest)["status"] == "applied"
    assert editor.questions == []


def test_when_the_person_says_no_nothing_happens(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    editor.approves = False
    made = plan(editor)
    error = error_of(editor, "magray/plan/apply", {"plan": made["id"]})
    assert (error.code, error.data["kind"]) == (-32803, "tool_denied")
    assert editor.edits == []
    assert tree(project) == before
    assert editor.client.request("magray/plan/get", {"plan": made["id"]})["status"] == "proposed"


def test_when_the_editor_declines_the_plan_stays_proposed(editor: Editor) -> None:
    editor.applies = False
    made = plan(editor)
    outcome = apply(editor, made["id"])
    assert outcome["status"] == "proposed"
    assert outcome["applied"] == []
    assert len(outcome["refused"]) == 3


def test_what_the_editor_leaves_out_is_recorded_as_left_out(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    editor.only = {"util.py"}
    made = plan(editor)
    outcome = apply(editor, made["id"])
    assert outcome["status"] == "partly applied"
    assert {refusal["path"] for refusal in outcome["refused"]} == {"app/main.py", "tests/test_util.py"}
    editor.only = None
    assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
    editor.save_all()
    assert tree(project) == before


def test_a_refused_file_is_not_touched(editor: Editor) -> None:
    project = editor.root
    made = plan(editor)
    choices = {"plan": made["id"], "files": [{"step": 1, "path": "tests/test_util.py", "accepted": False}]}
    chosen = editor.client.request("magray/plan/choose", choices)
    assert [file["accepted"] for file in chosen["steps"][0]["files"]] == [True, True, False]
    preview = editor.client.request("magray/plan/preview", {"plan": made["id"]})
    assert {file["path"]: file["accepted"] for file in preview["files"]}["tests/test_util.py"] is False
    apply(editor, made["id"])
    editor.save_all()
    assert b"greet(" in tree(project)["tests/test_util.py"]
    assert new_name(made).encode() + b"(" in tree(project)["app/main.py"]


def test_ticks_of_the_document_count_when_it_is_saved(editor: Editor) -> None:
    made = plan(editor)
    path = str(editor.path(made["uri"]).relative_to(editor.root))
    editor.open(path)
    editor.type(path, "- [x] [tests/test_util.py]", "- [ ] [tests/test_util.py]")
    editor.save(path)
    editor.client.notification("magray/plan/changed", plan=made["id"], status="proposed")
    editor.client.notification("magray/plan/changed", plan=made["id"], status="proposed")
    view = editor.client.request("magray/plan/get", {"plan": made["id"]})
    assert [file["accepted"] for file in view["steps"][0]["files"]] == [True, True, False]


def test_ticks_that_are_not_saved_count_when_the_plan_is_applied(editor: Editor) -> None:
    made = plan(editor)
    path = str(editor.path(made["uri"]).relative_to(editor.root))
    editor.open(path)
    editor.type(path, "- [x] [tests/test_util.py]", "- [ ] [tests/test_util.py]")
    editor.lens(made["uri"], "Apply")
    assert editor.questions == [], "the person saw the whole document and pressed Apply in it"
    assert "greet(" in editor.text("tests/test_util.py")
    assert new_name(made) + "(" in editor.text("app/main.py")


def test_the_documents_lenses_do_the_main_job_without_any_plugin(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    made = plan(editor)
    editor.open(str(editor.path(made["uri"]).relative_to(editor.root)))
    editor.lens(made["uri"], "Preview")
    assert f"+def {new_name(made)}(name):" in editor.path(editor.shown[-1]).read_text()
    assert editor.lens(made["uri"], "Skip")["steps"][0]["accepted"] is False
    assert editor.lens(made["uri"], "Accept")["steps"][0]["accepted"] is True
    assert editor.lens(made["uri"], "Apply this step")["status"] == "applied"
    assert editor.lens(made["uri"], "Undo")["status"] == "undone"
    assert editor.lens(made["uri"], "Redo")["status"] == "applied"
    assert editor.lens(made["uri"], "Undo", nth=1)["status"] == "undone"
    editor.save_all()
    assert tree(project) == before


def test_a_change_after_the_plan_is_refused_whole_and_says_what_differs(editor: Editor) -> None:
    project = editor.root
    made = plan(editor)
    editor.open("app/main.py")
    editor.type("app/main.py", "world", "moon")
    error = error_of(editor, "magray/plan/apply", {"plan": made["id"]})
    assert (error.code, error.data["kind"]) == (-32803, "content_changed")
    assert any("app/main.py" in line for line in error.data["differences"])
    assert editor.edits == []
    (project / "app/util.py").write_text("# rewritten on disk\n")
    assert error_of(editor, "magray/plan/apply", {"plan": made["id"]}).data["kind"] == "content_changed"


def test_a_change_while_the_person_is_asked_is_refused(editor: Editor) -> None:
    made = plan(editor)
    editor.open("app/main.py")

    def type_and_approve(params: Message) -> Message:
        editor.type("app/main.py", "world", "moon")
        return {"action": params["actions"][0]}

    editor.client.answers["magray/client/approve"] = type_and_approve
    assert error_of(editor, "magray/plan/apply", {"plan": made["id"]}).data["kind"] == "content_changed"
    assert editor.edits == []
    assert "moon" in editor.text("app/main.py")


def test_undo_never_overwrites_what_the_person_wrote_since(editor: Editor) -> None:
    made = plan(editor)
    apply(editor, made["id"])
    editor.type("app/util.py", "somebody", "anybody")
    error = error_of(editor, "magray/plan/undo", {"plan": made["id"]})
    assert error.data["kind"] == "content_changed"
    assert any("app/util.py" in line for line in error.data["differences"])
    assert "anybody" in editor.text("app/util.py")


def test_a_second_apply_says_that_the_plan_is_applied(editor: Editor) -> None:
    made = plan(editor)
    apply(editor, made["id"])
    error = error_of(editor, "magray/plan/apply", {"plan": made["id"]})
    assert error.data["kind"] == "plan_state"
    assert error.data["hint"]


def test_an_editor_that_never_answers_is_waited_for_and_then_reconciled(project: Path) -> None:
    with editing(project, options={"patienceSeconds": 0.5}) as editor:
        made = plan(editor)

        def silent(message: Message) -> None:
            if message["method"] == "workspace/applyEdit":
                editor._apply_edit(message["params"])
            else:
                answer_others(message)

        answer_others = editor.client._answer
        editor.client._answer = silent  # type: ignore[method-assign]
        outcome = apply(editor, made["id"])
        assert outcome["status"] == "applied", "the files show it, whatever the editor says"


def test_one_change_at_a_time(project: Path) -> None:
    with editing(project, options={"patienceSeconds": 1}) as editor:
        made = plan(editor)
        answer = editor.client._answer
        editor.client._answer = lambda message: None  # type: ignore[method-assign,assignment]
        first = editor.client.start("magray/plan/apply", {"plan": made["id"]})
        editor.client.until(lambda: editor.client.requests[-1]["method"] == "magray/client/approve", "the question")
        error = error_of(editor, "magray/plan/apply", {"plan": made["id"]})
        assert error.data["kind"] == "plan_state"
        assert editor.client.response(first)["error"]["data"]["kind"] == "tool_denied"
        editor.client._answer = answer  # type: ignore[method-assign]
        assert apply(editor, made["id"])["status"] == "applied"


def test_plans_outlive_the_server(project: Path) -> None:
    before = tree(project)
    with editing(project) as editor:
        editor.opens_closed_files = False
        made = plan(editor)
        apply(editor, made["id"])
    with editing(project) as editor:
        editor.opens_closed_files = False
        (brief,) = editor.client.request("magray/plan/list", {})["plans"]
        assert (brief["id"], brief["status"]) == (made["id"], "applied")
        assert editor.client.request("magray/plan/undo", {"plan": "last"})["status"] == "undone"
    assert tree(project) == before


def test_without_apply_edit_the_files_are_written_on_disk_unless_they_are_being_edited(project: Path) -> None:
    before = tree(project)
    with editing(project, capabilities={}) as editor:
        editor.open("app/main.py")
        editor.type("app/main.py", "world", "moon")
        made = plan(editor)
        assert error_of(editor, "magray/plan/apply", {"plan": made["id"]}).data["kind"] == "tool_denied"
        editor.save("app/main.py")
        made = plan(editor)
        assert apply(editor, made["id"])["status"] == "applied"
        assert new_name(made).encode() + b"(" in tree(project)["app/main.py"]
        editor.reload("app/main.py")
        assert editor.client.request("magray/plan/undo", {"plan": "last"})["status"] == "undone"
    assert tree(project) == {**before, "app/main.py": before["app/main.py"].replace(b"world", b"moon")}


def test_a_goal_that_is_not_understood_is_answered_with_what_would_be(editor: Editor) -> None:
    error = error_of(editor, "magray/plan", {"goal": "make it nicer"})
    assert (error.code, error.data["kind"]) == (-32803, "goal_not_understood")
    assert error.data["suggestions"]


def test_planning_shows_progress_and_can_be_cancelled(editor: Editor) -> None:
    goal = {"goal": "rename greet to salute", **editor.at("app/util.py", "greet")}
    editor.client.request("magray/plan", {**goal, "workDoneToken": "mine"})
    kinds = [
        message["params"]["value"]["kind"]
        for message in editor.client.notifications
        if message["method"] == "$/progress" and message["params"]["token"] == "mine"
    ]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    message_id = editor.client.start("magray/plan", goal)
    editor.client.cancel(message_id)
    assert editor.client.response(message_id)["error"]["code"] == -32800


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_positions_are_right_in_every_encoding(project: Path, encoding: str) -> None:
    with editing(project, capabilities={**FULL, "general": {"positionEncodings": [encoding, "utf-16"]}}) as editor:
        assert editor.encoding.value == encoding
        editor.open("app/main.py")
        params = {"goal": "rename greet to welcome", **editor.at("app/main.py", "greet(")}
        made = editor.client.request("magray/plan", params)
        apply(editor, made["id"])
        assert 'title = "😀"; print(welcome("world"))' in editor.text("app/main.py")


def test_a_code_action_gives_the_edit_and_the_journal_knows(editor: Editor) -> None:
    project = editor.root
    before = tree(project)
    made = plan(editor)
    editor.open("app/main.py")
    (action, *_) = [one for one in editor.code_actions("app/main.py", "greet") if one["title"].startswith("Apply plan")]
    assert action["kind"] == "refactor.rename"
    outcome = editor.choose(action)
    assert (outcome["plan"], outcome["status"]) == (made["id"], "applied")
    assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
    editor.save_all()
    assert tree(project) == before


def test_an_action_that_lacks_a_name_becomes_a_document_to_complete(editor: Editor) -> None:
    editor.open("app/util.py")
    (action,) = [one for one in editor.code_actions("app/util.py", "greet") if one["title"].startswith("Rename")]
    editor.choose(action)
    uri = editor.shown[-1]
    path = str(editor.path(uri).relative_to(editor.root))
    editor.open(path)
    editor.type(path, "Goal: rename greet to ", "Goal: rename greet to salute_them")
    made = editor.lens(uri, "Make this plan")
    assert made["goal"] == "rename greet to salute_them"
    assert editor.shown[-1] == made["uri"]


def test_the_menu_is_limited_to_the_kinds_that_were_asked_for(editor: Editor) -> None:
    editor.open("app/util.py")
    assert editor.code_actions("app/util.py", "greet", only=["refactor.inline"]) == []
    kinds = {action["kind"] for action in editor.code_actions("app/util.py", "greet", only=["refactor"])}
    assert kinds and all(kind.startswith("refactor") for kind in kinds)


def test_an_editor_without_file_operations_still_renames(project: Path) -> None:
    before = tree(project)
    with editing(project, capabilities=PLAIN) as editor:
        made = plan(editor)
        assert apply(editor, made["id"])["status"] == "applied"
        assert "changeAnnotations" not in editor.edits[-1]
        assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
        editor.save_all()
    assert tree(project) == before


@pytest.mark.parametrize("opened", [True, False], ids=["open", "closed"])
@pytest.mark.parametrize(
    ("goal", "moved"),
    [("move greet to app.words", "app/words.py"), ("move module app.util to lib", "lib/util.py")],
    ids=["create", "rename"],
)
def test_files_are_created_and_moved_by_the_editor_and_taken_back(
    editor: Editor, goal: str, moved: str, opened: bool
) -> None:
    (editor.root / "lib").mkdir(exist_ok=True)
    (editor.root / "lib/__init__.py").touch()
    editor.changed_on_disk(["lib/__init__.py"])
    before = tree(editor.root)
    if opened:
        editor.open("app/util.py")
        editor.open("app/main.py")
    made = editor.client.request("magray/plan", {"goal": goal})
    if made["status"] == "undone":
        made = editor.client.request("magray/plan/retry", {"plan": made["id"]})
    assert apply(editor, made["id"])["status"] == "applied"
    editor.save_all()
    assert "def greet" in editor.text(moved)
    assert b"import greet" in tree(editor.root)["app/main.py"]
    assert tree(editor.root)["app/main.py"] != before["app/main.py"]
    assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
    editor.save_all()
    assert tree(editor.root) == before


def test_where_the_editor_cannot_move_files_they_are_moved_on_disk(project: Path) -> None:
    (project / "lib").mkdir()
    (project / "lib/__init__.py").touch()
    before = tree(project)
    with editing(project, capabilities=PLAIN) as editor:
        editor.open("app/main.py")
        made = editor.client.request("magray/plan", {"goal": "move module app.util to lib"})
        outcome = apply(editor, made["id"])
        assert outcome["status"] == "applied"
        assert outcome["notes"] == ["written on disk; reload app/main.py in the editor"]
        assert editor.edits == []
        editor.reload("app/main.py")
        assert editor.client.request("magray/plan/undo", {"plan": made["id"]})["status"] == "undone"
    assert tree(project) == before


def test_an_unknown_plan_is_said_to_be_unknown(editor: Editor) -> None:
    for method in ("get", "preview", "apply", "undo", "redo", "retry"):
        error = error_of(editor, f"magray/plan/{method}", {"plan": "nonesuch"})
        assert error.data["kind"] == "plan_not_found"


def test_a_retry_plans_the_same_goal_on_the_files_as_they_are_now(editor: Editor) -> None:
    made = plan(editor)
    editor.open("app/main.py")
    editor.type("app/main.py", "world", "moon")
    again = editor.client.request("magray/plan/retry", {"plan": made["id"]})
    assert again["goal"] == made["goal"]
    assert apply(editor, again["id"])["status"] == "applied"
    assert f'{new_name(made)}("moon")' in editor.text("app/main.py")


@pytest.mark.parametrize("answer", ["edit", "nothing", "nonsense", "elsewhere", "silence"])
def test_other_languages_are_renamed_by_the_editors_servers_or_by_text_and_say_so(project: Path, answer: str) -> None:
    (project / "web.js").write_text('// 😀\nfunction shout() {}\nconst a = "😀"; shout();\n')

    def rename(params: Message) -> Message:
        new = params["params"]["newName"]
        uri = "file:///etc/passwd" if answer == "elsewhere" else params["params"]["textDocument"]["uri"]
        edits = [
            {
                "range": {"start": {"line": line, "character": at}, "end": {"line": line, "character": at + 5}},
                "newText": new,
            }
            for line, at in ((1, 9), (2, 16))
        ]
        results: dict[str, Any] = {
            "edit": {"changes": {uri: edits}}, "elsewhere": {"changes": {uri: edits}},
            "nothing": None, "nonsense": {"documentChanges": [{"kind": "delete", "uri": uri}]},
        }  # fmt: skip
        return {"result": results[answer], "server": "tests"}

    options = {"lspRequest": True, "settings": {"plans": {"editorTimeoutS": 0.3}}}
    with editing(project, options=options) as editor:
        if answer == "silence":
            others = editor.client._answer
            editor.client._answer = lambda message: (  # type: ignore[method-assign]
                None if message["method"] == "magray/client/lspRequest" else others(message)
            )
        editor.client.answers["magray/client/lspRequest"] = rename
        editor.open("web.js")
        made = editor.client.request("magray/plan", {"goal": "rename shout to yell", **editor.at("web.js", "shout()")})
        engines = made["steps"][0]["proof"]["engines"]
        assert ("editor" in engines) == (answer == "edit")
        assert apply(editor, made["id"])["status"] == "applied"
        assert 'function yell() {}\nconst a = "😀"; yell();' in editor.text("web.js")
