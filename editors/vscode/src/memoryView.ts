// What is remembered as a tree: filters, the last search's hits by file, todos, notes, conversations, and how fresh it all is.
import * as vscode from 'vscode';
import { freshness, itemOf, type Node, type Pill, type Section } from './memoryItems';
import * as protocol from './protocol';
import type { Server } from './server';

export class MemoryTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  pills: Pill[] = [];
  query = '';
  found: protocol.Recollection | undefined;
  records: protocol.Kept[] = [];
  private talks: protocol.Talk[] = [];
  private status: protocol.IndexStatus | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view = vscode.window.createTreeView<Node>('magray.memoryView', { treeDataProvider: this, showCollapseAll: true });

  constructor(private readonly server: Server) {
    const load = () => void this.load().catch((error: unknown) => server.log.warn(`the memory view is not current: ${error}`));
    this.view.onDidChangeVisibility(({ visible }) => visible && load());
    server.onIndex(status => {
      const generation = this.status?.freshness?.generation;
      this.tell(status);
      if (this.view.visible && status.state === 'ready' && generation !== status.freshness?.generation) {
        load(); // places of notes may have moved with the files
      }
    });
  }

  scope(): protocol.Scope {
    const scope: protocol.Scope = {};
    this.pills.forEach(({ field, value }) => (scope[field] ??= []).push(value));
    return scope;
  }

  /** Ask everything that is remembered; the tree is left as it is. */
  ask(query: string, token?: vscode.CancellationToken): Promise<protocol.Recollection> {
    return this.server.client.sendRequest(protocol.recollect, { query, k: 30, ...this.scope() }, token);
  }

  show(query: string, found: protocol.Recollection): Promise<void> {
    [this.query, this.found] = [query, found];
    return this.load();
  }

  /** Change the filters, and ask the last question again. */
  async filter(pills: Pill[]): Promise<void> {
    this.pills = pills;
    const found = this.query ? await this.ask(this.query) : undefined;
    this.found = this.pills === pills ? found : this.found; // answers may come in any order
    await this.load();
    const [top] = this.getChildren();
    await (top && this.view.visible && this.view.reveal(top, { select: false }));
  }

  clear(): Promise<void> {
    this.query = '';
    return this.filter([]);
  }

  /** Read notes, todos and conversations again. */
  async load(): Promise<void> {
    const { client } = this.server;
    const { paths, tags } = this.scope();
    const [{ records }, { tasks }, { sessions }, status] = await Promise.all([
      client.sendRequest(protocol.listMemory, { paths, tags }), client.sendRequest(protocol.listTodos, {}),
      client.sendRequest(protocol.listTalks, {}), client.sendRequest(protocol.getStatus, {}),
    ]);
    // Todos in the order in which they are due.
    this.records = [...tasks.filter(task => records.some(record => record.id === task.id)), ...records.filter(record => record.kind !== 'todo')];
    this.talks = sessions;
    this.tell(status);
    this.changed.fire();
  }

  /** Go to the view, at a node or where it is. */
  async reveal(node?: Node): Promise<void> {
    await (node ? this.view.reveal(node, { focus: true }) : vscode.commands.executeCommand('magray.memoryView.focus'));
  }

  /** Show that something is remembered now, but leave the focus with what the person is at. */
  async noted({ id }: protocol.Kept): Promise<void> {
    await this.load();
    const node = this.getChildren().flatMap(one => this.getChildren(one)).find(one => 'record' in one && one.record.id === id);
    await (node && this.view.visible ? this.view.reveal(node) : vscode.window.setStatusBarMessage('$(check) Magray: remembered', 5000));
  }

  getChildren(node?: Node): Node[] {
    return !node ? [...this.pills.map(pill => ({ pill })), ...this.sections()] : 'nodes' in node ? node.nodes : [];
  }

  getParent(node: Node): Node | undefined {
    const { id } = itemOf(node);
    const top = this.getChildren();
    return [...top, ...top.flatMap(one => this.getChildren(one))].find(up => this.getChildren(up).some(one => itemOf(one).id === id));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return itemOf(node);
  }

  dispose = (): void => vscode.Disposable.from(this.view, this.changed).dispose();

  private sections(): Node[] {
    const records = (todo: boolean) => this.records.filter(one => (one.kind === 'todo') === todo).map(record => ({ record }));
    const results = `${this.found?.hits.length || 'No'} result${this.found?.hits.length === 1 ? '' : 's'}`;
    const context = this.found?.context.length ? `What is near these files ranks higher: ${this.found.context.join(', ')}` : undefined;
    const found: [Section, string, Node[], string?, string?][] = [['hits', results, this.groups(), `“${this.query}”`, context],
      ['todos', 'Todos', records(true)], ['notes', 'Notes', records(false)], ['talks', 'Conversations', this.talks.map(talk => ({ talk }))]];
    return found.map(([section, title, nodes, hint = `${nodes.length}`, tooltip]) => ({ section, title, hint, nodes, tooltip }))
      .filter(one => one.nodes.length > 0 || (one.section === 'hits' && this.found));
  }

  /** Hits by file in the order of the best hit of each. */
  private groups(): Node[] {
    const name = (hit: protocol.Found) => hit.source === 'code' ? hit.path : hit.source;
    const hits = (this.found?.hits ?? []).map((hit, n) => ({ hit, rank: n + 1 }));
    return [...new Set(hits.map(({ hit }) => name(hit)))].map(group => ({ group, nodes: hits.filter(({ hit }) => name(hit) === group) }));
  }

  private tell(status: protocol.IndexStatus): void {
    const { paused = false, remaining = null } = status.embedding ?? {};
    this.status = status;
    this.view.description = this.pills.map(pill => pill.label).join(', ');
    this.view.message = [freshness(status), ...this.found?.notices ?? []].join(' · ');
    void vscode.commands.executeCommand('setContext', 'magray.embedding', paused ? 'paused' : remaining ? 'running' : 'done');
    void vscode.commands.executeCommand('setContext', 'magray.filtered', this.pills.length > 0 || this.query !== '');
  }
}
