"""Renames in languages that no engine of ours knows: by the editor's servers, else by text, and graded."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import after, cursor, indexed, opened

from magray_core.cancel import Cancelled, CancelToken
from magray_core.errors import RefactoringRefused
from magray_core.plans import (
    CreateFile,
    DeleteFile,
    EditFile,
    FileChange,
    Grade,
    Intent,
    IntentKind,
    Place,
    ResidueKind,
)
from magray_core.spans import Span, TextEdit
from magray_orchestration.planning import choose
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.refactoring.editor_rename import EditorRename
from magray_orchestration.refactoring.textual_rename import TextualRename
from magray_orchestration.workspace import Workspace

FILES = {
    "web/page.ts": (
        "// renderPage draws\nexport function renderPage(x: number) { return x; }\n"
        "export const name = 'renderPage';\nrenderPage(1);\n"
    ),
    "web/view.tsx": "import { renderPage } from './page';\nexport const V = () => <b>{renderPage(2)}</b>;\n",
    "web/other.ts": "export class Other { renderPage() { return 1; } }\nexport function drawAll() {}\n",
    "go/main.go": "package main\n\nfunc renderPage() {}\n",
    "README.md": "Call `renderPage`.\n",
    "py/a.py": "def greet():\n    return 1\n",
}


class Silent:
    def report(self, message: str, fraction: float | None = None) -> None:
        """Nobody looks."""


class Scripted:
    """An editor whose server gives one answer, and remembers what it was asked."""

    def __init__(self, *answer: FileChange) -> None:
        self.answer = answer
        self.asked: list[tuple[Place, str]] = []

    def rename(self, place: Place, new_name: str, *, timeout_s: float) -> tuple[FileChange, ...] | None:
        assert timeout_s > 0
        self.asked.append((place, new_name))
        return self.answer or None


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return indexed(tmp_path_factory.mktemp("rename"), FILES)


def with_editor(workspace: Workspace, editor: Scripted) -> Workspace:
    return Workspace(workspace.root, workspace.index, workspace.documents, workspace.settings, editor)


def intent(new: str = "drawPage", **slots: str) -> Intent:
    return Intent(IntentKind.RENAME, {"old": "renderPage", "new": new, **slots})


def definition(workspace: Workspace) -> Place:
    place = cursor(workspace, "web/page.ts", "function $0renderPage$0")
    return Place(place.path, place.span)


def textual(workspace: Workspace, wanted: Intent | None = None, place: Place | None = None) -> tuple[StepDraft, ...]:
    return TextualRename().compute(workspace, wanted or intent(), place, Silent(), CancelToken())


def by_editor(workspace: Workspace, editor: Scripted, wanted: Intent | None = None) -> tuple[StepDraft, ...]:
    there = with_editor(workspace, editor)
    return EditorRename().compute(there, wanted or intent(), definition(there), Silent(), CancelToken())


def edit(workspace: Workspace, path: str, *, skip: tuple[str, ...] = ()) -> EditFile:
    """What a good server would say of one file: every mention in code."""
    document = workspace.read(path)
    mentions = [one for one in workspace.index.occurrences("renderPage") if one.path == path]
    edits = tuple(
        TextEdit(one.span, "drawPage")
        for one in mentions
        if one.kind.value not in ("string", "comment", "text") and one.kind.value not in skip
    )
    return EditFile(path, document.content_hash, edits, document.version)


def test_code_strings_and_prose_are_steps_of_their_own(workspace: Workspace) -> None:
    code, strings, prose = textual(workspace, place=definition(workspace))
    assert [draft.title for draft in (code, strings, prose)] == [
        "Rename renderPage to drawPage in typescript code",
        "Rename renderPage to drawPage in strings",
        "Rename renderPage to drawPage in comments and documents",
    ]
    assert (code.accepted, strings.accepted, prose.accepted) == (True, False, False)
    assert {draft.grade for draft in (code, strings, prose)} == {Grade.TEXTUAL_RESIDUE}
    assert after(workspace, code.changes)["web/view.tsx"] == FILES["web/view.tsx"].replace("renderPage", "drawPage")
    assert [change.path for change in prose.changes] == ["README.md", "web/page.ts"]
    assert [change.path for change in strings.changes] == ["web/page.ts"]


def test_a_textual_rename_says_what_it_cannot_know(workspace: Workspace) -> None:
    code = textual(workspace, place=definition(workspace))[0]
    assert any("not by meaning" in problem for problem in code.problems)
    assert any("web/other.ts:1 (Other.renderPage)" in problem for problem in code.problems)
    assert any(one.path == "go/main.go" and one.kind is ResidueKind.CODE for one in code.residue)
    assert "go/main.go" not in {change.path for change in code.changes}


def test_the_cursor_says_which_language_is_meant(workspace: Workspace) -> None:
    place = cursor(workspace, "go/main.go", "func $0renderPage$0")
    (code, *_) = textual(workspace, place=place)
    assert [change.path for change in code.changes] == ["go/main.go"]


def test_a_name_that_stands_beside_it_is_refused(workspace: Workspace) -> None:
    place = cursor(workspace, "web/other.ts", "function $0drawAll$0")
    wanted = Intent(IntentKind.RENAME, {"old": "drawAll", "new": "Other"})
    with pytest.raises(RefactoringRefused, match=r"web/other\.ts already has a class Other"):
        textual(workspace, wanted, place)


def test_a_name_that_exists_elsewhere_is_named(workspace: Workspace) -> None:
    code = textual(workspace, intent("drawAll"), definition(workspace))[0]
    assert "drawAll is also defined at web/other.ts:2" in code.problems


def test_unsaved_documents_are_what_is_renamed(workspace: Workspace) -> None:
    unsaved = opened(workspace, "web/other.ts", "import { renderPage } from './page';\n", version=4)
    code = textual(unsaved, place=definition(unsaved))[0]
    change = next(one for one in code.changes if one.path == "web/other.ts")
    assert after(unsaved, (change,))["web/other.ts"] == "import { drawPage } from './page';\n"
    assert isinstance(change, EditFile) and change.base_version == 4


def test_a_file_that_the_index_does_not_know_yet_is_left_out_and_named(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    (tmp_path / "web/view.tsx").write_text("\n\nimport { renderPage } from './page';\n")
    code = textual(workspace, place=definition(workspace))[0]
    assert "web/view.tsx differs from the index and was left out" in code.problems
    assert "web/view.tsx" not in {change.path for change in code.changes}


def test_the_right_refactoring_is_chosen(workspace: Workspace) -> None:
    assert isinstance(choose(workspace, intent(), definition(workspace)), TextualRename)
    there = with_editor(workspace, Scripted())
    assert isinstance(choose(there, intent(), definition(there)), EditorRename)
    python = Intent(IntentKind.RENAME, {"old": "greet", "new": "hail"})
    assert choose(there, python, None).tool.name == "python.rename"


def test_a_server_that_changes_all_of_the_code_agrees_with_the_parser(tmp_path: Path) -> None:
    files = {path: text for path, text in FILES.items() if path in ("web/page.ts", "web/view.tsx", "README.md")}
    workspace = indexed(tmp_path, files)
    editor = Scripted(edit(workspace, "web/view.tsx"), edit(workspace, "web/page.ts"))
    (draft,) = by_editor(workspace, editor)
    assert draft.grade is Grade.AGREED
    assert draft.problems == ()
    assert [change.path for change in draft.changes] == ["web/page.ts", "web/view.tsx"]
    assert {(one.path, one.kind) for one in draft.residue} == {
        ("README.md", ResidueKind.TEXT),
        ("web/page.ts", ResidueKind.STRING),
        ("web/page.ts", ResidueKind.COMMENT),
    }
    assert editor.asked == [(definition(workspace), "drawPage")]


def test_a_server_that_leaves_code_is_one_engine_only_and_what_it_leaves_is_listed(workspace: Workspace) -> None:
    (draft,) = by_editor(workspace, Scripted(edit(workspace, "web/page.ts")))
    assert draft.grade is Grade.SINGLE_ENGINE
    assert any("in code" in problem for problem in draft.problems)
    assert ("web/view.tsx", ResidueKind.CODE) in {(one.path, one.kind) for one in draft.residue}


def test_without_an_answer_the_rename_is_textual(workspace: Workspace) -> None:
    drafts = by_editor(workspace, Scripted())
    assert [draft.tool for draft in drafts] == ["text.rename"] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (EditFile("../../etc/passwd", "0", (), None), "not a path inside the workspace"),
        (EditFile("/etc/passwd", "0", (), None), "not a path inside the workspace"),
        (EditFile("web/gone.ts", "0", (), None), "cannot read web/gone.ts"),
        (EditFile("web/page.ts", "0" * 64, (TextEdit(Span(0, 1), "x"),), None), "another version of web/page.ts"),
        (CreateFile("web/new.ts", "x"), "cannot read web/new.ts"),
        (DeleteFile("web/page.ts", "0"), "would delete web/page.ts"),
    ],
)
def test_an_answer_that_does_not_hold_is_refused(workspace: Workspace, change: FileChange, message: str) -> None:
    with pytest.raises(RefactoringRefused, match=message):
        by_editor(workspace, Scripted(change))


def test_edits_that_overlap_or_reach_past_the_end_are_refused(workspace: Workspace) -> None:
    document = workspace.read("web/page.ts")
    for spans in ([Span(0, 5), Span(3, 8)], [Span(0, 10**6)]):
        edits = tuple(TextEdit(span, "x") for span in spans)
        with pytest.raises(RefactoringRefused, match="do not fit"):
            by_editor(workspace, Scripted(EditFile(document.path, document.content_hash, edits)))


def test_an_answer_for_another_version_is_refused(workspace: Workspace) -> None:
    unsaved = opened(workspace, "web/page.ts", FILES["web/page.ts"], version=9)
    document = unsaved.read("web/page.ts")
    stale = EditFile(document.path, document.content_hash, (TextEdit(Span(0, 0), "x"),), 8)
    with pytest.raises(RefactoringRefused, match="another version"):
        by_editor(unsaved, Scripted(stale))


def test_several_definitions_without_a_cursor_are_asked_about(workspace: Workspace) -> None:
    there = with_editor(workspace, Scripted())
    with pytest.raises(RefactoringRefused, match="defined in several places") as caught:
        EditorRename().compute(there, intent(), None, Silent(), CancelToken())
    assert "cursor" in caught.value.hint


def test_cancelling_stops_both(workspace: Workspace) -> None:
    cancel = CancelToken()
    cancel.cancel()
    there = with_editor(workspace, Scripted())
    for refactoring in (TextualRename(), EditorRename()):
        with pytest.raises(Cancelled):
            refactoring.compute(there, intent(), definition(there), Silent(), cancel)
