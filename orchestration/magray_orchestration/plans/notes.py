"""Notes and todos beside the code, in the plan store. They have provenance and never authority."""

from __future__ import annotations

import json
from dataclasses import replace

from magray_core.memory import MemoryRecord
from magray_indexers.privacy.keeping import kept
from magray_orchestration.plans.store import PlanStore

_COLUMNS = ("id", "kind", "text", "source", "created", "path", "symbol")


def keep_note(store: PlanStore, record: MemoryRecord, *, pii: str = "redact") -> None:
    """Remember the record, in place of an earlier one with its id, without secrets; ``pii`` as in ``kept``."""
    tags = tuple(kept(tag, pii=pii).text for tag in record.tags)
    record = replace(record, text=kept(record.text, pii=pii).text, tags=tags)
    with store.transaction() as db:
        row = (*(getattr(record, column) for column in _COLUMNS), json.dumps(record.tags))
        db.execute(f"INSERT OR REPLACE INTO notes ({', '.join(_COLUMNS)}, tags) VALUES (?,?,?,?,?,?,?,?)", row)


def list_notes(store: PlanStore, *, path: str = "") -> tuple[MemoryRecord, ...]:
    """Every note, or those about one file, the newest first."""
    query = f"SELECT {', '.join(_COLUMNS)}, tags FROM notes WHERE ? IN ('', path) ORDER BY created DESC, id"
    return tuple(_note(row) for row in store.rows(query, path))


def forget_note(store: PlanStore, note_id: str) -> bool:
    """Forget the note; False if there was none."""
    with store.transaction() as db:
        return db.execute("DELETE FROM notes WHERE id = ?", (note_id,)).rowcount > 0


def _note(row: tuple[str, str, str, str, float, str, str, str]) -> MemoryRecord:
    note_id, kind, text, source, created, path, symbol, tags = row
    return MemoryRecord(note_id, kind, text, source, created, path, symbol, tuple(json.loads(tags)))
