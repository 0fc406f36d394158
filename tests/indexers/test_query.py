"""Queries, words and paths, understood without an index."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magray_indexers.query import QueryKind, parse_query
from magray_indexers.ranking.paths import path_match, path_words
from magray_indexers.ranking.terms import forms, stem


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("", QueryKind.EMPTY, ()),
        (" \t?!", QueryKind.EMPTY, ()),
        ("Session", QueryKind.SYMBOL, ("Session",)),
        ("session", QueryKind.SYMBOL, ("session",)),
        ("Session.send", QueryKind.SYMBOL, ("send",)),
        ("std::vector", QueryKind.SYMBOL, ("vector",)),
        ("App\\Http\\Kernel", QueryKind.SYMBOL, ("Kernel",)),
        ("get_adapter()", QueryKind.SYMBOL, ("get_adapter",)),
        ("`get_adapter`", QueryKind.SYMBOL, ("get_adapter",)),
        ("empty?", QueryKind.SYMBOL, ("empty?",)),
        ("src/app/main.py", QueryKind.PATH, ()),
        ("main.py", QueryKind.PATH, ()),
        ("main.py:12", QueryKind.PATH, ()),
        ("src/app", QueryKind.PATH, ()),
        ("how are redirects followed", QueryKind.WORDS, ()),
        ("где ошибки", QueryKind.WORDS, ()),
        ("how does HTTPAdapter retry", QueryKind.MIXED, ("HTTPAdapter",)),
        ("where is `send` called", QueryKind.MIXED, ("send",)),
        ("who calls send() and max_size", QueryKind.MIXED, ("send", "max_size")),
        ("what does Session.close do", QueryKind.MIXED, ("close",)),
    ],
)
def test_the_kind_of_a_query_follows_its_look(text: str, kind: QueryKind, names: tuple[str, ...]) -> None:
    query = parse_query(text)
    assert (query.kind, query.names) == (kind, names)


def test_words_leave_out_what_says_nothing_unless_there_is_nothing_else() -> None:
    assert parse_query("how are the cookies stored in a jar").words == ("cookies", "stored", "jar")
    assert parse_query("где и как это нужно").words == ("нужно",)
    assert parse_query("how is it").words == ("how", "is", "it")


@pytest.mark.parametrize(
    ("russian", "english"),
    [
        ("где проверяется сертификат", ("check", "validate", "verify", "certificate")),
        ("обработка ошибок", ("handle", "process", "error")),
        ("обёртка", ("wrapper",)),
        ("ёжик", ()),
        ("cookies", ()),
    ],
)
def test_russian_words_bring_their_english(russian: str, english: tuple[str, ...]) -> None:
    words = parse_query(russian).words
    assert words[len(words) - len(english) :] == english
    assert len(words) <= len(english) + 2


def test_a_long_query_is_cut() -> None:
    query = parse_query(" ".join(f"word{i}" for i in range(5000)))
    assert 0 < len(query.words) <= 48


def test_a_file_named_in_a_sentence_is_a_path() -> None:
    assert parse_query("what happens in models.py after that").path == "models.py"
    assert parse_query("what happens in Session.send after that").path == ""


def test_initials_of_words_in_a_row_are_known() -> None:
    assert parse_query("how server-sent events are parsed").acronyms["sse"] == ("server", "sent", "events")
    assert "sa" not in parse_query("how server-sent events are parsed").acronyms


@pytest.mark.parametrize(("text", "wants"), [("tests of the parser", True), ("mocks", True), ("latest parser", False)])
def test_tests_are_wanted_where_the_query_says_so(text: str, wants: bool) -> None:
    assert parse_query(text).wants_tests is wants


@given(st.text())
def test_any_text_is_understood(text: str) -> None:
    query = parse_query(text)
    assert bool(query.words) is (query.kind is not QueryKind.EMPTY)


@pytest.mark.parametrize(
    "alike",
    [
        "parse parser parsers parses parsing parsed",
        "connect connection connections connecting connected connector",
        "retry retries retried",
        "format formats formatting formatter",
        "cache caches cached caching",
        "property properties",
        "plan plans planned planner planning",
        "ошибка ошибки ошибкой ошибок ошибках",
        "файл файла файлы файлов",
    ],
)
def test_forms_of_a_word_share_a_stem_and_find_each_other(alike: str) -> None:
    words = alike.split()
    if words[0] == "ошибка":
        words.remove("ошибок")  # the fleeting vowel is beyond a stemmer of endings
    assert len({stem(word) for word in words}) == 1
    assert all(set(words) <= set(forms(word)) | {word} for word in words)


@pytest.mark.parametrize(
    "different", ["test latest", "import important", "class classic", "node mode", "is as", "io id"]
)
def test_different_words_keep_different_stems(different: str) -> None:
    assert len(set(map(stem, different.split()))) == 2


@given(st.text(alphabet="abcdefinorstyаеиовый", min_size=1, max_size=12))
def test_every_form_has_the_stem_of_its_word(word: str) -> None:
    assert forms(word)[0] == word
    assert {stem(form) for form in forms(word)} == {stem(word)}


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/unit/basket.py", True),
        ("src/test_basket.py", True),
        ("pkg/basket_test.go", True),
        ("web/basket.spec.ts", True),
        ("src/BasketTest.java", True),
        ("src/__tests__/basket.js", True),
        ("src/latest.py", False),
        ("src/contest/basket.py", False),
        ("src/attest.go", False),
        ("src/inspect.py", False),
    ],
)
def test_paths_of_tests_are_known(path: str, is_test: bool) -> None:
    assert path_words(path).is_test is is_test


@pytest.mark.parametrize(
    "path",
    [
        "examples/a.py",
        "docs/legacy/a.py",
        "src/generated/a.ts",
        "src/a.pb.go",
        "a/index.ts",
        "pkg/__init__.py",
        "README.md",
    ],
)
def test_files_that_answers_are_seldom_in_count_less(path: str) -> None:
    assert path_words(path).factor < path_words("src/basket.py").factor == 1.0


def test_a_path_matches_the_better_the_more_of_it_was_given() -> None:
    path = "shop/payments/retry.py"
    wanted = [
        "shop/payments/retry.py",
        "payments/retry.py",
        "payments/retry",
        "/w/shop/payments/retry.py",
        "x/retry.py",
    ]
    found = [path_match(one, path) for one in wanted]
    assert found == sorted(found, reverse=True)
    assert found[-1] > path_match("try.py", path) == 0.0
