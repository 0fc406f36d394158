"""A memory in an empty folder, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from magray_testkit.clocks import SetClock

from magray_indexers.remembering.store import MemoryStore


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "memory.db"


@pytest.fixture
def store(file: Path, clock: SetClock) -> Iterator[MemoryStore]:
    opened = MemoryStore.open(file, clock=clock)
    yield opened
    opened.close()
