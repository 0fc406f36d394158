// What the server may ask of the editor: the person's approval, and what other language servers would rename.
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
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

function asLsp(client: LanguageClient, edit: vscode.WorkspaceEdit): object {
  const changes: Record<string, object[]> = {};
  for (const [uri, edits] of edit.entries()) {
    changes[client.code2ProtocolConverter.asUri(uri)] = edits.map(one => ({
      range: client.code2ProtocolConverter.asRange(one.range), newText: one.newText,
    }));
  }
  return { changes };
}
