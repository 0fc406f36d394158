"""What a workspace's memory knows about people and secrets; forgetting, taking back in, exporting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from magray_configs.paths import WorkspacePaths, checked_root
from magray_configs.settings import IndexSettings, Settings
from magray_core.cancel import CancelToken
from magray_core.contracts import Progress
from magray_indexers.privacy.exclusions import Exclusion, exclusions, is_matched, lift, rules_of
from magray_indexers.privacy.forgetting import Forgettable, ForgottenFiles, checked_wish, compact, forget_files
from magray_indexers.privacy.proof import Proof, prove
from magray_orchestration.plans.store import PlanStore

__all__ = [
    "Exclusion",
    "Exported",
    "Forgettable",
    "Forgotten",
    "MemoryScan",
    "Place",
    "exclusions",
    "export",
    "forget",
    "lift",
    "masked_counts",
    "scan_memory",
]

_MOST_PLACES = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, and the proof: ``proof.hits`` names the files under ``.magray`` in which something still is."""

    files: tuple[str, ...]
    vectors: int
    notes: tuple[str, ...]
    plans: tuple[str, ...]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found: a file's path or ``note:<id>``, the line from 1, and what kind it is."""

    where: str
    line: int
    kind: str


@dataclass(frozen=True, slots=True)
class MemoryScan:
    """``masked`` counts secrets that were masked before indexing by rule; ``personal`` what is there, by kind.

    ``leaks`` are secrets that today's rules find in what is stored: the next full index masks them. At most 500
    ``places``.
    """

    masked: Mapping[str, int]
    masked_files: int
    personal: Mapping[str, int]
    leaks: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """The written file and how many records of each kind it holds."""

    target: Path
    counts: Mapping[str, int]
    bytes: int


def forget(
    root: Path,
    wish: Forgettable,
    settings: IndexSettings,
    *,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Forgotten:
    """Forget what fits the wish everywhere in the workspace's memory, compact it, and search every byte for the rest.

    Files stay as they are on disk and stay out of the index until ``lift``. Plans that touch a forgotten file go with
    their undo. Blocks. Raises WorkspaceError, IndexingError, Cancelled.
    """
    root = checked_root(root)
    paths = WorkspacePaths(root)
    notes, plans = _forget_written(paths, checked_wish(wish))
    gone: ForgottenFiles = forget_files(root, wish, settings, progress=progress, cancel=cancel)
    if gone.files and not wish.paths:
        plans += _forget_written(paths, Forgettable(paths=tuple(f"/{path}" for path in gone.files)))[1]
    compact(paths)
    if progress is not None:
        progress.report("searching every file for what is left")
    sought = (wish.text, *gone.samples) if wish.text else gone.samples
    return Forgotten(gone.files, gone.vectors, notes, plans, prove(paths.base, sought))


def _forget_written(paths: WorkspacePaths, wish: Forgettable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids of the records (and messages as ``message:<number>``) and of the plans that went.

    What a text names is forgotten in the user's own memory too; paths and times mean this workspace.
    """
    from magray_indexers.remembering.forgetting import forget_matching
    from magray_orchestration.memories import open_memories
    from magray_orchestration.plans.forgetting import forget_plans

    with open_memories(paths.root, Settings()) as memories:
        written = forget_matching(memories.project, wish)
        if wish.text and memories.user is not None:
            written += forget_matching(memories.user, Forgettable(text=wish.text))
    if not paths.state_db.is_file():
        return written, ()
    rules = rules_of(wish.paths)
    with closing(PlanStore.open(paths)) as plan_store:
        return written, forget_plans(plan_store, lambda path: is_matched(rules, path), wish.text)


def masked_counts(root: Path) -> tuple[int, int]:
    """(secrets, files) that were masked before indexing; (0, 0) without an index. Quick: for doctor."""
    by_rule, files = _masked(root)
    return sum(by_rule.values()), files


def scan_memory(root: Path, *, cancel: CancelToken | None = None) -> MemoryScan:
    """Look through everything stored for secrets and personal data. Reads all of it; changes nothing."""
    from magray_indexers.privacy.exporting import stored_texts
    from magray_indexers.privacy.pii import scan_pii
    from magray_indexers.privacy.scanning import scan

    cancel = cancel or CancelToken()
    masked, masked_files = _masked(root)
    personal: Counter[str] = Counter()
    places: list[Place] = []
    leaks = 0
    for where, text in (*stored_texts(root), *_note_texts(WorkspacePaths(root))):
        cancel.check()
        found = scan(text, path="" if where.startswith("note:") else where)
        leaks += len(found)
        people = scan_pii(text)
        personal.update(one.kind for one in people)
        places += [
            Place(where, text.count("\n", 0, one.span.start) + 1, one.kind)
            for one in (*found, *people)[: _MOST_PLACES - len(places)]
        ]
    return MemoryScan(masked, masked_files, dict(personal.most_common()), leaks, tuple(places))


def export(root: Path, target: Path) -> Exported:
    """Write everything remembered of the workspace as a zip of JSON lines with a manifest.

    Vectors and keyword index are left out: they are made from the rest. Raises WorkspaceError if the target exists or
    cannot be written.
    """
    from magray_indexers.privacy.exporting import index_records, write_archive

    root = checked_root(root)
    paths = WorkspacePaths(root)
    members = {**index_records(root), **_written_records(paths), "forgotten": _exclusion_records(root)}
    counts = write_archive(target, root.name, members)
    return Exported(target, counts, target.stat().st_size)


def _masked(root: Path) -> tuple[dict[str, int], int]:
    from magray_indexers.privacy.exporting import masked_rows

    rows = masked_rows(root)
    return dict(Counter(rule for _, rule in rows).most_common()), len({path for path, _ in rows})


def _note_texts(paths: WorkspacePaths) -> list[tuple[str, str]]:
    values = _written_records(paths)
    notes = [(f"note:{record['id']}", f"{record['name']}\n{record['text']}") for record in values["records"]]
    return notes + [(f"note:message:{message['n']}", str(message["text"])) for message in values["messages"]]


def _exclusion_records(root: Path) -> list[dict[str, object]]:
    return [{"pattern": one.pattern, "since": one.since} for one in exclusions(root)]


def _written_records(paths: WorkspacePaths) -> dict[str, list[dict[str, object]]]:
    """Records, sessions with their messages, and plans as plain values."""
    import json

    from magray_indexers.remembering.exporting import written
    from magray_orchestration.memories import open_memories

    with open_memories(paths.root, Settings()) as memories:
        values = written(memories.project)
    if paths.state_db.is_file():
        with closing(PlanStore.open(paths)) as plan_store:
            rows = plan_store.rows("SELECT body FROM plans ORDER BY seq")
        values["plans"] = [json.loads(body) for (body,) in rows]
    return values
