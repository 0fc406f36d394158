// Before and after of a plan's files: all of them in the multi-diff editor, one in a diff editor.
import * as vscode from 'vscode';
import * as protocol from './protocol';
import type { Server } from './server';

const SCHEME = 'magray-preview';

export class Preview implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      this.changed, vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(document => this.texts.delete(document.uri.toString())));
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? '';
  }

  /** Show what would change: what is ticked, or one step, or one file of it. */
  async open(plan: string, only: { step?: number; path?: string } = {}): Promise<void> {
    const view = await this.server.client.sendRequest(
      protocol.preview, only.step === undefined ? { plan } : { plan, steps: [only.step] });
    const named = only.step !== undefined || only.path !== undefined;
    const files = view.files.filter(file => only.path === undefined ? named || file.accepted : file.path === only.path);
    const [first] = files;
    if (!first) {
      void vscode.window.showInformationMessage('Magray: nothing is ticked, so nothing would change.');
    } else if (only.path !== undefined) {
      await vscode.commands.executeCommand(
        'vscode.diff', this.side(view.plan, first, 'before'), this.side(view.plan, first, 'after'), `${first.path} (plan ${view.plan})`);
    } else {
      const title = `Plan ${view.plan}${only.step === undefined ? '' : `, step ${only.step}`}`;
      await vscode.commands.executeCommand('vscode.changes', title, files.map(file => [
        vscode.Uri.parse(file.newUri ?? file.uri),
        file.before === null ? undefined : this.side(view.plan, file, 'before'),
        file.after === null ? undefined : this.side(view.plan, file, 'after'),
      ]));
    }
  }

  private side(plan: string, file: protocol.PreviewFile, side: 'before' | 'after'): vscode.Uri {
    const path = side === 'after' ? file.newPath ?? file.path : file.path;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: '/' + path, query: `${plan}/${side}` });
    const text = (side === 'after' ? file.after : file.before) ?? '';
    if (this.texts.get(uri.toString()) !== text) {
      this.texts.set(uri.toString(), text);
      this.changed.fire(uri); // it may be open from an earlier look, before other ticks
    }
    return uri;
  }
}
