// The server's custom methods and the shapes of their answers; mirrors magray_server/methods.py and views.py.
import { NotificationType, RequestType } from 'vscode-languageclient/node';

export interface FileView { path: string; newPath: string | null; kind: string; edits: number; accepted: boolean }
export interface StepView {
  id: number; title: string; why: string; status: string; accepted: boolean; needsConfirmation: boolean;
  risk: { level: string; score: number; reasons: string[] };
  proof: { grade: string; engines: string[]; problems: string[] };
  files: FileView[];
}
export interface PlanView { id: string; goal: string; status: string; summary: string; uri: string; steps: StepView[] }
export interface PlanBrief { id: string; goal: string; status: string }
export interface Outcome {
  plan: string; status: string; applied: number[];
  refused: { step: number; path: string; reason: string }[];
}
export interface PreviewFile {
  path: string; newPath: string | null; uri: string; newUri: string | null;
  before: string | null; after: string | null; steps: number[]; accepted: boolean;
}
export interface Preview { plan: string; files: PreviewFile[] }
export interface Hit {
  path: string; startLine: number; symbol: string; kind: string; snippet: string;
  location: { uri: string; range: { start: { line: number; character: number }; end: { line: number; character: number } } };
}
export interface Choices {
  plan: string;
  steps?: { step: number; accepted: boolean }[];
  files?: { step: number; path: string; accepted: boolean }[];
}

export const plan = new RequestType<object, PlanView, void>('magray/plan');
export const getPlan = new RequestType<{ plan: string }, PlanView, void>('magray/plan/get');
export const listPlans = new RequestType<object, { plans: PlanBrief[] }, void>('magray/plan/list');
export const choose = new RequestType<Choices, PlanView, void>('magray/plan/choose');
export const preview = new RequestType<{ plan: string }, Preview, void>('magray/plan/preview');
export const apply = new RequestType<{ plan: string; confirm?: boolean; approved?: boolean }, Outcome, void>('magray/plan/apply');
export const undo = new RequestType<{ plan: string; step?: number }, Outcome, void>('magray/plan/undo');
export const redo = new RequestType<{ plan: string }, Outcome, void>('magray/plan/redo');
export const search = new RequestType<{ query: string; k: number }, { hits: Hit[] }, void>('magray/search');

export const planChanged = new NotificationType<{ plan: string; status: string }>('magray/plan/changed');
export const indexStatus = new NotificationType<{ state: string; files: number; message: string }>('magray/index/status');

export interface Approval { title: string; message: string; actions: string[] }
export const approve = new RequestType<Approval, { action: string | null }, void>('magray/client/approve');
export interface LspRequest {
  method: string;
  params: { textDocument: { uri: string }; position: { line: number; character: number }; newName?: string };
}
export const lspRequest = new RequestType<LspRequest, { result: object | null }, void>('magray/client/lspRequest');
