"""The server's abilities in one screen: every method and command, its handler, and how it runs."""

from __future__ import annotations

from magray_server.handlers import (
    applying,
    code_actions,
    commands,
    hover,
    indexing,
    lifecycle,
    memory,
    plan_documents,
    plans,
    text_sync,
)
from magray_server.params import (
    ApplyParams,
    CancelPlanning,
    ChooseParams,
    ExplainParams,
    IndexParams,
    MakeDraft,
    Nothing,
    PauseParams,
    PlanParams,
    PlanRef,
    PreviewParams,
    SearchParams,
    SkipParams,
    StepParams,
    Transaction,
    UndoParams,
)
from magray_server.pools import Pool
from magray_server.routes import Route, on_loop, on_task, on_worker

REQUESTS: dict[str, Route] = {
    "textDocument/hover": on_worker(hover.hover, fresh=True),
    "textDocument/codeAction": on_worker(code_actions.code_action, fresh=True),
    "codeAction/resolve": on_task(code_actions.resolve),
    "textDocument/codeLens": on_worker(plan_documents.code_lens),
    "workspace/symbol": on_worker(memory.workspace_symbol),
    "workspace/textDocumentContent": on_worker(plan_documents.text_document_content),
    "magray/search": on_worker(memory.search, SearchParams),
    "magray/explain": on_worker(memory.explain, ExplainParams),
    "magray/plan": on_task(plans.make, PlanParams),
    "magray/plan/get": on_worker(plans.get, PlanRef),
    "magray/plan/list": on_worker(plans.list_plans, Nothing),
    "magray/plan/preview": on_worker(plans.preview, PreviewParams),
    "magray/plan/choose": on_task(plans.choose, ChooseParams),
    "magray/plan/apply": on_task(applying.apply, ApplyParams),
    "magray/plan/undo": on_task(applying.undo, UndoParams),
    "magray/plan/redo": on_task(applying.redo, PlanRef),
    "magray/plan/cancel": on_loop(plans.cancel_planning, CancelPlanning),
    "magray/plan/retry": on_task(plans.retry, PlanRef),
    "magray/index/status": on_loop(indexing.status, Nothing),
    "magray/index/pause": on_loop(indexing.pause, PauseParams),
    "magray/doctor": on_worker(indexing.doctor, Nothing, pool=Pool.PLANNING),
}

COMMANDS: dict[str, Route] = {
    "magray.index": on_task(indexing.index, IndexParams),
    "magray.search": on_task(commands.search, SearchParams),
    "magray.explain": on_task(commands.explain, ExplainParams),
    "magray.plan": on_task(commands.plan, PlanParams),
    "magray.show": on_task(commands.show, PlanRef),
    "magray.apply": on_task(applying.apply, ApplyParams),
    "magray.undo": on_task(applying.undo, UndoParams),
    "magray.redo": on_task(applying.redo, PlanRef),
    "magray.do": on_task(commands.do, PlanParams),
    "magray.doctor": on_task(commands.doctor, Nothing),
    "magray.plan.draft": on_task(plan_documents.draft, PlanParams),
    "magray.plan.make": on_task(plan_documents.make_draft, MakeDraft),
    "magray.plan.preview": on_task(commands.preview, StepParams),
    "magray.plan.choose": on_task(commands.choose, SkipParams),
    "magray.plan.applied": on_task(applying.applied, Transaction),
}

NOTIFICATIONS: dict[str, Route] = {
    "initialized": on_loop(lifecycle.initialized),
    "$/setTrace": on_loop(lifecycle.set_trace),
    "window/workDoneProgress/cancel": on_loop(lifecycle.cancel_progress),
    "textDocument/didOpen": on_loop(text_sync.did_open),
    "textDocument/didChange": on_loop(text_sync.did_change),
    "textDocument/didClose": on_loop(text_sync.did_close),
    "textDocument/didSave": on_task(text_sync.did_save),
    "workspace/didChangeConfiguration": on_loop(lifecycle.did_change_configuration),
    "workspace/didChangeWatchedFiles": on_task(indexing.did_change_watched_files),
}
