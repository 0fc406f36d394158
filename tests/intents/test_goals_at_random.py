"""Whatever a person types is understood or answered with a known error, and always in the same way."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magray_core.errors import MagrayError
from magray_core.plans import Intent, Place, Task
from magray_core.spans import Span, apply_edits
from magray_orchestration.intents.analyzer import analyze
from magray_orchestration.intents.wording import prepare
from magray_orchestration.refactoring.engines.astgrep_engine import compile_pattern, find_matches
from magray_orchestration.refactoring.rewriting import rewrite
from magray_orchestration.workspace import Workspace

SENTENCES = """
rename to as the class function this it Context echo get_default emit move into module click.core src/click/core.py
replace with by print($A) log.info($A) organize imports sort in from unused please everywhere find and call instead
should be called explain where is what does do search for переименуй в на перенеси модуль замени импорты приведи
порядок это класс вместо используй -> → ` `` " ' « » , . ; ! ? ( ) $A $$$B ::name a.b.c é й 😀
"""
WORDS = [*SENTENCES.split(), "\u200b", "\x00", "\x1b"]
goals = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=12).map("".join),
    st.text(max_size=60),
)
relaxed = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def answer(task: Task, workspace: Workspace) -> Intent | tuple[str, str]:
    try:
        return analyze(task, workspace)
    except MagrayError as error:
        return type(error).__name__, error.message


@relaxed
@given(goal=goals, offset=st.integers(0, 700))
def test_any_goal_is_answered_and_always_alike(click: Workspace, goal: str, offset: int) -> None:
    place = Place("src/click/core.py", Span(offset, offset)) if offset % 3 else None
    first = answer(Task(goal, place), click)
    assert first == answer(Task(goal, place), click)
    if isinstance(first, Intent):
        assert all(first.slots.values())


@relaxed
@given(goal=st.text(st.characters(exclude_categories=["Co", "Cs"]) | st.sampled_from("`\"'«» ab"), max_size=80))
def test_quoted_pieces_come_back_as_they_were(goal: str) -> None:
    wording = prepare(goal)
    for quote, original in zip(wording.quotes, wording.originals, strict=True):
        assert quote in original
        assert original in goal


@relaxed
@given(
    text=st.lists(
        st.sampled_from(
            ["log(1)", "log(x, y)", "log(log(2))", "\n", "\r\n", "x = '😀'", "  ", "if a:", "# log(1)", ";"]
        ),
        max_size=12,
    ).map(" ".join),
    replacement=st.sampled_from(["put($$$A)", "put(1, $$$A)", "x = $$$A\ny", "put()", "a\n    $$$A"]),
)
def test_any_text_can_be_rewritten(text: str, replacement: str) -> None:
    matches = find_matches(compile_pattern("log($$$A)", "python"), text)
    done = rewrite(text, matches, replacement)
    result = apply_edits(text, done.edits)  # raises where edits overlap
    assert done.n_matches == len(matches)
    assert (result == text) is not bool(done.edits)
