/** The one place that talks to the server: JSON over same-origin fetch, problems as errors with a code. */
import type { ProblemAnswer } from '../api/contract/session.ts';
import { faultText } from './faultText.ts';

/** A refused or failed call. `status` 0 means that the server was not reached. */
export class ClientError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly faults: { field: string; message: string }[];

  constructor(status: number, problem: Partial<ProblemAnswer>) {
    super(detailOf(status, problem) || problem.title || `The server answered ${status}.`);
    this.name = 'ClientError';
    this.status = status;
    this.code = problem.code ?? '';
    this.requestId = problem.requestId ?? '';
    this.faults = (problem.faults ?? []).map(({ field, message }) => ({
      field,
      message: faultText(message),
    }));
  }
}

/** Faults by field are told at their fields; elsewhere in the words used there. */
function detailOf(status: number, { detail, faults }: Partial<ProblemAnswer>): string | undefined {
  if (!detail?.startsWith('Not accepted: ') || !faults?.length) return detail;
  if (status === 422) return 'Some fields need another look.';
  const told = faults.map((fault) => `${fault.field}: ${faultText(fault.message)}`);
  return `The server does not take what this page asks for. ${told.join(' ')}`;
}

export type Query = Record<string, string | number | undefined | null>;

export interface Client {
  /** GET /api/v1{path}. Aborting rejects with the signal's reason. */
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  /** A write with a JSON body; resolves with the JSON answer, or undefined for 204. */
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

/**
 * Calls time out after 20 s: the server caps a heavy query at 10 s, so what takes longer is a lost connection.
 */
const TIMEOUT_MS = 20_000;

export interface ClientEvents {
  /** Called when an answer says that nobody is signed in, before the call rejects. */
  onSignedOut(): void;
  /** Called when a write needs a password given lately; true when it was given, and the write is tried again. */
  onFreshLoginNeeded(): Promise<boolean>;
  /** Called when the server says that its database is away, with its sentence. */
  onDatabaseAway(detail: string): void;
  /** Called when a call was answered out of the database. */
  onAnswered(): void;
  /** Called when a write was taken: pages show what it would be in a script. */
  onWritten?(write: Write): void;
}

/** A write as it was sent. */
export interface Write {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Behind /api/v1. */
  path: string;
  body?: unknown;
}

/** Answered without the database, or while it is away too: these say nothing about it. */
const WITHOUT_DATABASE = ['/health', '/codes'];

export function buildClient(events: ClientEvents): Client {
  async function call<T>(method: string, path: string, body: unknown, abort?: AbortSignal): Promise<T> {
    const response = await request(method, path, body, abort);
    if (response.ok) {
      if (!WITHOUT_DATABASE.includes(path.split('?')[0] ?? '')) events.onAnswered();
      return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
    }
    const error = new ClientError(response.status, await readProblem(response));
    if (error.code === 'databaseAway') events.onDatabaseAway(error.message);
    // A wrong password is answered with 401 too, and says nothing about the session.
    if (error.status === 401 && error.code !== 'badCredentials') events.onSignedOut();
    if (error.code === 'freshLoginNeeded' && (await events.onFreshLoginNeeded()))
      return call(method, path, body, abort);
    throw error;
  }
  return {
    get: (path, query, abort) => call('GET', path + queryText(query), undefined, abort),
    send: async <T>(method: Write['method'], path: string, body?: unknown) => {
      const answer = await call<T>(method, path, body);
      events.onWritten?.({ method, path, ...(body !== undefined && { body }) });
      return answer;
    },
  };
}

async function request(method: string, path: string, body: unknown, abort?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const isRead = method === 'GET';
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(!isRead && { 'Content-Type': 'application/json' }) },
      // The server takes writes as JSON only (SEC-23), so one without content still carries an empty object.
      body: isRead ? undefined : JSON.stringify(body ?? {}),
      signal: abort ? AbortSignal.any([abort, timeout]) : timeout,
    });
  } catch (error) {
    if (abort?.aborted) throw abort.reason;
    throw new ClientError(0, {
      detail: timeout.aborted ? 'The server did not answer within 20 s.' : 'The server could not be reached.',
      title: error instanceof Error ? error.message : '',
    });
  }
}

async function readProblem(response: Response): Promise<Partial<ProblemAnswer>> {
  if (!(response.headers.get('content-type') ?? '').includes('json')) return {};
  try {
    return (await response.json()) as Partial<ProblemAnswer>;
  } catch {
    return {};
  }
}

function queryText(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

/** What to tell a person about any thrown thing. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
