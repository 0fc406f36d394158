"""Goals that say "this": what the cursor and the selection mean."""

from __future__ import annotations

import pytest
from magray_testkit.indexed import cursor, opened

from magray_core.errors import GoalNotUnderstood
from magray_core.plans import IntentKind, Place, Task
from magray_core.spans import Span
from magray_orchestration.intents.analyzer import analyze
from magray_orchestration.workspace import Workspace

CORE = "src/click/core.py"

POINTED = [
    ("rename this to call", "def inv$0oke", "invoke"),
    ("rename this to call", "def $0invoke", "invoke"),
    ("rename this to call", "def invoke$0", "invoke"),
    ("rename it to call", "def $0invoke$0", "invoke"),
    ("rename it to call", "def$0 invoke$0(", "invoke"),
    ("call this call instead", "def inv$0oke", "invoke"),
    ("rename the symbol under the cursor to call", "def inv$0oke", "invoke"),
    ("rename the selection to call", "def $0invoke$0", "invoke"),
    ("this should be called call", "def inv$0oke", "invoke"),
    ("rename this method to call", "callback$0)", "invoke"),
    ("rename this function to call", "d$0ef invoke", "invoke"),
    ("rename this class to Ctx", "def inv$0oke", "Context"),
    ("rename class to Ctx", "Holds st$0ate", "Context"),
    ("rename this to fetch", "super().get$0_default", "get_default"),
    ("rename this to value", "local$0_name = callback", "local_name"),
    ("rename this to emit", "import ec$0ho", "echo"),
    ("назови это call", "def inv$0oke", "invoke"),
    ("переименуй это в call", "def inv$0oke", "invoke"),
    ("переименуй его в call", "def inv$0oke", "invoke"),
    ("переименуй этот метод в call", "callback$0)", "invoke"),
    ("переименуй этот класс в Ctx", "def inv$0oke", "Context"),
    ("переименуй символ под курсором в call", "def inv$0oke", "invoke"),
    ("move this to a new module helpers", "class Con$0text", "Context"),
    ("move this class to helpers", "def inv$0oke", "Context"),
    ("move it into click.ctx", "class Con$0text", "Context"),
    ("перенеси это в модуль helpers", "class Con$0text", "Context"),
    ("вынеси этот класс в отдельный модуль ctx", "def inv$0oke", "Context"),
]


@pytest.mark.parametrize(("goal", "place", "name"), POINTED)
def test_the_cursor_fills_what_the_words_leave_out(click: Workspace, goal: str, place: str, name: str) -> None:
    intent = analyze(Task(goal, cursor(click, CORE, place)), click)
    assert intent.slots["old"] == name
    assert intent.slots["at"] == "cursor"


def test_words_win_over_the_cursor(click: Workspace) -> None:
    intent = analyze(Task("rename echo to emit", cursor(click, CORE, "def inv$0oke")), click)
    assert intent.slots["old"] == "echo"
    assert "at" not in intent.slots


def test_the_document_of_the_cursor_is_the_one_whose_imports_are_meant(click: Workspace) -> None:
    place = cursor(click, CORE, "import s$0ys")
    assert dict(analyze(Task("organize imports", place), click).slots) == {"path": CORE}
    assert dict(analyze(Task("organize imports everywhere", place), click).slots) == {}
    assert dict(analyze(Task("sort imports in this file", place), click).slots) == {"path": CORE}
    assert dict(analyze(Task("отсортируй импорты в этом файле", place), click).slots) == {"path": CORE}


def test_this_file_is_the_document_of_the_cursor(click: Workspace) -> None:
    place = cursor(click, CORE, "import s$0ys")
    assert analyze(Task("rename this file to kernel.py", place), click).slots["old"] == CORE
    assert analyze(Task("move this module to click.kernel", place), click).slots["old"] == CORE


def test_the_selection_is_the_pattern(click: Workspace) -> None:
    place = cursor(click, CORE, "$0super().get_default(ctx)$0")
    intent = analyze(Task("replace this with self.fetch(ctx)", place), click)
    assert intent.kind is IntentKind.REPLACE
    assert intent.slots["pattern"] == "super().get_default(ctx)"


def test_explaining_this_says_where(click: Workspace) -> None:
    intent = analyze(Task("explain this", cursor(click, CORE, "def inv$0oke")), click)
    assert dict(intent.slots) == {"query": "invoke", "path": CORE, "line": "9", "at": "cursor"}


def test_an_unsaved_document_is_what_is_pointed_at(click: Workspace) -> None:
    unsaved = opened(click, CORE, "class Kernel:\n    def start(self): ...\n")
    intent = analyze(Task("rename this class to Core", cursor(unsaved, CORE, "def st$0art")), unsaved)
    assert intent.slots["old"] == "Kernel"


def test_a_cursor_on_nothing_is_no_name(click: Workspace) -> None:
    with pytest.raises(GoalNotUnderstood):
        analyze(Task("rename this to x", cursor(click, CORE, ".utils import echo\n$0\n")), click)


def test_a_cursor_past_the_end_is_answered(click: Workspace) -> None:
    with pytest.raises(GoalNotUnderstood):
        analyze(Task("rename this to x", Place(CORE, Span(10**9, 10**9))), click)


def test_without_a_cursor_the_answer_names_what_can_be_said(click: Workspace) -> None:
    with pytest.raises(GoalNotUnderstood) as caught:
        analyze(Task("rename this to x"), click)
    assert caught.value.suggestions == ("rename old_name to new_name",)
