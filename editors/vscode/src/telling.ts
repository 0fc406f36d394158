// What the person is told: the server's state, how it went, what was left out, what went wrong and what to do about it.
import * as vscode from 'vscode';
import type * as protocol from './protocol';
import type { Phase, Server } from './server';

const SHOWN = 3;
const CANCELLED = -32800;

/** Show an error in one sentence with its details and hint; ``again`` offers the button that repeats what failed. */
export function say(error: unknown, again?: { label: string; run: () => unknown }): void {
  const { message, data, code } = error as { message?: string; data?: protocol.Trouble; code?: number };
  if (code === CANCELLED || error instanceof vscode.CancellationError) {
    return; // the person asked for it
  }
  const details = few([...data?.differences ?? [], ...data?.suggestions ?? []]);
  const text = [`Magray: ${message ?? String(error)}`, details, data?.hint].filter(Boolean).join(' — ');
  const buttons = [...again ? [again.label] : [], ...data?.kind && data.kind !== 'internal_error' ? [] : ['Show the Log']];
  void vscode.window.showErrorMessage(text, ...buttons).then(choice => {
    if (choice === 'Show the Log') {
      void vscode.commands.executeCommand('magray.ui.log');
    } else if (choice) {
      void again?.run();
    }
  });
}

/** Say what became of a plan, with the button that takes it back or forward. */
export function report(outcome: protocol.Outcome): void {
  const refused = outcome.refused.map(one => [`step ${one.step}`, one.path, one.reason].filter(Boolean).join(' '));
  const unsaved = outcome.pending.length > 0 ? `${outcome.pending.length} changed files are not saved yet.` : '';
  const leftOut = refused.length > 0 ? `Left out: ${few(refused)}.` : '';
  const text = [`Magray: plan ${outcome.plan} is ${outcome.status}.`, leftOut, unsaved, few(outcome.notes)].filter(Boolean).join(' ');
  const back = outcome.status === 'undone' ? 'Redo' : outcome.status.includes('applied') ? 'Undo' : undefined;
  void vscode.window.showInformationMessage(text, ...back ? [back] : []).then(choice => {
    if (choice) {
      void vscode.commands.executeCommand(choice === 'Redo' ? 'magray.ui.redo' : 'magray.ui.undo', outcome.plan);
    }
  });
}

export async function sayNotStarted(command: string): Promise<void> {
  const choice = await vscode.window.showErrorMessage(
    `Magray could not start “${command}”. Install it, or set magray.command to its whole path.`, 'Open Settings', 'Show the Log');
  if (choice) {
    await vscode.commands.executeCommand(choice === 'Show the Log' ? 'magray.ui.log' : 'workbench.action.openSettings', 'magray.command');
  }
}

/** The log for the client: all that a server writes to stderr comes as an error, but our lines name their level. */
export function byLevel(log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const levels = { DEBUG: log.debug, INFO: log.info, WARNING: log.warn, ERROR: log.error } as const;
  const error = (message: string | Error) => {
    const [, level, text] = /^[\d-]+ [\d:,]+ (DEBUG|INFO|WARNING|ERROR) (.*)$/s.exec(String(message)) ?? [];
    levels[(level ?? 'ERROR') as keyof typeof levels].call(log, text ?? String(message));
  };
  return Object.create(log, { error: { value: error } });
}

/** Whether the server runs and what its index does. A click lists the plans or, in trouble, shows the log. */
export function statusItem(server: Server): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('magray.status', vscode.StatusBarAlignment.Left);
  item.name = 'Magray';
  const show = (icon: string, tooltip: string, trouble = false) => {
    item.text = `$(${icon}) Magray`;
    item.tooltip = `Magray: ${tooltip}`;
    item.accessibilityInformation = { label: item.tooltip };
    item.backgroundColor = trouble ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.command = trouble ? 'magray.ui.log' : 'magray.ui.plans';
    item.show();
  };
  const phase = (now: Phase) => {
    void vscode.commands.executeCommand('setContext', 'magray.phase', now);
    if (now === 'stopped') {
      show('error', 'the server is not running; click to see the log', true);
    } else {
      show('sync~spin', now === 'starting' ? 'starting' : 'opening the workspace');
    }
  };
  phase('starting');
  server.onPhase(phase);
  server.onIndex(({ state, message }) => {
    const icon = state === 'ready' ? 'check' : state === 'failed' ? 'warning' : 'sync~spin';
    show(icon, `${state}, ${message}`, state === 'failed');
  });
  return item;
}

function few(lines: string[]): string {
  return [...lines.slice(0, SHOWN), ...lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : []].join('; ');
}
