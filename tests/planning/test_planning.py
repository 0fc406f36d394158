"""From a goal to a plan: deterministic, proved, weighed, and refused where there is nothing to do."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from magray_testkit.indexed import after, cursor, indexed, opened

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import GoalNotUnderstood, MagrayError, RefactoringRefused
from magray_core.plans import EditFile, Grade, Place, Plan, Proof, Residue, ResidueKind, RiskLevel, Task
from magray_core.spans import Span, TextEdit
from magray_orchestration.planning import check_disjoint, make_plan, permissions_of, plan_id
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.refactoring.registry import REFACTORINGS, offers
from magray_orchestration.risk import assess
from magray_orchestration.workspace import Workspace

FILES = {
    "src/lib/__init__.py": "from .out import echo\n",
    "src/lib/out.py": "import sys\n\n\ndef echo(message):\n    sys.stdout.write(message)\n",
    "src/lib/app.py": "from .out import echo\n\n\ndef main():\n    # echo twice\n    echo('a')\n    echo('b')\n",
    "tests/test_out.py": "from lib.out import echo\n\n\ndef test_echo():\n    echo('echo')\n",
    "web/page.ts": "export function draw(x: number) { return log(x); }\nexport function log(x: number) { return x; }\n",
    "README.md": "Use `echo`.\n",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("plan"), FILES)


class Watched:
    def __init__(self) -> None:
        self.said: list[tuple[str, float | None]] = []

    def report(self, message: str, fraction: float | None = None) -> None:
        self.said.append((message, fraction))


def whole(plan: Plan) -> dict[str, object]:
    return dataclasses.asdict(plan)


def test_a_rename_becomes_a_proved_plan(workspace: Workspace) -> None:
    plan = make_plan(workspace, Task("rename echo to emit"))
    assert re.fullmatch(r"[0-9a-f]{8}", plan.id)
    assert plan.intent.slots["old"] == "echo"
    first = plan.steps[0]
    assert (first.id, first.group, first.accepted) == (1, 1, True)
    assert first.proof.parses and first.proof.diagnostics_delta == 0
    assert first.permissions == ("fs.write: 4 files",)
    assert "def emit(message):" in after(workspace, first.changes)["src/lib/out.py"]
    assert any(one.path == "README.md" for one in first.proof.residue)
    assert plan.summary


def test_a_bounded_list_of_what_is_left_keeps_the_whole_count(workspace: Workspace) -> None:
    whole_plan = make_plan(workspace, Task("rename echo to emit"))
    plans = dataclasses.replace(workspace.settings.plans, max_residue=1)
    settings = dataclasses.replace(workspace.settings, plans=plans)
    bounded = make_plan(dataclasses.replace(workspace, settings=settings), Task("rename echo to emit"))
    assert [len(step.proof.residue) for step in bounded.steps] == [min(1, step.proof.n_left) for step in bounded.steps]
    assert bounded.steps[0].proof.n_left > 1
    for short, long in zip(bounded.steps, whole_plan.steps, strict=True):
        assert short.proof.left == long.proof.left
        assert short.proof.n_left == len(long.proof.residue)
        assert (short.why, short.risk) == (long.why, long.risk)
    assert bounded.summary == whole_plan.summary


@pytest.mark.parametrize("goal", ["rename echo to emit", "replace log($A) with put($A)", "rename draw to paint"])
def test_the_same_goal_on_the_same_files_gives_the_same_plan(workspace: Workspace, goal: str) -> None:
    assert whole(make_plan(workspace, Task(goal))) == whole(make_plan(workspace, Task(goal)))


def test_the_id_follows_the_goal_and_the_files(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    first = make_plan(workspace, Task("replace log($A) with put($A)"))
    second = make_plan(workspace, Task("replace log($A) with out($A)"))
    same_text = make_plan(opened(workspace, "web/page.ts", FILES["web/page.ts"]), Task(first.goal))
    other_text = make_plan(opened(workspace, "web/page.ts", "\n" + FILES["web/page.ts"]), Task(first.goal))
    assert same_text.id == first.id
    assert len({first.id, second.id, other_text.id}) == 3


def test_each_step_says_what_it_needs_and_how_risky_it_is(workspace: Workspace) -> None:
    plan = make_plan(workspace, Task("rename draw to paint"))
    for step in plan.steps:
        assert step.permissions
        assert step.risk.reasons
        assert step.needs_confirmation  # found by text only


def test_the_cursor_is_used_only_where_it_shows_the_thing(workspace: Workspace) -> None:
    elsewhere = cursor(workspace, "web/page.ts", "function lo$0g")
    plan = make_plan(workspace, Task("rename echo to emit", elsewhere))
    assert "src/lib/out.py" in {change.path for change in plan.steps[0].changes}
    pointed = make_plan(workspace, Task("rename this to put", cursor(workspace, "web/page.ts", "return lo$0g(x)")))
    assert {change.path for change in pointed.steps[0].changes} == {"web/page.ts"}


def test_the_same_name_in_two_languages_is_told_apart_by_place_or_path(tmp_path: Path) -> None:
    files = {
        "a.py": "def draw():\n    return 1\n",
        "b.py": "class B:\n    def draw(self):\n        return 2\n",
        "c.ts": "function draw() { return 1; }\ndraw();\n",
        "d.md": "draw is a word\n",
    }
    workspace = indexed(tmp_path, files)

    def touched(goal: str, place: Place | None = None) -> set[str]:
        return {change.path for change in make_plan(workspace, Task(goal, place)).steps[0].changes}

    assert touched("rename this to paint", cursor(workspace, "c.ts", "dr$0aw();")) == {"c.ts"}
    assert touched("rename this to paint", cursor(workspace, "a.py", "dr$0aw")) == {"a.py"}
    assert touched("rename draw in b.py to paint") == {"b.py"}
    assert touched("rename draw in c.ts to paint") == {"c.ts"}
    assert touched("rename draw to paint", cursor(workspace, "a.py", "def $0draw")) == {"a.py"}
    assert touched("rename draw in a.py to paint", cursor(workspace, "d.md", "dr$0aw")) == {"a.py"}


@pytest.mark.parametrize(
    ("goal", "error", "message"),
    [
        ("", GoalNotUnderstood, "empty"),
        ("make it nice", GoalNotUnderstood, "not clear"),
        ("search for echo", GoalNotUnderstood, "nothing to plan"),
        ("explain echo", GoalNotUnderstood, "nothing to plan"),
        ("replace nowhere($A) with x($A)", RefactoringRefused, "no code has the shape"),
        ("rename echo to echo", RefactoringRefused, "already"),
        ("replace log($A) with log( $A )", RefactoringRefused, None),
    ],
)  # fmt: skip
def test_there_is_no_empty_plan(workspace: Workspace, goal: str, error: type[MagrayError], message: str | None) -> None:
    if message is None:
        assert make_plan(workspace, Task(goal)).steps  # only spaces change, but they do
        return
    with pytest.raises(error, match=message):
        make_plan(workspace, Task(goal))


@pytest.mark.parametrize(
    ("goal", "created"),
    [
        ("move echo to lib.io", "src/lib/io.py"),
        ("move function echo into a new module lib.io", "src/lib/io.py"),
        ("перенеси функцию echo в модуль lib.io", "src/lib/io.py"),
        ("move echo to src/lib/io.py", "src/lib/io.py"),
        ("move src/lib/out.py to src/lib/sub/", None),
    ],
)
def test_a_move_is_planned(tmp_path: Path, goal: str, created: str | None) -> None:
    plan = make_plan(indexed(tmp_path, {**FILES, "src/lib/sub/__init__.py": ""}), Task(goal))
    changes = {change.path: change.kind for step in plan.steps for change in step.changes}
    assert "src/lib/app.py" in changes
    if created is not None:
        assert changes[created] == "create"


def test_a_python_string_does_not_make_another_language_s_name_python(tmp_path: Path) -> None:
    files = {"a.py": "TEMPLATE = 'renderPage()'\n", "b.ts": "export function renderPage() { return 1; }\n"}
    plan = make_plan(indexed(tmp_path, files), Task("rename renderPage to drawPage"))
    assert plan.steps[0].tool == "text.rename"
    assert [change.path for change in plan.steps[0].changes] == ["b.ts"]


def test_imports_are_organized_where_the_person_is_or_everywhere(tmp_path: Path) -> None:
    messy = "import sys\nimport os\n\nprint(os, sys)\n"
    workspace = indexed(tmp_path, {"a.py": messy, "b.py": messy, "sub/c.py": messy})
    here = cursor(workspace, "a.py", "import s$0ys")

    def touched(goal: str, place: Place | None = None) -> set[str]:
        plan = make_plan(workspace, Task(goal, place))
        return {change.path for step in plan.steps for change in step.changes}

    assert touched("organize imports", here) == {"a.py"}
    assert touched("organize imports everywhere", here) == {"a.py", "b.py", "sub/c.py"}
    assert touched("приведи в порядок импорты") == {"a.py", "b.py", "sub/c.py"}
    assert touched("sort imports in sub", here) == {"sub/c.py"}


def test_a_replacement_that_changes_nothing_is_refused(workspace: Workspace) -> None:
    with pytest.raises(RefactoringRefused):
        make_plan(workspace, Task("replace log($A) with log($A)"))


def test_progress_is_told_and_cancelling_stops_it(workspace: Workspace) -> None:
    watched = Watched()
    make_plan(workspace, Task("replace log($A) with put($A)"), progress=watched)
    assert watched.said[0] == ("reading the goal", 0.0)
    assert watched.said[-1] == ("planned", 1.0)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        make_plan(workspace, Task("replace log($A) with put($A)"), cancel=cancel)


def draft(path: str, *spans: tuple[int, int], **more: object) -> StepDraft:
    edits = tuple(TextEdit(Span(*span), "x") for span in spans)
    values: dict[str, object] = {
        "title": "t", "why": "w", "tool": "t", "args": {}, "changes": (EditFile(path, "0", edits),), "engines": (),
        "grade": Grade.SINGLE_ENGINE, **more,
    }  # fmt: skip
    return StepDraft(**values)  # type: ignore[arg-type]


def test_steps_whose_edits_overlap_are_a_bug() -> None:
    check_disjoint((draft("a", (0, 3)), draft("a", (3, 5)), draft("b", (0, 3))))
    with pytest.raises(AssertionError, match="overlap"):
        check_disjoint((draft("a", (0, 3)), draft("a", (2, 5))))
    with pytest.raises(AssertionError, match="overlap"):
        check_disjoint((draft("a", (2, 2)), draft("a", (2, 2))))


def test_an_id_is_eight_digits_of_the_goal_and_the_edits() -> None:
    ids = {plan_id("g", [draft("a", (0, 1))]), plan_id("g", [draft("a", (0, 2))]), plan_id("h", [draft("a", (0, 1))])}
    assert len(ids) == 3
    assert plan_id("g", [draft("a", (0, 1))]) == plan_id(" g ", [draft("a", (0, 1), title="other")])


def test_permissions_count_files() -> None:
    assert permissions_of(draft("a", (0, 1)).changes) == ("fs.write: 1 file",)


PROVED = Proof(parses=True)


@pytest.mark.parametrize(
    ("step", "proof", "level", "reason"),
    [
        (draft("src/a.py", (0, 1)), PROVED, RiskLevel.LOW, "1 file changed"),
        (draft("tests/test_a.py", (0, 1)), PROVED, RiskLevel.LOW, "1 test file changed"),
        (draft("pyproject.toml", (0, 1)), PROVED, RiskLevel.LOW, "pyproject.toml steers builds or tools"),
        (draft("a.py", (0, 1)), Proof(parses=False), RiskLevel.MEDIUM, "the result does not parse"),
        (draft("a.py", (0, 1)), Proof(True, 3, problems=("x",)), RiskLevel.MEDIUM, "3 new problems in the result"),
        (draft("a.py", (0, 1), args={"old": "echo"}), PROVED, RiskLevel.LOW, "echo is public"),
        (
            draft("a.py", (0, 1)),
            Proof(True, residue=(Residue("b", 1, 1, ResidueKind.TEXT, ""),) * 80),
            RiskLevel.LOW,
            "80 mentions of the name left",
        ),
        (
            draft("a.py", (0, 1), args={"old": "echo"}),
            Proof(False, 2, grade=Grade.TEXTUAL_RESIDUE, problems=("x",)),
            RiskLevel.HIGH,
            "found by text",
        ),
    ],
)
def test_risk_has_reasons(step: StepDraft, proof: Proof, level: RiskLevel, reason: str) -> None:
    risk = assess(step, proof)
    assert risk.level is level
    assert any(reason in one for one in risk.reasons)
    assert risk == assess(step, proof)


def test_more_of_anything_is_never_less_risky() -> None:
    few = assess(draft("a.py", (0, 1)), PROVED)
    assert assess(draft("a.py", (0, 1)), PROVED, in_git=False).score > few.score
    assert assess(draft("a.py", (0, 1)), Proof(True, problems=("x",))).score > few.score


def test_a_private_name_is_no_public_interface() -> None:
    risk = assess(draft("a.py", (0, 1), args={"old": "_echo"}), PROVED)
    assert not any("public" in reason for reason in risk.reasons)


def test_every_refactoring_is_a_tool_with_a_schema() -> None:
    names = [refactoring.tool.name for refactoring in REFACTORINGS]
    assert len(set(names)) == len(names)
    for refactoring in REFACTORINGS:
        schema = refactoring.tool.arguments
        assert schema["type"] == "object"
        assert set(schema.get("required", ())) <= set(schema["properties"])
        assert refactoring.tool.title and refactoring.tool.description and refactoring.tool.permissions


def test_python_renames_are_asked_before_those_of_the_editor_and_of_text() -> None:
    names = [one.tool.name for one in REFACTORINGS]
    assert names.index("python.rename") < names.index("editor.rename") < names.index("text.rename")


def test_one_rename_is_offered_at_a_name(workspace: Workspace) -> None:
    for path, marked in (("src/lib/out.py", "def ec$0ho"), ("web/page.ts", "function dr$0aw")):
        renames = [one for one in offers(workspace, cursor(workspace, path, marked)) if one.kind == "refactor.rename"]
        assert len(renames) == 1
        assert renames[0].goal_prefix.startswith("rename ")
