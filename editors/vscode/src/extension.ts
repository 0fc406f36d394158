// Commands that forward to the server, the views, the preview and a status item. No feature logic lives here.
import * as vscode from 'vscode';
import { memory } from './memory';
import { type Node, PlanTree } from './planView';
import { Preview } from './preview';
import { cursor, makePlan, pickPlan, planAgain, wordAtCursor } from './prompts';
import * as protocol from './protocol';
import { Server } from './server';
import { report, say, statusItem } from './telling';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  server = new Server();
  const tree = new PlanTree(server);
  const preview = new Preview(server);
  const quietly = (work: Promise<unknown>) => void work.catch((error: unknown) => server?.log.warn(String(error)));
  context.subscriptions.push(server, tree, preview.register(), statusItem(server), ...commands(server, tree, preview),
    server.onIndex(() => quietly(tree.restore())),
    vscode.window.onDidChangeActiveTextEditor(editor => {
      const id = planOf(editor?.document);
      if (id && id !== tree.plan?.id) {
        quietly(tree.open(id));
      }
    }),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('magray.command')) {
        quietly(server!.commandChanged());
      }
    }));
  await server.start();
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}

function commands(server: Server, tree: PlanTree, preview: Preview): vscode.Disposable[] {
  const on = (name: string, run: (...args: any[]) => Promise<unknown>) =>
    vscode.commands.registerCommand(`magray.ui.${name}`, (...args: unknown[]) => run(...args).catch(error => say(error)));
  // A plan's id that was given, the plan document in front, the plan in the tree, or what the person picks.
  const withPlan = (run: (plan: string) => Promise<unknown>) => async (given?: unknown) => {
    const plan = typeof given === 'string' ? given : planOf(vscode.window.activeTextEditor?.document) ?? tree.plan?.id ?? await pickPlan(server);
    return plan && run(plan);
  };
  const show = async (plan: protocol.PlanView | undefined) => {
    if (plan) {
      tree.set(plan);
      await vscode.window.showTextDocument(vscode.Uri.parse(plan.uri), { preview: false });
      await tree.reveal();
    }
  };
  const ask = async (prefilled: string, at?: Partial<protocol.Goal>): Promise<void> => {
    try {
      await show(await makePlan(server, prefilled, at));
    } catch (error) {
      say(error, { label: 'Try Again', run: () => ask(prefilled, at) });
    }
  };
  const again = async (plan: string) => show(await planAgain(server, plan));
  const change = async (plan: string, request: () => Promise<protocol.Outcome>) => {
    try {
      await vscode.workspace.textDocuments.find(one => planOf(one) === plan && one.isDirty)?.save(); // its ticks count
      report(await vscode.window.withProgress({ location: { viewId: 'magray.planView' } }, request));
    } catch (error) {
      const stale = (error as { data?: protocol.Trouble }).data?.kind === 'content_changed';
      say(error, stale ? { label: 'Plan Again', run: () => again(plan).catch(say) } : undefined);
    }
    await tree.open(plan);
  };
  const apply = (params: protocol.Application) => change(params.plan, () => server.client.sendRequest(protocol.apply, params));
  const undo = (plan: string, step?: number) => change(plan, () => server.client.sendRequest(protocol.undo, { plan, step }));
  const redo = (plan: string) => change(plan, () => server.client.sendRequest(protocol.redo, { plan }));
  const forward = (command: string, ...args: unknown[]) => server.client.sendRequest('workspace/executeCommand', { command, arguments: args });
  Object.assign(server.overrides, {
    'magray.plan.preview': (plan: string, step?: number) => preview.open(plan, { step }),
    'magray.plan.draft': ({ goal, ...at }: protocol.Goal) => ask(goal, at),
    'magray.apply': (params: protocol.Application) => apply(params),
    'magray.undo': ({ plan, step }: { plan: string; step?: number }) => undo(plan, step),
    'magray.redo': ({ plan }: { plan: string }) => redo(plan),
  });
  return [
    on('plan', async goal => ask(typeof goal === 'string' ? goal : '')),
    on('renameSymbol', async () => ask(`rename ${wordAtCursor()} to `)),
    on('explain', async () => { const { textDocument, range } = cursor(server); return textDocument && forward('magray.explain', { textDocument, position: range?.start }); }),
    on('plans', async () => { const id = await pickPlan(server); return id && show(await tree.open(id)); }),
    on('show', withPlan(async plan => show(await tree.open(plan)))),
    on('preview', withPlan(plan => preview.open(plan))),
    on('previewStep', async ({ step }: Node) => preview.open(tree.plan!.id, { step: step.id })),
    on('previewFile', async ({ step, file }: Node) => preview.open(tree.plan!.id, { step: step.accepted ? undefined : step.id, path: file!.path })),
    on('apply', withPlan(plan => apply({ plan, approved: true }))),
    on('applyStep', async ({ step }: Node) => apply({ plan: tree.plan!.id, steps: [step.id], approved: true })),
    on('refactorPreview', withPlan(plan => apply({ plan, confirm: true }))),
    on('undo', withPlan(plan => undo(plan))),
    on('undoStep', async ({ step }: Node) => undo(tree.plan!.id, step.id)),
    on('redo', withPlan(plan => redo(plan))),
    on('retry', withPlan(again)),
    on('index', async () => forward('magray.index')),
    on('doctor', async () => forward('magray.doctor')),
    on('restart', () => server.restart('asked for')),
    on('log', async () => server.log.show()),
    ...memory(server, on),
  ];
}

function planOf(document: vscode.TextDocument | undefined): string | undefined {
  return /\.magray\/artifacts\/plans\/([0-9a-z-]+)\.plan\.md$/.exec(document?.uri.path ?? '')?.[1];
}
