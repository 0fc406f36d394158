// The plan as a tree of steps and files with check boxes. The server keeps the choices; this only shows them.
import * as vscode from 'vscode';
import * as protocol from './protocol';
import type { Server } from './server';

type Node = { step: protocol.StepView; file?: protocol.FileView };

const ICONS: Record<string, string> = {
  applied: 'pass-filled', applying: 'sync~spin', failed: 'error', refused: 'circle-slash', undone: 'discard',
};

export class PlanTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  plan: protocol.PlanView | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view = vscode.window.createTreeView<Node>('magray.planView', {
    treeDataProvider: this, manageCheckboxStateManually: true, showCollapseAll: true,
  });

  constructor(private readonly server: Server) {
    this.view.onDidChangeCheckboxState(event => this.choose(event.items));
    server.onStarted(client => client.onNotification(protocol.planChanged, ({ plan }) => {
      if (plan === this.plan?.id) {
        void this.open(plan);
      }
    }));
  }

  async open(id: string): Promise<protocol.PlanView> {
    const plan = await this.server.client.sendRequest(protocol.getPlan, { plan: id });
    this.set(plan);
    return plan;
  }

  set(plan: protocol.PlanView): void {
    this.plan = plan;
    this.view.title = `Plan ${plan.id}`;
    this.view.message = `${plan.goal}: ${plan.status}`;
    void vscode.commands.executeCommand('setContext', 'magray.hasPlan', true);
    this.changed.fire();
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      return (this.plan?.steps ?? []).map(step => ({ step }));
    }
    return node.file ? [] : node.step.files.map(file => ({ step: node.step, file }));
  }

  getTreeItem({ step, file }: Node): vscode.TreeItem {
    return file ? fileItem(step, file) : stepItem(step);
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }

  private async choose(items: readonly [Node, vscode.TreeItemCheckboxState][]): Promise<void> {
    const chosen = items.map(([node, state]) => ({ node, accepted: state === vscode.TreeItemCheckboxState.Checked }));
    const steps = chosen.filter(one => !one.node.file).map(one => ({ step: one.node.step.id, accepted: one.accepted }));
    const files = chosen.flatMap(({ node, accepted }) =>
      node.file ? [{ step: node.step.id, path: node.file.path, accepted }] : []);
    this.set(await this.server.client.sendRequest(protocol.choose, { plan: this.plan!.id, steps, files }));
  }
}

function stepItem(step: protocol.StepView): vscode.TreeItem {
  const item = new vscode.TreeItem(`${step.id} ${step.title}`, vscode.TreeItemCollapsibleState.Collapsed);
  item.checkboxState = box(step.accepted);
  item.description = `${step.status} · ${step.files.length} files · risk ${step.risk.level}`;
  item.tooltip = new vscode.MarkdownString().appendText(
    [step.why, `${step.proof.grade}: ${step.proof.engines.join(', ')}`, ...step.proof.problems, ...step.risk.reasons].join('\n'));
  const icon = ICONS[step.status] ?? (step.needsConfirmation ? 'question' : 'circle-outline');
  item.iconPath = new vscode.ThemeIcon(icon);
  return item;
}

function fileItem(step: protocol.StepView, file: protocol.FileView): vscode.TreeItem {
  const item = new vscode.TreeItem(file.newPath ? `${file.path} → ${file.newPath}` : file.path);
  item.checkboxState = box(file.accepted && step.accepted);
  item.description = file.kind === 'edit' ? `${file.edits} edits` : file.kind;
  item.command = { command: 'magray.ui.preview', title: 'Preview', arguments: [file.path] };
  return item;
}

function box(on: boolean): vscode.TreeItemCheckboxState {
  return on ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked;
}
