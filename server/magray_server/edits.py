"""Staged files as a ``WorkspaceEdit``: versions, one change annotation per step, and only what the client can do."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from magray_core.documents import decode
from magray_core.plans import Plan
from magray_core.tools import Verdict
from magray_orchestration.plans.transitions import Staged, Transition
from magray_orchestration.policy.rules import PROTECTED_RULE
from magray_server.convert import Converter
from magray_server.protocol.handshake import ClientProfile
from magray_server.snapshot import Snapshot

DocumentChange = types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile

_START = types.Range(types.Position(0, 0), types.Position(0, 0))


def can_apply(profile: ClientProfile, files: Sequence[Transition]) -> bool:
    """Whether the client can make these changes itself; where it cannot, the journaled writer does it on disk."""
    if not profile.can("workspace.applyEdit"):
        return False
    needed = {_operation(file) for file in files} - {"edit"}
    offered = profile.capability("workspace.workspaceEdit.resourceOperations")
    return (profile.can("workspace.workspaceEdit.documentChanges") and needed <= set(offered or ())) or not needed


def workspace_edit(snapshot: Snapshot, plan: Plan, staged: Staged, *, confirm: bool = False) -> types.WorkspaceEdit:
    """The edit that makes the staged changes. With ``confirm`` the editor is told to ask about every part of it."""
    if not snapshot.profile.can("workspace.workspaceEdit.documentChanges"):
        return types.WorkspaceEdit(changes=_plain_changes(snapshot, staged))
    annotated = snapshot.profile.can("workspace.workspaceEdit.changeAnnotationSupport")
    changes: list[DocumentChange] = []
    annotations: dict[str, types.ChangeAnnotation] = {}
    for file, decision in zip(staged.files, staged.decisions, strict=True):
        protected = decision.verdict is not Verdict.ALLOW and decision.rule == PROTECTED_RULE
        # What takes back or forward was confirmed when it was applied.
        unproved = confirm or protected or (file.needs_confirmation and staged.action == "apply")
        names = (
            {step: _annotate(annotations, plan, step, unproved=unproved) for step in file.step_ids} if annotated else {}
        )
        changes += _changes_of(snapshot, file, names)
    return types.WorkspaceEdit(
        document_changes=changes, change_annotations=annotations if annotated and annotations else None
    )


def _operation(file: Transition) -> str:
    if file.before is None:
        return "create"
    if file.after is None:
        return "delete"
    return "rename" if file.new_path is not None and file.new_path != file.path else "edit"


def _annotate(annotations: dict[str, types.ChangeAnnotation], plan: Plan, step_id: int, *, unproved: bool) -> str:
    """The id of the step's annotation; a step has two where only some of its files are proved."""
    name = f"step-{step_id}-confirm" if unproved else f"step-{step_id}"
    step = plan.step(step_id)
    if name not in annotations and step is not None:
        annotations[name] = types.ChangeAnnotation(
            label=f"{step.id}. {step.title}", needs_confirmation=unproved, description=step.why[:200]
        )
    return name


def _changes_of(snapshot: Snapshot, file: Transition, names: dict[int, str]) -> list[DocumentChange]:
    first = next(iter(names.values()), None)
    uri = snapshot.uri_of(file.path)
    match _operation(file):
        case "create":
            text = _text(file.after)
            created: list[DocumentChange] = [types.CreateFile(uri=uri, annotation_id=first)]
            if text:
                created.append(_document_edit(uri, None, [_edit(_START, text, first)]))
            return created
        case "delete":
            return [types.DeleteFile(uri=uri, annotation_id=first)]
        case "rename":
            new_uri = snapshot.uri_of(file.target)
            moved: list[DocumentChange] = [types.RenameFile(old_uri=uri, new_uri=new_uri, annotation_id=first)]
            edits = _edits(snapshot, file, names)
            return [*moved, _document_edit(new_uri, None, edits)] if edits else moved
        case _:
            return [_document_edit(uri, file.base_version, _edits(snapshot, file, names))]


def _edits(
    snapshot: Snapshot, file: Transition, names: dict[int, str]
) -> list[types.TextEdit | types.AnnotatedTextEdit]:
    converter = Converter(_text(file.before), snapshot.encoding)
    steps = file.edit_steps or (file.step_ids[0] if file.step_ids else 0,) * len(file.edits)
    return [
        _edit(converter.to_lsp_range(edit.span), edit.new_text, names.get(step))
        for edit, step in zip(file.edits, steps, strict=True)
    ]


def _edit(where: types.Range, text: str, annotation: str | None) -> types.TextEdit | types.AnnotatedTextEdit:
    if annotation is None:
        return types.TextEdit(where, text)
    return types.AnnotatedTextEdit(annotation_id=annotation, range=where, new_text=text)


def _document_edit(
    uri: str, version: int | None, edits: Sequence[types.TextEdit | types.AnnotatedTextEdit]
) -> types.TextDocumentEdit:
    return types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version), list(edits))


def _plain_changes(snapshot: Snapshot, staged: Staged) -> dict[str, Sequence[types.TextEdit]]:
    """For clients without ``documentChanges``: text edits alone, without versions."""
    changes: dict[str, Sequence[types.TextEdit]] = {}
    for file in staged.files:
        converter = Converter(_text(file.before), snapshot.encoding)
        changes[snapshot.uri_of(file.path)] = converter.to_lsp_edits(file.edits)
    return changes


def _text(content: bytes | None) -> str:
    decoded = decode(content) if content is not None else None
    return "" if decoded is None else decoded[0]
