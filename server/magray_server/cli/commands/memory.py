"""``magray memory …``: notes, sessions, the graph, forgetting and exporting."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from magray_core.errors import ToolDenied, WorkspaceError
from magray_server.cli.memory_text import day_of, say_forgotten, say_record, say_records
from magray_server.cli.opening import open_root, open_workspace, open_workspace_late
from magray_server.cli.parser import UsageError
from magray_server.cli.places import parse_place, path_from_root
from magray_server.cli.running import DONE, Invocation

if TYPE_CHECKING:
    from magray_core.memory import MemoryRecord
    from magray_indexers.graph.model import Graph
    from magray_indexers.privacy.forgetting import Forgettable
    from magray_orchestration.anchors import Pointed
    from magray_orchestration.memories import Memories
    from magray_orchestration.workspace import Workspace


def list_records(call: Invocation) -> int:
    """List or search what is remembered."""
    from magray_indexers.remembering.records import KINDS, Wanted
    from magray_orchestration.usecases.memory import kept, memories_of

    kinds = tuple(call.args.kind or ())
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"{kind!r} is no kind of memory", f"one of {', '.join(KINDS)}")
    wanted = Wanted(kinds, tuple(call.args.path or ()), tuple(tag.removeprefix("#") for tag in call.args.tag or ()))
    query = " ".join(call.args.query)
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        found = kept(workspace, memories, wanted, query)
        say_damage(call, memories)

    def view() -> dict[str, Any]:
        from magray_server.memory_views import RecordsView, record_views

        return RecordsView(records=record_views(found)).for_cli()

    call.out.answer(view, lambda: say_records(call.out, found))
    return DONE


def note(call: Invocation) -> int:
    """Remember a note, link or recipe."""
    from magray_orchestration.usecases.memory import NOTABLE, Draft, memories_of
    from magray_orchestration.usecases.memory import note as remember_note

    kind = call.args.kind or "note"
    if kind not in NOTABLE:
        hint = "add it with magray tasks add" if kind == "todo" else f"one of {', '.join(NOTABLE)}"
        raise UsageError(f"{kind!r} cannot be noted", hint)
    text = given_text(call)
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        draft = Draft(
            text, kind, call.args.name or "", tuple(call.args.tag or ()), "", pointed_at(call, workspace),
            call.args.everywhere,
        )  # fmt: skip
        made = remember_note(workspace, memories, draft)

    call.out.answer(lambda: record_answer(made), lambda: say_record(call.out, made))
    return DONE


def forget(call: Invocation) -> int:
    """Forget records, or everything about files, a text, a time or the whole workspace."""
    from magray_orchestration.usecases.memory import wish_of

    wish = wish_of(call.args.path or (), call.args.text or "", call.args.since or "", call.args.until or "")
    ids = list(call.args.ids)
    if sum((bool(ids), wish is not None, bool(call.args.project))) != 1:
        raise UsageError(
            "say what to forget: ids, or --path, --text or a time, or --project", "see magray memory forget --help"
        )
    root = open_root(call)
    with open_workspace_late(call, root) as workspace:
        if ids:
            return _forget_ids(call, workspace, ids)
        if wish is None:
            return _forget_project(call, workspace)
        return _forget_wish(call, workspace, wish)


def forgotten(call: Invocation) -> int:
    """List what stays out of the index, or take something back in."""
    from magray_orchestration.usecases.privacy import exclusions, lift

    root = open_root(call)
    if call.args.lift is not None and not lift(root, call.args.lift):
        raise WorkspaceError(f"{call.args.lift[:60]!r} was not forgotten", hint="see magray memory forgotten")
    left = exclusions(root)

    def human() -> None:
        for one in left:
            call.out.say_parts(call.out.styled(one.pattern, "bold"), call.out.styled(f"  {day_of(one.since)}", "dim"))
        if not left:
            call.out.say("nothing stays out", "dim")
        if call.args.lift is not None:
            call.out.say("magray index takes it up again", "dim")

    entries = [{"pattern": one.pattern, "since": one.since} for one in left]
    call.out.answer(lambda: {"forgotten": entries}, human)
    return DONE


def graph(call: Invocation) -> int:
    """Show or draw what is around something."""
    from magray_indexers.remembering.records import Wanted
    from magray_orchestration.usecases.graph import graph_around, render_text
    from magray_orchestration.usecases.memory import central_path, kept, memories_of

    depth, limit = call.args.depth or 1, call.args.limit or 40
    if not 1 <= depth <= 3 or limit < 2:
        raise UsageError("--depth is 1 to 3, --limit 2 or more", "see magray memory graph --help")
    targets = [_new_file(name, replace=call.args.yes) for name in (call.args.svg, call.args.html) if name]
    with open_workspace(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        records = [one.record for one in kept(workspace, memories, Wanted(("note", "todo", "link")))]
        found = graph_around(
            workspace, call.args.about or central_path(workspace), depth=depth, limit=limit, records=records
        )
    for target in targets:
        _write(target, _drawn(found, html=target == Path(call.args.html or "")))

    def view() -> dict[str, Any]:
        from magray_server.memory_views import graph_view

        return graph_view(found).for_cli()

    def human() -> None:
        call.out.say(render_text(found).rstrip("\n"))
        for target in targets:
            call.out.say(f"written: {target}", "bold")

    call.out.answer(view, human)
    return DONE


def export(call: Invocation) -> int:
    """Write everything that is remembered into a file."""
    from magray_orchestration.usecases.privacy import export as write_archive

    root = open_root(call)
    done = write_archive(root, Path(call.args.file))
    counts = dict(done.counts)
    words = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count) or "nothing"
    call.out.answer(
        lambda: {"file": str(done.target), "counts": counts, "bytes": done.bytes},
        lambda: call.out.say(f"{done.target}: {words} ({done.bytes:,} bytes)"),
    )
    return DONE


def scan(call: Invocation) -> int:
    """Say what of secrets and personal data is stored, and what was masked."""
    from magray_orchestration.usecases.privacy import scan_memory

    found = scan_memory(open_root(call))

    def view() -> dict[str, Any]:
        places = [{"where": place.where, "line": place.line, "kind": place.kind} for place in found.places]
        return {
            "masked": dict(found.masked), "masked_files": found.masked_files, "personal": dict(found.personal),
            "leaks": found.leaks, "places": places,
        }  # fmt: skip

    def human() -> None:
        call.out.say(f"{sum(found.masked.values())} secrets in {found.masked_files} files were masked", "bold")
        for kind, count in (*found.masked.items(), *found.personal.items()):
            call.out.say(f"  {count:>6,} {kind}")
        for place in found.places:
            call.out.say(f"  {place.where}:{place.line}  {place.kind}", "yellow")
        if found.leaks:
            call.out.say(f"{found.leaks} secrets are stored that today's rules find; run magray index --full", "red")

    call.out.answer(view, human)
    return DONE


def given_text(call: Invocation) -> str:
    """The text of the command line, or what stdin has for ``-``."""
    text = " ".join(call.args.text)
    return call.out.read_lines().read() if text == "-" else text


def pointed_at(call: Invocation, workspace: Workspace) -> Pointed | None:
    """The place of ``--at``, or None. Raises UsageError, WorkspaceError."""
    from magray_orchestration.anchors import point_at

    if call.args.at is None:
        return None
    given = parse_place(call.args.at)
    return point_at(workspace, path_from_root(given.path, workspace.root), given.line)


def record_answer(made: Any) -> dict[str, Any]:
    """A record as JSON."""
    # The JSON models are a tenth of a second to load, which a person at a terminal need not wait for.
    from magray_server.memory_views import record_view

    return record_view(made).for_cli()


def say_notices(call: Invocation, memories: Memories) -> None:
    """What the person should know about the memories that were opened."""
    for notice in memories.notices:
        call.out.note(f"warning: {notice}", "yellow")


def say_damage(call: Invocation, memories: Memories) -> None:
    """Say that rows cannot be shown because what is stored of them is not what was written."""
    damaged = sum(store.damaged for _, store in memories.stores())
    if damaged:
        call.out.note(f"warning: {damaged} records are damaged on disk and not shown; they stay as they are", "yellow")


def _confirm(call: Invocation, question: str) -> None:
    if call.args.yes:
        return
    if not call.out.can_ask or call.out.as_json:
        raise ToolDenied("forgetting needs a yes, and nobody can be asked here", hint="add --yes")
    if not call.out.ask(question):
        raise ToolDenied("nothing was forgotten")


def _forget_ids(call: Invocation, workspace: Workspace, ids: list[str]) -> int:
    from magray_orchestration.usecases.memory import forget_records, memories_of

    with memories_of(workspace) as memories:
        say_notices(call, memories)
        named: list[MemoryRecord] = [memories.get(id_)[1] for id_ in ids if not id_.startswith("session:")]
        for record in named:
            call.out.note(f"  {record.id}  {textwrap.shorten(record.text, 80)}")
        _confirm(call, f"Forget {'this' if len(ids) == 1 else f'these {len(ids)}'}?")
        gone = forget_records(workspace, memories, ids)
    return say_forgotten(call.out, gone.proof, {"forgotten": list(gone.ids), "files": [], "plans": [], "vectors": 0})


def _forget_wish(call: Invocation, workspace: Workspace, wish: Forgettable) -> int:
    from magray_orchestration.usecases.privacy import forget as forget_everywhere

    _confirm(call, "Forget everything that fits, with the undo of plans that touch these files?")
    with call.out.progress() as bar:
        gone = forget_everywhere(workspace.root, wish, workspace.settings.index, progress=bar)
    went = {
        "forgotten": list(gone.notes), "files": list(gone.files), "plans": list(gone.plans), "vectors": gone.vectors,
    }  # fmt: skip
    return say_forgotten(call.out, gone.proof, went)


def _forget_project(call: Invocation, workspace: Workspace) -> int:
    from magray_orchestration.usecases.memory import forget_project

    _confirm(call, f"Forget all that is remembered of {workspace.root.name}, with every plan and its undo?")
    proof = forget_project(workspace)
    return say_forgotten(call.out, proof, {"forgotten": ["project"], "files": [], "plans": [], "vectors": 0})


def _new_file(name: str, *, replace: bool) -> Path:
    path = Path(name)
    if path.exists() and not replace:
        raise WorkspaceError(f"{path} exists already", hint="choose another name, or replace it with --yes")
    if not path.parent.is_dir():
        raise WorkspaceError(f"there is no folder {path.parent}")
    return path


def _drawn(found: Graph, *, html: bool) -> str:
    import secrets

    from magray_orchestration.usecases.graph import render_html, render_svg

    return render_html(found, nonce=secrets.token_hex(16)) if html else render_svg(found)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise WorkspaceError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
