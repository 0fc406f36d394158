// The plan as a tree of steps and files with check boxes. The server keeps the choices; this only shows them.
import * as vscode from 'vscode';
import * as protocol from './protocol';
import type { Server } from './server';
import { say } from './telling';

export type Node = { step: protocol.StepView; file?: protocol.FileView };

const { Checked, Unchecked } = vscode.TreeItemCheckboxState;
const ICONS: Record<string, [string, string?]> = {
  applied: ['pass-filled', 'testing.iconPassed'], 'partly applied': ['pass', 'testing.iconPassed'],
  applying: ['sync~spin'], undone: ['discard'], refused: ['circle-slash'], failed: ['error', 'list.errorForeground'],
};

export class PlanTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  plan: protocol.PlanView | undefined;
  private restored = false;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view = vscode.window.createTreeView<Node>('magray.planView', {
    treeDataProvider: this, manageCheckboxStateManually: true, showCollapseAll: true,
  });

  constructor(private readonly server: Server) {
    this.view.onDidChangeCheckboxState(event => this.choose(event.items).catch((error: unknown) => {
      say(error);
      this.changed.fire(); // the boxes go back to what the server knows
    }));
    server.onPlanChanged(plan => {
      if (plan === (this.plan?.id ?? plan)) {
        void this.open(plan).catch((error: unknown) => server.log.warn(`the plan view is not current: ${error}`));
      }
    });
  }

  async open(id: string): Promise<protocol.PlanView> {
    const plan = await this.server.client.sendRequest(protocol.getPlan, { plan: id });
    this.set(plan);
    return plan;
  }

  /** Show the newest plan, so that the view is not empty after a reload. */
  async restore(): Promise<void> {
    if (this.restored) {
      return;
    }
    this.restored = true;
    const { plans: [newest] } = await this.server.client.sendRequest(protocol.listPlans, {});
    if (newest && !this.plan) {
      await this.open(newest.id);
    }
  }

  set(plan: protocol.PlanView): void {
    this.plan = plan;
    this.view.title = `Plan ${plan.id}`;
    this.view.description = plan.status;
    this.view.message = `${plan.goal} · ${plan.steps.length > 0 ? plan.status : 'nothing needs to change'}`;
    void vscode.commands.executeCommand('setContext', 'magray.plan', plan.status);
    this.changed.fire();
  }

  /** Show the view but leave the focus where it is: an editor that loses it at once does not ask for code lenses. */
  async reveal(): Promise<void> {
    const step = this.plan?.steps[0];
    await (step ? this.view.reveal({ step }, { select: false }) : vscode.commands.executeCommand('magray.planView.focus'));
  }

  getParent({ step, file }: Node): Node | undefined {
    return file && { step };
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      return (this.plan?.steps ?? []).map(step => ({ step }));
    }
    return node.file ? [] : node.step.files.map(file => ({ step: node.step, file }));
  }

  getTreeItem({ step, file }: Node): vscode.TreeItem {
    const item = file ? fileItem(step, file) : stepItem(step);
    item.id = `${this.plan?.id}/${step.id}/${file?.path ?? ''}`;
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }

  private async choose(items: readonly [Node, vscode.TreeItemCheckboxState][]): Promise<void> {
    const chosen = items.map(([node, state]) => ({ node, accepted: state === Checked }));
    const steps = chosen.filter(one => !one.node.file).map(one => ({ step: one.node.step.id, accepted: one.accepted }));
    const files = chosen.flatMap(({ node, accepted }) =>
      node.file ? [{ step: node.step.id, path: node.file.path, accepted }] : []);
    this.set(await this.server.client.sendRequest(protocol.choose, { plan: this.plan!.id, steps, files }));
  }
}

function stepItem(step: protocol.StepView): vscode.TreeItem {
  const item = new vscode.TreeItem(`${step.id}. ${step.title}`, vscode.TreeItemCollapsibleState.Expanded);
  const n = step.files.length;
  item.checkboxState = step.accepted ? Checked : Unchecked;
  item.contextValue = step.status === 'applied' ? 'step.applied' : step.accepted ? 'step.open' : 'step.skipped';
  item.description = `${step.status} · ${n} file${n === 1 ? '' : 's'} · ${step.risk.level} risk`;
  const facts = [`${step.proof.grade} by ${step.proof.engines.join(', ')}`, ...step.proof.problems, ...step.risk.reasons];
  item.tooltip = new vscode.MarkdownString().appendText(`${step.why}\n\n`);
  facts.forEach(fact => (item.tooltip as vscode.MarkdownString).appendMarkdown('\n- ').appendText(fact));
  const [icon, color] = ICONS[step.status] ??
    (step.needsConfirmation ? ['question', 'list.warningForeground'] : ['circle-large-outline']);
  item.iconPath = new vscode.ThemeIcon(icon!, color ? new vscode.ThemeColor(color) : undefined);
  return item;
}

function fileItem(step: protocol.StepView, file: protocol.FileView): vscode.TreeItem {
  const item = new vscode.TreeItem(file.newPath ? `${file.path} → ${file.newPath}` : file.path);
  item.checkboxState = file.accepted && step.accepted ? Checked : Unchecked;
  item.contextValue = 'file';
  item.description = file.kind === 'edit' ? `${file.edits} edit${file.edits === 1 ? '' : 's'}` : file.kind;
  item.tooltip = 'Click to see this file before and after';
  item.command = { command: 'magray.ui.previewFile', title: 'Preview This File', arguments: [{ step, file }] };
  return item;
}
