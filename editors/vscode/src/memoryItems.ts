// How filters, hits, notes, todos and conversations look: in the tree, and the same words in a pick.
import * as vscode from 'vscode';
import type * as protocol from './protocol';

/** One filter, or a file that pulls related hits up (``near``); ``label`` is what the person sees. */
export interface Pill { field: protocol.Facet | 'near'; value: string; label: string }
export interface Hit { hit: protocol.Found; rank: number }
export type Section = 'hits' | 'todos' | 'notes' | 'talks';
export type Node =
  { pill: Pill } | { section: Section; title: string; hint: string; nodes: Node[]; tooltip?: string } | { group: string; nodes: Hit[] }
  | Hit | { record: protocol.Kept } | { talk: protocol.Talk };

const KINDS: Record<string, string> = {
  note: 'note', todo: 'circle-large-outline', link: 'link', recipe: 'tools', section: 'book', module: 'symbol-namespace', trait: 'symbol-interface',
  type: 'symbol-class', macro: 'symbol-method', constructor: 'symbol-method', '': 'file', user: 'account', assistant: 'comment', summary: 'comment-discussion', tool: 'tools',
};
export const FIELDS = { sources: 'in', kinds: 'kind', languages: 'language', paths: 'only', tags: 'tag', near: 'near' } as const;
export const SOURCES: Record<string, string> = { code: 'Code and documents', records: 'Notes and todos', sessions: 'Conversations' };
const SECTIONS: Record<Section, string> = { hits: 'search', todos: 'checklist', notes: 'notebook', talks: 'comment-discussion' };
const { Expanded, None } = vscode.TreeItemCollapsibleState;

export const icon = (hit: { kind: string; source?: string }) => hit.source === 'sessions' ? KINDS[hit.kind] ?? 'comment' : KINDS[hit.kind] ?? `symbol-${hit.kind}`;
export const firstLine = (text: string) => text.trim().split('\n')[0]!.trim();
export const titleOf = (hit: protocol.Found) => hit.source === 'code' ? hit.symbol || hit.path.split('/').pop()! : firstLine(hit.snippet);
export const placeOf = ({ path, startLine }: { path: string; startLine: number }) => path && (startLine ? `${path}:${startLine}` : path);
const joined = (...parts: string[]) => parts.filter(Boolean).join(' · ');

export function itemOf(node: Node): vscode.TreeItem {
  const item = 'pill' in node ? pillItem(node.pill) : 'section' in node ? sectionItem(node) : 'group' in node ? groupItem(node)
    : 'hit' in node ? hitItem(node.hit, node.rank) : 'record' in node ? recordItem(node.record) : talkItem(node.talk);
  if ('hit' in node || 'record' in node || 'talk' in node) {
    item.command = { command: 'magray.ui.memoryOpen', title: 'Open', arguments: [node] };
  }
  return item;
}

function pillItem({ field, value, label }: Pill): vscode.TreeItem {
  const item = make(label, None, field === 'near' ? 'pin' : 'filter', `pill/${field}/${value}`, 'pill');
  item.description = FIELDS[field];
  item.tooltip = `Filter: ${FIELDS[field]} ${label}` + (field === 'near' ? ', which ranks what is near it higher' : '');
  return item;
}

function sectionItem({ section, title, hint, nodes, tooltip }: Extract<Node, { section: Section }>): vscode.TreeItem {
  const item = make(title, nodes.length > 0 ? Expanded : None, SECTIONS[section], `section/${section}`, `section.${section}`);
  item.description = hint;
  item.tooltip = [title, hint, tooltip].filter(Boolean).join('\n');
  return item;
}

function groupItem({ group, nodes }: { group: string; nodes: Hit[] }): vscode.TreeItem {
  const item = make(SOURCES[group] ?? group.split('/').pop()!, Expanded, 'file', `group/${group}`, SOURCES[group] ? 'group' : 'group.file');
  const folder = group.split('/').slice(0, -1).join('/');
  item.description = SOURCES[group] ? `${nodes.length}` : folder;
  const uri = nodes[0]?.hit.location?.uri;
  if (uri && !SOURCES[group]) {
    item.resourceUri = vscode.Uri.parse(uri);
    item.iconPath = vscode.ThemeIcon.File;
  } else {
    item.iconPath = new vscode.ThemeIcon(group === 'records' ? 'notebook' : 'comment-discussion');
  }
  return item;
}

function hitItem(hit: protocol.Found, rank: number): vscode.TreeItem {
  const item = make(titleOf(hit), None, icon(hit), `hit/${rank}/${hit.id || placeOf(hit)}`, hit.source === 'code' ? 'hit.code' : hit.source === 'records' ? `hit.${hit.kind}` : 'hit.talk');
  item.description = joined(hit.source === 'code' ? `:${hit.startLine}` : placeOf(hit), `#${rank}`);
  item.tooltip = explained(hit, rank);
  item.accessibilityInformation = { label: joined(titleOf(hit), hit.kind, placeOf(hit), `number ${rank}`) };
  return item;
}

/** Why a hit is here: its text, the parts of its score in the server's words, and where the same text is. */
function explained(hit: protocol.Found, rank: number): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendText(joined(placeOf(hit), hit.symbol, hit.kind)).appendCodeblock(hit.snippet, hit.path.endsWith('.py') ? 'python' : '');
  text.appendMarkdown(`**Why it is number ${rank}**\n`);
  hit.why.forEach(line => text.appendMarkdown('\n- ').appendText(line));
  if (hit.also.length > 0) {
    text.appendMarkdown('\n\n').appendText(`The same text is in ${hit.also.join(', ')}`);
  }
  return text;
}

function recordItem(record: protocol.Kept): vscode.TreeItem {
  const name = record.name ? `${record.name}: ` : '';
  const item = make(name + firstLine(record.text), None, icon(record), `record/${record.id}`, `record.${record.kind}`);
  const late = record.overdue ? 'overdue' : '';
  const state = record.state === 'there' ? '' : record.state;
  item.description = joined(late, record.due && `due ${record.due}`, placeOf(record), state, ...record.tags.map(tag => `#${tag}`));
  item.tooltip = new vscode.MarkdownString().appendText(record.text);
  const facts = [joined(placeOf(record), record.symbol), record.was && `noted at ${record.was}`, state && `its place is ${state}`,
    record.holder === 'user' ? 'kept for all projects' : '', record.tainted ? 'came from a tool or a page, not from you' : ''];
  facts.filter(Boolean).forEach(fact => (item.tooltip as vscode.MarkdownString).appendMarkdown('\n\n').appendText(fact));
  item.iconPath = new vscode.ThemeIcon(icon(record), record.overdue ? new vscode.ThemeColor('list.warningForeground') : undefined);
  return item;
}

function talkItem(talk: protocol.Talk): vscode.TreeItem {
  const item = make(talk.title || talk.id, None, 'comment', `talk/${talk.id}`, 'talk');
  item.description = `${talk.messages} message${talk.messages === 1 ? '' : 's'}`;
  return item;
}

function make(label: string, state: vscode.TreeItemCollapsibleState, image: string, id: string, contextValue: string): vscode.TreeItem {
  return Object.assign(new vscode.TreeItem(label, state), { id, contextValue, iconPath: new vscode.ThemeIcon(image) });
}

/** How much of the workspace a search sees, in one line. */
export function freshness({ state, message, files, embedding }: protocol.IndexStatus): string {
  const { paused = false, remaining = null, vectors = 0 } = embedding ?? {};
  const left = remaining ? `${remaining} chunks left to embed` : vectors > 0 ? `${vectors} chunks embedded` : '';
  return joined(state === 'ready' ? `${files} files` : `${state}: ${message}`, left, paused ? 'embedding is paused' : '');
}
