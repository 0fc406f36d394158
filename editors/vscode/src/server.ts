// Starts the console script and keeps it: one restart at a time and one waiting, each with its reason in the log.
import * as vscode from 'vscode';
import { LanguageClient, RevealOutputChannelOn, State, type LanguageClientOptions } from 'vscode-languageclient/node';
import { answerQuestions, reloadPlanDocument, saveWhatWasClean } from './asking';
import * as protocol from './protocol';
import { byLevel, say, sayNotStarted } from './telling';

export type Phase = 'starting' | 'running' | 'stopped';

// The base class says in a notification that it could not connect; we say it once, with what to do about it.
class Client extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class Server implements vscode.Disposable {
  /** Commands of the server that are nicer here than there: code lenses and code actions name them. */
  readonly overrides: Record<string, (...args: any[]) => Promise<unknown>> = {};
  readonly log = vscode.window.createOutputChannel('Magray', { log: true });
  private running: LanguageClient | undefined;
  private command: string[] = [];
  private restarting: Promise<void> | undefined;
  private waiting: string | undefined;
  private readonly started = new vscode.EventEmitter<LanguageClient>();
  readonly onStarted = this.started.event;
  private readonly phases = new vscode.EventEmitter<Phase>();
  readonly onPhase = this.phases.event;
  private readonly index = new vscode.EventEmitter<protocol.IndexStatus>();
  readonly onIndex = this.index.event;

  private readonly plans = new vscode.EventEmitter<string>();
  readonly onPlanChanged = this.plans.event;

  get client(): LanguageClient {
    if (!this.running?.isRunning()) {
      throw new Error('the server is not running: the log says why, “Magray: Restart the Server” tries again');
    }
    return this.running;
  }

  async start(): Promise<void> {
    this.command = configured();
    const [command = 'magray', ...args] = this.command;
    const client = new Client('magray', 'Magray', { command, args }, this.options());
    client.onDidChangeState(({ newState }) => this.phases.fire(
      newState === State.Running ? 'running' : newState === State.Starting ? 'starting' : 'stopped'));
    client.onNotification(protocol.indexStatus, status => this.index.fire(status));
    client.onNotification(protocol.planChanged, ({ plan, uri }) => {
      this.plans.fire(plan);
      void reloadPlanDocument(uri);
    });
    answerQuestions(client);
    this.running = client;
    this.started.fire(client);
    try {
      await client.start();
    } catch (error) {
      this.log.error(`could not start ${command}: ${error}`);
      this.phases.fire('stopped');
      void sayNotStarted(command);
    }
  }

  async commandChanged(): Promise<void> {
    if (JSON.stringify(configured()) !== JSON.stringify(this.command)) {
      await this.restart('magray.command changed');
    }
  }

  async restart(reason: string): Promise<void> {
    this.waiting = reason;
    this.restarting ??= (async () => {
      while (this.waiting !== undefined) {
        this.log.info(`restarting: ${this.waiting}`);
        this.waiting = undefined;
        await this.stop();
        await this.start();
      }
    })().finally(() => { this.restarting = undefined; });
    return this.restarting;
  }

  async stop(): Promise<void> {
    await this.running?.dispose().catch((error: unknown) => this.log.warn(`stopping: ${error}`));
    this.running = undefined;
  }

  dispose(): void {
    this.started.dispose();
    [this.phases, this.index, this.plans].forEach(one => one.dispose());
    this.log.dispose();
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [{ scheme: 'file' }],
      outputChannel: byLevel(this.log),
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: { approve: true, lspRequest: true },
      middleware: {
        executeCommand: (command, args, next) => {
          const run = this.overrides[command] ?? (async (...given: any[]) => next(command, given));
          return run(...args).catch(say);
        },
        provideCodeActions: async (document, range, context, token, next) => {
          const actions = await next(document, range, context, token);
          actions?.forEach(one => 'disabled' in one && one.disabled && (one.title += ` – ${one.disabled.reason}`));
          return actions; // the menu itself shows that an action is disabled but not why
        },
        resolveCodeAction: (item, token, next) => Promise.resolve(next(item, token)).catch((error: unknown) => {
          say(error); // otherwise the editor would do nothing and say nothing
          return item;
        }),
        workspace: { handleApplyEdit: (params, next) => saveWhatWasClean(params, next) },
      },
    };
  }
}

function configured(): string[] {
  const command = vscode.workspace.getConfiguration('magray').get<string[]>('command', []);
  return command.length > 0 ? command : ['magray', 'serve'];
}
