// Commands that forward to the server, the plan view, the preview and a status item. No feature logic lives here.
import * as vscode from 'vscode';
import { PlanTree } from './planView';
import { Preview } from './preview';
import * as protocol from './protocol';
import { Server } from './server';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  server = new Server();
  const tree = new PlanTree(server);
  const preview = new Preview(server);
  const status = vscode.window.createStatusBarItem('magray.status', vscode.StatusBarAlignment.Left);
  status.name = 'Magray';
  status.command = 'magray.ui.plans';
  status.text = '$(sync~spin) Magray';
  status.show();
  server.onStarted(client => {
    status.text = '$(check) Magray';
    client.onNotification(protocol.indexStatus, ({ state, message }) => {
      status.text = `${state === 'ready' ? '$(check)' : state === 'failed' ? '$(warning)' : '$(sync~spin)'} Magray`;
      status.tooltip = message;
    });
  });
  context.subscriptions.push(server, tree, preview.register(), status, ...commands(server, tree, preview),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('magray.command')) {
        void server?.restart('magray.command changed');
      }
    }));
  await server.start();
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}

function commands(server: Server, tree: PlanTree, preview: Preview): vscode.Disposable[] {
  const on = (name: string, run: (...args: any[]) => Promise<unknown>) =>
    vscode.commands.registerCommand(`magray.ui.${name}`, (...args: unknown[]) => run(...args).catch(say));
  const current = async (id?: unknown) => typeof id === 'string' ? id : tree.plan?.id ?? await pick(server);
  const withPlan = (run: (plan: string) => Promise<unknown>) => async (id?: unknown) => {
    const plan = await current(id);
    return plan === undefined ? undefined : run(plan);
  };
  const report = async (outcome: protocol.Outcome) => {
    const refused = outcome.refused.map(one => `step ${one.step} ${one.path}: ${one.reason}`);
    const text = [`Magray: plan ${outcome.plan} is ${outcome.status}.`, ...refused].join(' ');
    void (refused.length > 0 ? vscode.window.showWarningMessage(text) : vscode.window.showInformationMessage(text));
    await tree.open(outcome.plan);
  };
  return [
    on('plan', async goal => makePlan(server, tree, typeof goal === 'string' ? goal : '')),
    on('renameSymbol', async () => makePlan(server, tree, `rename ${wordAtCursor()} to `)),
    on('plans', async () => { const id = await pick(server); return id && showPlan(await tree.open(id)); }),
    on('show', withPlan(async plan => showPlan(await tree.open(plan)))),
    on('preview', async path => withPlan(plan => preview.open(plan, typeof path === 'string' ? path : undefined))()),
    on('apply', withPlan(async plan => report(await server.client.sendRequest(protocol.apply, { plan, approved: true })))),
    on('refactorPreview', withPlan(async plan => report(await server.client.sendRequest(protocol.apply, { plan, confirm: true })))),
    on('undo', withPlan(async plan => report(await server.client.sendRequest(protocol.undo, { plan })))),
    on('redo', withPlan(async plan => report(await server.client.sendRequest(protocol.redo, { plan })))),
    on('search', async () => search(server)),
    on('restart', async () => server.restart('asked for')),
    on('log', async () => server.log.show()),
  ];
}

async function makePlan(server: Server, tree: PlanTree, prefilled: string): Promise<void> {
  const goal = await vscode.window.showInputBox({
    title: 'Magray: what should change?', value: prefilled, valueSelection: [prefilled.length, prefilled.length],
    placeHolder: 'rename echo to emit · move class Context to click.context · replace print($A) with log.info($A)',
  });
  if (!goal) {
    return;
  }
  const editor = vscode.window.activeTextEditor;
  const place = editor?.document.uri.scheme === 'file' ? {
    textDocument: { uri: server.client.code2ProtocolConverter.asUri(editor.document.uri) },
    range: server.client.code2ProtocolConverter.asRange(editor.selection),
  } : {};
  const plan = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Magray: ${goal}`, cancellable: true },
    (_, token) => server.client.sendRequest(protocol.plan, { goal, ...place }, token));
  tree.set(plan);
  await showPlan(plan);
  await vscode.commands.executeCommand('magray.planView.focus');
}

async function showPlan(plan: protocol.PlanView): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.parse(plan.uri), { preview: false });
}

async function pick(server: Server): Promise<string | undefined> {
  const { plans } = await server.client.sendRequest(protocol.listPlans, {});
  const items = plans.map(plan => ({ label: plan.goal, description: `${plan.id} · ${plan.status}`, id: plan.id }));
  return (await vscode.window.showQuickPick(items, { title: 'Magray: plans', placeHolder: 'Which plan?' }))?.id;
}

async function search(server: Server): Promise<void> {
  const query = await vscode.window.showInputBox({ title: 'Magray: search memory', placeHolder: 'words, a name or a question' });
  if (!query) {
    return;
  }
  const { hits } = await server.client.sendRequest(protocol.search, { query, k: 30 });
  const items = hits.map(hit => ({ label: hit.symbol || hit.path, description: `${hit.path}:${hit.startLine}`, detail: hit.snippet.split('\n')[0], hit }));
  const chosen = await vscode.window.showQuickPick(items, { title: query, matchOnDescription: true });
  if (chosen) {
    const { uri, range } = chosen.hit.location;
    const start = new vscode.Position(range.start.line, range.start.character);
    await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(start, start) });
  }
}

function wordAtCursor(): string {
  const editor = vscode.window.activeTextEditor;
  const range = editor?.document.getWordRangeAtPosition(editor.selection.active);
  return editor && range ? editor.document.getText(range) : '';
}

function say(error: unknown): void {
  const { message, data } = error as { message?: string; data?: { hint?: string } };
  void vscode.window.showErrorMessage([message ?? String(error), data?.hint].filter(Boolean).join(' — '));
}
