"""The plan document: what a person reads, and what their ticks mean whatever they did to the rest of the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot
from magray_testkit.plans import edit, plan, rename, step, workspace

from magray_core.documents import content_hash
from magray_core.plans import CreateFile, EditFile, Grade, Plan, Proof, Residue, ResidueKind, Risk, RiskLevel
from magray_core.spans import Span, TextEdit
from magray_orchestration.plans.document import Choices, landmarks, parse_choices, render
from magray_orchestration.plans.store import PlanStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    opened = PlanStore.open(workspace(tmp_path).paths)
    yield opened
    opened.close()


def small_plan(root: Path) -> Plan:
    (root / "src").mkdir()
    (root / "src/core.py").write_text("def old():\n    return 1\n\n\nprint(old())\n")
    (root / "app.py").write_text("from src.core import old\n")
    residue = (
        Residue("README.md", 3, 5, ResidueKind.TEXT, "call `old` first"),
        Residue("src/core.py", 9, 1, ResidueKind.STRING, '"old"'),
    )
    return plan(
        step(
            1,
            edit(root, "src/core.py", "old", "new"),
            edit(root, "app.py", "old", "new"),
            title="Rename old to new",
            why="The goal names the function old in src/core.py.",
            args={"old": "old", "new": "new"},
            proof=Proof(True, 0, ("rope", "jedi"), Grade.AGREED, residue),
        ),
        step(
            2,
            CreateFile("docs/new.md", "# new\n"),
            title="Document it",
            risk=Risk(RiskLevel.MEDIUM, 40, ("a new file",)),
            proof=Proof(True, 1, (), Grade.TEXTUAL_RESIDUE, (), ("nobody has tried it",)),
            needs_confirmation=True,
            accepted=False,
        ),
        plan_id="1a2b3c4d",
    )


def test_the_whole_document_of_a_small_plan(tmp_path: Path, store: PlanStore) -> None:
    stored = store.save(small_plan(tmp_path), workspace(tmp_path))
    assert render(stored, store) == snapshot("""\
# Plan 1a2b3c4d: rename old to new

**Status: proposed** · 2 steps, 3 files, +4 −3 lines

Untick what you do not want, save, then apply with the code lens above or `magray apply 1a2b3c4d`.

**Look first at** step 2 (not proved).

2 edits.

| step | what | files | risk | support | status |
| ---: | --- | ---: | --- | --- | --- |
| 1 | Rename old to new | 2 | low (10) | agreed | proposed |
| 2 | Document it | 1 | medium (40) | textual residue – please check | proposed |

## Step 1: Rename old to new

- [x] **Step 1** – take this step

The goal names the function old in src/core.py.

- Support: agreed by rope, jedi
- Proof: every touched file still parses, no new problems
- Risk: low (10 of 100): few files
- Permissions: fs.write
- Tool: `python.rename old=old new=new`

Left as they are: 2 mentions (1 in string, 1 in text)

- [README.md:3](../../../README.md#L3) text: ``call `old` first``
- [src/core.py:9](../../../src/core.py#L9) string: `"old"`

- [x] [src/core.py](../../../src/core.py) – 2 edits

```diff
diff --git a/src/core.py b/src/core.py
--- a/src/core.py
+++ b/src/core.py
@@ -1,5 +1,5 @@
-def old():
+def new():
     return 1
 \n\
 \n\
-print(old())
+print(new())
```

- [x] [app.py](../../../app.py) – 1 edit

```diff
diff --git a/app.py b/app.py
--- a/app.py
+++ b/app.py
@@ -1 +1 @@
-from src.core import old
+from src.core import new
```

## Step 2: Document it

- [ ] **Step 2** – take this step

the test asks for it

- Support: textual residue
- Proof: every touched file still parses, **1 new problem**
- **Not proved:** nobody has tried it
- Risk: medium (40 of 100): a new file
- Permissions: fs.write
- Tool: `python.rename`

- [x] [docs/new.md](../../../docs/new.md) – new file

```diff
diff --git a/docs/new.md b/docs/new.md
new file mode 100644
--- /dev/null
+++ b/docs/new.md
@@ -0,0 +1 @@
+# new
```
""")
    assert store.document_path("1a2b3c4d").read_text() == render(stored, store)


def test_a_document_says_what_was_chosen(tmp_path: Path, store: PlanStore) -> None:
    stored = store.save(small_plan(tmp_path), workspace(tmp_path))
    text = render(stored, store)
    assert parse_choices(text) == Choices(
        {1: True, 2: False}, {(1, "src/core.py"): True, (1, "app.py"): True, (2, "docs/new.md"): True}
    )
    unticked = text.replace("- [x] [app.py]", "- [ ] [app.py]").replace("- [ ] **Step 2**", "- [X] **Step 2**")
    chosen = store.choose("1a2b3c4d", parse_choices(unticked))
    assert [(s.accepted, [c.accepted for c in s.changes]) for s in chosen.steps] == [
        (True, [True, False]),
        (True, [True]),
    ]
    again = store.document_path("1a2b3c4d").read_text()
    assert parse_choices(again) == parse_choices(unticked)
    assert [(mark.kind, mark.step_id, mark.path) for mark in landmarks(again)] == [
        ("plan", None, ""),
        ("step", 1, ""), ("step choice", 1, ""), ("file choice", 1, "src/core.py"), ("file choice", 1, "app.py"),
        ("step", 2, ""), ("step choice", 2, ""), ("file choice", 2, "docs/new.md"),
    ]  # fmt: skip
    assert again.splitlines()[landmarks(again)[1].line].startswith("## Step 1")


def test_no_file_can_forge_a_tick_or_a_heading(tmp_path: Path, store: PlanStore) -> None:
    hostile = " [ ] **Step 1** – x\n [ ] [a.md](../../../a.md) – x\n```\n~~~\n## Step 7: x\n- [ ] **Step 1**\n````\n"
    (tmp_path / "a.md").write_text(hostile)
    (tmp_path / "we`ird (1) [x].md").write_text("old\n")
    whole = EditFile("a.md", content_hash(hostile.encode()), (TextEdit(Span(0, len(hostile)), ""),))
    weird = edit(tmp_path, "we`ird (1) [x].md", "old", "new")
    residue = (Residue("a.md", 1, 1, ResidueKind.TEXT, "`\n- [ ] **Step 1** – x\n"),)
    made = plan(
        step(
            1, whole, weird,
            title="x\n- [ ] **Step 1** – x", why="- [ ] **Step 1** – x\n# Plan 1",
            proof=Proof(True, 0, (), Grade.SINGLE_ENGINE, residue, ("\n## Step 9: x",)),
        ),
        goal="x\n## Step 8: y",
    )  # fmt: skip
    stored = store.save(made, workspace(tmp_path))
    text = render(stored, store)
    assert parse_choices(text) == Choices({1: True}, {(1, "a.md"): True, (1, "we`ird (1) [x].md"): True})
    assert [mark.step_id for mark in landmarks(text) if mark.kind == "step"] == [1]


def test_what_would_hide_or_reorder_is_spelled_out(tmp_path: Path, store: PlanStore) -> None:
    text = "a\x1b[31mred \u202egnp.exe \u200b\U000e0041" + " " * 2000 + "payload\n"
    (tmp_path / "a.py").write_text(text)
    made = plan(step(1, edit(tmp_path, "a.py", "payload", "p")))
    shown = render(store.save(made, workspace(tmp_path)), store)
    assert "-a\\x1b[31mred \\u202egnp.exe \\u200b\\U000e0041⟦2000 blanks⟧payload" in shown
    assert not set("\x1b\u202e\u200b\U000e0041") & set(shown)


def test_long_residue_is_cut_with_a_count(tmp_path: Path, store: PlanStore) -> None:
    (tmp_path / "a.py").write_text("old\n")
    residue = tuple(Residue("b.md", n, 1, ResidueKind.TEXT, "old") for n in range(1, 101))
    made = plan(step(1, edit(tmp_path, "a.py", "old", "new"), proof=Proof(True, residue=residue)))
    shown = render(store.save(made, workspace(tmp_path)), store)
    assert "100 mentions (100 in text)" in shown
    assert "… and 70 more" in shown
    assert shown.count("../../../b.md#L") == 30


def test_mentions_that_are_counted_but_not_listed_are_told(tmp_path: Path, store: PlanStore) -> None:
    (tmp_path / "a.py").write_text("old\n")
    proof = Proof(True, residue=(Residue("b.md", 1, 1, ResidueKind.TEXT, "old"),),
                  residue_counts={ResidueKind.TEXT: 900, ResidueKind.CODE: 1})  # fmt: skip
    saved = store.save(plan(step(1, edit(tmp_path, "a.py", "old", "new"), proof=proof)), workspace(tmp_path))
    assert store.get(saved.id).steps[0].proof.n_left == 901
    shown = render(store.get(saved.id), store)
    assert "901 mentions (1 in code, 900 in text)" in shown
    assert "… and 900 more" in shown


def test_a_moved_file_and_every_status_are_told(tmp_path: Path, store: PlanStore) -> None:
    (tmp_path / "a.py").write_text("old\n")
    made = plan(step(1, rename(tmp_path, "a.py", "pkg/a.py", (TextEdit(Span(0, 3), "new"),))))
    assert "moved to `pkg/a.py`, 1 edit" in render(store.save(made, workspace(tmp_path)), store)


LINES = st.sampled_from(
    [
        "# Plan 1a2b3c4d: x", "## Step 1: x", "## Step 99999999999999999999: x", "- [x] **Step 1** – take this step",
        "- [ ] **Step 1** – take this step", "- [-] **Step 1**", "- [x] [a.py](../../../a.py) – 1 edit",
        "- [ ] [a.py](../../../a.py) – 1 edit", "- [x] [%ff%00](../../../%ff%00)", "```diff", "```", "````", "- [ ]",
        "- [x] **Step -1**", "- [x] [a](../../../../../etc/passwd)", "- [x] **Step ١**", "\ufeff", "\x00",
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES | st.text(max_size=20), max_size=30).map("\n".join))
def test_garbled_documents_never_crash_and_say_only_what_stands_there(text: str) -> None:
    choices = parse_choices(text)
    for step_id, ticked in choices.steps.items():
        assert f"- [{'x' if ticked else ' '}] **Step {step_id}**" in text.replace("[X]", "[x]")
    landmarks(text)


def test_two_answers_to_one_question_are_none() -> None:
    text = "## Step 1: x\n- [x] **Step 1** – x\n- [ ] **Step 1** – x\n- [x] [a.py](../../../a.py) – x\n"
    assert parse_choices(text) == Choices({}, {(1, "a.py"): True})


def test_unknown_steps_and_files_change_nothing(tmp_path: Path, store: PlanStore) -> None:
    stored = store.save(small_plan(tmp_path), workspace(tmp_path))
    assert store.choose(stored.id, Choices({7: False}, {(1, "other.py"): False, (9, "app.py"): False})) == stored
    assert replace(stored, created=0.0) != stored
