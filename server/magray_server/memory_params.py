"""The params of ``magray/memory/*`` and ``magray/tasks/*``, checked at the edge as in ``params``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from magray_server.params import Params, PositionParam, RangeParam, Text, TextDocument

LongText = Annotated[str, Field(max_length=2_000_000)]
"""What is remembered is bounded further down, where the error says by how much it is too long."""


class RecordsParams(Params):
    """Which records; empty parts admit all. ``paths`` are globs as in ignore files."""

    query: Text = ""
    kinds: tuple[Text, ...] = ()
    paths: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()


class PlacedParams(Params):
    """What is to be remembered, and what it is about: a document, and in it a range or position."""

    text: LongText
    text_document: TextDocument | None = None
    range: RangeParam | None = None
    position: PositionParam | None = None
    tags: tuple[Text, ...] = ()
    everywhere: bool = False


class NoteParams(PlacedParams):
    """A note, link or recipe."""

    kind: Literal["note", "link", "recipe"] = "note"
    name: Text = ""


class AddTaskParams(PlacedParams):
    """A todo; ``due`` is a date such as 2026-12-31."""

    due: Text = ""


class TaskRef(Params):
    """A todo by its id or the beginning of it."""

    id: Text


class TasksParams(Params):
    """With ``all`` the done todos too."""

    all: bool = False


class ForgetParams(Params):
    """What to forget: records by id (or ``session:<name>``), or everything that fits. Dates are 2026-12-31, inclusive.

    ``approved`` says that the person has said yes; else they are asked.
    """

    ids: tuple[Text, ...] = ()
    paths: tuple[Text, ...] = ()
    text: Text = ""
    since: Text = ""
    until: Text = ""
    approved: bool = False


class ExportParams(Params):
    """Where to write; without, below ``.magray/artifacts``."""

    uri: Text | None = None


class GraphParams(Params):
    """What to show around: ``about``, else the place in a document, else the most linked file.

    ``picture`` asks for the drawing too; ``nonce`` marks the style and script of an HTML page.
    """

    about: Text = ""
    text_document: TextDocument | None = None
    position: PositionParam | None = None
    depth: Annotated[int, Field(ge=1, le=3)] = 1
    limit: Annotated[int, Field(ge=2, le=400)] = 40
    picture: Literal["", "svg", "html", "text"] = ""
    nonce: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/=_-]{8,128}$")] | None = None


class RecollectParams(Params):
    """One question to all sources. ``kinds`` are of code or of records; ``near`` are documents that pull hits up."""

    query: Text
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    sources: tuple[Literal["code", "records", "sessions"], ...] = ("code", "records", "sessions")
    paths: tuple[Text, ...] = ()
    languages: tuple[Text, ...] = ()
    kinds: tuple[Text, ...] = ()
    tags: tuple[Text, ...] = ()
    near: tuple[Text, ...] = ()


class SessionsParams(Params):
    """All sessions, or one with its messages."""

    session: Text | None = None
