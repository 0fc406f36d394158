"""Graphs of small workspaces, as plain values that can be compared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from magray_configs.settings import IndexSettings
from magray_indexers.building import build
from magray_indexers.graph import store
from magray_indexers.graph.building import unpacked, update_graph
from magray_indexers.graph.model import EdgeKind, GraphReport

LinkFacts = dict[tuple[str, str, str], float]


def write(root: Path, files: Mapping[str, str]) -> None:
    """The files beneath the root."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def graphed(root: Path, files: Mapping[str, str]) -> LinkFacts:
    """The files written, indexed and linked; the links as (source, kind, target) with their weights."""
    write(root, files)
    build(root, IndexSettings(workers=1))
    complete(root)
    return links(root)


def complete(root: Path) -> GraphReport:
    """Update until nothing is left."""
    while True:
        report = update_graph(root, budget_s=5.0)
        if report.complete or not (report.remaining or report.busy):
            return report


def links(root: Path, *, alike: bool = False) -> LinkFacts:
    """Every link between files; those of shared words only if asked for."""
    db = store.open_for_reading(root)
    try:
        paths = dict(db.execute("SELECT id, path FROM files"))
        found: LinkFacts = {}
        for table in ("links", "history"):
            for number, rows, checksum in db.execute(f"SELECT file, rows, sum FROM {table}"):
                for link in unpacked(store.unpacked(rows, checksum)):
                    if alike or link.kind is not EdgeKind.ALIKE:
                        key = (paths[number], link.kind.value, paths.get(link.target, "?"))
                        found[key] = round(link.weight, 3)
        return found
    finally:
        db.close()


def git(folder: Path, *arguments: str) -> str:
    """What git says, with nobody's settings."""
    environment = {
        **os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_DATE": "2026-01-05T12:00:00Z", "GIT_COMMITTER_DATE": "2026-01-05T12:00:00Z",
    }  # fmt: skip
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()
