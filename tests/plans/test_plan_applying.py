"""Applying, undoing and redoing on disk: by step, by file, after edits, after restarts, byte for byte."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from magray_testkit.plans import edit, plan, rename, replacing, step, tree, workspace

from magray_core.documents import content_hash
from magray_core.errors import ContentChanged, MagrayError, PlanError, PlanState, ToolDenied, WorkspaceError
from magray_core.plans import CreateFile, DeleteFile, EditFile, Plan, PlanStatus, StepStatus
from magray_core.spans import Span, TextEdit
from magray_core.tools import Verdict
from magray_orchestration.plans.applying import abandon, approval, commit_on_disk, recover, stage
from magray_orchestration.plans.states import Pair, pairs_of
from magray_orchestration.plans.store import PlanStore
from magray_orchestration.plans.transitions import Action, Choices, Outcome

FILES = {
    "lf.py": b"def old():\n    return 1\n",
    "crlf.py": b"import old\r\nold()\r\n",
    "bom.py": b"\xef\xbb\xbfold = 1\n",
    "utf16.txt": "old – тест\r\n".encode("utf-16"),
    "latin1.txt": "old caf\xe9\n".encode("latin-1"),
    "mixed.txt": b"old\r\nold\rold\n",
    "sub/no_end.py": b"x = 1\nold",
    "sub/deep/run.sh": b"#!/bin/sh\nold\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "sub/deep/run.sh").chmod(0o755)
    return folder


@pytest.fixture
def store(root: Path) -> Iterator[PlanStore]:
    opened = PlanStore.open(workspace(root).paths)
    yield opened
    opened.close()


def whole_plan(root: Path) -> Plan:
    """Three steps that touch every file in every way."""
    crlf = (root / "crlf.py").read_bytes().decode()
    first, second = replacing(crlf, "old", "new")
    digest = content_hash(FILES["crlf.py"])
    return plan(
        step(
            1,
            *(edit(root, path, "old", "new") for path in FILES if path not in ("crlf.py", "bom.py", "mixed.txt")),
            EditFile("crlf.py", digest, (first,)),
        ),
        step(2, EditFile("crlf.py", digest, (second,)), CreateFile("new/deep/made.py", "old = 'é'\n")),
        step(
            3,
            DeleteFile("mixed.txt", content_hash(FILES["mixed.txt"])),
            rename(root, "bom.py", "moved/bom.py", (TextEdit(Span(0, 3), "new"),)),
        ),
    )


def act(root: Path, store: PlanStore, plan_id: str, action: Action, *steps: int) -> Outcome:
    view = workspace(root)
    chosen = frozenset(steps) if steps else None
    return commit_on_disk(view, store, stage(view, store, plan_id, action=action, steps=chosen))


def test_apply_undo_redo_keep_every_byte_and_mode(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = store.save(whole_plan(root), workspace(root))
    outcome = act(root, store, made.id, "apply")
    assert (outcome.status, outcome.applied, outcome.refused) == (PlanStatus.APPLIED, (1, 2, 3), ())
    after = tree(root)
    assert after["crlf.py"][0] == b"import new\r\nnew()\r\n"
    assert after["utf16.txt"][0] == "new – тест\r\n".encode("utf-16")
    assert after["latin1.txt"][0] == "new caf\xe9\n".encode("latin-1")
    assert after["sub/no_end.py"][0] == b"x = 1\nnew"
    assert after["moved/bom.py"][0] == b"\xef\xbb\xbfnew = 1\n"
    assert after["new/deep/made.py"][0] == "old = 'é'\n".encode()
    assert after["sub/deep/run.sh"][1] & 0o777 == 0o755
    assert not {"bom.py", "mixed.txt"} & after.keys()
    assert act(root, store, made.id, "undo").status is PlanStatus.UNDONE
    assert tree(root) == before
    assert act(root, store, made.id, "redo").status is PlanStatus.APPLIED
    assert tree(root) == after
    act(root, store, made.id, "undo")
    assert tree(root) == before


def test_undo_survives_a_restart(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = store.save(whole_plan(root), workspace(root))
    act(root, store, made.id, "apply")
    store.close()
    again = PlanStore.open(workspace(root).paths)
    assert recover(root, again) == ()
    assert again.get(made.id[:3]).status is PlanStatus.APPLIED
    act(root, again, made.id, "undo")
    assert tree(root) == before
    again.close()


def test_steps_go_and_come_back_in_any_order(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = store.save(whole_plan(root), workspace(root))
    rng = random.Random(7)
    seen: dict[frozenset[Pair], dict[str, tuple[bytes | None, int]]] = {frozenset(): before}
    for _ in range(25):
        action = rng.choice(["apply", "undo", "redo"])
        chosen = rng.sample([1, 2, 3], rng.randint(1, 3))
        try:
            act(root, store, made.id, action, *chosen)  # type: ignore[arg-type]
        except PlanState:
            continue
        assert seen.setdefault(store.standing(made.id).applied, tree(root)) == tree(root)
    assert len(seen) >= 4
    if store.standing(made.id).applied:
        act(root, store, made.id, "undo")
    assert tree(root) == before


def test_a_file_left_out_stays_as_it_is_and_can_follow_later(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    store.choose(made.id, Choices({3: False}, {(1, "lf.py"): False}))
    outcome = act(root, store, made.id, "apply")
    assert outcome.status is PlanStatus.PARTLY_APPLIED
    assert [one.status for one in outcome.plan.steps] == [StepStatus.APPLIED, StepStatus.APPLIED, StepStatus.REFUSED]
    assert (root / "lf.py").read_bytes() == FILES["lf.py"]
    assert (root / "bom.py").exists()
    with pytest.raises(PlanState, match="nothing more of plan"):
        act(root, store, made.id, "apply")
    store.choose(made.id, Choices({3: True}, {(1, "lf.py"): True}))
    assert act(root, store, made.id, "apply").status is PlanStatus.APPLIED


def test_named_steps_are_applied_even_if_unticked(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    store.choose(made.id, Choices({1: False, 2: False, 3: False}))
    with pytest.raises(PlanState, match=r"nothing of plan .* is ticked"):
        act(root, store, made.id, "apply")
    assert act(root, store, made.id, "apply", 2).applied == (2,)


def test_what_cannot_be_done_is_said(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    for action, sentence in (("undo", "is not applied"), ("redo", "was undone"), ("apply", "has no step 9")):
        with pytest.raises(PlanState, match=sentence):
            act(root, store, made.id, action, *([9] if action == "apply" else []))  # type: ignore[arg-type]
    act(root, store, made.id, "apply")
    with pytest.raises(PlanState, match="is applied already"):
        act(root, store, made.id, "apply")


def test_a_step_that_others_need_stays_with_them(root: Path, store: PlanStore) -> None:
    made = store.save(
        plan(step(1, edit(root, "lf.py", "old", "new")), step(2, edit(root, "bom.py", "old", "new"), depends_on=(1,))),
        workspace(root),
    )
    with pytest.raises(PlanState, match=r"step 2 of plan .* needs step 1"):
        act(root, store, made.id, "apply", 2)
    act(root, store, made.id, "apply")
    with pytest.raises(PlanState, match=r"step 2 of plan .* needs step 1"):
        act(root, store, made.id, "undo", 1)
    act(root, store, made.id, "undo", 2)
    assert act(root, store, made.id, "undo", 1).status is PlanStatus.UNDONE


def test_a_changed_file_refuses_the_whole_application(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    (root / "lf.py").write_bytes(b"def old():\n    return 2\n")
    (root / "utf16.txt").unlink()
    (root / "new/deep").mkdir(parents=True)
    (root / "new/deep/made.py").write_text("mine")
    before = tree(root)
    with pytest.raises(ContentChanged) as caught:
        act(root, store, made.id, "apply")
    assert caught.value.differences == (
        "lf.py: line 2 is now 'return 2'",
        "utf16.txt: is gone",
        "new/deep/made.py: exists now",
    )
    assert tree(root) == before


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"def new():\r\n    return 1\r\n", "lf.py: its line ends changed"),
        (b"\xef\xbb\xbfdef new():\n    return 1\n", "lf.py: its encoding is now utf-8 with a byte order mark"),
        (b"def new():\n", "lf.py: it ends after line 1 now"),
        (b"def new():\n    return 1\n# \x1b[2J\n", "lf.py: line 3 is new: '# \\x1b[2J'"),
        (b"\0", "lf.py: its bytes changed"),
    ],
)
def test_undo_never_overwrites_what_the_person_changed(
    root: Path, store: PlanStore, data: bytes, sentence: str
) -> None:
    made = store.save(plan(step(1, edit(root, "lf.py", "old", "new"))), workspace(root))
    act(root, store, made.id, "apply")
    (root / "lf.py").write_bytes(data)
    with pytest.raises(ContentChanged) as caught:
        act(root, store, made.id, "undo")
    assert caught.value.differences == (sentence,)
    assert (root / "lf.py").read_bytes() == data


def test_a_later_plan_on_the_same_file_is_named(root: Path, store: PlanStore) -> None:
    first = store.save(plan(step(1, edit(root, "lf.py", "old", "new"))), workspace(root))
    act(root, store, first.id, "apply")
    second = store.save(plan(step(1, edit(root, "lf.py", "new", "newer"))), workspace(root))
    act(root, store, second.id, "apply")
    with pytest.raises(ContentChanged) as caught:
        act(root, store, first.id, "undo")
    assert caught.value.hint == f"plan {second.id} changed the same files: undo that one first"
    act(root, store, second.id, "undo")
    act(root, store, first.id, "undo")
    assert (root / "lf.py").read_bytes() == FILES["lf.py"]


def test_an_application_that_was_declined_leaves_no_trace(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    staged = stage(workspace(root), store, made.id, action="apply")
    abandon(store, staged)
    assert store.get(made.id) == made
    with pytest.raises(PlanState, match="is over already"):
        commit_on_disk(workspace(root), store, staged)


def test_a_change_between_staging_and_writing_is_refused(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    staged = stage(workspace(root), store, made.id, action="apply")
    (root / "lf.py").write_bytes(b"mine\n")
    before = tree(root)
    with pytest.raises(ContentChanged) as caught:
        commit_on_disk(workspace(root), store, staged)
    assert caught.value.differences == ("lf.py: changed since it was checked",)
    assert tree(root) == before
    (root / "lf.py").write_bytes(FILES["lf.py"])
    assert commit_on_disk(workspace(root), store, staged).status is PlanStatus.APPLIED
    with pytest.raises(PlanState, match="is over already"):
        commit_on_disk(workspace(root), store, staged)


def test_what_was_shown_is_what_is_applied(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    staged = stage(workspace(root), store, made.id, action="apply")
    assert staged.digest == approval(store, made.id)
    store.choose(made.id, Choices({3: False}))
    with pytest.raises(PlanState, match="no longer the one that was shown"):
        commit_on_disk(workspace(root), store, staged)
    forged = replace(stage(workspace(root), store, made.id, action="apply"), digest="0" * 64)
    with pytest.raises(PlanState, match="no longer the one that was shown"):
        commit_on_disk(workspace(root), store, forged)


def mutations(value: Any) -> Iterator[Any]:
    """The value with one leaf changed, once for every leaf."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: changed} for changed in mutations(inner))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from ([*value[:n], changed, *value[n + 1 :]] for changed in mutations(inner))
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
    elif isinstance(value, str):
        yield f"{value} "


def test_any_field_changed_after_approval_is_refused(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    staged = stage(workspace(root), store, made.id, action="apply")
    before = tree(root)
    ((original,),) = store.rows("SELECT body FROM plans")
    tried = 0
    for changed in mutations(json.loads(original)):
        if any(changed[name] != json.loads(original)[name] for name in ("created", "status")):
            continue
        with store.transaction() as db:
            db.execute("UPDATE plans SET body = ?", (json.dumps(changed),))
        with pytest.raises(MagrayError):
            store.get(made.id)
            if [one.status for one in store.get(made.id).steps] != [one.status for one in made.steps]:
                raise PlanState("a status is no part of the approval")
            commit_on_disk(workspace(root), store, staged)
        assert tree(root) == before
        tried += 1
    assert tried > 60
    with store.transaction() as db:
        db.execute("UPDATE plans SET body = ?", (original,))
    assert commit_on_disk(workspace(root), store, staged).status is PlanStatus.APPLIED


def test_every_file_gets_a_decision_and_protected_ones_are_named(root: Path, store: PlanStore) -> None:
    (root / ".github").mkdir()
    (root / ".github/ci.yml").write_text("old\n")
    made = plan(step(1, edit(root, "lf.py", "old", "new"), edit(root, ".github/ci.yml", "old", "new")))
    staged = stage(workspace(root), store, store.save(made, workspace(root)).id, action="apply")
    assert [(item.path, verdict.verdict) for item, verdict in zip(staged.files, staged.decisions, strict=True)] == [
        (".github/ci.yml", Verdict.ASK),
        ("lf.py", Verdict.ASK),
    ]
    assert staged.decisions[0].rule == "protected-path"


@pytest.mark.parametrize("path", [".git/hooks/pre-commit", ".GIT/config", "sub/.git/config", ".magray/x.json"])
def test_policy_forbids_writing_to_version_control_and_to_magrays_own_folder(
    root: Path, store: PlanStore, path: str
) -> None:
    made = store.save(plan(step(1, CreateFile(path, "x"))), workspace(root))
    with pytest.raises(ToolDenied, match="policy forbids"):
        stage(workspace(root), store, made.id, action="apply")
    assert not (root / path).exists()


@pytest.mark.parametrize(
    "path", ["../x.py", "/etc/passwd", "a/../../x", "~/.bashrc", "a\\b", "a/./b", "a//b", "", "a\0b"]
)
def test_a_plan_cannot_name_a_path_outside(root: Path, store: PlanStore, path: str) -> None:
    with pytest.raises(WorkspaceError):
        store.save(plan(step(1, CreateFile(path, "x"))), workspace(root))


def test_a_plan_made_for_other_bytes_is_not_stored(root: Path, store: PlanStore) -> None:
    made = plan(step(1, edit(root, "lf.py", "old", "new")))
    (root / "lf.py").write_bytes(b"mine\n")
    with pytest.raises(ContentChanged):
        store.save(made, workspace(root))


def test_an_encoding_that_lacks_a_character_refuses_the_plan(root: Path, store: PlanStore) -> None:
    with pytest.raises(PlanError, match=r"latin1\.txt is stored as latin-1, which has no 'ж'"):
        store.save(plan(step(1, edit(root, "latin1.txt", "old", "ж"))), workspace(root))


def test_a_chain_of_moves_and_a_swap_keep_every_text(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = plan(
        step(1, rename(root, "lf.py", "crlf.py"), rename(root, "crlf.py", "lf.py")),
        step(2, rename(root, "bom.py", "mixed.txt"), rename(root, "mixed.txt", "end.txt")),
        step(3, CreateFile("bom.py", "# moved to mixed.txt\n")),
    )
    store.save(made, workspace(root))
    act(root, store, made.id, "apply")
    assert (root / "lf.py").read_bytes() == FILES["crlf.py"]
    assert (root / "crlf.py").read_bytes() == FILES["lf.py"]
    assert (root / "mixed.txt").read_bytes() == FILES["bom.py"]
    assert (root / "end.txt").read_bytes() == FILES["mixed.txt"]
    act(root, store, made.id, "undo")
    assert tree(root) == before


def test_threads_that_apply_at_once_apply_once(root: Path, store: PlanStore) -> None:
    before = tree(root)
    made = store.save(whole_plan(root), workspace(root))
    results: list[str] = []

    def run() -> None:
        try:
            act(root, store, made.id, "apply")
            results.append("applied")
        except (PlanState, ContentChanged) as error:
            results.append(error.message)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("applied") == 1
    act(root, store, made.id, "undo")
    assert tree(root) == before


def test_nothing_is_left_beside_the_files_and_no_descriptor_open(root: Path, store: PlanStore) -> None:
    made = store.save(whole_plan(root), workspace(root))
    act(root, store, made.id, "apply")
    act(root, store, made.id, "undo")
    open_now = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        act(root, store, made.id, "redo")
        act(root, store, made.id, "undo")
    assert len(os.listdir("/proc/self/fd")) == open_now
    assert not list(root.rglob(".magray-*"))


def test_a_plan_over_every_pair_is_whole(root: Path) -> None:
    made = whole_plan(root)
    assert len(pairs_of(made)) == 10
    assert isinstance(PlanState("x"), MagrayError)
