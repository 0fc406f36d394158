// Where the person says what they want: a goal, a plan from the list, a search.
import * as vscode from 'vscode';
import { WorkDoneProgress } from 'vscode-languageclient/node';
import * as protocol from './protocol';
import type { Server } from './server';

let made = 0;

/** Ask for a goal and plan it; undefined when the person thinks better of it. ``at`` is where the goal's "this" is. */
export async function makePlan(server: Server, prefilled: string, at?: Partial<protocol.Goal>): Promise<protocol.PlanView | undefined> {
  const place = at ?? cursor(server); // before the input takes the focus
  const goal = await vscode.window.showInputBox({
    title: 'Magray: What Should Change?', value: prefilled, valueSelection: [prefilled.length, prefilled.length],
    prompt: 'Nothing changes until you apply the plan.', ignoreFocusOut: true,
    placeHolder: 'rename echo to emit · move class Context to click.context · replace print($A) with log.info($A)',
  });
  return goal?.trim() ? working(server, goal, (token, workDoneToken) =>
    server.client.sendRequest(protocol.plan, { ...place, goal, workDoneToken }, token)) : undefined;
}

/** Run a request under a notification that shows the server's progress and can cancel it. */
function working<T>(server: Server, title: string, run: (token: vscode.CancellationToken, id: string) => Promise<T>): Thenable<T> {
  const options = { location: vscode.ProgressLocation.Notification, title: `Magray: ${title}`, cancellable: true };
  return vscode.window.withProgress(options, async (progress, token) => {
    const id = `magray-plan-${++made}`;
    const listening = server.client.onProgress(WorkDoneProgress.type, id, value => {
      if (value.kind === 'report') {
        progress.report({ message: value.message });
      }
    });
    try {
      return await run(token, id);
    } finally {
      listening.dispose();
    }
  });
}

/** Plan the goal of a plan again, on the files as they are now. */
export function planAgain(server: Server, plan: string): Thenable<protocol.PlanView> {
  return working(server, 'planning again', token => server.client.sendRequest(protocol.retry, { plan }, token));
}

export async function pickPlan(server: Server): Promise<string | undefined> {
  const { plans } = await server.client.sendRequest(protocol.listPlans, {});
  if (plans.length === 0) {
    const choice = await vscode.window.showInformationMessage('Magray: there is no plan yet.', 'Plan a Change…');
    return choice && vscode.commands.executeCommand<undefined>('magray.ui.plan');
  }
  const items = plans.map(plan => ({ label: plan.goal, description: `${plan.id} · ${plan.status}`, detail: plan.summary, id: plan.id }));
  return (await vscode.window.showQuickPick(items, { title: 'Magray: Plans', placeHolder: 'Which plan?', matchOnDescription: true }))?.id;
}

/** The cursor or selection as the server wants it; nothing outside files. */
export function cursor(server: Server): Partial<protocol.Goal> {
  const editor = vscode.window.activeTextEditor;
  return editor?.document.uri.scheme !== 'file' ? {} : {
    textDocument: { uri: server.client.code2ProtocolConverter.asUri(editor.document.uri) },
    range: server.client.code2ProtocolConverter.asRange(editor.selection),
  };
}

export function wordAtCursor(): string {
  const editor = vscode.window.activeTextEditor;
  const range = editor?.document.getWordRangeAtPosition(editor.selection.active);
  return editor && range ? editor.document.getText(range) : '';
}
