"""The plan store: plans as they were shown, the bytes they were made for, and where each one stands.

One SQLite database per workspace, durable before a call returns. Safe for threads of one process and for several
processes; a reader never sees half a change.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import sqlite3
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from magray_configs.paths import WorkspacePaths
from magray_core.documents import content_hash, encode
from magray_core.errors import ContentChanged, IndexFormatTooNew, PlanError, PlanNotFound, PlanState, WorkspaceError
from magray_core.plans import PLAN_FORMAT, CreateFile, Plan, RenameFile
from magray_indexers.durable import DurableStore, Schema, open_durable
from magray_orchestration.plans.retention import prune
from magray_orchestration.plans.schema import schema_beside
from magray_orchestration.plans.states import Pair, PlanTexts, problems_of, texts_of
from magray_orchestration.plans.statuses import Standing, with_choices, with_statuses
from magray_orchestration.plans.transitions import Choices
from magray_orchestration.workspace import Workspace, checked_path, read_bytes

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,63}")
_NEW_FILE_MODE = 0o644


class PlanStore(DurableStore):
    """A workspace's plans. Use ``open``."""

    def __init__(self, paths: WorkspacePaths, connection: sqlite3.Connection, schema: Schema, notice: str = "") -> None:
        super().__init__(connection, schema, notice)
        self.paths = paths

    @classmethod
    def open(cls, paths: WorkspacePaths) -> PlanStore:
        """The workspace's store, created where there is none.

        Raises IndexFormatTooNew if a newer Magray wrote it, WorkspaceError where ``.magray`` cannot be used.
        """
        paths.create()
        schema = schema_beside(paths.memory_db)
        connection, notice = open_durable(paths.state_db, schema)
        return cls(paths, connection, schema, notice)

    def save(self, plan: Plan, workspace: Workspace) -> Plan:
        """Store the plan with the bytes of every file it touches, and write its document.

        The same plan again starts anew, except that one with anything applied is given back as it stands. Raises
        ContentChanged if a file is no longer what the plan was made for, PlanError if it cannot be carried out.
        """
        originals, modes = _originals(plan, workspace)
        problems = problems_of(texts_of(plan, originals))
        if problems:
            raise PlanError(f"the plan cannot be carried out: {'; '.join(problems)}")
        with self.transaction() as db:
            if self._knows(plan.id):
                known, standing = self.get(plan.id), self.standing(plan.id)
                if standing.applied:
                    if canonical(known) != canonical(plan):
                        raise PlanState(f"plan {plan.id} is applied already", hint="undo it first")
                    return known
                for table in ("originals", "marks"):
                    db.execute(f"DELETE FROM {table} WHERE plan = ?", (plan.id,))
                db.execute("DELETE FROM plans WHERE id = ?", (plan.id,))
            stored = with_statuses(plan, Standing())
            db.execute("INSERT INTO plans (id, format, body) VALUES (?, ?, ?)", (plan.id, PLAN_FORMAT, _dump(stored)))
            for path, data in originals.items():
                row = (plan.id, path, self.keep(data), modes[path])
                db.execute("INSERT INTO originals (plan, path, hash, mode) VALUES (?, ?, ?, ?)", row)
        self.write_document(stored)
        prune(self)
        return stored

    def get(self, plan_id: str) -> Plan:
        """The plan with that id, or the only one whose id begins so. Raises PlanNotFound."""
        rows = self.rows("SELECT id, format, body FROM plans WHERE substr(id, 1, ?) = ?", len(plan_id), plan_id)
        exact = [row for row in rows if row[0] == plan_id]
        if not plan_id or len(exact or rows) != 1:
            among = ", ".join(row[0] for row in rows[:5]) if plan_id else ""
            raise PlanNotFound(
                f"{plan_id!r} fits several plans: {among}" if among else f"there is no plan {plan_id!r}",
                hint="give more of its id" if among else "make one with: magray plan GOAL",
            )
        return _load(*(exact or rows)[0][1:])

    def list(self) -> tuple[Plan, ...]:
        """Every stored plan, the newest first; ones of a newer format are left out."""
        rows = self.rows("SELECT format, body FROM plans ORDER BY seq DESC")
        return tuple(_load(fmt, body) for fmt, body in rows if fmt <= PLAN_FORMAT)

    def choose(self, plan_id: str, choices: Choices) -> Plan:
        """Keep the person's choices; those about unknown or applied steps and files are ignored."""
        with self.transaction():
            plan = self.get(plan_id)
            standing = self.standing(plan.id)
            chosen = with_statuses(with_choices(plan, choices, standing), standing)
            self._put(chosen)
        self.write_document(chosen)
        return chosen

    def standing(self, plan_id: str) -> Standing:
        """What of the plan is applied, undone, refused and pending."""
        rows = self.rows("SELECT step, path, mark, pending, reason FROM marks WHERE plan = ?", plan_id)
        return Standing(
            applied=frozenset((step, path) for step, path, mark, _, _ in rows if mark == "applied"),
            undone=frozenset((step, path) for step, path, mark, _, _ in rows if mark == "undone"),
            refused={(step, path): reason for step, path, mark, _, reason in rows if mark == "refused"},
            pending=frozenset((step, path) for step, path, _, pending, _ in rows if pending),
        )

    def set_standing(self, plan_id: str, standing: Standing) -> Plan:
        """Record where the plan stands; call inside a transaction, then ``write_document``."""
        with self.transaction() as db:
            db.execute("DELETE FROM marks WHERE plan = ?", (plan_id,))
            marks: dict[Pair, tuple[str, str]] = {pair: ("refused", why) for pair, why in standing.refused.items()}
            marks |= dict.fromkeys(standing.undone, ("undone", ""))
            marks |= dict.fromkeys(standing.applied, ("applied", ""))
            for (step, path), (mark, why) in marks.items():
                row = (plan_id, step, path, mark, (step, path) in standing.pending, why)
                db.execute("INSERT INTO marks (plan, step, path, mark, pending, reason) VALUES (?,?,?,?,?,?)", row)
            plan = with_statuses(self.get(plan_id), standing)
            self._put(plan)
        return plan

    def texts(self, plan: Plan) -> PlanTexts:
        """The plan's texts with the original bytes. Raises PlanError if the store lost any."""
        rows = self.rows("SELECT path, hash FROM originals WHERE plan = ?", plan.id)
        return texts_of(plan, {path: self.blob(digest) for path, digest in rows})

    def modes(self, plan_id: str) -> Mapping[str, int]:
        """The permission bits of the plan's original files, by path."""
        return dict(self.rows("SELECT path, mode FROM originals WHERE plan = ?", plan_id))

    def keep(self, data: bytes) -> str:
        """Store bytes; their sha256, under which ``blob`` gives them back. Call inside a transaction."""
        digest = content_hash(data)
        with self.transaction() as db:
            if not db.execute("SELECT 1 FROM blobs WHERE hash = ?", (digest,)).fetchone():
                db.execute("INSERT INTO blobs (hash, content) VALUES (?, ?)", (digest, zlib.compress(data, 1)))
        return digest

    def blob(self, digest: str) -> bytes:
        """Stored bytes. Raises PlanError if they are missing or damaged: they are never given back wrong."""
        rows = self.rows("SELECT content FROM blobs WHERE hash = ?", digest)
        try:
            data = zlib.decompress(rows[0][0])
        except (IndexError, zlib.error) as error:
            raise PlanError("the plan store has lost a file's earlier text") from error
        if content_hash(data) != digest:
            raise PlanError("the plan store has a damaged copy of a file's earlier text")
        return data

    def document_path(self, plan_id: str) -> Path:
        """Where the plan's document is."""
        return self.paths.plans / f"{plan_id}.plan.md"

    def write_document(self, plan: Plan) -> None:
        """Bring the plan's document up to date. Raises WorkspaceError if it cannot be written."""
        from magray_orchestration.plans.document import render

        target = self.document_path(plan.id)
        scratch = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(render(plan, self).encode("utf-8", "backslashreplace"))
            scratch.replace(target)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise WorkspaceError(
                f"cannot write the plan document: {error.strerror}", hint="check the disk and .magray/artifacts"
            ) from error

    def _knows(self, plan_id: str) -> bool:
        return bool(self.rows("SELECT 1 FROM plans WHERE id = ?", plan_id))

    def _put(self, plan: Plan) -> None:
        with self.transaction() as db:
            db.execute("UPDATE plans SET format = ?, body = ? WHERE id = ?", (PLAN_FORMAT, _dump(plan), plan.id))


def canonical(plan: Plan, *, choices: bool = False) -> str:
    """sha256 (hex) of everything that a plan says and would do, but not of when it was made and where it stands.

    With ``choices`` the person's ticks count too: this is what an approval is bound to.
    """
    body = _adapter().dump_python(plan, mode="json")
    for name in ("status", "created"):
        del body[name]
    for step in body["steps"]:
        del step["status"]
        for part in [step, *step["changes"]] if not choices else ():
            del part["accepted"]
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _originals(plan: Plan, workspace: Workspace) -> tuple[dict[str, bytes], dict[str, int]]:
    """The bytes and modes of the files that the plan starts from, checked against the hashes it was made with."""
    if not _ID.fullmatch(plan.id):
        raise PlanError(f"{plan.id!r} cannot be a plan's id")
    created = {change.path for step in plan.steps for change in step.changes if isinstance(change, CreateFile)}
    originals: dict[str, bytes] = {}
    modes: dict[str, int] = {}
    differences: list[str] = []
    for step in plan.steps:
        for change in step.changes:
            for path in (change.path, change.new_path) if isinstance(change, RenameFile) else (change.path,):
                if checked_path(path) != path:
                    raise WorkspaceError(f"{path!r} is not a canonical path")
            if isinstance(change, CreateFile):
                continue
            if change.path in created and not workspace.exists(change.path):
                continue
            if change.path not in originals:
                originals[change.path] = current_bytes(workspace, change.path)
                modes[change.path] = _mode(workspace.root / change.path)
            if content_hash(originals[change.path]) != change.before_hash:
                differences.append(f"{change.path}: changed since the plan was made")
    if differences:
        raise ContentChanged(
            "files changed while the plan was made", differences=tuple(dict.fromkeys(differences)), hint="plan again"
        )
    return originals, modes


def current_bytes(workspace: Workspace, path: str) -> bytes:
    """The bytes of the open document, else of the file on disk. Raises WorkspaceError if there is neither."""
    document = workspace.documents.get(path)
    if document is None:
        return read_bytes(workspace.root, path)
    try:
        return encode(document.text, document.format)
    except UnicodeEncodeError:
        return document.text.encode("utf-8", "surrogatepass")


def _mode(file: Path) -> int:
    try:
        return file.lstat().st_mode & 0o7777
    except OSError:
        return _NEW_FILE_MODE


@functools.cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)


def _dump(plan: Plan) -> str:
    return _adapter().dump_json(plan).decode()


def _load(fmt: int, body: str) -> Plan:
    if fmt > PLAN_FORMAT:
        raise IndexFormatTooNew(fmt, PLAN_FORMAT, what="plan")
    try:
        return _adapter().validate_json(body)
    except ValueError as error:
        raise PlanError("a stored plan cannot be read", hint="plan again") from error
