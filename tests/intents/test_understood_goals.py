"""Goals that are understood, in both languages: a table of phrasings and what each means."""

from __future__ import annotations

import unicodedata

import pytest

from magray_core.plans import IntentKind, Task
from magray_orchestration.intents.analyzer import analyze
from magray_orchestration.workspace import Workspace

ECHO = {"old": "echo", "target": "function", "new": "emit"}
CONTEXT = {"old": "Context", "target": "class", "new": "Ctx"}
DEFAULT = {"old": "get_default", "target": "method", "new": "default_value"}
CORE = "src/click/core.py"
UTILS = "src/click/utils.py"
TO_CONTEXT = {"old": "Context", "target": "class", "destination": "click.context"}
TO_IO = {"old": "echo", "target": "function", "destination": "click.io"}
IN_PYTHON = {"path": "src/click", "language": "python"}
BLOCK = {"pattern": "if $A:\n    $$$B", "replacement": "while $A:\n    $$$B"}
SWAP = {"pattern": "log($A, $$$REST)", "replacement": "put($$$REST, $A)"}
TEXT = {"pattern": "hello world", "replacement": "good bye", "mode": "text"}

RENAMES = [
    ("rename get_default to default_value", DEFAULT),
    ("rename get_default() to default_value()", DEFAULT),
    ("Rename get_default to default_value.", DEFAULT),
    ("RENAME get_default TO default_value", DEFAULT),
    ("rename   get_default\n to\tdefault_value  ", DEFAULT),
    ("rename method get_default to default_value", DEFAULT),
    ("rename the method get_default to default_value", DEFAULT),
    ("rename the get_default method to default_value", DEFAULT),
    ("rename get_default as default_value", DEFAULT),
    ("rename get_default into default_value", DEFAULT),
    ("rename get_default -> default_value", DEFAULT),
    ("rename get_default→default_value", DEFAULT),
    ("rename get_default => default_value", DEFAULT),
    ("rename get_default default_value", DEFAULT),
    ("please rename get_default to default_value", DEFAULT),
    ("Could you please rename get_default to default_value?", DEFAULT),
    ("can you rename get_default to default_value for me please", DEFAULT),
    ("I'd like to rename get_default to default_value", DEFAULT),
    ("let's rename get_default to default_value", DEFAULT),
    ("would you mind renaming get_default to default_value?", DEFAULT),
    ("we should rename get_default to default_value, thanks!", DEFAULT),
    ("rename get_default to default_value everywhere", DEFAULT),
    ("rename get_default to default_value in the whole project", DEFAULT),
    ("rename get_default to default_value across the codebase", DEFAULT),
    ("rename all occurrences of get_default to default_value", DEFAULT),
    ("rename every use of get_default to default_value", DEFAULT),
    ("change the name of get_default to default_value", DEFAULT),
    ("change get_default's name to default_value", DEFAULT),
    ("call get_default default_value instead", DEFAULT),
    ("call the method get_default default_value from now on", DEFAULT),
    ("get_default should be called default_value", DEFAULT),
    ("get_default needs to be renamed to default_value", DEFAULT),
    ("give get_default the name default_value", DEFAULT),
    ("the new name of get_default is default_value", DEFAULT),
    ("do a rename of get_default to default_value", DEFAULT),
    ("rename `get_default` to `default_value`", DEFAULT),
    ('rename "get_default" to "default_value".', DEFAULT),
    ("rename 'get_default' to 'default_value'", DEFAULT),
    ("rename “get_default” to “default_value”", DEFAULT),
    ("rename «get_default» to «default_value»", DEFAULT),
    ("rename get_\u200bdefault to default_\u2060value", DEFAULT),
    ("please rename the class Context in click/core.py to Ctx", {**CONTEXT, "path": CORE}),
    ("rename class Context to Ctx in src/click/core.py", {**CONTEXT, "path": CORE}),
    ("rename Context from the file src/click/core.py to Ctx", {**CONTEXT, "path": CORE}),
    ("rename Context in click.core to Ctx", {**CONTEXT, "path": CORE}),
    ("rename click.core.Context to Ctx", {**CONTEXT, "path": CORE}),
    ("rename src/click/core.py::Context to Ctx", {**CONTEXT, "path": CORE}),
    ("rename Context in the folder src/click to Ctx", {**CONTEXT, "path": "src/click"}),
    ("rename Option.get_default to fetch", {"old": "Option.get_default", "target": "method", "new": "fetch"}),
    ("rename Option.get_default to Option.fetch", {"old": "Option.get_default", "target": "method", "new": "fetch"}),
    ("rename get_default of Option to fetch", {"old": "Option.get_default", "target": "method", "new": "fetch"}),
    ("rename get_default in class Option to fetch", {"old": "Option.get_default", "target": "method", "new": "fetch"}),
    ("rename local_name to outcome", {"old": "local_name", "new": "outcome"}),
    ("rename the variable local_name to outcome", {"old": "local_name", "target": "variable", "new": "outcome"}),
    ("rename приветствие to hello", {"old": "приветствие", "target": "function", "new": "hello"}),
    ("rename src/click/utils.py to src/click/tools.py", {"old": UTILS, "target": "file", "new": "tools"}),
    ("rename the file utils.py to tools.py", {"old": "src/click/utils.py", "target": "file", "new": "tools"}),
    ("rename module click.core to click.kernel", {"old": CORE, "target": "module", "new": "kernel"}),
    ("rename module click.core to kernel", {"old": CORE, "target": "module", "new": "kernel"}),
    ("переименуй echo в emit", ECHO),
    ("Переименуй echo в emit.", ECHO),
    (unicodedata.normalize("NFD", "переименуй") + " echo в emit", ECHO),
    ("ПЕРЕИМЕНУЙ echo В emit", ECHO),
    ("переименуйте функцию echo в emit, пожалуйста", ECHO),
    ("пожалуйста, переименуй echo в emit", ECHO),
    ("переименовать функцию echo → emit", ECHO),
    ("переименуй функцию echo на emit", ECHO),
    ("можешь переименовать echo в emit?", ECHO),
    ("давай переименуем echo в emit", ECHO),
    ("нужно переименовать echo в emit везде", ECHO),
    ("хочу переименовать echo в emit во всём проекте", ECHO),
    ("переименуй echo в emit в файле src/click/utils.py", {**ECHO, "path": "src/click/utils.py"}),
    ("переименуй echo из click/utils.py в emit", {**ECHO, "path": "src/click/utils.py"}),
    ("функцию echo переименуй в emit", ECHO),
    ("echo переименуй в emit", ECHO),
    ("смени имя функции echo на emit", ECHO),
    ("измени название echo на emit", ECHO),
    ("поменяй у echo имя на emit", ECHO),
    ("назови функцию echo emit", ECHO),
    ("дай функции echo имя emit", ECHO),
    ("пусть echo называется emit", ECHO),
    ("echo должна называться emit", ECHO),
    ("переименовать класс Context → Ctx", CONTEXT),
    ("класс Context переименуй в Ctx", CONTEXT),
    ("переименуй «Context» в «Ctx»", CONTEXT),
    ("переименуй метод get_default в default_value", DEFAULT),
    ("переименуй приветствие в здравствуй", {"old": "приветствие", "target": "function", "new": "здравствуй"}),
]  # fmt: skip

MOVES = [
    ("move class Context to click.context", TO_CONTEXT),
    ("move Context to click.context", TO_CONTEXT),
    ("Move the class Context into module click.context.", TO_CONTEXT),
    ("please move Context from click.core to click.context", {**TO_CONTEXT, "path": CORE}),
    ("move Context to click.context from src/click/core.py", {**TO_CONTEXT, "path": CORE}),
    ("move function echo to src/click/io.py", {**TO_IO, "destination": "src/click/io.py"}),
    ("relocate echo to click.io", TO_IO),
    ("put echo into a new file click/io.py", {**TO_IO, "destination": "click/io.py", "create": "yes"}),
    ("extract class Context into its own module context", {**TO_CONTEXT, "destination": "context"}),
    ("move src/click/utils.py to src/lib/", {"old": "src/click/utils.py", "target": "file", "destination": "src/lib/"}),
    ("rename src/click/utils.py to src/lib/x.py", {"old": UTILS, "target": "file", "destination": "src/lib/x.py"}),
    ("rename module click.utils to lib.tools", {"old": UTILS, "target": "module", "destination": "lib.tools"}),
    ("move module click.utils to click.tools", {"old": UTILS, "target": "module", "destination": "click.tools"}),
    ("перенеси функцию echo в модуль click.io", TO_IO),
    ("перенеси echo из click.utils в click.io", {**TO_IO, "path": UTILS}),
    ("перемести класс Context в click.context", TO_CONTEXT),
    ("вынеси Context в отдельный модуль context", {**TO_CONTEXT, "destination": "context", "create": "yes"}),
    ("вынести функцию echo в новый файл click/io.py", {**TO_IO, "destination": "click/io.py", "create": "yes"}),
    ("класс Context перенеси в click.context", TO_CONTEXT),
    ("перенести модуль click.utils в click.tools", {"old": UTILS, "target": "module", "destination": "click.tools"}),
]  # fmt: skip

IMPORTS = [
    ("organize imports", {}),
    ("organise the imports", {}),
    ("sort imports", {}),
    ("sort the imports please", {}),
    ("clean up imports", {}),
    ("clean imports everywhere", {}),
    ("tidy up my imports", {}),
    ("fix imports in src/click/core.py", {"path": CORE}),
    ("sort imports in click/core.py", {"path": CORE}),
    ("organize imports of the module click.core", {"path": CORE}),
    ("organize the import statements in src/click", {"path": "src/click"}),
    ("put imports in order", {}),
    ("remove unused imports", {"only": "unused"}),
    ("delete all unused imports from src/click/core.py", {"only": "unused", "path": CORE}),
    ("приведи в порядок импорты", {}),
    ("приведи импорты в порядок", {}),
    ("отсортируй импорты", {}),
    ("упорядочь импорты в click/core.py", {"path": CORE}),
    ("почисти импорты в файле src/click/core.py", {"path": CORE}),
    ("наведи порядок в импортах", {}),
    ("нужно отсортировать импорты во всём проекте", {}),
    ("убери неиспользуемые импорты", {"only": "unused"}),
    ("удали лишние импорты в src/click", {"only": "unused", "path": "src/click"}),
]

PRINT = {"pattern": "print($A)", "replacement": "log.info($A)"}
REPLACES = [
    ("replace print($A) with log.info($A)", PRINT),
    ("replace `print($A)` with `log.info($A)`", PRINT),
    ("replace `print($A)` by `log.info($A)`.", PRINT),
    ("replace print($A) with log.info($A) in python", {**PRINT, "language": "python"}),
    ("replace print($A) with log.info($A) in Python files", {**PRINT, "language": "python"}),
    ("replace print($A) with log.info($A) in JS", {**PRINT, "language": "javascript"}),
    ("replace print($A) with log.info($A) in src/click", {**PRINT, "path": "src/click"}),
    ("replace print($A) with log.info($A) in python in src/click", {**PRINT, **IN_PYTHON}),
    ("replace print($A) with log.info($A) in *.py", {**PRINT, "path": "*.py"}),
    ("replace all calls of print($A) with log.info($A)", PRINT),
    ("find and replace print($A) with log.info($A)", PRINT),
    ("find print($A) and replace it with log.info($A)", PRINT),
    ("print($A) -> log.info($A)", PRINT),
    ("replace print($A) -> log.info($A)", PRINT),
    ("change print($A) to log.info($A)", PRINT),
    ("convert print($A) into log.info($A)", PRINT),
    ("rewrite print($A) as log.info($A)", PRINT),
    ("use log.info($A) instead of print($A)", PRINT),
    ("instead of print($A) use log.info($A)", PRINT),
    ("substitute log.info($A) for print($A)", PRINT),
    ("swap print($A) for log.info($A)", PRINT),
    ("could you replace print($A) with log.info($A)?", PRINT),
    ("replace `foo with bar` with `baz`", {"pattern": "foo with bar", "replacement": "baz"}),
    ("replace $A == None with $A is None", {"pattern": "$A == None", "replacement": "$A is None"}),
    ("replace log($A, $$$REST) with put($$$REST, $A)", SWAP),
    ('replace f("a with b") with g("c")', {"pattern": 'f("a with b")', "replacement": 'g("c")'}),
    ("replace ```python\nif $A:\n    $$$B\n``` with ```\nwhile $A:\n    $$$B\n```", BLOCK),
    ("replace `foo();` with `bar();`", {"pattern": "foo();", "replacement": "bar();"}),
    ("replace foo(); with bar();", {"pattern": "foo();", "replacement": "bar();"}),
    ("replace text hello with goodbye", {"pattern": "hello", "replacement": "goodbye", "mode": "text"}),
    ('replace the text "hello world" with "good bye"', TEXT),
    ("замени print($A) на log.info($A)", PRINT),
    ("пожалуйста, замени `print($A)` на `log.info($A)`", PRINT),
    ("замени везде print($A) на log.info($A)", PRINT),
    ("замени все вызовы print($A) на log.info($A)", PRINT),
    ("замени print($A) на log.info($A) в python", {**PRINT, "language": "python"}),
    ("замени print($A) на log.info($A) в папке src/click", {**PRINT, "path": "src/click"}),
    ("найди и замени print($A) на log.info($A)", PRINT),
    ("найди print($A) и замени на log.info($A)", PRINT),
    ("вместо print($A) используй log.info($A)", PRINT),
    ("используй log.info($A) вместо print($A)", PRINT),
    ("поменяй print($A) на log.info($A)", PRINT),
    ("замени текст «привет мир» на «пока»", {"pattern": "привет мир", "replacement": "пока", "mode": "text"}),
]  # fmt: skip

LOOKS = [
    ("search for token bucket", IntentKind.SEARCH, {"query": "token bucket"}),
    ("find the retry logic", IntentKind.SEARCH, {"query": "the retry logic"}),
    ("where is Context defined?", IntentKind.SEARCH, {"query": "Context"}),
    ("найди парсер аргументов", IntentKind.SEARCH, {"query": "парсер аргументов"}),
    ("где определён Context", IntentKind.SEARCH, {"query": "Context"}),
    ("explain Context.invoke", IntentKind.EXPLAIN, {"query": "Context.invoke"}),
    ("what does echo do?", IntentKind.EXPLAIN, {"query": "echo"}),
    ("объясни echo", IntentKind.EXPLAIN, {"query": "echo"}),
    ("что делает get_default?", IntentKind.EXPLAIN, {"query": "get_default"}),
]

TABLE = [
    *((goal, IntentKind.RENAME, slots) for goal, slots in RENAMES),
    *((goal, IntentKind.MOVE, slots) for goal, slots in MOVES),
    *((goal, IntentKind.ORGANIZE_IMPORTS, slots) for goal, slots in IMPORTS),
    *((goal, IntentKind.REPLACE, slots) for goal, slots in REPLACES),
    *LOOKS,
]


@pytest.mark.parametrize(("goal", "kind", "slots"), TABLE, ids=[goal for goal, _, _ in TABLE])
def test_a_goal_means(click: Workspace, goal: str, kind: IntentKind, slots: dict[str, str]) -> None:
    intent = analyze(Task(goal), click)
    assert (intent.kind, dict(intent.slots)) == (kind, slots)
    assert intent.by == "heuristics"
    assert 0.5 < intent.confidence <= 1.0


def test_the_same_goal_always_means_the_same(click: Workspace) -> None:
    for goal, _, _ in TABLE[::7]:
        assert analyze(Task(goal), click) == analyze(Task(goal), click)
