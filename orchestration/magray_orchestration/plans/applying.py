"""Plans carried out: staged against the files as they are, written by the journaled writer or by an editor, recorded.

``stage`` checks and writes the journal's first line; ``commit_on_disk`` writes the files (the command line);
``confirm_in_editor`` records what an editor made of its edits; ``recover`` clears up after a crash.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from magray_core.contracts import DocStore
from magray_core.documents import content_hash
from magray_core.errors import ContentChanged, MagrayError, PlanState, WorkspaceError
from magray_core.failpoints import failpoint
from magray_core.plans import Plan
from magray_orchestration.plans import journal
from magray_orchestration.plans.observing import Observed, observe, settled
from magray_orchestration.plans.staging import Move, check_files, decisions_on, moves, transitions, wanted
from magray_orchestration.plans.statuses import Standing, applied_steps
from magray_orchestration.plans.store import PlanStore, canonical
from magray_orchestration.plans.transitions import Action, Outcome, Refusal, Staged
from magray_orchestration.plans.writer import DEFAULT_MODE, Tree
from magray_orchestration.policy import is_forbidden
from magray_orchestration.workspace import Workspace

_FORGOTTEN_AFTER_S = 3600.0


def approval(store: PlanStore, plan_id: str) -> str:
    """sha256 (hex) of the plan and the choices in it: show it with the plan, compare it with ``Staged.digest``."""
    return canonical(store.get(plan_id), choices=True)


def stage(
    workspace: Workspace, store: PlanStore, plan_id: str, *, action: Action, steps: frozenset[int] | None = None
) -> Staged:
    """Get an application ready and write its first line in the journal; no file is touched.

    ``steps`` None means: apply what is ticked, undo everything, redo everything that was undone. Raises PlanState if
    nothing would change, ContentChanged with a line per file that differs, ToolDenied if policy forbids a file.
    """
    plan = store.get(plan_id)
    texts = store.texts(plan)
    recorded = store.standing(plan.id)
    standing, unsaved = settled(workspace, texts, recorded, action)
    becomes = wanted(plan, standing, action, steps)
    planned = moves(texts, standing.applied, becomes)
    try:
        check_files(workspace, planned, unsaved)
    except ContentChanged as error:
        later = _later_plan(store, plan, planned)
        if later:
            error.hint = f"plan {later} changed the same files: undo that one first"
        raise
    files = transitions(workspace, plan, texts, standing.applied, becomes)
    decisions = decisions_on(files)
    digest = canonical(plan, choices=True)
    if standing != recorded:
        with store.transaction():
            if store.standing(plan.id) != recorded:
                raise PlanState(f"plan {plan.id} was changed by somebody else meanwhile", hint="try again")
            store.set_standing(plan.id, standing)
    entry = journal.Entry(0, plan.id, action, digest, standing.applied, becomes, "staged", time.time())
    return Staged(journal.open_entry(store, entry), plan.id, action, files, decisions, digest)


def commit_on_disk(workspace: Workspace, store: PlanStore, staged: Staged) -> Outcome:
    """Write the files, all of them or none, and record it.

    Raises ContentChanged or WorkspaceError, with every file as it was, if that is impossible; PlanState if the plan
    or its choices are not the ones that were staged, or if somebody else was faster.
    """
    with journal.workspace_lock(store.paths):
        notes = _clear_up(store)
        plan, entry = _still_as_staged(store, staged)
        standing = store.standing(plan.id)
        planned = moves(store.texts(plan), entry.was, entry.becomes)
        tree = Tree(workspace.root)
        try:
            written = _write(store, entry, planned, tree)
            try:
                _flush_record(store, entry, standing)
            except BaseException:
                journal.roll_back(store, entry, tree)
                raise
            try:
                notes += journal.tidy(store, entry, tree)
            except MagrayError as error:
                notes += (error.message,)  # the files and the record are right; the next start tidies up
        finally:
            tree.close()
    return _outcome(store, plan.id, Outcome(plan, plan.status, (), (), written, (), notes))


def abandon(store: PlanStore, staged: Staged) -> None:
    """Forget a staged application that nobody will carry out; nothing is recorded of it."""
    if journal.load_entry(store, staged.id).status == "staged":
        journal.close_entry(store, staged.id, "abandoned")


def confirm_in_editor(workspace: Workspace, store: PlanStore, staged: Staged, applied: bool) -> Outcome:
    """Record what an editor has really made of the staged edits, file by file; call with a fresh ``workspace``.

    ``applied`` is the editor's own answer. It counts only for files that are not open and that the disk shows
    unchanged: they are then ``pending`` until they are saved. What matches no state of the plan is refused.
    """
    with journal.workspace_lock(store.paths):
        entry = journal.load_entry(store, staged.id)
        plan = store.get(entry.plan_id)
        if entry.status == "done":  # answered before
            return _outcome(store, plan.id, Outcome(plan, plan.status, ()))
        texts, standing = store.texts(plan), store.standing(plan.id)
        seen = observe(workspace, texts, entry, believed=applied)
        _record(store, entry, standing, seen)
        journal.close_entry(store, entry.id, "done")
        if entry.action == "undo":
            tree = Tree(workspace.root)
            try:
                journal.remove_folders(store, entry, tree)
            finally:
                tree.close()
    refused = tuple(Refusal(step, path, reason) for (step, path), reason in sorted(seen.refused.items()))
    return _outcome(store, plan.id, Outcome(plan, plan.status, (), refused, seen.changed, seen.pending))


def settle(workspace: Workspace, store: PlanStore, plan_id: str) -> Plan:
    """Look again at files that an editor had changed but not saved; call when documents are saved."""
    with journal.workspace_lock(store.paths):
        plan = store.get(plan_id)
        standing = store.standing(plan.id)
        if not standing.pending:
            return plan
        saved, _ = settled(workspace, store.texts(plan), standing, "undo")
        plan = store.set_standing(plan.id, replace(standing, pending=standing.pending & saved.pending))
    _document(store, plan)
    return plan


def recover(root: Path, store: PlanStore) -> tuple[str, ...]:
    """Clear up after a crash: roll back what was half written, tidy up what was finished, adopt what an editor did.

    Call on every start. Sentences for the person; none if there was nothing to say.
    """
    failpoint("recover.start")
    open_entries = journal.entries(store, "staged", "writing", "committed")
    if not open_entries:
        return ()
    with journal.workspace_lock(store.paths):
        notes = _clear_up(store)
        for entry in journal.entries(store, "staged"):
            notes += _adopt(root, store, entry)
    return notes


def _clear_up(store: PlanStore) -> tuple[str, ...]:
    """Finish what a dead process left; the lock is held, so whoever wrote these entries is gone."""
    notes: list[str] = []
    left = journal.entries(store, "writing", "committed")
    if not left:
        return ()
    tree = Tree(store.paths.root)
    try:
        for entry in left:
            if any(is_forbidden(write.path) for write in journal.files_of(store, entry.id)):
                journal.close_entry(store, entry.id, "ignored", "it names paths that no plan may change")
            elif entry.status == "committed":
                notes += journal.tidy(store, entry, tree)
            else:
                notes.append(f"an interrupted {entry.action} of plan {entry.plan_id} was rolled back")
                notes += journal.roll_back(store, entry, tree)
    finally:
        tree.close()
    return tuple(notes)


def _later_plan(store: PlanStore, plan: Plan, planned: tuple[Move, ...]) -> str:
    """The newest other plan that is applied to one of the files, or ""."""
    paths = {place.path for move in planned for place in (move.old, move.new) if place}
    rows = store.rows(
        "SELECT plan, path FROM marks JOIN plans ON id = plan WHERE mark = 'applied' AND plan <> ? ORDER BY seq DESC",
        plan.id,
    )
    return next((other for other, path in rows if path in paths), "")


def _still_as_staged(store: PlanStore, staged: Staged) -> tuple[Plan, journal.Entry]:
    """The plan and entry, if nothing about them has changed since. Raises PlanState."""
    entry = journal.load_entry(store, staged.id)
    if entry.status != "staged" or entry.plan_id != staged.plan_id or entry.action != staged.action:
        raise PlanState(f"this {staged.action} of plan {staged.plan_id} is over already", hint="stage it again")
    plan = store.get(entry.plan_id)
    if not canonical(plan, choices=True) == entry.digest == staged.digest:
        raise PlanState(f"plan {plan.id} is no longer the one that was shown", hint="look at it again, then apply")
    if store.standing(plan.id).applied != entry.was:
        raise PlanState(f"plan {plan.id} was changed by somebody else meanwhile", hint="look at it again, then apply")
    return plan, entry


def _write(store: PlanStore, entry: journal.Entry, planned: tuple[Move, ...], tree: Tree) -> tuple[str, ...]:
    """Carry the moves out; on any failure everything is as it was and the failure is raised."""
    contents = _contents(store, entry, planned, tree)
    writes = journal.begin(store, entry, contents, tree)
    try:
        journal.carry_out(store, entry, writes, tree)
    except BaseException as error:
        conflicts = journal.roll_back(store, entry, tree)
        if conflicts and isinstance(error, MagrayError):
            error.hint = "; ".join((error.hint, *conflicts)) if error.hint else "; ".join(conflicts)
        raise
    return tuple(write.path for write in writes)


def _contents(store: PlanStore, entry: journal.Entry, planned: tuple[Move, ...], tree: Tree) -> journal.Contents:
    """(before, after, mode) of every location that changes, checked against the disk."""
    modes = store.modes(entry.plan_id)
    old = {move.old.path: move for move in planned if move.old}
    new = {move.new.path: move for move in planned if move.new}
    contents: dict[str, tuple[bytes | None, bytes | None, int]] = {}
    differences = []
    for path in sorted(old.keys() | new.keys()):
        before = old[path].old if path in old else None
        after = new[path].new if path in new else None
        was = None if before is None else before.content
        if tree.digest(path) != (None if was is None else content_hash(was)):
            differences.append(f"{path}: {'exists now' if was is None else 'changed since it was checked'}")
            continue
        mode = DEFAULT_MODE
        if path in new:
            source = new[path].old
            subject = new[path].subject
            mode = tree.check_writable(source.path) if source else modes.get(subject.path, DEFAULT_MODE)
            if subject.created and source is None:
                mode = DEFAULT_MODE
        if path in old:
            tree.check_writable(path)
        contents[path] = (was, None if after is None else after.content, mode)
    if differences:
        raise ContentChanged(
            "files changed since; nothing was written",
            differences=tuple(differences),
            hint="save your editors' files and plan again",
        )
    return contents


def _flush_record(store: PlanStore, entry: journal.Entry, standing: Standing) -> None:
    changed = (entry.was | entry.becomes) - (entry.was & entry.becomes)
    journal.commit(
        store,
        entry,
        Standing(
            applied=entry.becomes,
            undone=(standing.undone | (entry.was - entry.becomes)) - entry.becomes,
            refused={pair: why for pair, why in standing.refused.items() if pair not in entry.becomes},
            pending=standing.pending - changed,
        ),
    )


def _record(store: PlanStore, entry: journal.Entry, standing: Standing, seen: Observed) -> None:
    """Bring the record to what was observed of the entry's pairs."""
    changed = (entry.was | entry.becomes) - (entry.was & entry.becomes)
    now = (standing.applied - changed) | (seen.applied & changed)
    gone = (entry.was & changed) - now
    refused = {pair: why for pair, why in standing.refused.items() if pair not in changed}
    refused |= {pair: why for pair, why in seen.refused.items() if pair not in now}
    with store.transaction():
        store.set_standing(
            entry.plan_id,
            Standing(
                applied=now,
                undone=(standing.undone | gone) - now,
                refused=refused,
                pending=(standing.pending - changed) | seen.pending_pairs,
            ),
        )


def _adopt(root: Path, store: PlanStore, entry: journal.Entry) -> tuple[str, ...]:
    """What an editor saved of an application whose server died before it could record it."""
    try:
        plan = store.get(entry.plan_id)
        texts, standing = store.texts(plan), store.standing(plan.id)
        seen = observe(_on_disk(root), texts, entry, believed=False)
    except MagrayError:
        journal.close_entry(store, entry.id, "forgotten")
        return ()
    changed = (entry.was | entry.becomes) - (entry.was & entry.becomes)
    if seen.applied & changed != entry.was & changed and standing.applied == entry.was:
        _record(store, entry, standing, replace(seen, refused={}))
        journal.close_entry(store, entry.id, "adopted")  # the editor's answer may still come and say more
        _document(store, store.get(plan.id))
        return (f"your editor had finished the {entry.action} of plan {plan.id}; that is recorded now",)
    if time.time() - entry.created > _FORGOTTEN_AFTER_S or standing.applied != entry.was:
        journal.close_entry(store, entry.id, "forgotten")
    return ()


def _on_disk(root: Path) -> Workspace:
    return Workspace(root, cast(DocStore, None))  # only the files are looked at, before there is an index


def _outcome(store: PlanStore, plan_id: str, outcome: Outcome) -> Outcome:
    plan = store.get(plan_id)
    notes = outcome.notes + _document(store, plan)
    return replace(
        outcome, plan=plan, status=plan.status, applied=applied_steps(plan, store.standing(plan.id)), notes=notes
    )


def _document(store: PlanStore, plan: Plan) -> tuple[str, ...]:
    try:
        store.write_document(plan)
    except WorkspaceError as error:
        return (error.message,)  # the document is a view; the work is done
    return ()
