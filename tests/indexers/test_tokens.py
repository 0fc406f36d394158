"""Tokens of code and prose in any script."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magray_indexers.tokens import code_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("getHTTPResponse2", "gethttpresponse2 get http response 2"),
        ("MAX_SIZE", "max_size max size"),
        ("parse the file", "parse the file"),
        ("a.b->c::d", "a b c d"),
        ("__init__ _x", "init x"),
        ("IOError URLs", "ioerror io error urls ur ls"),
        ("sha256", "sha256 sha 256"),
        ("НайтиФайл_по имени", "найтифайл_по найти файл по имени"),
        ("ещё Ёлка", "еще елка"),
        ("чтоHTTP", "чтоhttp что http"),
        ("é e\u0301", "é é"),
        ("变量名 foo_变量", "变量名 foo_变量 foo 变量"),
        ("x" * 201 + " y", "y"),
        ("___ 🦊 --", ""),
        ("", ""),
    ],
)
def test_words_are_followed_by_their_parts(text: str, tokens: str) -> None:
    assert " ".join(code_tokens(text)) == tokens


@given(st.text())
def test_tokens_are_lower_case_words(text: str) -> None:
    for token in code_tokens(text):
        assert token
        assert token == token.lower()
        assert not re.search(r"\s", token)


@given(st.text(), st.text())
def test_tokens_of_two_texts_are_those_of_each(one: str, two: str) -> None:
    assert code_tokens(one) + code_tokens(two) == code_tokens(f"{one} {two}")
