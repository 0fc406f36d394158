"""Forgetting plans on request: with their documents, journal and the copies of files that undo would need."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

from magray_core.errors import PlanError
from magray_orchestration.plans.store import PlanStore

_UNFINISHED = "SELECT plan FROM journal WHERE status IN ('staged', 'writing', 'committed')"


def forget_plans(store: PlanStore, fits_path: Callable[[str], bool], text: str) -> tuple[str, ...]:
    """Forget the plans that touch a path that fits, or that hold the text ("" for none); their ids.

    What they changed stays changed and cannot be undone from here any more. A plan that is being applied stays.
    """
    doomed = [plan_id for (plan_id,) in store.rows("SELECT id FROM plans") if _fits(store, plan_id, fits_path, text)]
    with store.transaction() as db:
        unfinished = {plan_id for (plan_id,) in db.execute(_UNFINISHED)}
        doomed = [plan_id for plan_id in doomed if plan_id not in unfinished]
        for plan_id in doomed:
            for table in ("journal_files", "journal_folders"):
                db.execute(f"DELETE FROM {table} WHERE journal IN (SELECT id FROM journal WHERE plan = ?)", (plan_id,))
            for table in ("journal", "marks", "originals"):
                db.execute(f"DELETE FROM {table} WHERE plan = ?", (plan_id,))
            db.execute("DELETE FROM plans WHERE id = ?", (plan_id,))
        db.execute(
            "DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM originals) AND hash NOT IN"
            " (SELECT ifnull(before, '') FROM journal_files UNION SELECT ifnull(after, '') FROM journal_files)"
        )
    for plan_id in doomed:
        with contextlib.suppress(OSError):  # the proof finds what stays behind
            store.document_path(plan_id).unlink(missing_ok=True)
    return tuple(doomed)


def _fits(store: PlanStore, plan_id: str, fits_path: Callable[[str], bool], text: str) -> bool:
    originals = store.rows("SELECT path, hash FROM originals WHERE plan = ?", plan_id)
    ((body,),) = store.rows("SELECT body FROM plans WHERE id = ?", plan_id)
    changed = {change["path"] for step in json.loads(body)["steps"] for change in step["changes"]}
    if any(map(fits_path, {*changed, *(path for path, _ in originals)})):
        return True
    return bool(text) and (text in body or json.dumps(text)[1:-1] in body or _in_copies(store, originals, text))


def _in_copies(store: PlanStore, originals: list[tuple[str, str]], text: str) -> bool:
    for _, digest in originals:
        try:
            if text.encode("utf-8", "surrogatepass") in store.blob(digest):
                return True
        except PlanError:  # a damaged copy holds nothing that can be read
            continue
    return False
