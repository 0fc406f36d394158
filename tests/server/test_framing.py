"""Cutting bytes into messages: however they arrive, and whatever they are."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from magray_server.protocol.framing import MAX_BODY_BYTES, MAX_LINE_BYTES, Body, Damage, FrameReader, frame
from magray_server.protocol.messages import Invalid, Notification, Request, Response, parse, render

bodies = st.lists(st.binary(max_size=40), max_size=5)


def read(data: bytes, cuts: list[int]) -> list[Body | Damage]:
    reader, found = FrameReader(), []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        found += reader.feed(data[start:end])
    return found


@given(bodies=bodies, cuts=st.lists(st.integers(0, 10_000), max_size=20))
@settings(max_examples=200, deadline=None)
def test_messages_come_out_whole_wherever_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    assert read(b"".join(frame(body) for body in bodies), cuts) == [Body(body) for body in bodies]


@given(garbage=st.binary(max_size=60), body=st.binary(max_size=40), cuts=st.lists(st.integers(0, 200), max_size=5))
@settings(max_examples=300, deadline=None)
def test_after_any_garbage_without_a_length_the_next_message_is_found(
    garbage: bytes, body: bytes, cuts: list[int]
) -> None:
    if b"content-length" not in garbage.lower():
        found = read(garbage + frame(body) + frame(b"{}"), cuts)
        assert found[-2:] == [Body(body), Body(b"{}")]
        assert all(isinstance(one, Damage) for one in found[:-2])


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_survived(data: bytes) -> None:
    reader = FrameReader()
    for start in range(0, len(data), 7):
        reader.feed(data[start : start + 7])


def test_endless_garbage_takes_no_memory_and_is_reported_once() -> None:
    reader, found = FrameReader(), []
    for _ in range(2_000):
        found += reader.feed(b"x" * 4_000)
    assert len(found) == 1
    assert len(reader._buffer) <= 2 * MAX_LINE_BYTES


def test_a_length_at_the_limit_is_waited_for_and_one_above_is_not() -> None:
    reader = FrameReader()
    assert reader.feed(f"Content-Length: {MAX_BODY_BYTES}\r\n\r\n".encode()) == []
    assert reader.incomplete
    (damage,) = FrameReader().feed(f"Content-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode())
    assert isinstance(damage, Damage)


@given(data=st.binary(max_size=100) | st.text(max_size=50).map(lambda text: json.dumps(text).encode()))
@settings(max_examples=300, deadline=None)
def test_any_body_is_a_message_or_invalid(data: bytes) -> None:
    assert isinstance(parse(data), Request | Notification | Response | Invalid)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    )
)
@settings(max_examples=200, deadline=None)
def test_what_is_rendered_is_ascii_and_parses_to_the_same(value: Any) -> None:
    body = render({"id": 1, "result": value})
    assert body.isascii()
    message = parse(body)
    assert isinstance(message, Response)
    assert message.raw["result"] == value
