"""How long plans are kept: what was ever applied stays, of the rest the newest; texts go with their last plan."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from magray_orchestration.plans.store import PlanStore

KEEP = 200
"""Plans that were never applied, beyond the newest of which older ones are forgotten."""

_SLACK = 20


def prune(store: PlanStore, *, keep: int = KEEP) -> tuple[str, ...]:
    """Forget the oldest plans that were never applied, with their documents and texts; their ids."""
    never = "id NOT IN (SELECT plan FROM marks) AND id NOT IN (SELECT plan FROM journal WHERE status = 'writing')"
    ((count,),) = store.rows(f"SELECT count(*) FROM plans WHERE {never}")
    if count <= keep + _SLACK:
        return ()
    with store.transaction() as db:
        rows = db.execute(f"SELECT id FROM plans WHERE {never} ORDER BY seq DESC LIMIT -1 OFFSET ?", (keep,)).fetchall()
        forgotten = tuple(plan_id for (plan_id,) in rows)
        for plan_id in forgotten:
            db.execute("DELETE FROM originals WHERE plan = ?", (plan_id,))
            db.execute("DELETE FROM plans WHERE id = ?", (plan_id,))
        # Finished applications need no texts: undo computes them from the originals.
        db.execute(
            "DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM originals) AND hash NOT IN ("
            " SELECT ifnull(hash, '') FROM (SELECT journal, before AS hash FROM journal_files"
            " UNION ALL SELECT journal, after FROM journal_files) JOIN journal ON id = journal"
            " WHERE status IN ('staged', 'writing', 'committed'))"
        )
    for plan_id in forgotten:
        with contextlib.suppress(OSError):  # a document that stays behind harms nobody
            store.document_path(plan_id).unlink(missing_ok=True)
    return forgotten
