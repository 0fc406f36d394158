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
export interface Hit {
  path: string; startLine: number; symbol: string; kind: string; snippet: string;
  location: { uri: string; range: Range };
}
export interface IndexStatus { state: string; message: string; fraction: number | null }
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
export const search = new RequestType<{ query: string; k: number }, { hits: Hit[] }, Trouble>('magray/search');

export const planChanged = new NotificationType<{ plan: string; status: string; uri: string }>('magray/plan/changed');
export const indexStatus = new NotificationType<IndexStatus>('magray/index/status');

export interface Approval { title: string; message: string; actions: string[] }
export const approve = new RequestType<Approval, { action: string | null }, void>('magray/client/approve');
export interface LspRequest {
  method: string;
  params: { textDocument: { uri: string }; position: Position; newName?: string };
}
export const lspRequest = new RequestType<LspRequest, { result: object | null }, void>('magray/client/lspRequest');
