// The server's custom methods and the shapes of their answers; mirrors magray_server/methods.py and views.py.
import { NotificationType, RequestType } from 'vscode-languageclient/node';

export interface Position { line: number; character: number }
export interface Range { start: Position; end: Position }
export interface FileView { path: string; newPath: string | null; kind: string; edits: number; accepted: boolean }
export interface StepView {
  id: number; title: string; why: string; status: string; accepted: boolean; needsConfirmation: boolean;
  risk: { level: string; score: number; reasons: string[] };
  proof: { grade: string; engines: string[]; problems: string[] };
  files: FileView[];
}
export interface PlanView { id: string; goal: string; status: string; summary: string; uri: string; steps: StepView[] }
export interface PlanBrief { id: string; goal: string; status: string; summary: string }
export interface Goal { goal: string; textDocument?: { uri: string }; range?: Range; workDoneToken?: string }
export interface Choices {
  plan: string;
  steps?: { step: number; accepted: boolean }[];
  files?: { step: number; path: string; accepted: boolean }[];
}
export interface Application { plan: string; steps?: number[]; confirm?: boolean; approved?: boolean }
export interface Outcome {
  plan: string; status: string; applied: number[]; notes: string[]; pending: string[];
  refused: { step: number; path: string; reason: string }[];
}
export interface PreviewFile {
  path: string; newPath: string | null; uri: string; newUri: string | null;
  before: string | null; after: string | null; steps: number[]; accepted: boolean;
}
export interface Preview { plan: string; files: PreviewFile[] }
export interface IndexStatus {
  state: string; message: string; files: number; fraction: number | null; freshness: { generation: number; dirty: number } | null;
  embedding?: { paused: boolean; remaining: number | null; vectors: number };
}
/** What a file, note, todo or conversation has in common for the one who looks: a place, if it has one. */
interface Placed { id: string; kind: string; path: string; startLine: number; symbol: string; state: string; location?: { uri: string; range: Range } }
export interface Found extends Placed { source: string; snippet: string; tags: string[]; also: string[]; why: string[] }
export interface Kept extends Placed {
  name: string; text: string; holder: string; tags: string[]; due: string; overdue: boolean; tainted: boolean; was: string;
}
export type Facet = 'sources' | 'kinds' | 'languages' | 'paths' | 'tags';
export type Scope = Partial<Record<Facet | 'near', string[]>>;
export interface Recollection {
  hits: Found[]; facets: Record<Facet, Record<string, number>>; context: string[]; tookMs: number; notices: string[];
}
export interface Talk { id: string; title: string; messages: number }
export interface Said { role: string; text: string; tainted: boolean }
export interface Noted { text: string; textDocument?: { uri: string }; range?: Range }
export interface Forgotten { proof: { files: number; hits: string[] } }
export interface Around { about?: string; textDocument?: { uri: string }; position?: Position; picture: 'html'; nonce: string }
export interface Graph { centre: string; nodes: (Placed & { label: string })[]; picture: string }
/** ``data`` of an error that the server knows. */
export interface Trouble { kind?: string; hint?: string; id?: string; differences?: string[]; suggestions?: string[] }

export const plan = new RequestType<Goal, PlanView, Trouble>('magray/plan');
export const retry = new RequestType<{ plan: string }, PlanView, Trouble>('magray/plan/retry');
export const getPlan = new RequestType<{ plan: string }, PlanView, Trouble>('magray/plan/get');
export const listPlans = new RequestType<object, { plans: PlanBrief[] }, Trouble>('magray/plan/list');
export const choose = new RequestType<Choices, PlanView, Trouble>('magray/plan/choose');
export const preview = new RequestType<{ plan: string; steps?: number[] }, Preview, Trouble>('magray/plan/preview');
export const apply = new RequestType<Application, Outcome, Trouble>('magray/plan/apply');
export const undo = new RequestType<{ plan: string; step?: number }, Outcome, Trouble>('magray/plan/undo');
export const redo = new RequestType<{ plan: string }, Outcome, Trouble>('magray/plan/redo');
export const recollect = new RequestType<{ query: string; k: number } & Scope, Recollection, Trouble>('magray/memory/search');
export const listMemory = new RequestType<Scope, { records: Kept[]; notices: string[] }, Trouble>('magray/memory/list');
export const listTalks = new RequestType<{ session?: string }, { sessions: Talk[]; messages?: Said[] }, Trouble>('magray/memory/sessions');
export const listTodos = new RequestType<object, { tasks: Kept[] }, Trouble>('magray/tasks/list');
export const note = new RequestType<Noted, Kept, Trouble>('magray/memory/note');
export const todo = new RequestType<Noted, Kept, Trouble>('magray/tasks/add');
export const done = new RequestType<{ id: string }, Kept, Trouble>('magray/tasks/done');
export const takeComments = new RequestType<object, { new: number; gone: number }, Trouble>('magray/tasks/import');
export const forget = new RequestType<{ ids: string[] }, Forgotten, Trouble>('magray/memory/forget');
export const graph = new RequestType<Around, Graph, Trouble>('magray/memory/graph');
export const getStatus = new RequestType<object, IndexStatus, Trouble>('magray/index/status');
export const pause = new RequestType<{ paused: boolean }, IndexStatus, Trouble>('magray/index/pause');

export const planChanged = new NotificationType<{ plan: string; status: string; uri: string }>('magray/plan/changed');
export const indexStatus = new NotificationType<IndexStatus>('magray/index/status');

export interface Approval { title: string; message: string; actions: string[] }
export const approve = new RequestType<Approval, { action: string | null }, void>('magray/client/approve');
export interface LspRequest {
  method: string;
  params: { textDocument: { uri: string }; position: Position; newName?: string };
}
export const lspRequest = new RequestType<LspRequest, { result: object | null }, void>('magray/client/lspRequest');
