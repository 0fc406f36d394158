// Starts the console script and keeps it: one restart at a time, each with its reason in the log.
import * as vscode from 'vscode';
import { LanguageClient, RevealOutputChannelOn, type LanguageClientOptions } from 'vscode-languageclient/node';
import { answerQuestions } from './asking';

export class Server implements vscode.Disposable {
  private running: LanguageClient | undefined;
  private restarting: Promise<void> | undefined;
  private readonly started = new vscode.EventEmitter<LanguageClient>();
  readonly onStarted = this.started.event;
  readonly log = vscode.window.createOutputChannel('Magray', { log: true });

  get client(): LanguageClient {
    if (!this.running?.isRunning()) {
      throw new Error('The Magray server is not running. Run “Magray: Show the log” to see why.');
    }
    return this.running;
  }

  async start(): Promise<void> {
    const [command, ...args] = vscode.workspace.getConfiguration('magray').get<string[]>('command', ['magray', 'serve']);
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: 'file' }],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: { approve: true, lspRequest: true },
    };
    const client = new LanguageClient('magray', 'Magray', { command: command ?? 'magray', args }, options);
    answerQuestions(client);
    try {
      await client.start();
    } catch (error) {
      this.log.error(`could not start ${command}: ${error}`);
      await this.sayNotFound(command ?? 'magray');
      return;
    }
    this.running = client;
    this.started.fire(client);
  }

  restart(reason: string): Promise<void> {
    this.restarting ??= (async () => {
      this.log.info(`restarting: ${reason}`);
      await this.running?.stop().catch((error: unknown) => this.log.warn(`stopping: ${error}`));
      await this.start();
    })().finally(() => { this.restarting = undefined; });
    return this.restarting;
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  dispose(): void {
    this.started.dispose();
    this.log.dispose();
  }

  private async sayNotFound(command: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(
      `Magray could not start “${command}”. Install it, or set magray.command to its whole path.`, 'Open settings', 'Show the log');
    if (choice === 'Open settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'magray.command');
    } else if (choice === 'Show the log') {
      this.log.show();
    }
  }
}
