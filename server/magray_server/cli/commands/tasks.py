"""``magray tasks …``: todos, a person's own and those in comments."""

from __future__ import annotations

from typing import Any

from magray_server.cli.commands.memory import given_text, pointed_at, record_answer, say_damage, say_notices
from magray_server.cli.memory_text import say_record, say_records
from magray_server.cli.opening import open_root, open_workspace, open_workspace_late
from magray_server.cli.running import DONE, Invocation

_IMPORT_S = 600.0


def list_tasks(call: Invocation) -> int:
    """List the todos."""
    from magray_orchestration.usecases.memory import memories_of
    from magray_orchestration.usecases.tasks import tasks

    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        found = tasks(workspace, memories, done_too=call.args.all)
        say_damage(call, memories)

    def view() -> dict[str, Any]:
        from magray_server.memory_views import TasksView, record_views

        return TasksView(tasks=record_views(found)).for_cli()

    call.out.answer(view, lambda: say_records(call.out, found, none="nothing to do"))
    return DONE


def add(call: Invocation) -> int:
    """Remember something to do."""
    from magray_orchestration.usecases.memory import Draft, memories_of
    from magray_orchestration.usecases.tasks import add_task

    text = given_text(call)
    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        draft = Draft(
            text, "todo", "", tuple(call.args.tag or ()), call.args.due or "", pointed_at(call, workspace),
            call.args.everywhere,
        )  # fmt: skip
        made = add_task(workspace, memories, draft)
    call.out.answer(lambda: record_answer(made), lambda: say_record(call.out, made))
    return DONE


def done(call: Invocation) -> int:
    """Mark a todo as done."""
    from magray_orchestration.usecases.memory import memories_of
    from magray_orchestration.usecases.tasks import finish

    with open_workspace_late(call, open_root(call)) as workspace, memories_of(workspace) as memories:
        say_notices(call, memories)
        finished = finish(workspace, memories, call.args.id)
    call.out.answer(lambda: record_answer(finished), lambda: say_record(call.out, finished))
    return DONE


def import_markers(call: Invocation) -> int:
    """Take up the comments that say what is to be done."""
    from magray_orchestration.usecases.memory import memories_of
    from magray_orchestration.usecases.tasks import take_markers

    with (
        open_workspace(call, open_root(call), quick_s=_IMPORT_S) as workspace,
        memories_of(workspace) as memories,
    ):
        say_notices(call, memories)
        taken = take_markers(workspace, memories)

    def view() -> dict[str, Any]:
        from magray_server.memory_views import taken_view

        return taken_view(taken).for_cli()

    words = f"{taken.new} new, {taken.moved} moved, {taken.gone} gone, {taken.same} as before"
    call.out.answer(view, lambda: call.out.say(words, "bold"))
    return DONE
