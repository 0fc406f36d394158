"""Headings and keys of prose and data formats as symbols, read line by line without a grammar."""

from __future__ import annotations

from magray_indexers.definitions import Definition
from magray_indexers.languages import Language
from magray_indexers.offsets import Lines


def outline(language: Language, lines: Lines) -> list[Definition]:
    """What the language's outline reader finds, ordered by place, outer before inner."""
    return []
