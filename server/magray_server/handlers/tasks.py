"""``magray/tasks/*``: todos, the person's own and those in comments."""

from __future__ import annotations

from typing import Any

from magray_core.cancel import CancelToken
from magray_orchestration.usecases.memory import Draft
from magray_orchestration.usecases.tasks import add_task, finish, take_markers
from magray_orchestration.usecases.tasks import tasks as tasks_of
from magray_server.handlers.remembering import pointed, remembered
from magray_server.memory_params import AddTaskParams, TaskRef, TasksParams
from magray_server.memory_views import TasksView, record_view, record_views, taken_view
from magray_server.params import Nothing
from magray_server.places import with_locations
from magray_server.snapshot import Snapshot


def list_tasks(snapshot: Snapshot, params: TasksParams, _cancel: CancelToken) -> Any:
    """A navigator lists the todos."""
    with remembered(snapshot) as (workspace, memories):
        found = tasks_of(workspace, memories, done_too=params.all)
        return with_locations(TasksView(tasks=record_views(found)).for_lsp(), snapshot)


def add(snapshot: Snapshot, params: AddTaskParams, _cancel: CancelToken) -> Any:
    """The person adds a todo, mostly at the cursor."""
    with remembered(snapshot) as (workspace, memories):
        at = pointed(snapshot, params)
        draft = Draft(params.text, "todo", "", params.tags, params.due, at, params.everywhere)
        return with_locations(record_view(add_task(workspace, memories, draft)).for_lsp(), snapshot)


def done(snapshot: Snapshot, params: TaskRef, _cancel: CancelToken) -> Any:
    """The person has done it."""
    with remembered(snapshot) as (workspace, memories):
        return with_locations(record_view(finish(workspace, memories, params.id)).for_lsp(), snapshot)


def import_markers(snapshot: Snapshot, _params: Nothing, _cancel: CancelToken) -> Any:
    """The person wants the TODO comments of the workspace in the list."""
    with remembered(snapshot) as (workspace, memories):
        return taken_view(take_markers(workspace, memories)).for_lsp()
