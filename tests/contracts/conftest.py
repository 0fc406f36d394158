"""A PostgreSQL for the contract tests, where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from magray_testkit.postgres import Cluster, programs, running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL with pgvector is not installed: tests/tools/install.sh")
    with running(binaries) as cluster:
        yield cluster
