// Before and after of every file of a plan in the multi-diff editor.
import * as vscode from 'vscode';
import * as protocol from './protocol';
import type { Server } from './server';

const SCHEME = 'magray-preview';

export class Preview implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();

  constructor(private readonly server: Server) {}

  register(): vscode.Disposable {
    return vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  async open(plan: string, onlyPath?: string): Promise<void> {
    const view = await this.server.client.sendRequest(protocol.preview, { plan });
    const files = view.files.filter(file => !onlyPath || file.path === onlyPath);
    if (files.length === 0) {
      void vscode.window.showInformationMessage('Magray: the plan changes no file.');
      return;
    }
    const resources = files.map(file => [
      vscode.Uri.parse(file.newUri ?? file.uri), this.side(view.plan, file, 'before'), this.side(view.plan, file, 'after'),
    ]);
    const [first] = resources;
    if (onlyPath && first) {
      await vscode.commands.executeCommand('vscode.diff', first[1], first[2], `${onlyPath} (plan ${view.plan})`);
    } else {
      await vscode.commands.executeCommand('vscode.changes', `Plan ${view.plan}`, resources);
    }
  }

  private side(plan: string, file: protocol.PreviewFile, side: 'before' | 'after'): vscode.Uri {
    const path = side === 'after' ? file.newPath ?? file.path : file.path;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: '/' + path, query: `${plan}/${side}` });
    this.texts.set(uri.toString(), (side === 'after' ? file.after : file.before) ?? '');
    return uri;
  }
}
