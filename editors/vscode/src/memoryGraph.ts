// The graph around a file, a symbol or a note, drawn by the server as a page that may run only what carries the nonce.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import * as protocol from './protocol';
import type { Server } from './server';
import { say } from './telling';

export class GraphPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private nodes: protocol.Graph['nodes'] = [];

  constructor(private readonly server: Server) {}

  async open(about: Omit<protocol.Around, 'picture' | 'nonce'>): Promise<void> {
    const nonce = randomBytes(16).toString('base64');
    const graph = await this.server.client.sendRequest(protocol.graph, { ...about, picture: 'html', nonce });
    this.nodes = graph.nodes;
    this.panel ??= this.made();
    this.panel.title = `Around ${graph.nodes.find(node => node.id === graph.centre)?.label ?? 'this'}`;
    this.panel.webview.html = graph.picture;
    this.panel.reveal();
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private made(): vscode.WebviewPanel {
    // In the place of the code, not beside it: half a window is too narrow for both sides of a graph.
    const panel = vscode.window.createWebviewPanel('magray.graph', 'Graph', vscode.ViewColumn.Active,
      { enableScripts: true, enableFindWidget: true, localResourceRoots: [] });
    panel.iconPath = new vscode.ThemeIcon('type-hierarchy');
    panel.webview.onDidReceiveMessage(({ command, path, line }: { command: string; path: string; line: number }) => {
      // Only what the server has named is opened, whatever the page says.
      const uri = this.nodes.find(node => node.path === path)?.location?.uri;
      if (command === 'open' && uri) {
        const at = new vscode.Position(Math.max(0, line - 1), 0);
        void vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(at, at), viewColumn: panel.viewColumn })
          .then(undefined, say);
      }
    });
    panel.onDidDispose(() => { this.panel = undefined; });
    return panel;
  }
}
