/** The one place that talks to the server: JSON over same-origin fetch, problems as errors with a code. */
import type { ProblemAnswer } from '../api/contract/session.ts';

/** A refused or failed call. `status` 0 means that the server was not reached. */
export class ClientError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly faults: { field: string; message: string }[];

  constructor(status: number, problem: Partial<ProblemAnswer>) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = 'ClientError';
    this.status = status;
    this.code = problem.code ?? '';
    this.requestId = problem.requestId ?? '';
    this.faults = problem.faults ?? [];
  }
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

/** `onSignedOut` is called when an answer is 401, before the call rejects. */
export function buildClient(onSignedOut: () => void): Client {
  async function call<T>(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<T> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        credentials: 'same-origin',
        headers:
          method === 'GET'
            ? { Accept: 'application/json' }
            : { Accept: 'application/json', 'Content-Type': 'application/json' },
        // The server takes writes as JSON only (SEC-23), so one without content still carries an empty object.
        body: method === 'GET' ? undefined : JSON.stringify(body ?? {}),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new ClientError(0, {
        detail: timeout.aborted
          ? 'The server did not answer within 20 s.'
          : 'The server could not be reached.',
        title: error instanceof Error ? error.message : '',
      });
    }
    if (!response.ok) {
      if (response.status === 401) onSignedOut();
      throw new ClientError(response.status, await readProblem(response));
    }
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }
  return {
    get: (path, query, signal) => call('GET', path + queryText(query), undefined, signal),
    send: (method, path, body) => call(method, path, body),
  };
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
