"""Renames in projects that nobody here wrote, judged by those projects' own tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from magray_testkit.projects import copied, failing_before, run_tests
from magray_testkit.renames import Silent

from magray_configs.settings import IndexSettings
from magray_core.cancel import CancelToken
from magray_core.documents import encode
from magray_core.plans import EditFile, Intent, IntentKind, RenameFile
from magray_core.spans import apply_edits
from magray_indexers.building import build
from magray_indexers.reader import IndexReader
from magray_orchestration.proving import prove
from magray_orchestration.refactoring.contract import StepDraft
from magray_orchestration.refactoring.python_rename import PythonRename
from magray_orchestration.workspace import Workspace

pytestmark = pytest.mark.timeout(600)
_NEAR_LINES = 12

# project, what, new name, how many files the references are in at least
RENAMES = [
    pytest.param("click", "click.echo", "say", 30, id="click-function"),
    pytest.param("click", "Context", "Ctx", 20, id="click-class"),
    pytest.param("click", "get_default", "default_value", 2, id="click-overridden-method"),
    pytest.param("httpx", "httpx._utils.to_bytes", "as_bytes", 2, id="httpx-function"),
    pytest.param("httpx", "httpx.Response", "ResponseMessage", 25, id="httpx-class"),
    pytest.param("httpx", "BaseTransport.handle_request", "serve", 5, id="httpx-overridden-method"),
    pytest.param("flask", "flask.url_for", "link_to", 10, id="flask-function"),
    pytest.param("flask", "flask.Blueprint", "Section", 10, id="flask-class"),
    pytest.param("flask", "View.dispatch_request", "run_request", 3, id="flask-overridden-method"),
]


@pytest.mark.parametrize(("project", "old", "new", "files"), RENAMES)
def test_the_projects_own_tests_pass_or_the_failing_use_was_listed(
    project: str, old: str, new: str, files: int, tmp_path: Path
) -> None:
    before = failing_before(project)
    root = copied(project, tmp_path / project)
    build(root, IndexSettings(workers=1))
    workspace = Workspace(root, IndexReader.open(root))
    drafts = PythonRename().compute(
        workspace, Intent(IntentKind.RENAME, {"old": old, "new": new}), None, Silent(), CancelToken()
    )
    proofs = prove(workspace, drafts, Silent(), CancelToken())
    assert len(drafts[0].changes) >= files
    assert proofs[0].proved and {"scopes", "rope"} <= set(proofs[0].engines), proofs[0]
    _write_accepted(workspace, drafts)
    run = run_tests(project, root)
    assert run.passed > 100, run.output[-2000:]
    unlisted = [name for name in run.failed - before if not _was_listed(name, run.output, drafts)]
    assert not unlisted, run.output[-4000:]


def _write_accepted(workspace: Workspace, drafts: tuple[StepDraft, ...]) -> None:
    edits: dict[str, list[object]] = {}
    for draft in drafts:
        for change in draft.changes if draft.accepted else ():
            assert isinstance(change, EditFile | RenameFile)
            edits.setdefault(change.path, []).extend(change.edits)
    for path, made in edits.items():
        document = workspace.read(path)
        (workspace.root / path).write_bytes(encode(apply_edits(document.text, made), document.format))  # type: ignore[arg-type]


def _was_listed(test: str, output: str, drafts: tuple[StepDraft, ...]) -> bool:
    """Whether a frame of the failing test's traceback is at a mention that the plan lists as left."""
    name = test.rpartition("::")[2]
    section = re.search(rf"^_+ {re.escape(name)} _+$(.*?)(?=^_{{3,}} |^=+)", output, re.MULTILINE | re.DOTALL)
    frames = re.findall(r"^(\S+\.py):(\d+): ", section.group(1) if section else "", re.MULTILINE)
    return any(
        residue.path == path and 0 <= residue.line - int(line) <= _NEAR_LINES
        for residue in drafts[0].residue
        for path, line in frames
    )
