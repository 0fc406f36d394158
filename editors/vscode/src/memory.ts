// Commands of the memory view. Each works from the tree, the editor's menu and the palette, where it asks for what it needs.
import * as vscode from 'vscode';
import { GraphPanel } from './memoryGraph';
import { firstLine, type Node, type Pill, placeOf } from './memoryItems';
import { pickFilter, pickHit } from './memorySearch';
import { MemoryTree } from './memoryView';
import { cursor } from './prompts';
import * as protocol from './protocol';
import type { Server } from './server';

const SCHEME = 'magray-memory';
type On = (name: string, run: (...args: any[]) => Promise<unknown>) => vscode.Disposable;

export function memory(server: Server, on: On): vscode.Disposable[] {
  const tree = new MemoryTree(server);
  const graph = new GraphPanel(server);
  const texts = new Map<string, string>();
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: uri => texts.get(uri.path) ?? '',
  });
  const showText = async (name: string, text: string) => {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}.md` });
    texts.set(uri.path, text);
    await vscode.window.showTextDocument(uri, { preview: true });
  };
  const open = async (hit: protocol.Found | protocol.Kept) => {
    if (hit.location) {
      const start = new vscode.Position(hit.location.range.start.line, hit.location.range.start.character);
      await vscode.window.showTextDocument(vscode.Uri.parse(hit.location.uri), { selection: new vscode.Range(start, start) });
    } else if (hit.id.startsWith('session:')) {
      await openTalk(hit.id.slice('session:'.length));
    } else {
      await showText(`${hit.kind}-${hit.id}`, 'text' in hit ? hit.text : hit.snippet);
    }
  };
  const openTalk = async (session: string) => {
    const { messages = [] } = await server.client.sendRequest(protocol.listTalks, { session });
    await showText(`session-${session}`, messages.map(({ role, text }) => `**${role}**\n\n${text}\n`).join('\n'));
  };
  const search = async (begun: string): Promise<void> => {
    const picked = await pickHit(tree, begun);
    if (!picked) {
      return;
    }
    const { wish, query, found } = picked;
    if (wish.filter) {
      const pill = await pickFilter(tree);
      await (pill && tree.filter([...tree.pills, pill]));
      return search(query);
    }
    await tree.show(query, found);
    await (wish.open ? open(wish.open) : tree.reveal(wish.show === 'all' ? undefined : wish.show));
  };
  const add = async (pill: Pill | undefined) => pill && tree.filter([...tree.pills.filter(one => one.value !== pill.value), pill]);
  /** The record of a node of the tree or, from the palette, the one that the person picks. */
  const chosen = async (node: Node | undefined, title: string, todosOnly: boolean): Promise<string | undefined> => {
    if (node) {
      return 'record' in node ? node.record.id : 'hit' in node ? node.hit.id : 'talk' in node ? `session:${node.talk.id}` : undefined;
    }
    await tree.load();
    const items = tree.records.filter(record => !todosOnly || record.kind === 'todo')
      .map(record => ({ label: firstLine(record.text), description: [record.kind, placeOf(record)].join(' · '), id: record.id }));
    return (await vscode.window.showQuickPick(items, { title: `Magray: ${title}`, placeHolder: items.length > 0 ? 'Which?' : 'There is none.' }))?.id;
  };
  const note = async (kind: typeof protocol.note | typeof protocol.todo, title: string, placeHolder: string) => {
    const at = cursor(server); // before the input takes the focus
    const editor = vscode.window.activeTextEditor;
    const place = at.textDocument && editor ? `about ${vscode.workspace.asRelativePath(editor.document.uri)}:${editor.selection.active.line + 1}` : 'about no place';
    const text = await vscode.window.showInputBox({ title: `Magray: ${title}`, prompt: `Kept on this machine, ${place}.`, placeHolder, ignoreFocusOut: true });
    if (text?.trim()) {
      await tree.noted(await server.client.sendRequest(kind, { text, ...at }));
    }
  };
  const forget = async (node?: Node) => {
    const id = await chosen(node, 'Forget', false);
    const gone = id && await server.client.sendRequest(protocol.forget, { ids: [id] }).catch((error: { data?: protocol.Trouble }) => {
      if (error.data?.kind !== 'tool_denied') { // the person has said no: nothing more to say
        throw error;
      }
    });
    if (gone) {
      const { files, hits } = gone.proof;
      void vscode.window.showInformationMessage(`Magray: forgotten. ${files} files of the memory were searched: ${
        hits.length > 0 ? `some of it is still in ${hits.join(', ')}` : 'nothing of it is left'}.`);
      await tree.filter(tree.pills);
    }
  };
  const around = async (node?: Node) => {
    const { textDocument, range } = cursor(server);
    const about = !node || !('hit' in node || 'record' in node || 'group' in node) ? undefined
      : 'group' in node ? node.group : 'record' in node ? node.record.id : node.hit.source === 'code' ? placeOf(node.hit) : node.hit.id;
    await graph.open(about ? { about } : { textDocument, position: range?.start });
  };
  const here = async (at?: Node | vscode.Uri) => {
    const uri = at instanceof vscode.Uri ? at.toString() : at && 'group' in at ? at.nodes[0]?.hit.location?.uri : at && 'hit' in at ? at.hit.location?.uri : undefined;
    const file = vscode.workspace.asRelativePath(uri ? vscode.Uri.parse(uri) : vscode.window.activeTextEditor?.document.uri ?? '', false);
    const folder = at instanceof vscode.Uri ? file : file.split('/').slice(0, -1).join('/');
    await (folder && add({ field: 'paths', value: `/${folder}/`, label: `${folder}/` }));
    await search(tree.query);
  };
  const remove = async (node?: Node) => {
    const pill = node && 'pill' in node ? node.pill
      : (await vscode.window.showQuickPick(tree.pills.map(one => ({ label: one.label, pill: one })), { title: 'Magray: Remove a Filter' }))?.pill;
    await tree.filter(tree.pills.filter(one => one !== pill));
  };
  const pause = (paused: boolean) => server.client.sendRequest(protocol.pause, { paused });
  return [
    tree, graph, provider, vscode.workspace.onDidCloseTextDocument(({ uri }) => uri.scheme === SCHEME && texts.delete(uri.path)),
    on('search', async () => search(tree.query)),
    on('memoryFilter', async () => add(await pickFilter(tree))),
    on('memoryHere', here),
    on('memoryUnfilter', remove),
    on('memoryClear', () => tree.clear()),
    on('memoryRefresh', () => tree.filter(tree.pills)),
    on('memoryOpen', async (node: Node) => 'hit' in node ? open(node.hit) : 'record' in node ? open(node.record) : 'talk' in node && openTalk(node.talk.id)),
    on('note', () => note(protocol.note, 'Add a Note', 'the deprecation ends with 9.0')),
    on('todo', () => note(protocol.todo, 'Add a Todo', 'cover the empty case with a test')),
    on('done', async node => { const id = await chosen(node, 'Mark a Todo as Done', true); await (id && server.client.sendRequest(protocol.done, { id })); await tree.filter(tree.pills); }),
    on('todoComments', async () => { const { new: n } = await server.client.sendRequest(protocol.takeComments, {}); void vscode.window.showInformationMessage(`Magray: ${n} new todo${n === 1 ? '' : 's'} from comments.`); await tree.load(); }),
    on('forget', forget),
    on('graph', around),
    on('pause', () => pause(true)),
    on('resume', () => pause(false)),
  ];
}
