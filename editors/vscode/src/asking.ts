// What the server may ask of the editor: the person's approval, what other servers would rename, to make edits, to reload.
import * as vscode from 'vscode';
import type { ApplyWorkspaceEditParams, ApplyWorkspaceEditRequest, ApplyWorkspaceEditResult, LanguageClient } from 'vscode-languageclient/node';
import * as protocol from './protocol';

export function answerQuestions(client: LanguageClient): void {
  client.onRequest(protocol.approve, async ({ title, message, actions }) => {
    const action = await vscode.window.showWarningMessage(title, { modal: true, detail: message }, ...actions);
    return { action: action ?? null };
  });
  client.onRequest(protocol.lspRequest, async ({ method, params }) => {
    if (method !== 'textDocument/rename' || !params.newName) {
      return { result: null };
    }
    const uri = client.protocol2CodeConverter.asUri(params.textDocument.uri);
    const position = client.protocol2CodeConverter.asPosition(params.position);
    try {
      const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit | undefined>(
        'vscode.executeDocumentRenameProvider', uri, position, params.newName);
      return { result: edit ? asLsp(client, edit) : null };
    } catch {
      return { result: null }; // no provider, or it refuses to rename here: the server falls back and says so
    }
  });
}

// Written to disk, so that disk, other tools and the server's journal agree; files with the person's own unsaved
// changes stay unsaved. The editor has a setting for this and by itself follows it only for edits of several files.
export async function saveWhatWasClean(
  params: ApplyWorkspaceEditParams, next: ApplyWorkspaceEditRequest.HandlerSignature,
): Promise<ApplyWorkspaceEditResult> {
  const dirty = new Set(vscode.workspace.textDocuments.filter(one => one.isDirty).map(one => one.uri.toString()));
  const result = await next(params, new vscode.CancellationTokenSource().token);
  if (!('applied' in result)) {
    return { applied: false, failureReason: result.message };
  }
  if (result.applied && vscode.workspace.getConfiguration('files').get('refactoring.autoSave', true)) {
    const uris = (params.edit.documentChanges ?? []).map(change => !('kind' in change) ? change.textDocument.uri
      : change.kind === 'rename' ? change.newUri : change.kind === 'create' ? change.uri : undefined);
    const clean = [...new Set(uris)].flatMap(uri => uri ? [vscode.Uri.parse(uri)] : []).filter(uri => !dirty.has(uri.toString()));
    // Whether they are unsaved now is news that may not have arrived yet; what is saved already stays as it is. What
    // cannot be opened was left out by the person.
    await Promise.allSettled(clean.map(async uri => (await vscode.workspace.openTextDocument(uri)).save()));
  }
  return result;
}

// The editor's watching of files may be off, late or miss a new folder; ticks are lost if an old text is saved over them.
export async function reloadPlanDocument(uri: string): Promise<void> {
  const wanted = vscode.Uri.parse(uri);
  const front = () => {
    const document = vscode.window.activeTextEditor?.document;
    return document?.uri.toString() === wanted.toString() && !document.isDirty ? document : undefined;
  };
  const now = front() && new TextDecoder().decode(await vscode.workspace.fs.readFile(wanted));
  if (now !== undefined && front() && front()!.getText() !== now) {
    await vscode.commands.executeCommand('workbench.action.files.revert');
  }
}

function asLsp(client: LanguageClient, edit: vscode.WorkspaceEdit): object {
  const changes: Record<string, object[]> = {};
  for (const [uri, edits] of edit.entries()) {
    changes[client.code2ProtocolConverter.asUri(uri)] = edits.map(one => ({
      range: client.code2ProtocolConverter.asRange(one.range), newText: one.newText,
    }));
  }
  return { changes };
}
