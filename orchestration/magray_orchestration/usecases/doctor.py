"""The state of this installation and workspace as checks that a person can act on. Starts nothing.

Nothing is changed, except that opening a damaged plan store or memory sets it aside, as every command does.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Literal

from magray_configs.layers import Resolved, resolve
from magray_configs.paths import WorkspacePaths, user_folder
from magray_configs.settings import Settings
from magray_core.errors import MagrayError
from magray_indexers import git, store

State = Literal["ok", "warning", "problem", "off"]

_EDITORS = {"nvim": "Neovim", "code": "VS Code", "codium": "VSCodium", "emacs": "Emacs", "hx": "Helix"}
_ENGINES = (
    "pygls",
    "tantivy",
    "tree-sitter",
    "tree-sitter-language-pack",
    "rope",
    "jedi",
    "ruff",
    "ast-grep-py",
    "pygit2",
)
_OLD_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``hint`` is what to do about it where something is wrong."""

    name: str
    state: State
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class IndexState:
    """What the index holds. ``skipped`` counts paths by reason."""

    generation: int = 0
    files: int = 0
    chunks: int = 0
    symbols: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    head: str = ""
    age_s: float = 0.0
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found."""

    checks: tuple[Check, ...]
    index: IndexState | None
    settings: Resolved | None

    @property
    def ok(self) -> bool:
        """Whether nothing is broken; warnings are no breakage."""
        return all(check.state != "problem" for check in self.checks)


def examine(root: Path) -> Report:
    """Look at everything. A part that cannot be looked at becomes a problem; nothing is raised."""
    paths = WorkspacePaths(root)
    resolved: Resolved | None = None
    checks = [_installation(), _engines()]
    try:
        resolved = resolve(root)
        taken = [f"{key} = {value} ({source})" for key, value, source in resolved.values() if source != "default"]
        checks.append(Check("settings", "ok", "; ".join(taken) or "all at their defaults"))
        checks += [Check("settings", "warning", warning) for warning in resolved.warnings]
    except MagrayError as error:
        checks.append(_problem("settings", error))
    checks.append(_state_folder(paths))
    checks += _guarded("encryption", lambda: _encryption(paths))
    index, about_index = _index(root, paths)
    checks.append(about_index)
    checks += _guarded("secrets", lambda: _secrets(root))
    checks += _guarded("writer", lambda: _writer(paths))
    checks += _guarded("plans", lambda: _plans(paths))
    checks += _guarded("memory", lambda: _memory(paths))
    checks += [_history(root), _editors()]
    settings = resolved.settings if resolved else Settings()
    checks += _guarded("models", lambda: _models(paths, settings))
    return Report(tuple(checks), index, resolved)


def _installation() -> Check:
    return Check(
        "magray", "ok",
        f"{metadata.version('magray')} on Python {platform.python_version()}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} processors, run by {sys.executable}",
    )  # fmt: skip


def _engines() -> Check:
    found: list[str] = []
    missing: list[str] = []
    for name in _ENGINES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("engines", "problem", f"not installed: {', '.join(missing)}", "install magray again")
    return Check("engines", "ok", ", ".join(found))


def _state_folder(paths: WorkspacePaths) -> Check:
    own = paths.root / ".magray"
    if own.is_symlink() or (own.exists() and not own.is_dir()):
        return Check("state folder", "problem", ".magray is not a folder", "move it away")
    if paths.base != own:
        text = "the workspace cannot be written, so its index and plans lie in your own Magray folder"
        return Check("state folder", "warning", text)
    if not own.exists():
        return Check("state folder", "ok", "not made yet")
    size = sum(file.stat().st_size for file in own.rglob("*") if file.is_file() and not file.is_symlink())
    return Check("state folder", "ok", f".magray, {size / 1e6:.1f} MB")


def _encryption(paths: WorkspacePaths) -> Iterator[Check]:
    from magray_indexers.connecting import is_sealed, key_for

    if not is_sealed(paths.memory):
        yield Check("encryption", "off", "off; your disk's own encryption is what protects a lost machine")
        return
    key_for(paths.memory)
    covered = "index, graph, vectors, notes, sessions and plans with their copies are encrypted"
    yield Check("encryption", "ok", f"{covered}; not so: your files, .magray/artifacts, names of what was forgotten")


def _index(root: Path, paths: WorkspacePaths) -> tuple[IndexState | None, Check]:
    try:
        db = store.open_for_reading(paths.index_db)
    except MagrayError as error:
        state: State = "off" if error.kind == "index_unavailable" else "problem"
        return None, Check("index", state, error.message, error.hint)
    try:
        index = _index_state(db)
    except (MagrayError, sqlite3.Error, ValueError) as error:
        return None, Check("index", "problem", f"cannot be read: {error}", "run: magray index --full")
    finally:
        db.close()
    text = f"generation {index.generation}: {index.files:,} files, {index.chunks:,} chunks, {index.symbols:,} symbols"
    text += f", {sum(index.skipped.values()):,} paths skipped, {_ago(index.age_s)}"
    if not index.complete:
        return index, Check("index", "warning", f"{text}; a build was not finished", "run: magray index")
    head = git.head(root)
    if index.head and head and index.head != head:
        return index, Check("index", "warning", f"{text}; another commit is checked out since", "run: magray index")
    return index, Check("index", "ok", text)


def _index_state(db: sqlite3.Connection) -> IndexState:
    generation = store.read_generation(db)
    skipped = Counter(entry.reason.value for entry in store.read_skipped(db).values())
    return IndexState(
        generation=generation.number,
        files=_count(db, "files"),
        chunks=_count(db, "chunks"),
        symbols=_count(db, "symbols"),
        languages=dict(db.execute("SELECT language, count(*) FROM files GROUP BY language ORDER BY 2 DESC")),
        skipped=dict(skipped.most_common()),
        head=generation.head,
        age_s=max(0.0, time.time() - generation.finished) if generation.finished else 0.0,
        complete=generation.complete,
    )


def _secrets(root: Path) -> Iterator[Check]:
    from magray_indexers.privacy.provider_rules import installed
    from magray_orchestration.usecases.privacy import masked_counts

    secrets, files = masked_counts(root)
    text = (
        f"{_n(secrets, 'secret')} in {_n(files, 'file')} masked before indexing" if secrets else "none met in the index"
    )
    if not installed():
        yield Check("secrets", "warning", f"{text}; the providers' rules are not installed", "install magray again")
    else:
        yield Check("secrets", "ok", text)


def _n(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def _writer(paths: WorkspacePaths) -> Iterator[Check]:
    lock_file = paths.memory / "index.lock"
    if not lock_file.exists():
        yield Check("writer", "ok", "nobody is indexing")
        return
    from filelock import FileLock, Timeout

    try:
        with FileLock(lock_file, mode=0o600, timeout=0):
            interrupted = (paths.memory / "index.busy").exists()
    except Timeout:
        yield Check("writer", "ok", "another Magray is indexing at this moment")
        return
    if interrupted:
        yield Check("writer", "warning", "the last index run was killed", "run: magray index")
    else:
        yield Check("writer", "ok", "nobody is indexing")


def _plans(paths: WorkspacePaths) -> Iterator[Check]:
    if not paths.state_db.exists():
        yield Check("plans", "ok", "none yet")
        return
    from magray_orchestration.plans.store import PlanStore

    plans = PlanStore.open(paths)
    try:
        counts = Counter(plan.status.value for plan in plans.list())
        if plans.notice:
            yield Check("plans", "warning", plans.notice)
    finally:
        plans.close()
    yield Check("plans", "ok", ", ".join(f"{count} {status}" for status, count in counts.items()) or "none yet")


def _memory(paths: WorkspacePaths) -> Iterator[Check]:
    if not paths.memory_db.exists():
        yield Check("memory", "ok", "nothing is remembered yet")
        return
    from magray_indexers.remembering import records, sessions
    from magray_indexers.remembering.store import MemoryStore

    with contextlib.closing(MemoryStore.open(paths.memory_db)) as memory:
        counts = Counter(record.kind for record in records.listed(memory))
        damaged = memory.damaged
        sessions.all_messages(memory)
        damaged += memory.damaged
        talks = len(sessions.sessions(memory))
        if memory.notice:
            yield Check("memory", "warning", memory.notice)
    if damaged:
        yield Check("memory", "warning", f"{damaged} entries are damaged on disk and not shown")
    words = [f"{count} {kind}s" for kind, count in counts.items()] + ([f"{talks} sessions"] if talks else [])
    yield Check("memory", "ok", ", ".join(words) or "nothing is remembered yet")


def _history(root: Path) -> Check:
    head = git.head(root)
    if not head:
        return Check("git", "off", "no commit here; explanations have no history, everything else works")
    return Check("git", "ok", f"commit {head[:9]}, read without running git")


def _editors() -> Check:
    found = [f"{name} ({command})" for command, name in _EDITORS.items() if shutil.which(command)]
    return Check("editors", "ok" if found else "off", ", ".join(found) or "none found on the PATH")


def _models(paths: WorkspacePaths, settings: Settings) -> Iterator[Check]:
    """Which embedder serves, whether its vectors are complete, and models whose files are not what was installed."""
    from magray_orchestration.usecases.models import listing, verify

    folder = user_folder() / "models"
    rows = listing(settings, folder)
    serving = next(row.entry for row in rows if row.in_use and row.entry.kind.value == "embedder")
    wanted = settings.memory.model
    text = f"{serving.name} serves" + ("" if wanted in ("auto", serving.name) else f", because {wanted} is not there")
    damaged = [row for row in rows if row.problems]
    damaged_now = [one for one in verify([serving.name], folder) if one.problems]
    if damaged or damaged_now:
        names = sorted({row.entry.name for row in damaged} | {one.name for one in damaged_now})
        words = f"{serving.name} is chosen; damaged: {', '.join(names)}"
        yield Check("models", "problem", words, "run: magray models verify, then pull or place it again")
        return
    yield Check("models", "ok", f"{text}; {_vectors(paths, serving.id_prefix)}")


def _vectors(paths: WorkspacePaths, id_prefix: str) -> str:
    from magray_indexers.vectors.publishing import read_vector_generation

    try:
        db = store.open_for_reading(paths.index_db)
    except MagrayError:
        return "nothing is indexed yet"
    try:
        found = read_vector_generation(db)
    except sqlite3.Error:
        return "the index cannot be read"
    finally:
        db.close()
    if not found.model.startswith(id_prefix):
        return "its vectors are still to be made" + (f", those of {found.model} serve meanwhile" if found.model else "")
    return f"{found.n_vectors:,} vectors, " + ("complete" if found.complete else "more are to be made")


def _guarded(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    try:
        return list(look())
    except (MagrayError, OSError) as error:
        return [_problem(name, error)]


def _problem(name: str, error: MagrayError | OSError) -> Check:
    if isinstance(error, MagrayError):
        return Check(name, "problem", error.message, error.hint)
    return Check(name, "problem", (error.strerror or str(error)).lower(), "check the permissions of .magray")


def _count(db: sqlite3.Connection, table: Literal["files", "chunks", "symbols"]) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _ago(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s old"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min old"
    return f"{seconds / 3600:.0f} h old" if seconds < 2 * _OLD_S else f"{seconds / _OLD_S:.0f} days old"
