"""States of a plan's texts: random plans, subsets and orders against a slow reference."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from magray_testkit.plans import plan, step

from magray_core.documents import content_hash, decode, encode
from magray_core.errors import PlanError
from magray_core.plans import CreateFile, DeleteFile, EditFile, FileChange, Plan, RenameFile
from magray_core.spans import Span, TextEdit, apply_edits
from magray_orchestration.plans.states import (
    Pair,
    Subject,
    edits_between,
    pairs_of,
    place,
    problems_of,
    state,
    texts_of,
)

LINES = st.sampled_from(["old", "x = old()", "", "\tтест", "日本", "é", "a🙂b", "\x0c", "\u2028"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-32")


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """A file's bytes: any mix of line ends, with or without a final one, in any encoding that holds it."""
    text = "".join(draw(st.lists(st.tuples(LINES, ENDS).map("".join), max_size=8))) + draw(LINES)
    encoding = draw(st.sampled_from(ENCODINGS))
    try:
        data = text.encode(encoding)
    except UnicodeEncodeError:
        data = text.encode("utf-8")
    decoded = decode(data)
    return data if decoded is not None and encode(*decoded) == data else b"plain\n"


@dataclass(frozen=True)
class Case:
    plan: Plan
    originals: dict[str, bytes]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to four steps that edit, move, create and delete up to four files without ever overlapping."""
    originals: dict[str, bytes] = {}
    changes: dict[int, list[FileChange]] = {n: [] for n in (1, 2, 3, 4)}
    for path in ("a.py", "b/c.py", "d.txt", "e.md"):
        owners = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True))
        if draw(st.integers(0, 4)) == 0:
            text = draw(st.text(alphabet="ab\n\ré🙂", max_size=10))
            changes[owners[0]].append(CreateFile(path, text))
            continue
        data = draw(contents())
        originals[path] = data
        decoded = decode(data)
        assert decoded is not None
        edits = draw(disjoint_edits(decoded[0]))
        for n, owner in enumerate(owners):
            mine = tuple(edits[n :: len(owners)])
            what = draw(st.integers(0, 5)) if n == 0 else 1
            if what == 0:
                changes[owner].append(RenameFile(path, f"moved/{path}", content_hash(data), mine))
            elif what == 5 and len(owners) == 1:
                changes[owner].append(DeleteFile(path, content_hash(data)))
            else:
                changes[owner].append(EditFile(path, content_hash(data), mine))
    steps = tuple(step(n, *found) for n, found in changes.items() if found)
    return Case(plan(*steps), originals)


@st.composite
def disjoint_edits(draw: st.DrawFn, text: str) -> list[TextEdit]:
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = [Span(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    return [TextEdit(span, draw(st.text(alphabet="xy\n\r", max_size=4))) for span in spans]


def subsets(pairs: frozenset[Pair]) -> st.SearchStrategy[frozenset[Pair]]:
    return st.sets(st.sampled_from(sorted(pairs))).map(frozenset) if pairs else st.just(frozenset())


@settings(max_examples=150, deadline=None)
@given(st.data(), cases())
def test_any_walk_of_applying_and_undoing_ends_where_its_set_says(data: st.DataObject, case: Case) -> None:
    texts = texts_of(case.plan, case.originals)
    assert problems_of(texts) == ()
    everything = pairs_of(case.plan)
    current, applied = state(texts, frozenset()), frozenset[Pair]()
    assert current == case.originals
    for target in [*data.draw(st.lists(subsets(everything), max_size=4)), frozenset()]:
        for subject in texts.subjects:
            before, after = place(texts, subject, applied), place(texts, subject, target)
            if before is None or after is None:
                continue
            decoded, wanted = decode(before.content), decode(after.content)
            assert decoded is not None
            edits = [item.edit for item in edits_between(texts, subject, applied, target)]
            base = case.originals.get(subject.path)
            fmt = decode(base)[1] if base is not None else decoded[1]  # type: ignore[index]
            text = before.content.decode(fmt.encoding) if not fmt.bom else decoded[0]
            assert encode(apply_edits(text, edits), fmt) == after.content or wanted is None
        current, applied = state(texts, target), target
    assert current == case.originals


@settings(max_examples=100, deadline=None)
@given(st.data(), cases())
def test_a_state_is_the_original_with_exactly_the_chosen_edits(data: st.DataObject, case: Case) -> None:
    texts = texts_of(case.plan, case.originals)
    applied = data.draw(subsets(pairs_of(case.plan)))
    expected: dict[str, bytes] = {}
    for path, original in case.originals.items():
        chosen = [c for s in case.plan.steps for c in s.changes if c.path == path and (s.id, path) in applied]
        if any(isinstance(c, DeleteFile) for c in chosen):
            continue
        where = next((c.new_path for c in chosen if isinstance(c, RenameFile)), path)
        decoded = decode(original)
        assert decoded is not None
        edits = [e for c in chosen if isinstance(c, EditFile | RenameFile) for e in c.edits]
        expected[where] = encode(apply_edits(decoded[0], edits), decoded[1])
    for s in case.plan.steps:
        for c in s.changes:
            if isinstance(c, CreateFile) and (s.id, c.path) in applied:
                expected[c.path] = c.content.encode()
    assert state(texts, applied) == expected


def test_a_moved_file_and_a_new_one_in_its_place_are_two_texts() -> None:
    made = plan(step(1, RenameFile("a.py", "b.py", content_hash(b"x\n"))), step(2, CreateFile("a.py", "shim\n")))
    texts = texts_of(made, {"a.py": b"x\n"})
    assert texts.subjects == (Subject("a.py"), Subject("a.py", True))
    assert state(texts, pairs_of(made)) == {"a.py": b"shim\n", "b.py": b"x\n"}
    with pytest.raises(PlanError, match=r"both write a\.py"):
        state(texts, frozenset({(2, "a.py")}))


def test_a_character_that_the_encoding_lacks_is_refused_in_a_sentence() -> None:
    data = "café\n".encode("latin-1")
    made = plan(step(1, EditFile("a.py", content_hash(data), (TextEdit(Span(0, 0), "й"),))))
    assert problems_of(texts_of(made, {"a.py": data})) == ("a.py is stored as latin-1, which has no 'й'",)


def test_overlapping_edits_are_refused_with_the_file() -> None:
    first = EditFile("a.py", "", (TextEdit(Span(0, 3), "x"),))
    second = EditFile("a.py", "", (TextEdit(Span(2, 4), "y"),))
    made = plan(step(1, first), step(2, second))
    assert problems_of(texts_of(made, {"a.py": b"abcdef"})) == ("edits of a.py overlap or reach past its end",)


def test_the_same_replacement_wanted_by_two_steps_is_made_once() -> None:
    change = EditFile("a.py", "", (TextEdit(Span(0, 3), "x"),))
    texts = texts_of(plan(step(1, change), step(2, change)), {"a.py": b"abcdef"})
    for pairs in ({(1, "a.py")}, {(2, "a.py")}, {(1, "a.py"), (2, "a.py")}):
        assert state(texts, frozenset(pairs)) == {"a.py": b"xdef"}
