// Asking what is remembered while typing, and choosing filters for it.
import * as vscode from 'vscode';
import { FIELDS, firstLine, icon, type Pill, placeOf, SOURCES, titleOf } from './memoryItems';
import type { MemoryTree } from './memoryView';
import type * as protocol from './protocol';
import { say } from './telling';

const PAUSE_MS = 120;
const TO_FILTER = { iconPath: new vscode.ThemeIcon('filter'), tooltip: 'Filter: sources, kinds, languages, folders, tags' };
const TO_VIEW = { iconPath: new vscode.ThemeIcon('list-tree'), tooltip: 'Show All Results in the Memory View' };

type HitItem = vscode.QuickPickItem & { hit: protocol.Found; rank: number };
/** What the person wants of a search: to open a hit, to see one or all in the view, or to filter first. */
export type Wish = { open?: protocol.Found; show?: { hit: protocol.Found; rank: number } | 'all'; filter?: true };

/** Search while typing. The answer that the wish is about is in ``found``; undefined when the person thinks better of it. */
export function pickHit(tree: MemoryTree, begun: string): Promise<{ wish: Wish; query: string; found: protocol.Recollection } | undefined> {
  const pick = vscode.window.createQuickPick<HitItem>();
  let found: protocol.Recollection | undefined;
  let asked = new vscode.CancellationTokenSource();
  let timer: NodeJS.Timeout | undefined;
  const ask = async () => {
    asked.cancel();
    const { token } = asked = new vscode.CancellationTokenSource();
    const query = pick.value.trim();
    pick.busy = query !== '';
    try {
      const answer = query ? await tree.ask(query, token) : undefined;
      if (!token.isCancellationRequested) {
        found = answer;
        pick.items = (answer?.hits ?? []).map((hit, n) => hitItem(hit, n + 1));
        pick.busy = false;
      }
    } catch (error) {
      if (!token.isCancellationRequested) {
        pick.busy = false;
        say(error);
      }
    }
  };
  const filters = tree.pills.map(pill => `${FIELDS[pill.field]} ${pill.label}`).join(', ');
  // The server's order counts. This is how extensions say so: the property is there but not in the types.
  Object.assign(pick, { sortByLabel: false });
  Object.assign(pick, { title: `Magray: Search Memory${filters && ` · ${filters}`}`, placeholder: 'Words, a name or a question', value: begun, buttons: [TO_FILTER, TO_VIEW] });
  return new Promise(resolve => {
    const end = async (wish: Wish) => {
      clearTimeout(timer);
      if (!found || pick.busy) {
        await ask(); // typed and accepted before the answer came
      }
      const query = pick.value.trim();
      resolve(found || wish.filter ? { wish, query, found: found! } : undefined);
      pick.hide();
    };
    pick.onDidChangeValue(() => { pick.busy = true; clearTimeout(timer); timer = setTimeout(() => void ask(), PAUSE_MS); });
    pick.onDidAccept(() => void end(pick.selectedItems[0] ? { open: pick.selectedItems[0].hit } : { show: 'all' }));
    pick.onDidTriggerButton(button => void end(button === TO_FILTER ? { filter: true } : { show: 'all' }));
    pick.onDidTriggerItemButton(({ item }) => void end({ show: item }));
    pick.onDidHide(() => { clearTimeout(timer); asked.cancel(); pick.dispose(); resolve(undefined); });
    pick.show();
    void ask();
  });
}

function hitItem(hit: protocol.Found, rank: number): HitItem {
  const code = hit.source === 'code';
  return {
    hit, rank, alwaysShow: true, label: `$(${icon(hit)}) ${titleOf(hit)}`,
    description: [placeOf(hit), hit.kind].filter(Boolean).join(' · '), detail: code ? firstLine(hit.snippet) : undefined,
    buttons: [{ iconPath: new vscode.ThemeIcon('info'), tooltip: `Why It Is Number ${rank}:\n${hit.why.join('\n')}` }],
  };
}

type FilterItem = vscode.QuickPickItem & { pill?: Pill };

/** Choose one more filter: what the last answer has, a pattern that is typed, or a file to rank by. */
export function pickFilter(tree: MemoryTree): Promise<Pill | undefined> {
  const pick = vscode.window.createQuickPick<FilterItem>();
  const offered = offers(tree);
  const show = () => {
    const typed = pick.value.trim();
    pick.items = [...offered, ...typed ? [item({ field: 'paths', value: typed, label: typed }, `Only files that match “${typed}”`, 'a pattern as in .gitignore', true)] : []];
  };
  Object.assign(pick, { title: 'Magray: Filter Memory', placeholder: 'Choose, or type a pattern such as src/ or *.md' });
  return new Promise(resolve => {
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => { resolve(pick.selectedItems[0]?.pill); pick.hide(); });
    pick.onDidHide(() => { pick.dispose(); resolve(undefined); });
    show();
    pick.show();
  });
}

const TITLES: Record<protocol.Facet, string> = { sources: 'Source', kinds: 'Kind', languages: 'Language', paths: 'Folder', tags: 'Tag' };
/** Before anything was asked there are no counts; these kinds are always there. */
const ALWAYS: Partial<protocol.Recollection['facets']> = { kinds: { code: 0, docs: 0, tests: 0, note: 0, todo: 0 } };

function offers(tree: MemoryTree): FilterItem[] {
  const facets = { ...ALWAYS, ...tree.found?.facets, kinds: { ...tree.found?.facets.kinds, ...ALWAYS.kinds, ...tree.found?.facets.kinds } };
  const items = (Object.keys(TITLES) as protocol.Facet[]).flatMap(field => {
    const some = Object.entries(facets[field] ?? {}).filter(([value]) => !tree.pills.some(pill => pill.field === field && pill.value === value))
      .map(([value, n]) => item({ field, value, label: SOURCES[value] ?? value }, SOURCES[value] ?? value, n ? `${n}` : ''));
    return some.length > 0 ? [{ label: TITLES[field], kind: vscode.QuickPickItemKind.Separator }, ...some] : [];
  });
  const uri = vscode.window.activeTextEditor?.document.uri;
  const name = uri && vscode.workspace.asRelativePath(uri, false);
  return uri?.scheme !== 'file' ? items : [...items, { label: 'Context', kind: vscode.QuickPickItemKind.Separator },
    item({ field: 'near', value: uri.toString(), label: name! }, `What is near ${name} first`, 'ranks, excludes nothing')];
}

function item(pill: Pill, label: string, description: string, alwaysShow = false): FilterItem {
  return { label, description, alwaysShow, pill };
}
