"""A step proves itself on copies, or says in words why it could not."""

from __future__ import annotations

from pathlib import Path

import pytest
from magray_testkit.indexed import indexed
from magray_testkit.renames import Silent

from magray_core.cancel import Cancelled, CancelToken
from magray_core.plans import CreateFile, DeleteFile, EditFile, FileChange, Grade, Proof
from magray_core.spans import Span, TextEdit
from magray_orchestration.proving import prove
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.workspace import Workspace

FILES = {
    "a.py": "def f():\n    return 1\n",
    "b.py": "from a import f\n\nprint(f())\n",
    "app.js": "let a = 1;\n",
    "old.py": "print 'py2'\n",
}


def edit(workspace: Workspace, path: str, old: str, new: str) -> EditFile:
    document = workspace.read(path)
    at = document.text.index(old)
    return EditFile(path, document.content_hash, (TextEdit(Span(at, at + len(old)), new),), document.version)


def draft(*changes: FileChange, depends_on: tuple[int, ...] = ()) -> StepDraft:
    return StepDraft("t", "w", "x", {}, changes, ("test",), Grade.SINGLE_ENGINE, depends_on=depends_on)


def proof_of(workspace: Workspace, *drafts: StepDraft) -> Proof:
    return prove(workspace, drafts, Silent(), CancelToken())[-1]


def test_a_good_step_is_proved(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    proof = proof_of(
        workspace, draft(edit(workspace, "a.py", "f()", "g()"), edit(workspace, "b.py", "f\n", "g as f\n"))
    )
    assert proof.proved and proof.parses and proof.diagnostics_delta == 0 and proof.engines == ("test",)


CASES = [
    ("b.py", "print(f())", "print(g())", ("b.py:3: Undefined name `g` (F821)",)),
    ("a.py", "def f():", "def f(:", ("a.py would no longer parse: line 1: invalid syntax",)),
    ("app.js", "= 1", "= (1", ("app.js would no longer parse: more syntax errors than before",)),
    ("old.py", "py2", "py3", ()),
]


@pytest.mark.parametrize(("path", "old", "new", "problems"), CASES)
def test_what_breaks_is_named(path: str, old: str, new: str, problems: tuple[str, ...], tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    proof = proof_of(workspace, draft(edit(workspace, path, old, new)))
    assert proof.problems[: len(problems)] == problems
    assert proof.proved == (not problems)


def test_an_import_that_no_longer_finds_its_name_is_named(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    proof = proof_of(workspace, draft(edit(workspace, "a.py", "f()", "g()"), edit(workspace, "b.py", "print", "repr")))
    assert "b.py imports f from a.py, which has no such name" in proof.problems


def test_files_that_changed_meanwhile_or_are_in_the_way_are_named(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    stale = edit(workspace, "a.py", "f()", "g()")
    (tmp_path / "a.py").write_text("def f(): ...\n")
    proof = proof_of(workspace, draft(stale, CreateFile("b.py", "")))
    assert "a.py changed while the plan was computed" in proof.problems
    assert "b.py exists already" in proof.problems


def test_a_step_is_tried_on_top_of_what_it_depends_on(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    first = draft(edit(workspace, "a.py", "f()", "g()"), edit(workspace, "b.py", "import f", "import g"))
    second = draft(edit(workspace, "b.py", "print(f", "print(g"))
    alone, on_top = prove(workspace, (first, second), Silent(), CancelToken())
    assert not alone.proved and not on_top.proved
    depending = draft(*second.changes, depends_on=(1,))
    assert prove(workspace, (first, depending), Silent(), CancelToken())[1].proved


def test_deleting_and_cancelling(tmp_path: Path) -> None:
    workspace = indexed(tmp_path, FILES)
    gone = DeleteFile("old.py", workspace.read("old.py").content_hash)
    assert proof_of(workspace, draft(gone)).proved
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        prove(workspace, (draft(gone),), Silent(), token)
