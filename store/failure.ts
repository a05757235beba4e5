/** What a database error means for a write that must not be lost. */
import type { CommitFailure } from '../model/ingest-health.ts';

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/**
 * Whether trying again can never help: the data itself is refused (class 22), or the statement is wrong (42601 syntax,
 * 42703 column, 42804/42846 type). Everything else may pass: the server away or starting, read-only (25006), rights
 * taken away for being over the plan's size (42501), disk or connections used up, locks, deadlocks, a schema that is
 * about to be migrated (42P01).
 */
export function isLastingFailure(error: unknown): boolean {
  const state = codeOf(error);
  return state.startsWith('22') || ['42601', '42703', '42804', '42846', '42883'].includes(state);
}

/**
 * Whether these very rows are refused, whoever writes them and whenever: values out of range (class 22, or a RangeError
 * of our own encoding), one row twice in a statement (21000), a row too large for an index (54000). A statement that
 * does not fit the schema is no such thing: another release may write the same rows.
 */
export function isRefusedData(error: unknown): boolean {
  const state = codeOf(error);
  return state.startsWith('22') || state === '21000' || state === '54000' || error instanceof RangeError;
}

/**
 * Whether a statement that failed so may have been carried out all the same, or still be: its answer is missing. An
 * error that the server itself reports has undone it, except when the server goes (57P0x) or the link does (class 08);
 * no connection, no statement.
 */
export function mayHaveCommitted(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return false;
  return !/^(?=.*\d)[0-9A-Z]{5}$/.test(code) || code.startsWith('08') || code.startsWith('57P');
}

/** States of Appendix A of the Postgres manual that say why a write fails for now. */
const CAUSES: Readonly<Record<string, CommitFailure>> = {
  // read_only_sql_transaction: a standby, a follower that was promoted elsewhere, default_transaction_read_only.
  '25006': 'readOnly',
  // insufficient_privilege: Heroku takes INSERT away from a database that is over its plan's size.
  '42501': 'planFull',
  // disk_full
  '53100': 'diskFull',
  // too_many_connections
  '53300': 'noConnections',
  // lock_not_available (lock_timeout), query_canceled (statement_timeout, or somebody's hand)
  '55P03': 'locked',
  '57014': 'locked',
  // deadlock_detected, serialization_failure
  '40P01': 'locked',
  '40001': 'locked',
};

/** What Node says of a connection that cannot be made or is gone. */
const SOCKET_CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  // The socket's file of a server that is down.
  'ENOENT',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The driver's own words (pg, pg-pool): its errors have no code. */
const CONNECTION_WORDS =
  /^(Connection terminated|Query read timeout|timeout e(xceeded|xpired)|Client (has encountered a connection|was closed)|The server does not support SSL)/;

/**
 * Why a commit failed that may yet go through: the word that people are told. `away` is a server that cannot be
 * reached, does not answer, stops or starts (classes 08 and 57P0x, socket errors, the driver's own time limits);
 * `other` is anything that is not named here.
 */
export function causeOf(error: unknown): CommitFailure {
  const code = codeOf(error);
  const known = CAUSES[code];
  if (known !== undefined) return known;
  if (code.startsWith('08') || code.startsWith('57P') || SOCKET_CODES.has(code)) return 'away';
  if (code === '' && error instanceof Error && CONNECTION_WORDS.test(error.message)) return 'away';
  return 'other';
}
