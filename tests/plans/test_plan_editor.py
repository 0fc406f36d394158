"""Applying through an editor: whatever the client did with the edits, the record says what really happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from magray_testkit.plans import edit, opened, plan, rename, replacing, step, tree, workspace

from magray_core.documents import Document
from magray_core.errors import ContentChanged
from magray_core.plans import CreateFile, EditFile, Plan, PlanStatus, RenameFile, StepStatus
from magray_core.spans import apply_edits
from magray_orchestration.plans.applying import commit_on_disk, confirm_in_editor, recover, settle, stage
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Action, Staged, Transition


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "a.py").write_bytes(b"old\r\nold\r\n")
    (folder / "b.py").write_bytes(b"old\n")
    return folder


@pytest.fixture
def store(root: Path) -> Iterator[PlanStore]:
    made = PlanStore.open(workspace(root).paths)
    yield made
    made.close()


def two_steps(root: Path) -> Plan:
    whole = edit(root, "a.py", "old", "new")
    first, second = whole.edits
    return plan(
        step(1, replace(whole, edits=(first,)), edit(root, "b.py", "old", "new")),
        step(2, replace(whole, edits=(second,))),
    )


def staged_in(root: Path, store: PlanStore, plan_id: str, action: Action, documents: Mapping[str, Document]) -> Staged:
    return stage(workspace(root, documents), store, plan_id, action=action)


def after(item: Transition) -> str:
    """The text that a client has once it made the item's edits."""
    assert item.before is not None
    text = apply_edits(item.before.decode(), item.edits)
    assert item.after is not None
    assert text.encode() == item.after
    return text


def test_everything_applied_and_saved_is_applied(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    for item in staged.files:
        (root / item.path).write_bytes(after(item).encode())
    outcome = confirm_in_editor(workspace(root), store, staged, applied=True)
    assert (outcome.status, outcome.files_written, outcome.pending) == (PlanStatus.APPLIED, ("a.py", "b.py"), ())
    back = staged_in(root, store, made.id, "undo", {})
    assert [item.edit_steps for item in back.files] == [(1, 2), (1,)]
    for item in back.files:
        (root / item.path).write_bytes(after(item).encode())
    assert confirm_in_editor(workspace(root), store, back, applied=True).status is PlanStatus.UNDONE


def test_open_documents_count_and_are_pending_until_saved(root: Path, store: PlanStore) -> None:
    before = opened(root, "a.py", "old\r\nold\r\n", 7)
    made = store.save(two_steps(root), workspace(root, before))
    staged = staged_in(root, store, made.id, "apply", before)
    assert [(item.path, item.base_version) for item in staged.files] == [("a.py", 7), ("b.py", None)]
    now = opened(root, "a.py", after(staged.files[0]), 8) | opened(root, "b.py", "new\n", 1)
    outcome = confirm_in_editor(workspace(root, now), store, staged, applied=True)
    assert (outcome.status, outcome.pending) == (PlanStatus.APPLIED, ("a.py", "b.py"))
    assert "saved there?" in store.document_path(made.id).read_text()
    (root / "a.py").write_bytes(b"new\r\nnew\r\n")
    settle(workspace(root, now), store, made.id)
    assert store.standing(made.id).pending == {(1, "b.py")}
    (root / "b.py").write_bytes(b"new\n")
    settle(workspace(root, now), store, made.id)
    assert not store.standing(made.id).pending
    assert "saved there?" not in store.document_path(made.id).read_text()


def test_a_step_left_out_in_the_preview_is_found_out(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    (root / "a.py").write_bytes(b"old\r\nnew\r\n")  # step 2 alone
    outcome = confirm_in_editor(workspace(root), store, staged, applied=False)
    assert outcome.status is PlanStatus.PARTLY_APPLIED
    assert outcome.applied == (2,)
    assert [(item.step, item.path, item.reason) for item in outcome.refused] == [
        (1, "a.py", "left out in the editor"),
        (1, "b.py", "left out in the editor"),
    ]
    assert [one.status for one in outcome.plan.steps] == [StepStatus.REFUSED, StepStatus.APPLIED]
    rest = staged_in(root, store, made.id, "apply", {})
    assert [(item.path, item.after) for item in rest.files] == [("a.py", b"new\r\nnew\r\n"), ("b.py", b"new\n")]
    assert commit_on_disk(workspace(root), store, rest).status is PlanStatus.APPLIED


def test_nothing_applied_is_nothing_recorded(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    outcome = confirm_in_editor(workspace(root), store, staged, applied=False)
    assert (outcome.status, outcome.applied, len(outcome.refused)) == (PlanStatus.PROPOSED, (), 3)
    assert staged_in(root, store, made.id, "apply", {}).files


def test_half_a_file_is_refused_with_what_is_there(root: Path, store: PlanStore) -> None:
    (root / "c.py").write_bytes(b"old\n\nold\n")
    made = store.save(plan(step(1, edit(root, "c.py", "old", "new"))), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    (root / "c.py").write_bytes(b"new\n\nold\n")
    outcome = confirm_in_editor(workspace(root), store, staged, applied=True)
    assert [item.reason for item in outcome.refused] == ["it is neither as it was nor as planned (line 3 is now 'old')"]
    assert outcome.status is PlanStatus.PROPOSED
    assert (root / "c.py").read_bytes() == b"new\n\nold\n"


def test_a_closed_file_is_believed_to_wait_in_the_editor(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    outcome = confirm_in_editor(workspace(root), store, staged_in(root, store, made.id, "apply", {}), applied=True)
    assert (outcome.status, outcome.pending) == (PlanStatus.APPLIED, ("a.py", "b.py"))
    with pytest.raises(ContentChanged) as caught:
        staged_in(root, store, made.id, "undo", {})
    assert caught.value.differences[0] == "a.py: changed in your editor but not saved there yet"
    again = staged_in(root, store, made.id, "apply", {})  # the person threw the buffers away
    assert commit_on_disk(workspace(root), store, again).status is PlanStatus.APPLIED
    assert (root / "a.py").read_bytes() == b"new\r\nnew\r\n"


def test_moves_and_creations_in_an_editor(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = store.save(
        plan(
            step(1, rename(root, "b.py", "pkg/b.py", replacing("old\n", "old", "new"))),
            step(2, CreateFile("b.py", "from pkg.b import new\n"), CreateFile("skipped.py", "x\n")),
        ),
        workspace(root),
    )
    staged = staged_in(root, store, made.id, "apply", {})
    assert [(item.path, item.new_path, item.before is None) for item in staged.files] == [
        ("b.py", "pkg/b.py", False),
        ("b.py", None, True),
        ("skipped.py", None, True),
    ]
    (root / "pkg").mkdir()
    (root / "b.py").rename(root / "pkg/b.py")
    (root / "b.py").write_bytes(b"")
    documents = opened(root, "pkg/b.py", "new\n") | opened(root, "b.py", "from pkg.b import new\n")
    outcome = confirm_in_editor(workspace(root, documents), store, staged, applied=True)
    assert [(item.step, item.path) for item in outcome.refused] == [(2, "skipped.py")]
    assert outcome.pending == ("b.py", "pkg/b.py")
    for path, document in documents.items():
        (root / path).write_bytes(document.text.encode())
    settle(workspace(root), store, made.id)
    assert not store.standing(made.id).pending
    commit_on_disk(workspace(root), store, staged_in(root, store, made.id, "undo", {}))
    (root / "pkg").rmdir()
    assert tree(root) == before


def test_an_answer_that_comes_twice_or_late_changes_nothing_more(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    for item in staged.files:
        (root / item.path).write_bytes(after(item).encode())
    first = confirm_in_editor(workspace(root), store, staged, applied=True)
    second = confirm_in_editor(workspace(root), store, staged, applied=False)
    assert (first.status, first.applied) == (second.status, second.applied)
    commit_on_disk(workspace(root), store, staged_in(root, store, made.id, "undo", {}))
    late = confirm_in_editor(workspace(root), store, staged, applied=True)
    assert late.status is PlanStatus.UNDONE


def test_an_editor_that_finished_after_the_server_died_is_believed_by_its_files(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    assert recover(root, store) == ()
    for item in staged.files:
        (root / item.path).write_bytes(after(item).encode())
    assert recover(root, store) == (f"your editor had finished the apply of plan {made.id}; that is recorded now",)
    assert store.get(made.id).status is PlanStatus.APPLIED
    assert recover(root, store) == ()


def test_an_answer_after_half_was_adopted_still_counts(root: Path, store: PlanStore) -> None:
    made = store.save(two_steps(root), workspace(root))
    staged = staged_in(root, store, made.id, "apply", {})
    (root / "b.py").write_bytes(b"new\n")
    recover(root, store)  # another process starts while the editor is at work
    assert store.get(made.id).status is PlanStatus.PARTLY_APPLIED
    (root / "a.py").write_bytes(b"new\r\nnew\r\n")
    assert confirm_in_editor(workspace(root), store, staged, applied=True).status is PlanStatus.APPLIED


def test_unsaved_text_is_what_the_plan_is_made_for(root: Path, store: PlanStore) -> None:
    unsaved = opened(root, "b.py", "old # unsaved\n", 3)
    document = unsaved["b.py"]
    change = EditFile("b.py", document.content_hash, replacing(document.text, "old", "new"), 3)
    made = store.save(plan(step(1, change)), workspace(root, unsaved))
    (item,) = staged_in(root, store, made.id, "apply", unsaved).files
    assert (item.before, item.after, item.base_version) == (b"old # unsaved\n", b"new # unsaved\n", 3)
    with pytest.raises(ContentChanged):
        staged_in(root, store, made.id, "apply", {})
    assert isinstance(rename(root, "b.py", "c.py"), RenameFile)
