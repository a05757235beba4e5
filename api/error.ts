/** Every way the API says no: a closed list of codes, their status and title; RFC 9457 in one place. */
import type { ProblemAnswer } from './contract/session.ts';

/** Code → status, title, and the sentence for a person when nothing more is known. */
export const ERRORS = {
  badRequest: [400, 'Not understood', 'The request could not be understood.'],
  badRange: [400, 'Not a range', 'The range of time could not be understood.'],
  notSignedIn: [401, 'Not signed in', 'Sign in first.'],
  badCredentials: [401, 'Not signed in', 'That e-mail and password do not belong together.'],
  badToken: [401, 'Not signed in', 'This API token is unknown, ended or revoked.'],
  badSetupToken: [403, 'Not accepted', 'This is not the set-up token of this instance.'],
  setupClosed: [403, 'Set-up is closed', 'This instance has its first admin already. Sign in instead.'],
  notAllowed: [403, 'Not allowed', 'Your role does not allow this.'],
  personNeeded: [403, 'Not for API tokens', 'An API token cannot do this: sign in as a person.'],
  freshLoginNeeded: [
    403,
    'Confirm your password',
    'This needs a password given within the last 15 minutes: confirm yours and try again.',
  ],
  crossOrigin: [403, 'Not from here', 'Changes are only accepted from pages of this server.'],
  notFound: [404, 'Not found', 'There is nothing here by that name.'],
  methodNotAllowed: [405, 'Method not allowed', 'This address does not take that method.'],
  conflict: [409, 'In the way of something', 'Something by that name is there already.'],
  lastAdmin: [409, 'The last admin stays', 'An instance keeps at least one admin who can sign in.'],
  tooLarge: [413, 'Too large', 'A body of a request has at most 256 KiB.'],
  notJson: [415, 'JSON, please', 'Changes are sent as application/json.'],
  invalid: [422, 'Not accepted', 'Some fields need another look.'],
  tooMany: [429, 'Too many at once', 'Too many requests: wait a moment and try again.'],
  internal: [500, 'Something broke', 'That was our fault. The request id helps to find out why.'],
  databaseAway: [
    503,
    'The database is away',
    'The database does not answer. What was acknowledged is safe; try again in a moment.',
  ],
  shed: [
    503,
    'Busy taking logs in',
    'This process is under pressure, and taking logs in comes first: try again in a moment.',
  ],
  tooSlow: [
    503,
    'Took too long',
    'The answer took more than 10 seconds and was given up: ask for a shorter range.',
  ],
} as const satisfies Record<string, readonly [number, string, string]>;

export type ErrorCode = keyof typeof ERRORS;

/** A caller broke a rule of ours; turned into JSON in one place. `detail` is made for people and safe to show. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly faults: { field: string; message: string }[];
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    options: {
      detail?: string;
      faults?: { field: string; message: string }[];
      retryAfterS?: number;
      cause?: unknown;
    } = {},
  ) {
    super(options.detail ?? ERRORS[code][2], { cause: options.cause });
    this.name = 'ApiError';
    this.code = code;
    this.faults = options.faults ?? [];
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code][0];
  }
}

/** The answer's body. Holds no stack, no SQL, no version (SEC-54). */
export function renderProblem(error: ApiError, requestId: string): ProblemAnswer {
  return {
    type: 'about:blank',
    title: ERRORS[error.code][1],
    status: error.status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.faults.length > 0 && { faults: error.faults }),
  };
}

/** SQLSTATE of a statement that ran into its time limit. */
const QUERY_CANCELED = '57014';
/** What the driver says when no connection could be had, or a reply did not come. */
const AWAY_TEXT =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error/;
const AWAY_CODE = /^(08|53|57P|25006|ECONN|EPIPE|ENOENT|EACCES|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT)/;

/** Any thrown thing as an ApiError: ours as it is, the database's troubles told apart, the rest as our fault. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const given = (thrown as { code?: unknown } | null)?.code;
  const code = typeof given === 'string' ? given : '';
  if (code === QUERY_CANCELED) return new ApiError('tooSlow', { cause: thrown, retryAfterS: 5 });
  const text = thrown instanceof Error ? thrown.message : '';
  if (AWAY_CODE.test(code) || AWAY_TEXT.test(text)) {
    return new ApiError('databaseAway', { cause: thrown, retryAfterS: 2 });
  }
  return new ApiError('internal', { cause: thrown });
}
