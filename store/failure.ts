/** What a database error means for a write that must not be lost. */

function sqlState(error: unknown): string {
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
  const state = sqlState(error);
  return state.startsWith('22') || ['42601', '42703', '42804', '42846', '42883'].includes(state);
}

/**
 * Whether these very rows are refused, whoever writes them and whenever: values out of range (class 22, or a RangeError
 * of our own encoding), one row twice in a statement (21000), a row too large for an index (54000). A statement that
 * does not fit the schema is no such thing: another release may write the same rows.
 */
export function isRefusedData(error: unknown): boolean {
  const state = sqlState(error);
  return state.startsWith('22') || state === '21000' || state === '54000' || error instanceof RangeError;
}
