"""Decoding never loses a byte."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magray_core.documents import TextFormat, decode, document_from_bytes, encode, line_ending, open_document


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_what_decodes_encodes_to_the_same_bytes(data: bytes) -> None:
    decoded = decode(data)
    if decoded is not None:
        assert encode(*decoded) == data


@pytest.mark.parametrize(
    ("data", "text", "fmt"),
    [
        (b"x = 1\r\n", "x = 1\r\n", TextFormat("utf-8")),
        (codecs.BOM_UTF8 + "é".encode(), "é", TextFormat("utf-8", bom=True)),
        (codecs.BOM_UTF16_LE + "é\n".encode("utf-16-le"), "é\n", TextFormat("utf-16-le", bom=True)),
        (codecs.BOM_UTF32_LE + "é".encode("utf-32-le"), "é", TextFormat("utf-32-le", bom=True)),
        ("# -*- coding: cp1251 -*-\nимя".encode("cp1251"), "# -*- coding: cp1251 -*-\nимя", TextFormat("cp1251")),
        (b"caf\xe9", "café", TextFormat("latin-1")),
        (b"", "", TextFormat("utf-8")),
    ],
)
def test_the_format_is_recognised(data: bytes, text: str, fmt: TextFormat) -> None:
    assert decode(data) == (text, fmt)


def test_nul_bytes_mean_binary() -> None:
    assert decode(b"\x7fELF\0\0") is None
    assert document_from_bytes("a.bin", b"\0") is None


def test_an_open_document_hashes_like_the_file_it_will_become() -> None:
    disk = document_from_bytes("a.py", codecs.BOM_UTF8 + b"x\n")
    assert disk is not None
    assert open_document("a.py", "x\n", 3, disk.format).content_hash == disk.content_hash


def test_a_character_the_encoding_lacks_does_not_break_an_open_document() -> None:
    assert open_document("a.py", "€", 1, TextFormat("latin-1")).format == TextFormat()


@pytest.mark.parametrize(("text", "end"), [("a\r\nb\r\nc\n", "\r\n"), ("a\nb", "\n"), ("a\rb\r", "\r"), ("a", "\n")])
def test_the_dominant_line_end_is_found(text: str, end: str) -> None:
    assert line_ending(text) == end
